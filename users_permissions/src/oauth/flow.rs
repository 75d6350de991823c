//! A login at a provider, from the click to the profile.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::answers::Answers;
use super::effective::{Asking, Effective, Endpoints};
use super::id_token::{self, Expected};
use super::profile::{Profile, ProviderError};
use super::provider::Protocol;
use super::{exchange, oauth1};
use crate::config::Secret;

/// How long somebody may take to sign in, in seconds.
const LIFE: u64 = 600;

/// How long one look at a provider may take, whatever number of requests it needs: a browser waits for it.
const DEADLINE: Duration = Duration::from_secs(9);

/// What comes of it, or an error after the deadline.
pub(super) async fn in_time<T, E: From<ProviderError>>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(DEADLINE, asked).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ProviderError::from("the provider took too long").into()),
    }
}

/// What a browser that has gone to a provider brings back: kept in its encrypted cookie.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) provider: String,
    /// The state, or the request token of OAuth 1.
    pub(crate) state: String,
    nonce: String,
    /// The code of PKCE, or the secret of the request token.
    verifier: String,
    /// Page of the front end that is returned to.
    pub(crate) callback: String,
    /// Of the front end's own PKCE.
    pub(crate) challenge: Option<String>,
    issued_at: u64,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Flow {
    /// Is this what was sent out with the flow, to this provider, and in time?
    pub(crate) fn is_of(&self, provider: &str, arrival: &Arrival, now: u64) -> bool {
        let given = arrival.state.as_deref().unwrap_or_default().as_bytes();
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(given, self.state.as_bytes());
        let in_time = now >= self.issued_at && now - self.issued_at <= LIFE;
        self.provider == provider && in_time && same.is_ok()
    }
}

/// What a provider sends a browser back with.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    /// The state, or the request token of OAuth 1.
    pub(crate) state: Option<String>,
    /// The code, or the verifier of OAuth 1.
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) issuer: Option<String>,
}

impl Arrival {
    /// The code, unless the person or the provider said no.
    fn code(&self) -> Result<&str, FlowError> {
        const DENIALS: [&str; 4] = [
            "access_denied",
            "user_cancelled_login",
            "user_cancelled_authorize",
            "user_denied",
        ];
        match self.error.as_deref() {
            Some(error) if DENIALS.contains(&error) => Err(FlowError::Denied),
            Some(_) => Err(ProviderError::from("the provider answered with an error").into()),
            None => {
                let code = self.code.as_deref();
                Ok(code.ok_or(ProviderError::from("there is no code"))?)
            }
        }
    }

    /// RFC 9207: does it say that it is of another issuer?
    fn is_foreign(&self, endpoints: &Endpoints) -> bool {
        let ours = &endpoints.issuer;
        let is_known = !ours.is_empty() && !ours.contains("{tid}");
        is_known && self.issuer.as_ref().is_some_and(|issuer| issuer != ours)
    }
}

/// Why a login came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("the person or the provider said no")]
    Denied,
    #[error("{0}")]
    Provider(#[from] ProviderError),
}

impl Effective {
    /// Sends somebody to the provider: what to keep, and where to go.
    pub(crate) async fn start(
        &self,
        asking: &Asking,
        redirect: &str,
        random: impl Fn() -> String,
        now: u64,
    ) -> Result<(Flow, Url), FlowError> {
        in_time(async {
            let endpoints = self.endpoints(asking).await?;
            let mut flow = Flow {
                provider: self.name.clone(),
                state: random(),
                nonce: random(),
                verifier: random(),
                callback: String::new(),
                challenge: None,
                issued_at: now,
            };
            if self.provider.protocol == Protocol::OAuth1 {
                let asked = oauth1::request_token(self, &endpoints, redirect, asking);
                let (pair, page) = asked.await?;
                (flow.state, flow.verifier) = pair;
                return Ok((flow, page));
            }
            let nonce = (self.provider.protocol == Protocol::OpenId).then_some(flow.nonce.as_str());
            let secrets = (flow.state.as_str(), nonce, flow.verifier.as_str());
            let page = exchange::authorize_url(self, &endpoints, redirect, secrets)?;
            Ok((flow, page))
        })
        .await
    }

