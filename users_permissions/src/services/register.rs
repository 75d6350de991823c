//! Signing up.

use super::{Login, Services, passwords, settings};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{Email, NameError, NewUser, User, Username};
use crate::store::{self, Conflict, DbConn, transaction};

/// What a stranger registers with; well formed, not yet judged.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) username: String,
    pub(crate) email: Email,
    pub(crate) password: Secret,
}

const TAKEN: &str = "Email or Username are already taken";

impl Services {
    /// Fails when registration is switched off; the first of all checks.
    pub(crate) fn check_registration_open(&self) -> Result<()> {
        if self.settings.load().allow_register {
            Ok(())
        } else {
            Err(Error::application("Register action is currently disabled"))
        }
    }

    /// Creates a user with the default role and signs it in, unless its address has to be confirmed.
    pub(crate) async fn register(&self, input: Registration) -> Result<Login> {
        let settings = self.settings.load_full();
        let (default_role, unique_email) = (settings.default_role.clone(), settings.unique_email);
        let email = input.email;
        let username = Username::parse(&input.username, Some(&email));
        let (wanted_name, wanted_email) = (username.clone().ok(), email.clone());
        // Strapi's order: the role, what is taken, and only then the model's rules.
        let role = self
            .store
            .run(move |conn| -> Result<_> {
                let role = store::roles::find_by_type(conn, &default_role)?;
                let role =
                    role.ok_or_else(|| Error::application("Impossible to find the default role"))?;
                let name_taken = match &wanted_name {
                    Some(name) => store::users::username_taken(conn, name, None)?,
                    None => false,
                };
                if name_taken
                    || (unique_email && store::users::email_taken(conn, &wanted_email, None)?)
                {
                    return Err(Error::application(TAKEN));
                }
                Ok(role)
            })
            .await?;
        let username = username.map_err(|error| Error::field("username", name_message(error)))?;
        passwords::check_new(
            self.config.password_policy,
            input.password.expose(),
            &username,
            &email,
        )?;
        let password_hash = Some(self.hasher.hash(input.password).await?);
        let new = NewUser {
            username,
            email,
            unique_email,
            password_hash,
            confirmed: !settings.email_confirmation,
            blocked: false,
            role_id: role.id,
        };
        let create = move |conn: &mut DbConn| -> Result<User> {
            // As the settings are now: a name must not slip through while they change.
            let unique_email = settings::held(conn)?.unique_email;
            insert(
                conn,
                NewUser {
                    unique_email,
                    ..new
                },
            )
        };
        let user = self
            .store
            .run(move |conn| transaction(conn, create))
            .await?;
        tracing::info!(target: "users_permissions::security", user = user.id, "registration");
        if settings.email_confirmation {
            Ok(Login { jwt: None, user })
        } else {
            self.token_for(user)
        }
    }
}

/// The constraint decides races; whoever loses one is told what everybody is told.
fn insert(conn: &mut DbConn, new: NewUser) -> Result<User> {
    store::users::create(conn, new).map_err(|error| match store::conflict(&error) {
        Some(Conflict::Taken) => Error::application(TAKEN),
        // The role went away between the look-up and the insert.
        Some(Conflict::MissingReference) => {
            Error::application("Impossible to find the default role")
        }
        None => error.into(),
    })
}

/// What the client is told about a user name or address that was refused.
pub(crate) fn name_message(error: NameError) -> &'static str {
    match error {
        NameError::InvalidEmail => "email must be a valid email",
        NameError::UsernameTooShort => "username must be at least 3 characters",
        NameError::UsernameTooLong => "username must be at most 255 characters",
        NameError::UsernameCharacters => "username contains characters that are not allowed",
        NameError::UsernameLikeEmail => "username must not be an email address",
    }
}
