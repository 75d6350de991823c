//! A token that an app has got from a provider by itself. It signs somebody in only where the provider
//! proves that it was made for our client: any other app's tokens would open every account here.

use oauth2::TokenIntrospectionResponse as _;
use oauth2::basic::BasicTokenIntrospectionResponse;
use serde_json::{Map, Value};

use super::effective::{Asking, Effective, Endpoints};
use super::exchange;
use super::flow::{Answered, in_time};
use super::id_token::{self, Expected};
use super::profile::{Profile, ProviderError};
use super::provider::Protocol;
use crate::clock::is_over;
use crate::config::Secret;

const MAX_LENGTH: usize = 8_192;
/// A token that lives longer would have to be remembered for longer.
const MAX_LIFE: u64 = 400 * 86_400;

/// What an app has been given by a provider.
#[derive(Debug)]
pub(crate) enum ProviderToken {
    Access(Secret),
    Id(Secret),
}

/// A token whose audience we are.
pub(crate) struct ProvenToken {
    endpoints: Endpoints,
    answered: Answered,
    /// Seconds since 1970.
    pub(crate) expires_at: u64,
}

impl ProviderToken {
    /// What makes it this token: of a signed one that which is signed, for some signatures may be written
    /// in several ways.
    pub(crate) fn identity(&self) -> &str {
        let (Self::Access(token) | Self::Id(token)) = self;
        let token = token.expose();
        match (jsonwebtoken::decode_header(token), token.rsplit_once('.')) {
            (Ok(_), Some((signed, _))) => signed,
            _ => token,
        }
    }
}

impl Effective {
    /// Has the provider made this token for us, and does it hold still? Nobody's profile is asked for.
    pub(crate) async fn prove(
        &self,
        asking: &Asking,
        redirect: &str,
        token: ProviderToken,
        now: u64,
    ) -> Result<ProvenToken, ProviderError> {
        let (ProviderToken::Access(text) | ProviderToken::Id(text)) = &token;
        if text.expose().is_empty() || text.expose().len() > MAX_LENGTH {
            return Err("the token is empty or too long".into());
        }
        in_time(async {
            let mut endpoints = self.endpoints(asking).await?;
            let (answered, expires_at) = match token {
                ProviderToken::Id(token) => {
                    let proven = self.prove_id_token(asking, &endpoints, &token).await?;
                    // There is no access token to ask with.
                    endpoints.profile = None;
                    proven
                }
                ProviderToken::Access(token) => {
                    let answer =
                        exchange::introspect(self, &endpoints, redirect, &token, asking).await?;
                    let expires_at = self.judge(&answer, &endpoints, now)?;
                    let is_openid = self.provider.protocol == Protocol::OpenId;
                    let answered = Answered {
                        token,
                        fields: Map::new(),
                        claims: None,
                        issuer: is_openid.then(|| endpoints.issuer.clone()),
                    };
                    (answered, expires_at)
                }
            };
            if expires_at > now + MAX_LIFE {
                return Err("the token lives too long".into());
            }
            Ok(ProvenToken {
                endpoints,
                answered,
                expires_at,
            })
        })
        .await
    }

    /// Who a proven token is about.
    pub(crate) async fn read_proven(
        &self,
        asking: &Asking,
        proven: ProvenToken,
    ) -> Result<(Profile, Value), ProviderError> {
        in_time(self.read(asking, proven.endpoints, proven.answered)).await
    }

    async fn prove_id_token(
        &self,
        asking: &Asking,
        endpoints: &Endpoints,
        token: &Secret,
    ) -> Result<(Answered, u64), ProviderError> {
        if self.provider.protocol != Protocol::OpenId {
            return Err("this provider makes no id tokens".into());
        }
        let keys = endpoints.jwks.as_ref().ok_or("there are no keys")?;
        let expected = Expected {
            issuer: &endpoints.issuer,
            client: &self.settings.key,
            // It was the app that began the login, and compares it.
            nonce: None,
        };
        let claims = id_token::verify(token.expose(), keys, &expected, asking).await?;
        check_kind(token.expose(), &claims)?;
        let expires_at = claims.get("exp").and_then(Value::as_f64);
        let expires_at = expires_at.ok_or("the id token has no end")?;
        let answered = Answered {
            token: Secret::from(""),
            fields: Map::new(),
            issuer: claims["iss"].as_str().map(str::to_owned),
            claims: Some(claims),
        };
        Ok((answered, expires_at.ceil() as u64))
    }

    /// The end of a token that is alive and was made for our client.
    fn judge(
        &self,
        answer: &BasicTokenIntrospectionResponse,
        endpoints: &Endpoints,
        now: u64,
    ) -> Result<u64, ProviderError> {
        if !answer.active() {
            return Err("the token does not hold".into());
        }
        if answer.client_id().map(|id| id.as_str()) != Some(self.settings.key.as_str()) {
            return Err("the token is for another client".into());
        }
        if answer
            .iss()
            .is_some_and(|issuer| !endpoints.issuer.is_empty() && issuer != endpoints.issuer)
        {
            return Err("the token is of another issuer".into());
        }
        let seconds = |time: chrono::DateTime<chrono::Utc>| {
            u64::try_from(time.timestamp()).unwrap_or_default()
        };
        let expires_at = answer.exp().map(seconds).ok_or("the token has no end")?;
        if is_over(expires_at, now) || answer.nbf().map(seconds).is_some_and(|begin| begin > now) {
            return Err("the token is not of now".into());
        }
        Ok(expires_at)
    }
}

/// Issuers sign other tokens with the same keys, and some of them for the same audience.
fn check_kind(token: &str, claims: &Value) -> Result<(), ProviderError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| "the id token is malformed")?;
    let is_plain = header
        .typ
        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    let is_id = |claim: &str, value: &str| claims.get(claim).is_none_or(|kind| kind == value);
    let is_other = ["events", "cnf"]
        .iter()
        .any(|claim| claims.get(claim).is_some());
    match is_plain && is_id("typ", "ID") && is_id("token_use", "id") && !is_other {
        true => Ok(()),
        false => Err("the token is no id token".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // {"alg":"HS256","typ":"JWT"} and {"alg":"HS256","typ":"at+jwt"}
    const PLAIN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln";
    const ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln";

    #[test]
    fn tokens_of_other_kinds_are_no_id_tokens() {
        assert!(check_kind(PLAIN, &json!({})).is_ok());
        assert!(check_kind(PLAIN, &json!({ "typ": "ID", "token_use": "id" })).is_ok());
        assert!(check_kind(ACCESS, &json!({})).is_err());
        for claims in [
            json!({ "typ": "Bearer" }),
            json!({ "typ": "Logout" }),
            json!({ "token_use": "access" }),
            json!({ "events": {} }),
            json!({ "cnf": { "jkt": "x" } }),
        ] {
            assert!(check_kind(PLAIN, &claims).is_err(), "{claims}");
        }
    }

    #[test]
    fn a_token_with_another_signature_is_the_same() {
        let (signed, _) = PLAIN.rsplit_once('.').unwrap();
        let again = format!("{signed}.b3RoZXI");
        for token in [PLAIN, &again] {
            assert_eq!(ProviderToken::Id(Secret::from(token)).identity(), signed);
        }
        let opaque = ProviderToken::Access(Secret::from("a.b.c"));
        assert_eq!(opaque.identity(), "a.b.c");
    }
}
