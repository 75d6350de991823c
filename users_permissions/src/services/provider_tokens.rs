//! What a front end or an app brings when it comes from a provider: our ticket, or, where the provider's
//! settings accept it, a token of the provider's own.

use chrono::TimeDelta;

use super::Services;
use super::letters::digest;
use super::social::{Arrived, no_login};
use crate::clock::unix_now;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::oauth::{Effective, ProviderError, ProviderToken};
use crate::store;

/// A token is remembered for longer than it holds: clocks differ.
const MARGIN: u64 = 300;

/// What was sent.
#[derive(Debug)]
pub(crate) struct Presented {
    /// A ticket, or the provider's access token.
    pub(crate) access_token: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
    /// Of the front end's own PKCE; goes with tickets.
    pub(crate) verifier: Option<String>,
}

impl Services {
    /// Who has come.
    pub(super) async fn arrived(
        &self,
        provider: &Effective,
        presented: Presented,
    ) -> Result<Arrived> {
        let accepts = provider.settings.accept_provider_tokens;
        let Presented {
            access_token,
            id_token,
            verifier,
        } = presented;
        let token = match (access_token, id_token) {
            (Some(token), None) if accepts && verifier.is_none() && !is_ticket(&token) => {
                ProviderToken::Access(token)
            }
            (None, Some(token)) if accepts && verifier.is_none() => ProviderToken::Id(token),
            (ticket, None) => {
                let ticket = ticket.as_ref().map(Secret::expose);
                return self.redeem(provider, ticket, verifier.as_deref()).await;
            }
            _ => return Err(no_login()),
        };
        self.trusted(provider, token).await
    }

    /// Who a token is about that the provider has made for us; once.
    async fn trusted(&self, provider: &Effective, token: ProviderToken) -> Result<Arrived> {
        let refused = |error: ProviderError| {
            tracing::warn!(target: "users_permissions::security", provider = provider.name, %error, "a token of a provider was refused");
            no_login()
        };
        let hash = digest(&format!("{} {}", provider.name, token.identity()));
        let redirect = self.redirect_url(&provider.name);
        let proven = provider
            .prove(&self.asking, &redirect, token, unix_now())
            .await
            .map_err(refused)?;
        let left = proven.expires_at.saturating_sub(unix_now()) + MARGIN;
        let life = TimeDelta::seconds(i64::try_from(left).map_err(Error::internal)?);
        let is_first = self
            .store
            .run(move |conn| store::tickets::use_state(conn, &hash, life))
            .await?;
        if !is_first {
            return Err(refused("it was used before".into()));
        }
        let outcome = provider.read_proven(&self.asking, proven).await;
        let (profile, claims) = outcome.map_err(refused)?;
        Ok(Arrived { profile, claims })
    }
}

/// Does this look like one of our tickets? Those are shown to no provider.
fn is_ticket(token: &Secret) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    token.expose().len() == 64 && token.expose().bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::letters::new_code;

    #[test]
    fn tickets_are_known_by_their_looks() {
        assert!(is_ticket(&new_code(32)));
        for other in ["", "provider-token", &"A".repeat(64), &"a".repeat(63)] {
            assert!(!is_ticket(&Secret::from(other)), "{other}");
        }
    }
}
