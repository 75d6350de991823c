//! Whose account a finished social login is.

use super::claims::take_over;
use super::newcomers::{self, Newcomer, Refusal};
use super::provider_tokens::Presented;
use super::social::Arrived;
use super::user_writes::keep_an_administrator;
use super::{Login, Services, settings};
use crate::error::{Error, Result};
use crate::model::{
    CodePurpose, Device, Email, MailKind, NewIdentity, NewMail, User, UserId, UserPatch, UserRoles,
    Username,
};
use crate::oauth::{Effective, EmailProof, Profile, ProviderLogin, UserChanges};
use crate::store::{self, Conflict, DbConn, transaction};

/// As Strapi says it here.
const CLOSED: &str = "Register action is actually not available.";

impl Services {
    /// Signs in whoever a ticket, or a provider's own token, stands for; at the first time with a new account.
    pub(crate) async fn social_login(
        &self,
        provider: &str,
        presented: Presented,
        device: Device,
    ) -> Result<Login> {
        let provider = self.enabled_provider(provider)?;
        let arrived = self.arrived(&provider, presented).await?;
        let person = person(&provider, &arrived.profile);
        let known = self.known(&person).await?;
        let changes = self
            .ask_on_login(&provider, &arrived, known.clone())
            .await?;
        let user = match known {
            Some(user) => self.returning(user, changes).await?,
            None => {
                self.first_login(&provider, &arrived.profile, person, changes)
                    .await?
            }
        };
        if user.blocked {
            return Err(Error::application(
                "Your account has been blocked by an administrator",
            ));
        }
        if self.settings.load().email_confirmation && !user.confirmed {
            return Err(Error::application("Your account email is not confirmed"));
        }
        let login = self.sign_in(user, device).await?;
        tracing::info!(target: "users_permissions::security", user = login.user.id, provider = provider.name, "login");
        Ok(login)
    }

    async fn known(&self, person: &NewIdentity) -> Result<Option<User>> {
        let person = person.clone();
        self.store
            .run(move |conn| -> store::QueryResult<_> {
                let user = store::identities::user_of(
                    conn,
                    &person.provider,
                    &person.issuer,
                    &person.subject,
                )?;
                match user {
                    Some(user) => store::users::find(conn, user),
                    None => Ok(None),
                }
            })
            .await
    }

    async fn ask_on_login(
        &self,
        provider: &Effective,
        arrived: &Arrived,
        user: Option<User>,
    ) -> Result<UserChanges> {
        let Some(hook) = &provider.provider.on_login else {
            return Ok(UserChanges::none());
        };
        let login = ProviderLogin {
            provider: provider.name.clone(),
            profile: arrived.profile.clone(),
            user,
            claims: arrived.claims.clone(),
        };
        hook(login).await.map_err(Error::application)
    }

    async fn returning(&self, user: User, changes: UserChanges) -> Result<User> {
        if changes == UserChanges::none() {
            return Ok(user);
        }
        let id = user.id;
        let write = move |conn: &mut DbConn| -> Result<User> {
            store::roles::line_up(conn)?;
            let confirming = settings::in_force(conn)?.email_confirmation;
            keep_an_administrator(conn, confirming, |conn| apply(conn, id, &changes))
        };
        self.change_user(id, move |conn| transaction(conn, write))
            .await
    }

    async fn first_login(
        &self,
        provider: &Effective,
        profile: &Profile,
        person: NewIdentity,
        changes: UserChanges,
    ) -> Result<User> {
        let email = self.judge_email(provider, profile)?;
        let settings = self.settings.load_full();
        if let Some(user) = self.linked(provider, profile, &email, &person).await? {
            return self.returning(user, changes).await;
        }
        if !settings.allow_register {
            return Err(refused(Refusal::Closed));
        }
        let names = usernames(profile.name().unwrap_or_default(), &email);
        let name = self.free_name(names).await?;
        self.ask_before_registration(name.as_str(), &email).await?;
        let is_proven = profile.proof() == EmailProof::Proven;
        let newcomer = Newcomer {
            person,
            name,
            email_key: self.hooks.email_key(&email),
            email: email.clone(),
            is_vouched_for: is_proven,
            may_share: true,
        };
        let has_mail = settings.email_confirmation && !is_proven;
        if has_mail && !self.limits.spend_mail().await {
            return Err(Error::RateLimited);
        }
        let letters = self.letters.clone();
        let write = move |conn: &mut DbConn| -> Result<User> {
            let user = newcomers::admit(conn, newcomer, refused)?;
            let is_unconfirmed = !user.confirmed;
            if is_proven {
                store::proofs::claim(conn, user.id, email.as_str())?;
            }
            let user = apply(conn, user.id, &changes)?;
            if is_unconfirmed && !user.confirmed {
                letters.send_code(conn, CodePurpose::Confirmation, &user)?;
            }
            Ok(user)
        };
        let user = self.store.run(move |conn| transaction(conn, write)).await?;
        self.letters.post();
        tracing::info!(target: "users_permissions::security", user = user.id, provider = provider.name, "registration");
        self.tell_of_registration(&user);
        Ok(user)
    }

