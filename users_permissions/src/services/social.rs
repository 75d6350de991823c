//! Social login as a browser goes through it: to the provider, back, and on to the front end with a ticket.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::Services;
use super::letters::{digest, new_code};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::oauth::{Arrival, Effective, Flow, FlowError, Profile};
use crate::store::tickets::NewTicket;
use crate::store::{self, DbConn};

/// Life of a ticket.
const TICKET_LIFE: TimeDelta = TimeDelta::seconds(60);
/// A state is remembered for longer than a flow may take.
const STATE_LIFE: TimeDelta = TimeDelta::seconds(1_200);
const MAX_SEALED: usize = 60_000;

/// Where a browser is sent, and what it shall keep.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) flow: Option<Flow>,
    pub(crate) to: String,
}

/// Where a browser that has come back is sent.
#[derive(Debug)]
pub(crate) struct Return {
    pub(crate) to: String,
    /// What the browser kept is used up.
    pub(crate) is_over: bool,
}

/// Why a login came to nothing, as the front end is told: a code and a text, both fixed.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Denied,
    State,
    Provider,
}

impl Failure {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Denied => ("access_denied", "The login was cancelled"),
            Self::State => ("state_mismatch", "OAuth2 state mismatch"),
            Self::Provider => ("oauth_error", "The provider could not be asked"),
        }
    }
}

/// What a ticket stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arrived {
    pub(crate) profile: Profile,
    pub(crate) claims: Value,
}

/// The answer to what stands for no finished login.
pub(super) fn no_login() -> Error {
    Error::application("OAuth authentication requires a completed provider session")
}

impl Services {
    /// The URL a provider sends people back to; never made of a request.
    pub(crate) fn redirect_url(&self, provider: &str) -> String {
        format!("{}/api/connect/{provider}/callback", self.config.public_url)
    }

    /// Sends a browser to the provider, from where it returns to `callback`.
    pub(crate) async fn depart(
        &self,
        provider: &str,
        callback: Option<String>,
        challenge: Option<String>,
    ) -> Result<Departure> {
        let provider = self.enabled_provider(provider)?;
        let callback = match callback {
            None => self.front_end(&provider),
            Some(asked) if self.may_return(&provider, &asked) => asked,
            Some(_) => return Err(Error::validation("Invalid callback URL provided")),
        };
        let redirect = self.redirect_url(&provider.name);
        let random = || new_code(32).expose().to_owned();
        let now = self.shared_time().await?;
        match provider.start(&self.asking, &redirect, random, now).await {
            Ok((mut flow, to)) => {
                (flow.callback, flow.challenge) = (callback, challenge);
                Ok(Departure {
                    flow: Some(flow),
                    to: to.into(),
                })
            }
            Err(error) => {
                tracing::warn!(provider = provider.name, %error, "a provider could not be asked");
                let to = failed(&callback, Failure::Provider)?;
                Ok(Departure { flow: None, to })
            }
        }
    }

    /// Takes a browser that comes back from the provider.
    pub(crate) async fn arrive(
        &self,
        provider: &str,
        flow: Option<Flow>,
        arrival: Arrival,
    ) -> Result<Return> {
        let provider = self.enabled_provider(provider)?;
        let now = self.shared_time().await?;
        let flow = flow.filter(|flow| flow.is_of(&provider.name, &arrival, now));
        // Settings may have changed since the start: where to go is judged again.
        let flow = flow.filter(|flow| {
            flow.callback == self.front_end(&provider) || self.may_return(&provider, &flow.callback)
        });
        let Some(flow) = flow else {
            tracing::warn!(target: "users_permissions::security", provider = provider.name, "an answer of a provider that nobody waits for");
            let to = failed(&self.front_end(&provider), Failure::State)?;
            return Ok(Return { to, is_over: false });
        };
        let hash = digest(&flow.state);
        let is_first = self
            .store
            .run(move |conn| store::tickets::use_state(conn, &hash, STATE_LIFE))
            .await?;
        let to = if is_first {
            self.finish(&provider, flow, arrival).await?
        } else {
            failed(&flow.callback, Failure::State)?
        };
        Ok(Return { to, is_over: true })
    }

