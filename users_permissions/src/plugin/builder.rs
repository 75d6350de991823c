//! What an application says about the plugin before it starts.

use std::sync::Arc;

use super::UsersPermissions;
use crate::acl::Catalog;
use crate::config::{Config, KeyPair, TrustedIssuer};
use crate::error::{Error, StartError};
#[cfg(feature = "openapi")]
use crate::http;
use crate::http::Shared;
use crate::mail::Mailer;
use crate::model::{Email, ProfileField, User};
use crate::oauth::{CallbackRule, ProviderRegistry};
use crate::services::{
    self, Hook, Hooks, IssuerProfile, NewPassword, RegistrationRequest, store_hook,
};

/// Builds a [`UsersPermissions`].
///
/// ```no_run
/// use users_permissions::{Builder, Config, StartError, UsersPermissions};
///
/// fn common() -> Builder {
///     UsersPermissions::builder().deny_unlisted(true)
/// }
///
/// # async fn start() -> Result<(), StartError> {
/// let up = common().config(Config::new("sqlite://shop.db")).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    config: Option<Config>,
    deny_unlisted: Option<bool>,
    expected: Vec<String>,
    profile_fields: Vec<ProfileField>,
    key_pairs: Vec<KeyPair>,
    issuers: Vec<TrustedIssuer>,
    hooks: Hooks,
    mailer: Option<Arc<dyn Mailer>>,
    #[cfg(feature = "openapi")]
    api: http::openapi::ApiDescription,
}

impl Builder {
    /// The configuration; without it, the environment's ([`Config::from_env`]).
    ///
    /// ```
    /// use users_permissions::{Config, UsersPermissions};
    ///
    /// let mut config = Config::from_env()?;
    /// config.public_url = "https://api.example.com".to_owned();
    /// let builder = UsersPermissions::builder().config(config);
    /// # Ok::<(), users_permissions::ConfigError>(())
    /// ```
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Answer 403 on every route that carries no `#[permission]`; nothing of its handler runs.
    ///
    /// A handler whose `#[permission]` stands below its route attribute, or that is registered by hand,
    /// has to be marked: `web::get().guard(users_permissions::listed).to(handler)`. The mark has to be the
    /// last guard of its route: where a later one refuses, the route that comes next is let through.
    /// Middlewares that wait before they pass a request on (`from_fn`, sessions) have to be outside of the
    /// plugin's: add `.wrap(up.middleware())` first.
    ///
    /// ```
    /// use users_permissions::UsersPermissions;
    ///
    /// let builder = UsersPermissions::builder().deny_unlisted(true);
    /// ```
    pub fn deny_unlisted(mut self, deny: bool) -> Self {
        self.deny_unlisted = Some(deny);
        self
    }

    /// Actions (short or long form) without which the application shall not start: notices a
    /// dependency whose handlers were not linked.
    ///
    /// ```
    /// use users_permissions::UsersPermissions;
    ///
    /// let builder = UsersPermissions::builder().expect_actions(["api::article.find", "api::article.create"]);
    /// ```
    pub fn expect_actions<I>(mut self, actions: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.expected.extend(actions.into_iter().map(Into::into));
        self
    }

    /// Adds a field to the application's users.
    ///
    /// ```
    /// use users_permissions::{ProfileField, UsersPermissions};
    ///
    /// let builder = UsersPermissions::builder().profile_field(ProfileField::text("nickname").on_registration());
    /// # let _ = builder;
    /// ```
    pub fn profile_field(mut self, field: ProfileField) -> Self {
        self.profile_fields.push(field);
        self
    }

    /// A say in every new password, after the policy's own: `Ok(false)` refuses it with
    /// "Password validation failed.", `Err` with a text of its own. At once or async.
    ///
    /// ```
    /// use users_permissions::{NewPassword, UsersPermissions};
    ///
    /// let builder = UsersPermissions::builder()
    ///     .password_validator(|new: NewPassword| Ok(new.password().chars().any(char::is_numeric)));
    /// # let _ = builder;
    /// ```
    pub fn password_validator<M>(
        mut self,
        hook: impl Hook<NewPassword, Result<bool, String>, M>,
    ) -> Self {
        self.hooks.password = store_hook(hook);
        self
    }