    /// An address that the provider does not disown.
    fn judge_email(&self, provider: &Effective, profile: &Profile) -> Result<Email> {
        let address = profile.email_address();
        let address = address.ok_or_else(|| Error::application("Email was not available."))?;
        let email =
            Email::parse(address).map_err(|_| Error::application("Email was not available."))?;
        if profile.proof() == EmailProof::None {
            let message = format!("Email not verified by {}", provider.provider.display);
            return Err(Error::application(message));
        }
        Ok(email)
    }

    /// The user with this address, where both sides have proven it and the settings say that this will do. Who
    /// has registered with it need not be who has proven it, so whatever else opens the account ends.
    async fn linked(
        &self,
        provider: &Effective,
        profile: &Profile,
        email: &Email,
        person: &NewIdentity,
    ) -> Result<Option<User>> {
        if !provider.settings.link_by_verified_email || profile.proof() != EmailProof::Proven {
            return Ok(None);
        }
        let address = email.clone();
        let owner = self
            .store
            .run(move |conn| store::proofs::owner(conn, &address))
            .await?;
        let Some(id) = owner else { return Ok(None) };
        let (email, person, letters) = (email.clone(), person.clone(), self.letters.clone());
        let (mails, display) = (
            std::sync::Arc::clone(&self.mails),
            provider.provider.display.clone(),
        );
        let write = move |conn: &mut DbConn| -> Result<Option<User>> {
            store::roles::line_up(conn)?;
            if store::proofs::owner(conn, &email)? != Some(id) {
                return Ok(None);
            }
            let user = store::users::find(conn, id)?;
            let Some(user) = user.filter(|user| user.confirmed && !user.blocked) else {
                return Ok(None);
            };
            let user = take_over(conn, &letters, user)?;
            store::identities::insert(conn, id, &person, store::now()).map_err(taken)?;
            mails.queue(
                conn,
                NewMail::new(MailKind::ProviderLinked, &user).provider(&display),
            )?;
            Ok(Some(user))
        };
        let linked = self
            .change_user(id, move |conn| transaction(conn, write))
            .await?;
        if let Some(user) = &linked {
            self.mails.wake();
            tracing::info!(target: "users_permissions::security", user = user.id, provider = provider.name, "provider linked by a proven address");
        }
        Ok(linked)
    }
}

/// Who this is, for ever.
pub(super) fn person(provider: &Effective, profile: &Profile) -> NewIdentity {
    let email = profile.email_address().filter(|email| email.len() <= 254);
    NewIdentity {
        provider: provider.name.clone(),
        issuer: profile.of_issuer().to_owned(),
        subject: profile.subject().to_owned(),
        email: email.map(str::to_owned),
    }
}

fn refused(refusal: Refusal) -> Error {
    Error::application(match refusal {
        Refusal::Closed => CLOSED,
        other => other.words(),
    })
}

fn taken(error: store::QueryError) -> Error {
    match store::conflict(&error) {
        Some(Conflict::Taken) => refused(Refusal::Taken),
        _ => error.into(),
    }
}

fn apply(conn: &mut DbConn, id: UserId, changes: &UserChanges) -> Result<User> {
    let roles = match &changes.role {
        None => None,
        Some(role_type) => {
            let role = store::roles::find_by_type(conn, role_type)?;
            let role =
                role.ok_or_else(|| Error::internal("a login gives a role that does not exist"))?;
            Some(UserRoles::new(role.id, []))
        }
    };
    let patch = UserPatch {
        confirmed: changes.confirmed,
        blocked: changes.blocked,
        end_tokens: changes.blocked == Some(true),
        roles,
        ..UserPatch::default()
    };
    let user = match *changes == UserChanges::none() {
        true => store::users::find(conn, id)?,
        false => store::users::update(conn, id, patch)?,
    };
    user.ok_or(Error::NotFound("User not found"))
}

/// Names to try: what the provider calls the person, and that with digits.
fn usernames(name: &str, email: &Email) -> Vec<Username> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let plain = |text: &str| -> String {
        let keep = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        text.chars().filter(keep).take(60).collect()
    };
    let candidates = [
        name.to_owned(),
        plain(name),
        plain(local),
        format!("user-{}", plain(local)),
    ];
    let first = candidates
        .iter()
        .find_map(|name| Username::parse(name, None).ok());
    let base = first.as_ref().map_or("user", |name| name.as_str());
    let base: String = base.chars().take(200).collect();
    let more = [4, 6, 10].map(|digits| {
        let number = rand::random_range(0..10_u64.pow(digits));
        Username::parse(&format!("{base}{number}"), None).ok()
    });
    let random = Username::parse(&format!("user{}", rand::random::<u64>()), None).ok();
    first
        .into_iter()
        .chain(more.into_iter().flatten())
        .chain(random)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_person_gets_a_name_that_is_valid() {
        let email = Email::parse("a@b.io").unwrap();
        for (name, first) in [
            ("octo-cat", "octo-cat"),
            ("Zoë Müller", "Zoë Müller"),
            ("x\u{202e}yzw", "xyzw"),
            ("", "user-a"),
            ("a", "user-a"),
            ("ann@evil.io", "annevil.io"),
        ] {
            let names = usernames(name, &email);
            assert_eq!(names[0].as_str(), first, "{name}");
            assert!(names.len() >= 4);
        }
    }
}