    /// Reads who has come back. The flow has been compared with the arrival, and used up.
    pub(crate) async fn finish(
        &self,
        asking: &Asking,
        redirect: &str,
        flow: &Flow,
        arrival: &Arrival,
    ) -> Result<(Profile, Value), FlowError> {
        let code = arrival.code()?;
        in_time(async {
            let endpoints = self.endpoints(asking).await?;
            if arrival.is_foreign(&endpoints) {
                return Err(ProviderError::from("the answer is another provider's").into());
            }
            if self.provider.protocol == Protocol::OAuth1 {
                let request = (flow.state.clone(), flow.verifier.clone());
                let asked = oauth1::finish(self, &endpoints, &request, code, asking);
                let (profile, answer) = asked.await?;
                return Ok((profile.check()?, answer));
            }
            let asked =
                exchange::exchange(self, &endpoints, redirect, code, &flow.verifier, asking);
            let (token, fields) = asked.await?;
            let claims = match self.provider.protocol {
                Protocol::OpenId => Some(self.claims(asking, &endpoints, flow, &fields).await?),
                _ => None,
            };
            // Tenants of one provider are told apart by their issuer.
            let issuer = claims
                .as_ref()
                .and_then(|claims| claims["iss"].as_str())
                .map(str::to_owned);
            let answered = Answered {
                token,
                fields,
                claims,
                issuer,
            };
            Ok(self.read(asking, endpoints, answered).await?)
        })
        .await
    }

    /// The claims of the id token among these fields, if it is for this flow.
    async fn claims(
        &self,
        asking: &Asking,
        endpoints: &Endpoints,
        flow: &Flow,
        fields: &Map<String, Value>,
    ) -> Result<Value, ProviderError> {
        let token = fields.get("id_token").and_then(Value::as_str);
        let token = token.ok_or("there is no id token")?;
        let keys = endpoints.jwks.as_ref().ok_or("there are no keys")?;
        let expected = Expected {
            issuer: &endpoints.issuer,
            client: &self.settings.key,
            nonce: self.provider.nonce.then_some(flow.nonce.as_str()),
        };
        id_token::verify(token, keys, &expected, asking).await
    }

    /// The profile of who a provider's answers are about.
    pub(super) async fn read(
        &self,
        asking: &Asking,
        endpoints: Endpoints,
        answered: Answered,
    ) -> Result<(Profile, Value), ProviderError> {
        let claims = answered.claims.clone();
        let read: Arc<OnceLock<Value>> = Arc::default();
        let answers = Answers {
            read: Arc::clone(&read),
            client: Arc::clone(&asking.client),
            base: asking.base.clone(),
            key: self.settings.key.clone(),
            token: answered.token,
            fields: answered.fields,
            claims: answered.claims,
            profile_url: endpoints.profile,
        };
        let mut profile = (self.provider.read)(answers).await?;
        if let Some(issuer) = answered.issuer {
            profile = profile.issuer(issuer);
        }
        let first = || read.get().cloned().unwrap_or_default();
        Ok((profile.check()?, claims.unwrap_or_else(first)))
    }
}

/// What a provider has answered so far.
pub(super) struct Answered {
    pub(super) token: Secret,
    pub(super) fields: Map<String, Value>,
    pub(super) claims: Option<Value>,
    /// Whose subjects these are.
    pub(super) issuer: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_waited_for_ten_minutes_with_its_state_and_provider() {
        let flow = Flow {
            provider: "github".to_owned(),
            state: "state".to_owned(),
            nonce: String::new(),
            verifier: String::new(),
            callback: String::new(),
            challenge: None,
            issued_at: 1_000,
        };
        let arrival = |state: &str| Arrival {
            state: Some(state.to_owned()),
            ..Arrival::default()
        };
        let good = arrival("state");
        assert!(flow.is_of("github", &good, 1_000) && flow.is_of("github", &good, 1_600));
        assert!(!flow.is_of("github", &good, 1_601) && !flow.is_of("github", &good, 999));
        assert!(!flow.is_of("google", &good, 1_000));
        for other in [arrival("other"), arrival(""), Arrival::default()] {
            assert!(!flow.is_of("github", &other, 1_000), "{other:?}");
        }
    }
}
