//! What a provider has answered, as its profile function sees it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};
use url::Url;

use super::effective::rebase;
use super::profile::{Profile, ProviderError};
use crate::config::Secret;
use crate::outbound::{OutboundAnswer, OutboundClient};

/// The answers to an exchanged code, and a way to ask for more. The provider's tokens are forgotten with it.
///
/// ```
/// use users_permissions::oauth::{Answers, Profile, ProviderError};
///
/// async fn profile(answers: Answers) -> Result<Profile, ProviderError> {
///     let user = answers.get("https://id.example/api/me").await?;
///     let id = user["id"].as_str().ok_or("no id")?;
///     Ok(Profile::new(id).username(user["login"].as_str().unwrap_or_default()))
/// }
/// ```
#[derive(Clone)]
pub struct Answers {
    pub(super) client: Arc<OutboundClient>,
    pub(super) base: Option<String>,
    pub(super) key: String,
    pub(super) token: Secret,
    pub(super) fields: Map<String, Value>,
    /// Of a verified id token.
    pub(super) claims: Option<Value>,
    pub(super) profile_url: Option<Url>,
    /// The first of the answers to what was asked for.
    pub(super) read: Arc<OnceLock<Value>>,
}

impl Answers {
    /// The provider's access token.
    ///
    /// ```
    /// # use users_permissions::oauth::{Answers, ProviderError};
    /// # use serde_json::Value;
    /// async fn me(answers: &Answers) -> Result<Value, ProviderError> {
    ///     // A service that wants the token in a header of its own.
    ///     let headers = [("x-access-token", answers.access_token())];
    ///     answers.get_with("https://id.example/api/me", &headers).await
    /// }
    /// ```
    pub fn access_token(&self) -> &str {
        self.token.expose()
    }

    /// Our client id at the provider.
    ///
    /// ```
    /// # use users_permissions::oauth::{Answers, ProviderError};
    /// # use serde_json::Value;
    /// async fn me(answers: &Answers) -> Result<Value, ProviderError> {
    ///     answers.get_with("https://id.example/api/me", &[("client-id", answers.client_id())]).await
    /// }
    /// ```
    pub fn client_id(&self) -> &str {
        &self.key
    }

    /// A field of the answer to the exchanged code.
    ///
    /// ```
    /// # use users_permissions::oauth::Answers;
    /// fn user_id(answers: &Answers) -> Option<&str> {
    ///     answers.field("user_id")?.as_str()
    /// }
    /// ```
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// The claims of the verified id token; of OpenID Connect providers.
    ///
    /// ```
    /// # use users_permissions::oauth::{Answers, Profile, ProviderError};
    /// fn profile(answers: &Answers) -> Result<Profile, ProviderError> {
    ///     let claims = answers.claims().ok_or("no id token")?;
    ///     Ok(Profile::new(claims["oid"].as_str().ok_or("no oid")?))
    /// }
    /// ```
    pub fn claims(&self) -> Option<&Value> {
        self.claims.as_ref()
    }

    /// Asks with the access token as bearer (RFC 6750) and reads JSON.
    ///
    /// # Errors
    /// [`ProviderError`] for an answer that is no success or no JSON, or none.
    ///
    /// ```
    /// # use users_permissions::oauth::{Answers, ProviderError};
    /// async fn address(answers: &Answers) -> Result<Option<String>, ProviderError> {
    ///     let addresses = answers.get("https://id.example/api/emails").await?;
    ///     Ok(addresses[0]["email"].as_str().map(str::to_owned))
    /// }
    /// ```
    pub async fn get(&self, url: &str) -> Result<Value, ProviderError> {
        self.get_with(url, &[]).await
    }

    /// As [`get`](Self::get), with further headers.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # use users_permissions::oauth::{Answers, ProviderError};
    /// # use serde_json::Value;
    /// async fn me(answers: &Answers) -> Result<Value, ProviderError> {
    ///     answers.get_with("https://id.example/api/me", &[("api-version", "2026-11")]).await
    /// }
    /// ```
    pub async fn get_with(
        &self,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Value, ProviderError> {
        let url = rebase(url, self.base.as_deref())?;
        let bearer = self.bearer()?;
        let mut all = vec![("accept", "application/json"), ("authorization", &bearer)];
        all.extend_from_slice(headers);
        let answer = self.client.get(&url, &all).await?;
        self.json(&answer)
    }

    /// Who has sent an id token alone has no access token.
    fn bearer(&self) -> Result<String, ProviderError> {
        match self.token.expose() {
            "" => Err("there is no access token".into()),
            token => Ok(format!("Bearer {token}")),
        }
    }

    /// Posts fields of a form and reads JSON.
    pub(super) async fn post(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Value, ProviderError> {
        let url = rebase(url, self.base.as_deref())?;
        let accept = [("accept", "application/json")];
        let answer = self.client.post_form(&url, fields, &accept).await?;
        self.json(&answer)
    }

    /// What stands at the profile URL.
    pub(super) async fn profile(&self) -> Result<Value, ProviderError> {
        let url = self.profile_url.as_ref().ok_or("there is no profile URL")?;
        // It has its base already.
        let bearer = self.bearer()?;
        let headers = [("accept", "application/json"), ("authorization", &bearer)];
        let answer = self.client.get(url, &headers).await?;
        self.json(&answer)
    }

    fn json(&self, answer: &OutboundAnswer) -> Result<Value, ProviderError> {
        if answer.status != 200 {
            return Err(format!("a request was answered {}", answer.status).into());
        }
        let read: Value =
            serde_json::from_slice(&answer.body).map_err(|_| "an answer is no JSON")?;
        self.read.get_or_init(|| read.clone());
        Ok(read)
    }

    /// The id token's claims; where they have no address, those of the profile of the same subject: the
    /// address and the word on it come from one and the same object.
    pub(super) async fn standard_claims(&self) -> Result<Value, ProviderError> {
        let Some(claims) = &self.claims else {
            return self.profile().await;
        };
        if claims.get("email").is_some() || self.profile_url.is_none() {
            return Ok(claims.clone());
        }
        let profile = self.profile().await?;
        if profile.get("sub") != claims.get("sub") {
            return Err("the profile is somebody else's".into());
        }
        Ok(profile)
    }

    /// A profile of standard claims.
    pub(super) async fn standard_profile(&self) -> Result<Profile, ProviderError> {
        Profile::from_claims(&self.standard_claims().await?)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}