    /// Asked before somebody registers, and before anything is written or hashed; `Err` refuses with
    /// its text (400). At once or async.
    ///
    /// ```
    /// use users_permissions::{RegistrationRequest, UsersPermissions};
    ///
    /// let builder = UsersPermissions::builder().before_registration(async |request: RegistrationRequest| {
    ///     if request.email.ends_with("@example.com") { Ok(()) } else { Err("By invitation only.".to_owned()) }
    /// });
    /// # let _ = builder;
    /// ```
    pub fn before_registration<M>(
        mut self,
        hook: impl Hook<RegistrationRequest, Result<(), String>, M>,
    ) -> Self {
        self.hooks.before_registration = store_hook(hook);
        self
    }

    /// Told of every user who has registered, after it was written; the answer does not wait for it.
    ///
    /// ```
    /// use users_permissions::{User, UsersPermissions};
    ///
    /// let builder = UsersPermissions::builder().after_registration(|user: User| println!("welcome, {}", user.username));
    /// # let _ = builder;
    /// ```
    pub fn after_registration<M>(mut self, hook: impl Hook<User, (), M>) -> Self {
        self.hooks.after_registration = store_hook(hook);
        self
    }

    /// When two addresses are one: what the function answers is unique while `unique_email` is on, and
    /// what attempts are counted by. Mail goes to the address as it is, and so does the login by it.
    /// It holds for addresses written from then on.
    ///
    /// ```
    /// use users_permissions::{Email, UsersPermissions};
    ///
    /// // ann+news@example.com is ann@example.com.
    /// let builder = UsersPermissions::builder().email_canonicalizer(|email: &Email| {
    ///     let (local, domain) = email.as_str().split_once('@').unwrap_or_default();
    ///     format!("{}@{domain}", local.split('+').next().unwrap_or(local))
    /// });
    /// # let _ = builder;
    /// ```
    pub fn email_canonicalizer(
        mut self,
        hook: impl Fn(&Email) -> String + Send + Sync + 'static,
    ) -> Self {
        self.hooks.email_key = Some(Arc::new(hook));
        self
    }

    /// Adds a key pair beside those of the configuration; of all, the first signs access tokens.
    ///
    /// ```
    /// use users_permissions::{KeyPair, UsersPermissions};
    ///
    /// # fn pem_from_somewhere() -> String { String::new() }
    /// let builder = UsersPermissions::builder().key_pair(KeyPair::new("2026-11", pem_from_somewhere()));
    /// # let _ = builder;
    /// ```
    pub fn key_pair(mut self, pair: KeyPair) -> Self {
        self.key_pairs.push(pair);
        self
    }

    /// Accepts the access tokens of an identity service, beside those of the configuration.
    ///
    /// ```
    /// use users_permissions::{TrustedIssuer, UsersPermissions};
    ///
    /// let mut kinde = TrustedIssuer::new("https://example.kinde.com", ["https://api.example.com"]);
    /// kinde.role_claim = Some("roles".into());
    /// let builder = UsersPermissions::builder().trusted_issuer(kinde);
    /// # let _ = builder;
    /// ```
    pub fn trusted_issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Asked before the first token of somebody makes a user (issuers with `users: link`): may complete
    /// or change address and name, or refuse with its text (403). At once or async.
    ///
    /// ```
    /// use users_permissions::{IssuerProfile, UsersPermissions};
    ///
    /// let builder = UsersPermissions::builder().issuer_user(|mut profile: IssuerProfile| {
    ///     profile.username = profile.claims.get("given_name").and_then(|name| name.as_str()).map(str::to_owned);
    ///     Ok(profile)
    /// });
    /// # let _ = builder;
    /// ```
    pub fn issuer_user<M>(
        mut self,
        hook: impl Hook<IssuerProfile, Result<IssuerProfile, String>, M>,
    ) -> Self {
        self.hooks.issuer_user = store_hook(hook);
        self
    }

    /// Adds, replaces or removes providers of social login; see [`Provider`](crate::oauth::Provider).
    ///
    /// ```
    /// use users_permissions::UsersPermissions;
    /// use users_permissions::oauth::Provider;
    ///
    /// let builder = UsersPermissions::builder().providers(|registry| {
    ///     registry.add("okta", Provider::openid("https://dev-1.okta.com").display_name("Okta"));
    ///     registry.remove("vk");
    /// });
    /// # let _ = builder;
    /// ```
    pub fn providers(mut self, change: impl FnOnce(&mut ProviderRegistry)) -> Self {
        change(Arc::make_mut(&mut self.hooks.providers));
        self
    }

