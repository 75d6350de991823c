//! Tokens of identity services, verified by their published keys (RFC 9068, RFC 8725). Which verifier a
//! token meets is decided by its issuer, and what that says is final.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::tokens::header;
use crate::acl::{Catalog, long_form};
use crate::clock::{is_over, unix_now};
use crate::config::{ConfigError, IssuerUsers, TrustedIssuer};
use crate::error::{Error, Result};
use crate::model::{Person, claim_at, claim_roles, claim_texts};
use crate::outbound::OutboundClient;
use crate::published_keys::{Place, PublishedKeys, Times};

/// What the plugin itself does is granted by roles only.
const OWN_ACTIONS: &str = "plugin::";

/// The trusted issuers.
#[derive(Debug, Default)]
pub(crate) struct Issuers {
    all: Vec<Arc<Issuer>>,
}

/// One issuer, its keys, and what has to be so for tokens it has signed.
pub(crate) struct Issuer {
    pub(super) config: TrustedIssuer,
    algorithms: Vec<Algorithm>,
    validation: Validation,
    keys: Arc<PublishedKeys>,
}

/// A token of an issuer that is good.
#[derive(Debug, Clone)]
pub(crate) struct Attested {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) person: Arc<Person>,
    /// Seconds since the epoch; refused from then on.
    pub(crate) expires_at: u64,
    pub(crate) claims: Arc<Map<String, Value>>,
    generation: u64,
}

#[derive(Deserialize)]
struct Unverified {
    iss: Option<Value>,
}

impl Issuers {
    /// # Errors
    /// [`ConfigError`] for an issuer whose keys may not be asked for.
    pub(crate) fn new(
        configured: &[TrustedIssuer],
        outbound: &Arc<OutboundClient>,
    ) -> Result<Self, ConfigError> {
        let mut all = Vec::new();
        for config in configured {
            let place = config.jwks_url.as_ref().unwrap_or(&config.issuer);
            let fault = Url::parse(place).map_or(Some("no URL"), |url| outbound.fault(&url));
            if let Some(fault) = fault {
                return Err(ConfigError::invalid(
                    "UP_TRUSTED_ISSUERS",
                    format!("the keys of `{}` cannot be read: {fault}", config.issuer),
                ));
            }
            all.push(Arc::new(Issuer::new(config.clone(), Arc::clone(outbound))));
        }
        Ok(Self { all })
    }

    /// The issuer that a token says it is of; nothing is verified yet.
    pub(crate) fn of(&self, token: &str) -> Option<&Arc<Issuer>> {
        if self.all.is_empty() {
            return None;
        }
        let claims: Unverified = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        let name = claims.iss.as_ref()?.as_str()?;
        self.all.iter().find(|issuer| issuer.config.issuer == name)
    }
}

