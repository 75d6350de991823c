//! What an application may have a say in: passwords, registrations, when two addresses are one.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::IssuerProfile;
use crate::config::Secret;
use crate::model::{Email, User};
use crate::oauth::{CallbackRule, ProviderRegistry};

/// Functions and closures that answer at once or by a future; implemented for both, which is why the
/// [`Builder`](crate::Builder)'s hooks take either.
///
/// `M` only tells the two apart and is never named.
///
/// ```
/// use users_permissions::{Config, NewPassword, UsersPermissions};
///
/// async fn not_breached(new: NewPassword) -> Result<bool, String> {
///     // Ask a list of breached passwords here.
///     Ok(new.password() != "hunter2!")
/// }
///
/// let asked = UsersPermissions::builder().password_validator(not_breached);
/// let at_once = UsersPermissions::builder().password_validator(|new: NewPassword| Ok(!new.password().contains(' ')));
/// # let _ = (asked, at_once);
/// ```
pub trait Hook<I, O, M>: Send + Sync + 'static {
    /// Calls the function.
    ///
    /// ```
    /// use users_permissions::Hook;
    ///
    /// async fn answer<M>(hook: impl Hook<String, Result<(), String>, M>) -> Result<(), String> {
    ///     hook.call("ann@example.com".to_owned()).await
    /// }
    ///
    /// # async fn ask() {
    /// let refused = answer(|_: String| Err("By invitation only.".to_owned())).await;
    /// assert!(refused.is_err());
    /// assert!(answer(async |_: String| Ok(())).await.is_ok());
    /// # }
    /// ```
    fn call(&self, input: I) -> BoxFuture<'static, O>;
}

/// Marks functions that answer at once.
#[derive(Debug)]
pub struct AtOnce;

/// Marks functions that answer by a future.
#[derive(Debug)]
pub struct Awaited;

impl<F, I, O> Hook<I, O, AtOnce> for F
where
    F: Fn(I) -> O + Send + Sync + 'static,
    O: Send + 'static,
{
    fn call(&self, input: I) -> BoxFuture<'static, O> {
        Box::pin(ready(self(input)))
    }
}

impl<F, I, O, Fut> Hook<I, O, Awaited> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = O> + Send + 'static,
{
    fn call(&self, input: I) -> BoxFuture<'static, O> {
        Box::pin(self(input))
    }
}

/// A password that somebody wants to set, for
/// [`password_validator`](crate::Builder::password_validator).
///
/// ```
/// use users_permissions::NewPassword;
///
/// fn long_enough(new: NewPassword) -> Result<bool, String> {
///     if new.password().contains(new.username()) {
///         return Err("Leave your name out of it.".to_owned());
///     }
///     Ok(new.password().len() >= 12)
/// }
/// # let _ = long_enough;
/// ```
#[derive(Debug, Clone)]
pub struct NewPassword {
    pub(crate) password: Secret,
    pub(crate) username: String,
    pub(crate) email: String,
}

impl NewPassword {
    /// The password.
    ///
    /// ```
    /// # use users_permissions::NewPassword;
    /// fn is_long(new: &NewPassword) -> bool {
    ///     new.password().chars().count() >= 12
    /// }
    /// ```
    pub fn password(&self) -> &str {
        self.password.expose()
    }

    /// Whose it shall be.
    ///
    /// ```
    /// # use users_permissions::NewPassword;
    /// fn is_no_name(new: &NewPassword) -> bool {
    ///     !new.password().contains(new.username())
    /// }
    /// ```
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The user's address.
    ///
    /// ```
    /// # use users_permissions::NewPassword;
    /// fn is_staff(new: &NewPassword) -> bool {
    ///     new.email().ends_with("@example.com")
    /// }
    /// ```
    pub fn email(&self) -> &str {
        &self.email
    }
}

/// What a stranger registers with, for [`before_registration`](crate::Builder::before_registration).
///
/// ```
/// use users_permissions::RegistrationRequest;
///
/// fn staff_only(request: RegistrationRequest) -> Result<(), String> {
///     if request.email.ends_with("@example.com") {
///         Ok(())
///     } else {
///         Err("Registration is for staff.".to_owned())
///     }
/// }
/// # let _ = staff_only;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistrationRequest {
    /// The user name as it will be stored. One that cannot be is as sent, and refused whatever the hook says.
    pub username: String,
    /// The address as it will be stored, in lower case.
    pub email: String,
}

type Stored<I, O> = Option<Arc<dyn Fn(I) -> BoxFuture<'static, O> + Send + Sync>>;

type EmailKey = dyn Fn(&Email) -> String + Send + Sync;

/// The hooks of a plugin.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) password: Stored<NewPassword, Result<bool, String>>,
    pub(crate) before_registration: Stored<RegistrationRequest, Result<(), String>>,
    pub(crate) after_registration: Stored<User, ()>,
    pub(crate) email_key: Option<Arc<EmailKey>>,
    pub(crate) issuer_user: Stored<IssuerProfile, Result<IssuerProfile, String>>,
    pub(crate) callback: CallbackRule,
    pub(crate) providers: Arc<ProviderRegistry>,
}

/// Forgets which kind of function a hook is.
pub(crate) fn store<I, O, M>(hook: impl Hook<I, O, M>) -> Stored<I, O> {
    Some(Arc::new(move |input| hook.call(input)))
}

impl Hooks {
    /// What has to be unique about an address: itself, or what the application makes of it.
    pub(crate) fn email_key(&self, email: &Email) -> String {
        let made = self.email_key.as_ref().map(|make| make(email));
        match made {
            // The column takes no more, and an empty key would be everybody's.
            Some(key) if (1..=254).contains(&key.len()) => key,
            _ => email.as_str().to_owned(),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("password", &self.password.is_some())
            .field("before_registration", &self.before_registration.is_some())
            .field("after_registration", &self.after_registration.is_some())
            .field("email_key", &self.email_key.is_some())
            .field("issuer_user", &self.issuer_user.is_some())
            .field("callback", &self.callback)
            .field("providers", &self.providers)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn useless_keys_leave_the_address_as_it_is() {
        let email = Email::parse("ann+news@example.com").unwrap();
        let with = |make: fn(&Email) -> String| Hooks {
            email_key: Some(Arc::new(make)),
            ..Hooks::default()
        };
        assert_eq!(Hooks::default().email_key(&email), "ann+news@example.com");
        assert_eq!(with(|_| "ann".to_owned()).email_key(&email), "ann");
        for useless in [(|_| String::new()) as fn(&Email) -> String, |_| {
            "x".repeat(255)
        }] {
            assert_eq!(with(useless).email_key(&email), "ann+news@example.com");
        }
    }
}