    /// Decides in the place of the settings which pages of front ends a social login may return to, by
    /// their URL and the name of the provider. URLs with a user name, a fragment, a backslash or dot
    /// segments are refused before.
    ///
    /// ```
    /// use users_permissions::UsersPermissions;
    ///
    /// let builder = UsersPermissions::builder().callback_validator(|url: &str, _provider: &str| {
    ///     // With the slash: without it, https://my.example.evil/ begins the same.
    ///     match url.starts_with("https://my.example/") {
    ///         true => Ok(()),
    ///         false => Err("Invalid callback url".to_owned()),
    ///     }
    /// });
    /// # let _ = builder;
    /// ```
    pub fn callback_validator(
        mut self,
        rule: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.callback = CallbackRule::new(rule);
        self
    }

    /// Sends mails by `mailer` instead of `SMTP_URL`.
    ///
    /// ```
    /// use users_permissions::{MailFuture, Mailer, OutgoingMail, UsersPermissions};
    ///
    /// #[derive(Debug)]
    /// struct Printer;
    ///
    /// impl Mailer for Printer {
    ///     fn send<'a>(&'a self, mail: &'a OutgoingMail) -> MailFuture<'a> {
    ///         Box::pin(async move {
    ///             println!("{}: {}", mail.to, mail.subject);
    ///             Ok(())
    ///         })
    ///     }
    /// }
    ///
    /// let builder = UsersPermissions::builder().mailer(Printer);
    /// ```
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.mailer = Some(Arc::new(mailer));
        self
    }

    /// The application's own description of its handlers, which `openapi.json` shows together with the
    /// plugin's. Paths are those of the route attributes; scopes, actions and security are added.
    ///
    /// ```
    /// use actix_web::{Responder, get};
    /// use users_permissions::openapi::utoipa::{self, OpenApi};
    /// use users_permissions::{UsersPermissions, permission};
    ///
    /// /// Lists articles.
    /// #[utoipa::path(responses((status = 200, description = "Articles", body = Vec<String>)))]
    /// #[permission("api::article.find", grant("public"))]
    /// #[get("/articles")]
    /// async fn find() -> impl Responder {
    ///     "[]"
    /// }
    ///
    /// #[derive(OpenApi)]
    /// #[openapi(paths(find), info(title = "Articles", version = "1.0.0"))]
    /// struct Api;
    ///
    /// let builder = UsersPermissions::builder().openapi(Api::openapi());
    /// # let _ = builder;
    /// ```
    #[cfg(feature = "openapi")]
    pub fn openapi(mut self, description: http::openapi::utoipa::openapi::OpenApi) -> Self {
        self.api = http::openapi::ApiDescription::new(Some(description));
        self
    }

    /// Prepares the database and starts the plugin.
    ///
    /// # Errors
    /// [`StartError`]: an unusable configuration, contradicting handlers, an unreachable database.
    ///
    /// ```no_run
    /// use users_permissions::{Config, UsersPermissions};
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let up = UsersPermissions::builder().config(Config::from_env()?).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn build(self) -> Result<UsersPermissions, StartError> {
        let mut config = match self.config {
            Some(config) => config,
            None => Config::from_env()?,
        };
        if let Some(deny) = self.deny_unlisted {
            config.deny_unlisted = deny;
        }
        config.profile_fields.extend(self.profile_fields);
        config.jwt_keys.extend(self.key_pairs);
        config.trusted_issuers.extend(self.issuers);
        let catalog = Catalog::collect()?;
        catalog.expect(&self.expected)?;
        let (hooks, mailer) = (self.hooks, self.mailer);
        let started =
            tokio::task::spawn_blocking(move || services::start(config, catalog, hooks, mailer));
        let started = started.await;
        let services =
            started.map_err(|error| StartError::Database(Error::internal(error).into()))??;
        let shared = Arc::new(Shared {
            services,
            routes: Default::default(),
            #[cfg(feature = "openapi")]
            api: self.api,
        });
        let follow = services::follow_other_instances(&shared, |shared: &Shared| &shared.services);
        follow.map_err(StartError::Thread)?;
        Ok(UsersPermissions { shared })
    }
}
