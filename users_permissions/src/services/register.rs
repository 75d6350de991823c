//! Signing up.

use super::{Login, RegistrationRequest, Services, settings};
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::{
    CodePurpose, Device, Email, NameError, NewUser, ProfileChange, User, UserRoles, Username,
};
use crate::store::{self, Conflict, DbConn, transaction};

/// What a stranger registers with; well formed, not yet judged.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) username: String,
    pub(crate) email: Email,
    pub(crate) password: Secret,
    pub(crate) profile: ProfileChange,
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
    pub(crate) async fn register(&self, input: Registration, device: Device) -> Result<Login> {
        let settings = self.settings.load_full();
        let default_role = settings.default_role.clone();
        let email = input.email;
        let username = Username::parse(&input.username, Some(&email));
        // What cannot be stored is refused below, whatever the hook says.
        let asked = username
            .as_ref()
            .map_or(input.username.as_str(), Username::as_str);
        self.ask_before_registration(asked, &email).await?;
        let key = self.unique_email_key(&email);
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
                if name_taken || store::users::email_taken(conn, &wanted_email, key.as_deref())? {
                    return Err(Error::application(TAKEN));
                }
                Ok(role)
            })
            .await?;
        let username = username.map_err(|error| Error::field("username", name_message(error)))?;
        self.check_password(&input.password, username.as_str(), email.as_str())
            .await?;
        let password_hash = Some(self.hasher.hash(input.password).await?);
        let new = NewUser {
            username,
            email_key: Some(self.hooks.email_key(&email)),
            email,
            password_hash,
            confirmed: !settings.email_confirmation,
            blocked: false,
            roles: UserRoles::new(role.id, []),
            profile: input.profile,
        };
        let user = self.insert(new).await?;
        tracing::info!(target: "users_permissions::security", user = user.id, "registration");
        self.tell_of_registration(&user);
        if user.confirmed {
            self.sign_in(user, device).await
        } else {
            Ok(Login {
                jwt: None,
                refresh: None,
                user,
            })
        }
    }
}

impl Services {
    /// Writes the user, and with it the mail that asks for a proof of its address.
    async fn insert(&self, new: NewUser) -> Result<User> {
        if !new.confirmed && !self.limits.spend_mail().await {
            return Err(Error::RateLimited);
        }
        let letters = self.letters.clone();
        let write = move |conn: &mut DbConn| -> Result<User> {
            // As the settings are now: nobody must slip through while they change.
            let settings = settings::held(conn)?;
            let new = NewUser {
                email_key: new.email_key.filter(|_| settings.unique_email),
                confirmed: !settings.email_confirmation,
                ..new
            };
            let user = insert(conn, new)?;
            if !user.confirmed {
                letters.send_code(conn, CodePurpose::Confirmation, &user)?;
            }
            Ok(user)
        };
        let user = self.store.run(move |conn| transaction(conn, write)).await?;
        self.letters.post();
        Ok(user)
    }

    pub(super) async fn ask_before_registration(
        &self,
        username: &str,
        email: &Email,
    ) -> Result<()> {
        let Some(hook) = &self.hooks.before_registration else {
            return Ok(());
        };
        let request = RegistrationRequest {
            username: username.to_owned(),
            email: email.as_str().to_owned(),
        };
        hook(request).await.map_err(Error::application)
    }

    /// Whoever registered has an answer, whatever becomes of the notification.
    pub(super) fn tell_of_registration(&self, user: &User) {
        if let Some(hook) = &self.hooks.after_registration {
            tokio::spawn(hook(user.clone()));
        }
    }

    /// What has to be unique about an address, while addresses are.
    pub(crate) fn unique_email_key(&self, email: &Email) -> Option<String> {
        let unique = self.settings.load().unique_email;
        unique.then(|| self.hooks.email_key(email))
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
