//! Users behind the tokens of trusted issuers: found by issuer and subject, or made with the first token.

use serde_json::{Map, Value};

use super::issuers::Attested;
use super::{Services, register::name_message, settings};
use crate::error::{Error, Result};
use crate::model::{
    Email, NewIdentity, NewUser, ProfileChange, User, UserId, UserRoles, Username, new_document_id,
};
use crate::store::{self, Conflict, DbConn, transaction};

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
const TAKEN: &str = "Email is already taken.";
const CLOSED: &str = "Register action is currently disabled";

/// Tries to find a user name that is free.
const NAMES: usize = 5;

impl Services {
    /// The user a token stands for, made if there is none yet.
    ///
    /// # Errors
    /// Denied, with the reason, where nobody may be made of it.
    pub(crate) async fn user_of(&self, attested: &Attested) -> Result<UserId> {
        if let Some(user) = self.find_linked(attested).await? {
            return Ok(user);
        }
        if !self.settings.load().allow_register {
            return Err(Error::Denied(CLOSED.to_owned()));
        }
        let profile = self.ask_about(profile_of(attested)).await?;
        let email = profile.email.as_deref();
        let email = email.ok_or_else(|| Error::Denied(NO_ADDRESS.to_owned()))?;
        let email =
            Email::parse(email).map_err(|error| Error::Denied(name_message(error).to_owned()))?;
        let username = username_of(&profile, &email)?;
        self.ask_before_registration(username.as_str(), &email)
            .await
            .map_err(|error| Error::Denied(error.to_string()))?;
        let person = NewIdentity {
            provider: attested.issuer.config.provider_name(),
            issuer: profile.issuer,
            subject: profile.subject,
            email: Some(email.as_str().to_owned()),
        };
        let made = self.make_user(person, username, email).await;
        match made {
            Ok(user) => {
                tracing::info!(target: "users_permissions::security", user = user.id, issuer = attested.issuer.config.issuer, "registration by the token of an issuer");
                self.tell_of_registration(&user);
                Ok(user.id)
            }
            // Somebody else may have made the same user in this moment.
            Err(error) => self.find_linked(attested).await?.ok_or(error),
        }
    }

    async fn find_linked(&self, attested: &Attested) -> Result<Option<UserId>> {
        let person = &attested.person;
        let (issuer, subject) = (person.issuer.clone(), person.subject.clone());
        self.store
            .run(move |conn| store::identities::user_of_subject(conn, &issuer, &subject))
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

    async fn make_user(
        &self,
        person: NewIdentity,
        username: Username,
        email: Email,
    ) -> Result<User> {
        let key = self.hooks.email_key(&email);
        let default_role = self.settings.load().default_role.clone();
        let make = move |conn: &mut DbConn| -> Result<User> {
            // As the settings are now: nobody must slip through while they change.
            let settings = settings::held(conn)?;
            if !settings.allow_register {
                return Err(Error::Denied(CLOSED.to_owned()));
            }
            let key = settings.unique_email.then_some(key);
            if store::users::email_taken(conn, &email, key.as_deref())? {
                return Err(Error::Denied(TAKEN.to_owned()));
            }
            let role = store::roles::find_by_type(conn, &default_role)?;
            let role = role
                .ok_or_else(|| Error::Denied("Impossible to find the default role".to_owned()))?;
            let new = NewUser {
                username: free_name(conn, username)?,
                email,
                email_key: key,
                password_hash: None,
                confirmed: true,
                blocked: false,
                roles: UserRoles::new(role.id, []),
                profile: ProfileChange::default(),
            };
            let user = unless_taken(store::users::create_of(conn, new, &person.provider))?;
            let insert = store::identities::insert(conn, user.id, &person, store::now());
            unless_taken(insert)?;
            Ok(user)
        };
        self.store.run(move |conn| transaction(conn, make)).await
    }
}

fn unless_taken<T>(result: store::QueryResult<T>) -> Result<T> {
    result.map_err(|error| match store::conflict(&error) {
        Some(Conflict::Taken) => Error::Denied(TAKEN.to_owned()),
        _ => error.into(),
    })
}

/// The name, or one like it that nobody has.
fn free_name(conn: &mut DbConn, wanted: Username) -> Result<Username> {
    let mut name = wanted.clone();
    for _ in 0..NAMES {
        if !store::users::username_taken(conn, &name, None)? {
            return Ok(name);
        }
        let end: String = new_document_id().chars().take(4).collect();
        // An address as a name can have nothing added to it.
        name = match Username::parse(&format!("{wanted}-{end}"), None) {
            Ok(name) => name,
            Err(_) => any_name()?,
        };
    }
    any_name()
}

fn any_name() -> Result<Username> {
    Username::parse(&format!("user-{}", new_document_id()), None)
        .map_err(|error| Error::internal(name_message(error)))
}

/// What the token says; an address only where it is proven.
fn profile_of(attested: &Attested) -> IssuerProfile {
    let claims = &attested.claims;
    let text = |name: &str| {
        let value = claims.get(name).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let is_verified = claims.get("email_verified") == Some(&Value::Bool(true));
    let names = ["preferred_username", "nickname", "name"];
    IssuerProfile {
        issuer: attested.person.issuer.clone(),
        subject: attested.person.subject.clone(),
        claims: Map::clone(claims),
        email: text("email").filter(|_| is_verified),
        username: names.into_iter().find_map(text),
    }
}

/// The wanted name if it can be one, else one of the address, else any.
fn username_of(profile: &IssuerProfile, email: &Email) -> Result<Username> {
    let local = email.as_str().split('@').next();
    let wanted = profile.username.as_deref().map(str::trim);
    let mut names = [wanted, local].into_iter().flatten();
    match names.find_map(|name| Username::parse(name, Some(email)).ok()) {
        Some(name) => Ok(name),
        None => any_name(),
    }
}