impl Issuer {
    fn new(config: TrustedIssuer, outbound: Arc<OutboundClient>) -> Self {
        let named = config.algorithms.iter();
        let algorithms: Vec<Algorithm> = named.filter_map(|name| name.parse().ok()).collect();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = config.leeway.as_secs();
        // Looked at below, by our clock.
        validation.validate_exp = false;
        validation.validate_nbf = true;
        // Looked at below, where it may be another claim.
        validation.validate_aud = false;
        validation.set_issuer(&[&config.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        let place = match &config.jwks_url {
            Some(url) => Place::At(url.clone()),
            None => Place::Discovered(config.issuer.clone()),
        };
        let times = Times {
            age: config.key_age,
            limit: config.key_limit,
            pause: config.unknown_key_pause,
        };
        let keys = PublishedKeys::new(place, times, algorithms.clone(), outbound);
        Self {
            config,
            algorithms,
            validation,
            keys: Arc::new(keys),
        }
    }

    /// Are its callers users of ours?
    pub(crate) fn links_users(&self) -> bool {
        self.config.users == IssuerUsers::Link
    }

    /// Verifies a token; `None`: it is not good.
    ///
    /// # Errors
    /// Unavailable while there are no keys to verify by.
    pub(crate) async fn verify(
        self: &Arc<Self>,
        token: &str,
        catalog: &Catalog,
    ) -> Result<Option<Attested>> {
        let Some(header) = header(token).filter(|header| self.allows(header)) else {
            return Ok(None);
        };
        // Read first: a key that goes meanwhile makes what is verified here old.
        let generation = self.keys.generation();
        let claims = self
            .keys
            .verify(&header, |key| self.claims(token, header.alg, key));
        let Some(claims) = claims.await else {
            return Err(Error::unavailable(format!(
                "the keys of the issuer {} are not known yet",
                self.config.issuer
            )));
        };
        Ok(claims.and_then(|claims| self.attest(claims, generation, catalog)))
    }

    /// An allowed algorithm, and no kind of token that is for something else.
    fn allows(&self, header: &Header) -> bool {
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        let typ_fits = matches!(
            typ.as_deref(),
            None | Some("jwt" | "at+jwt" | "application/at+jwt")
        );
        typ_fits && self.algorithms.contains(&header.alg)
    }

    fn claims(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &jsonwebtoken::DecodingKey,
    ) -> Option<Map<String, Value>> {
        let mut validation = self.validation.clone();
        validation.algorithms = vec![algorithm];
        jsonwebtoken::decode(token, key, &validation)
            .ok()
            .map(|data| data.claims)
    }

    /// What a token proves whose signature and times are good.
    fn attest(
        self: &Arc<Self>,
        claims: Map<String, Value>,
        generation: u64,
        catalog: &Catalog,
    ) -> Option<Attested> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // Neither a list of issuers nor one that merely holds the right one.
        if text("iss") != Some(self.config.issuer.as_str()) {
            return None;
        }
        // Some databases take two texts for one that differ by spaces at their ends.
        let is_plain = |sub: &&str| (1..=255).contains(&sub.len()) && sub.trim() == *sub;
        let subject = text("sub").filter(is_plain)?;
        if !self.is_for_us(&claims) || is_for_something_else(&claims) {
            return None;
        }
        let leeway = self.config.leeway.as_secs();
        if let Some(issued_at) = claims.get("iat")
            && !issued_at
                .as_f64()
                .is_some_and(|time| time <= (unix_now() + leeway) as f64)
        {
            return None;
        }
        let expires_at = (claims.get("exp")?.as_f64()? as u64).saturating_add(leeway);
        // By a clock that is not set back, and remembers that it was asked.
        if is_over(expires_at, unix_now()) {
            return None;
        }
        let person = self.person(subject, &claims, catalog);
        Some(Attested {
            issuer: Arc::clone(self),
            person: Arc::new(person),
            expires_at,
            claims: Arc::new(claims),
            generation,
        })
    }

    /// One of our audiences, from one of the clients.
    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let audience = match claims.get(&self.config.audience_claim) {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => return false,
        };
        let ours = &self.config.audience;
        if !audience
            .iter()
            .any(|name| ours.iter().any(|own| own == name))
        {
            return false;
        }
        let parties = &self.config.authorized_parties;
        let party = claims.get("azp").or_else(|| claims.get("client_id"));
        let party = party.and_then(Value::as_str);
        parties.is_empty() || party.is_some_and(|party| parties.iter().any(|own| own == party))
    }

    fn person(&self, subject: &str, claims: &Map<String, Value>, catalog: &Catalog) -> Person {
        let config = &self.config;
        let named = match &config.role_claim {
            Some(path) => claim_roles(claims, path),
            None => Vec::new(),
        };
        let given = named.iter().filter_map(|name| config.roles.get(name));
        let given_roles = given.cloned().collect();
        let permissions = claim_texts(claims, &config.permissions_claim);
        let granted = permissions.iter().filter(|_| config.permissions_grant);
        let actions = granted.filter_map(|name| {
            let name = long_form(name);
            let position = catalog.position(&name);
            position.filter(|_| !name.starts_with(OWN_ACTIONS))
        });
        let organisation = claim_at(claims, &config.organisation_claim);
        Person {
            issuer: config.issuer.clone(),
            subject: subject.to_owned(),
            named_roles: named,
            given_roles,
            default_role: config.default_role.clone(),
            actions: actions.collect(),
            organisation: organisation.and_then(Value::as_str).map(str::to_owned),
            permissions,
        }
    }
}

impl Attested {
    /// May it be used without being verified again? Looks after the keys, too.
    pub(crate) fn is_current(&self) -> bool {
        let keys = &self.issuer.keys;
        keys.keep_fresh() && self.generation == keys.generation()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.config.issuer)
            .finish_non_exhaustive()
    }
}

/// Tokens about a login or a logout, those that renew others, and those that belong to a key which a mere
/// bearer does not show (RFC 7800).
fn is_for_something_else(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let marked = ["at_hash", "c_hash", "events", "cnf"];
    marked.iter().any(|name| claims.contains_key(*name))
        // Keycloak's way to say it, and Cognito's.
        || matches!(text("typ"), Some("ID" | "Refresh" | "Offline" | "Logout"))
        || text("token_use").is_some_and(|purpose| purpose != "access")
}