    async fn finish(&self, provider: &Effective, flow: Flow, arrival: Arrival) -> Result<String> {
        let redirect = self.redirect_url(&provider.name);
        let outcome = provider
            .finish(&self.asking, &redirect, &flow, &arrival)
            .await;
        let (profile, claims) = match outcome {
            Ok(arrived) => arrived,
            Err(FlowError::Denied) => return failed(&flow.callback, Failure::Denied),
            Err(FlowError::Provider(error)) => {
                tracing::warn!(provider = provider.name, %error, "a login at a provider came to nothing");
                return failed(&flow.callback, Failure::Provider);
            }
        };
        let ticket = self
            .issue_ticket(provider, &flow, Arrived { profile, claims })
            .await?;
        extended(&flow.callback, &[("access_token", ticket.expose())])
    }

    async fn issue_ticket(
        &self,
        provider: &Effective,
        flow: &Flow,
        mut arrived: Arrived,
    ) -> Result<Secret> {
        let ticket = new_code(32);
        let hash = digest(ticket.expose());
        let mut plain = serde_json::to_vec(&arrived).map_err(Error::internal)?;
        if plain.len() > MAX_SEALED {
            arrived.claims = Value::Null;
            plain = serde_json::to_vec(&arrived).map_err(Error::internal)?;
        }
        let new = NewTicket {
            sealed: self.sealer.seal(&hash, &plain)?,
            hash,
            provider: provider.name.clone(),
            challenge: flow.challenge.clone(),
            life: TICKET_LIFE,
        };
        self.store
            .run(move |conn| store::tickets::create(conn, &new))
            .await?;
        Ok(ticket)
    }

    /// Exchanges a ticket for what it stands for; once.
    pub(crate) async fn redeem(
        &self,
        provider: &Effective,
        ticket: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<Arrived> {
        let hash = digest(ticket.ok_or_else(no_login)?);
        let challenge = verifier.map(|verifier| base64_url(&Sha256::digest(verifier.as_bytes())));
        let (place, name) = (hash.clone(), provider.name.clone());
        let sealed = self
            .store
            .run(move |conn: &mut DbConn| {
                store::tickets::redeem(conn, &hash, &name, challenge.as_deref())
            })
            .await?;
        let opened = sealed.and_then(|sealed| self.sealer.open(&place, &sealed));
        let arrived = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
        arrived.ok_or_else(no_login)
    }

    /// The page of the front end that is returned to when none is asked for; without one our own answer,
    /// to try a provider with.
    fn front_end(&self, provider: &Effective) -> String {
        let listed = provider.settings.callback.first().cloned();
        listed.unwrap_or_else(|| {
            format!(
                "{}/api/auth/{}/callback",
                self.config.public_url, provider.name
            )
        })
    }

    fn may_return(&self, provider: &Effective, asked: &str) -> bool {
        let listed = &provider.settings.callback;
        self.hooks.callback.allows(&provider.name, listed, asked)
    }
}

/// Unpadded base64 of the URL alphabet, of PKCE.
fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        for (place, byte) in group.iter_mut().zip(chunk) {
            *place = *byte;
        }
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..=chunk.len() {
            let index = number >> (18 - 6 * place) & 63;
            let letter = usize::try_from(index)
                .ok()
                .and_then(|index| ALPHABET.get(index));
            text.extend(letter.map(|byte| char::from(*byte)));
        }
    }
    text
}

fn failed(callback: &str, failure: Failure) -> Result<String> {
    let (code, description) = failure.words();
    extended(
        callback,
        &[("error", code), ("error_description", description)],
    )
}

/// The page with these fields in its query, and none of their names from elsewhere.
fn extended(callback: &str, fields: &[(&str, &str)]) -> Result<String> {
    const OURS: [&str; 3] = ["access_token", "error", "error_description"];
    let mut url = Url::parse(callback).map_err(Error::internal)?;
    let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let own = own
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in own {
        query.append_pair(name, value);
    }
    for (name, value) in fields {
        query.append_pair(name, value);
    }
    url.set_query(Some(&query.finish()));
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_query_and_only_its_own() {
        let page = "https://front.example/cb?mine=1&access_token=forged&error=x";
        let full = extended(page, &[("access_token", "t")]).unwrap();
        assert_eq!(full, "https://front.example/cb?mine=1&access_token=t");
        assert_eq!(
            extended("myapp://login", &[("error", "x y")]).unwrap(),
            "myapp://login?error=x+y"
        );
    }

    #[test]
    fn challenges_are_those_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = base64_url(&Sha256::digest(verifier.as_bytes()));
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(base64_url(b"f"), "Zg");
        assert_eq!(base64_url(b"fo"), "Zm8");
    }
}
