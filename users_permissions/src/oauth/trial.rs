//! Is a provider configured such that people could sign in? Found out without anybody signing in.

use super::effective::{Asking, Effective, Endpoints};
use super::provider::Protocol;
use super::{exchange, oauth1};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) is_good: bool,
    pub(crate) text: String,
}

fn good(text: impl Into<String>) -> Finding {
    Finding {
        is_good: true,
        text: text.into(),
    }
}

fn bad(text: impl Into<String>) -> Finding {
    Finding {
        is_good: false,
        text: text.into(),
    }
}

impl Effective {
    /// Looks at the settings as if the provider were enabled, then asks the provider.
    pub(crate) async fn test(&self, asking: &Asking, redirect: &str) -> Vec<Finding> {
        let mut enabled = self.clone();
        enabled.settings.enabled = true;
        if let Some((_, fault)) = enabled.fault(&asking.client) {
            return vec![bad(format!("Settings: {fault}"))];
        }
        let mut found = vec![good("Settings: nothing is missing")];
        let issuer = self.issuer();
        asking.discoveries.forget(&issuer);
        let endpoints = match self.endpoints(asking).await {
            Ok(endpoints) => endpoints,
            Err(error) => {
                found.push(bad(format!("Discovery of {issuer}: {error}")));
                return found;
            }
        };
        if self.provider.protocol == Protocol::OpenId {
            found.push(self.test_keys(&endpoints, asking).await);
        }
        found.push(self.test_client(&endpoints, asking, redirect).await);
        found
    }

    async fn test_keys(&self, endpoints: &Endpoints, asking: &Asking) -> Finding {
        let issuer = &endpoints.issuer;
        let Some(url) = &endpoints.jwks else {
            return bad(format!("Keys of {issuer}: nobody says where they are"));
        };
        match asking.keys.at(url).count().await {
            Ok(count) => good(format!("Keys of {issuer}: {count}")),
            Err(error) => bad(format!("Keys of {issuer}: {error}, at {url}")),
        }
    }

    /// Shows the client id and the secret to the provider.
    async fn test_client(&self, endpoints: &Endpoints, asking: &Asking, redirect: &str) -> Finding {
        if self.provider.protocol == Protocol::OAuth1 {
            return match oauth1::request_token(self, endpoints, redirect, asking).await {
                Ok(_) => good("Client: the provider takes key, secret and redirect URL"),
                Err(error) => bad(format!("Client: {error}")),
            };
        }
        match exchange::refusal(self, endpoints, redirect, asking).await {
            Ok(refusal) => judged(refusal.as_deref()),
            Err(error) => bad(format!("Client: {error}, at {}", endpoints.access)),
        }
    }
}

/// What it means that a made-up code was refused so.
fn judged(refusal: Option<&str>) -> Finding {
    match refusal {
        Some("invalid_grant" | "bad_verification_code") => {
            good("Client: the provider takes the client id and the secret")
        }
        Some("invalid_client" | "unauthorized_client" | "incorrect_client_credentials") => {
            bad("Client: the provider refuses the client id or the secret")
        }
        Some("redirect_uri_mismatch") => bad("Client: the provider does not know our redirect URL"),
        Some(other) => {
            let other: String = other.chars().take(60).collect();
            bad(format!(
                "Client: the provider answers “{other}”; sign in once to know more"
            ))
        }
        None => {
            good("Client: the provider answers, and does not tell what it thinks of the secret")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::judged;

    #[test]
    fn refusals_of_a_code_tell_of_the_client() {
        assert!(judged(Some("invalid_grant")).is_good);
        assert!(judged(None).is_good);
        for refusal in ["invalid_client", "redirect_uri_mismatch", "server_error"] {
            assert!(!judged(Some(refusal)).is_good, "{refusal}");
        }
        let long = judged(Some(&"x".repeat(1_000))).text;
        assert!(long.len() < 200, "{long}");
    }
}
