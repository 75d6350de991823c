//! Users behind the tokens of trusted issuers: found by issuer and subject, or made with the first token.

use serde_json::{Map, Value};

use super::issuers::Attested;
use super::newcomers::{self, Newcomer, Refusal};
use super::register::name_message;
use super::{Services, departures};
use crate::error::{Error, Result};
use crate::model::{Email, NewIdentity, UserId, Username, claim_at, new_document_id};
use crate::store::{self, DbConn, transaction};

/// Somebody whose first token has come, for [`issuer_user`](crate::Builder::issuer_user).
///
/// ```
/// use users_permissions::IssuerProfile;
///
/// fn staff(mut profile: IssuerProfile) -> Result<IssuerProfile, String> {
///     if profile.claims.get("org_code").and_then(|code| code.as_str()) != Some("org_staff") {
///         return Err("Staff only.".to_owned());
///     }
///     // This service mails only to addresses it has proven, and says so nowhere.
///     profile.email = profile.claims.get("email").and_then(|email| email.as_str()).map(str::to_owned);
///     Ok(profile)
/// }
/// # let _ = staff;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuerProfile {
    /// The issuer.
    pub issuer: String,
    /// Who it is there; never anybody else.
    pub subject: String,
    /// Claims of the token, verified.
    pub claims: Map<String, Value>,
    /// The user's address: `email`, where `email_verified` is true. A user needs one.
    pub email: Option<String>,
    /// The user's name; changed a little when it is taken.
    pub username: Option<String>,
}

const NO_ADDRESS: &str = "The token carries no verified e-mail address";

/// Names that are tried beside the wanted one.
const NAMES: usize = 4;

impl Services {
    /// The user a token stands for, made if there is none yet; `None`: it is older than the end of its user.
    ///
    /// # Errors
    /// Denied, with the reason, where nobody may be made of it.
    pub(crate) async fn user_of(&self, attested: &Attested) -> Result<Option<UserId>> {
        match self.standing(attested).await? {
            Standing::User(user) => return Ok(Some(user)),
            Standing::Outlived => return Ok(None),
            Standing::Unknown => {}
        }
        if !self.settings.load().allow_register {
            return Err(refused(Refusal::Closed));
        }
        let profile = self.ask_about(profile_of(attested)).await?;
        let email = profile.email.as_deref();
        let email = email.ok_or_else(|| Error::Denied(NO_ADDRESS.to_owned()))?;
        let email =
            Email::parse(email).map_err(|error| Error::Denied(name_message(error).to_owned()))?;
        let name = self.free_name(names_of(&profile, &email)).await?;
        self.ask_before_registration(name.as_str(), &email)
            .await
            .map_err(|error| Error::Denied(error.to_string()))?;
        let person = NewIdentity {
            provider: attested.issuer.config.provider_name(),
            issuer: profile.issuer,
            subject: profile.subject,
            email: Some(email.as_str().to_owned()),
        };
        let newcomer = Newcomer {
            person,
            name,
            email_key: self.hooks.email_key(&email),
            email,
            is_vouched_for: true,
            may_share: false,
        };
        let asked = attested.clone();
        let make = move |conn: &mut DbConn| -> Result<_> {
            let user = newcomers::admit(conn, newcomer, refused)?;
            // The user may have been there and deleted since it was asked for.
            match departures::is_outlived(conn, &asked)? {
                true => Err(Error::Forbidden),
                false => Ok(user),
            }
        };
        match self.store.run(move |conn| transaction(conn, make)).await {
            Ok(user) => {
                tracing::info!(target: "users_permissions::security", user = user.id, issuer = attested.issuer.config.issuer, "registration by the token of an issuer");
                self.tell_of_registration(&user);
                Ok(Some(user.id))
            }
            // Somebody else may have made the same user in this moment, or deleted it.
            Err(error) => match self.standing(attested).await? {
                Standing::User(user) => Ok(Some(user)),
                Standing::Outlived => Ok(None),
                Standing::Unknown => Err(error),
            },
        }
    }

    async fn standing(&self, attested: &Attested) -> Result<Standing> {
        let attested = attested.clone();
        self.store
            .run(move |conn| -> Result<_> {
                let person = &attested.person;
                // In this order: who is no user any more is noted as gone.
                let user =
                    store::identities::user_of_subject(conn, &person.issuer, &person.subject)?;
                if departures::is_outlived(conn, &attested)? {
                    return Ok(Standing::Outlived);
                }
                Ok(user.map_or(Standing::Unknown, Standing::User))
            })
            .await
    }

    /// The hook may refuse, and say more than the token did; but not that it is somebody else's.
    async fn ask_about(&self, profile: IssuerProfile) -> Result<IssuerProfile> {
        let Some(hook) = &self.hooks.issuer_user else {
            return Ok(profile);
        };
        let (issuer, subject) = (profile.issuer.clone(), profile.subject.clone());
        let answer = hook(profile).await.map_err(Error::Denied)?;
        Ok(IssuerProfile {
            issuer,
            subject,
            ..answer
        })
    }
}

/// Who somebody with a token is here.
enum Standing {
    User(UserId),
    /// Nobody: the user was deleted after the token was made.
    Outlived,
    Unknown,
}

fn refused(refusal: Refusal) -> Error {
    Error::Denied(refusal.words().to_owned())
}

/// What the token says; an address only where it is proven.
fn profile_of(attested: &Attested) -> IssuerProfile {
    let claims = &attested.claims;
    let config = &attested.issuer.config;
    let text = |path: &str| {
        let value = claim_at(claims, path).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let is_verified = claim_at(claims, &config.email_verified_claim) == Some(&Value::Bool(true));
    let names = match &config.username_claim {
        Some(name) => vec![name.as_str()],
        None => vec!["preferred_username", "nickname", "name"],
    };
    IssuerProfile {
        issuer: attested.person.issuer.clone(),
        subject: attested.person.subject.clone(),
        claims: Map::clone(claims),
        email: text(&config.email_claim).filter(|_| is_verified),
        username: names.into_iter().find_map(text),
    }
}

/// Names to try: the wanted one, or that of the address, then others like it, then any.
fn names_of(profile: &IssuerProfile, email: &Email) -> Vec<Username> {
    let local = email.as_str().split('@').next();
    let wanted = profile.username.as_deref().map(str::trim);
    let mut wanted = [wanted, local].into_iter().flatten();
    let first = wanted.find_map(|name| Username::parse(name, Some(email)).ok());
    // An address as a name can have nothing added to it.
    let like_it = first.iter().flat_map(|name| {
        (0..NAMES).filter_map(move |_| {
            let end: String = new_document_id().chars().take(4).collect();
            Username::parse(&format!("{name}-{end}"), None).ok()
        })
    });
    let any = Username::parse(&format!("user-{}", new_document_id()), None).ok();
    first.iter().cloned().chain(like_it).chain(any).collect()
}
