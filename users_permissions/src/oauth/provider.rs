//! What a provider is: data, and a function that reads its answers.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::answers::Answers;
use super::on_login::{ProviderLogin, UserChanges};
use super::profile::{Profile, ProviderError};
use super::subdomain::Subdomain;
use crate::model::ProviderSettings;

type ReadProfile =
    Arc<dyn Fn(Answers) -> BoxFuture<'static, Result<Profile, ProviderError>> + Send + Sync>;
type OnLogin =
    Arc<dyn Fn(ProviderLogin) -> BoxFuture<'static, Result<UserChanges, String>> + Send + Sync>;

/// How a client proves to a token endpoint who it is (RFC 6749, section 2.3.1).
///
/// ```
/// use users_permissions::oauth::{ClientAuth, Provider};
///
/// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token")
///     .client_auth(ClientAuth::Basic);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Key and secret as fields of the body.
    Body,
    /// Key and secret as HTTP Basic.
    Basic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    OAuth1,
    OAuth2,
    OpenId,
}

/// A provider of social login. `[subdomain]` in a URL stands for the setting of that name: for a host, maybe
/// with a port and a path, in `https://[subdomain]/authorize`; for labels of a name in
/// `https://[subdomain].id.example/authorize`; for a name in `https://id.example/[subdomain]/authorize`. What
/// does not fit there is refused, and the provider cannot be enabled without it.
///
/// ```
/// use users_permissions::UsersPermissions;
/// use users_permissions::oauth::{Answers, Profile, Provider};
///
/// let kinde = Provider::oauth2(
///     "https://shop.kinde.com/oauth2/auth",
///     "https://shop.kinde.com/oauth2/token",
/// )
/// .display_name("Kinde")
/// .scopes(["openid", "profile", "email"])
/// .profile(async |answers: Answers| {
///     let user = answers.get("https://shop.kinde.com/oauth2/v2/user_profile").await?;
///     let id = user["id"].as_str().ok_or("no id")?;
///     Ok(Profile::new(id).proven_email(user["email"].as_str().unwrap_or_default()))
/// });
/// let builder = UsersPermissions::builder().providers(|registry| {
///     registry.add("kinde", kinde);
/// });
/// # let _ = builder;
/// ```
#[derive(Clone)]
pub struct Provider {
    pub(crate) display: String,
    pub(crate) icon: String,
    /// Where applications are registered; empty where nobody knows.
    pub(crate) console_url: String,
    pub(crate) protocol: Protocol,
    pub(crate) request_url: String,
    pub(crate) authorize_url: String,
    pub(crate) access_url: String,
    pub(crate) profile_url: String,
    pub(crate) introspection_url: String,
    pub(crate) issuer: String,
    pub(crate) jwks_url: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) delimiter: &'static str,
    /// `None`: as the issuer says.
    pub(crate) auth: Option<ClientAuth>,
    pub(crate) pkce: bool,
    pub(crate) nonce: bool,
    pub(crate) subdomain: Option<Subdomain>,
    pub(crate) authorize_params: BTreeMap<String, String>,
    pub(crate) read: ReadProfile,
    pub(crate) on_login: Option<OnLogin>,
    pub(crate) defaults: ProviderSettings,
}

impl Provider {
    fn new(protocol: Protocol) -> Self {
        Self {
            display: String::new(),
            icon: String::new(),
            console_url: String::new(),
            protocol,
            request_url: String::new(),
            authorize_url: String::new(),
            access_url: String::new(),
            profile_url: String::new(),
            introspection_url: String::new(),
            issuer: String::new(),
            jwks_url: String::new(),
            scopes: Vec::new(),
            delimiter: " ",
            auth: None,
            pkce: true,
            nonce: true,
            subdomain: None,
            authorize_params: BTreeMap::new(),
            read: Arc::new(|answers| Box::pin(standard_claims(answers))),
            on_login: None,
            defaults: ProviderSettings::default(),
        }
    }

    /// An OAuth 2 service, by the page people sign in on and the URL that exchanges codes. Its profile is
    /// read from [`profile_url`](Self::profile_url) as OpenID claims, unless a function reads it.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token")
    ///     .profile_url("https://id.example/userinfo");
    /// ```
    pub fn oauth2(authorize_url: impl Into<String>, access_url: impl Into<String>) -> Self {
        Self {
            authorize_url: authorize_url.into(),
            access_url: access_url.into(),
            ..Self::new(Protocol::OAuth2)
        }
    }

    /// An OpenID Connect issuer, which tells its URLs itself.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let okta = Provider::openid("https://dev-1.okta.com").display_name("Okta");
    /// # let _ = okta;
    /// ```
    pub fn openid(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            ..Self::new(Protocol::OpenId)
        }
    }

    pub(crate) fn oauth1(request: &str, authorize: &str, access: &str) -> Self {
        Self {
            request_url: request.to_owned(),
            authorize_url: authorize.to_owned(),
            access_url: access.to_owned(),
            ..Self::new(Protocol::OAuth1)
        }
    }

    /// Where the profile is read, with the access token as bearer.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::oauth2("https://[subdomain].id.example/authorize", "https://[subdomain].id.example/token")
    ///     .profile_url("https://[subdomain].id.example/userinfo");
    /// ```
    pub fn profile_url(self, url: impl Into<String>) -> Self {
        let profile_url = url.into();
        Self {
            profile_url,
            ..self
        }
    }

    /// Where the provider tells whom a token is for (RFC 7662): without it, and where no id tokens are made,
    /// `accept_provider_tokens` cannot be turned on.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token")
    ///     .introspection_url("https://id.example/introspect");
    /// # let _ = provider;
    /// ```
    pub fn introspection_url(self, url: impl Into<String>) -> Self {
        let introspection_url = url.into();
        Self {
            introspection_url,
            ..self
        }
    }

    /// What is asked for, in the place of what was before.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::openid("https://id.example").scopes(["openid", "email", "groups"]);
    /// ```
    pub fn scopes<I>(self, scopes: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Self { scopes, ..self }
    }

    /// Between scopes there is a comma, and not a space.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token")
    ///     .scopes(["profile", "email"])
    ///     .comma_scopes();
    /// ```
    pub fn comma_scopes(self) -> Self {
        let delimiter = ",";
        Self { delimiter, ..self }
    }

    /// The provider knows no PKCE (RFC 7636), and refuses requests that come with it.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token").without_pkce();
    /// ```
    pub fn without_pkce(self) -> Self {
        Self {
            pkce: false,
            ..self
        }
    }

    /// How key and secret are sent when the code is exchanged, and a token introspected. Without it an issuer that
    /// tells its URLs tells this, too ([`ClientAuth::Basic`] where it takes both, or says nothing); the others get
    /// them by [`ClientAuth::Body`].
    ///
    /// ```
    /// use users_permissions::oauth::{ClientAuth, Provider};
    ///
    /// let provider = Provider::openid("https://id.example").client_auth(ClientAuth::Basic);
    /// ```
    pub fn client_auth(self, auth: ClientAuth) -> Self {
        Self {
            auth: Some(auth),
            ..self
        }
    }

    /// A further parameter of the page people sign in on.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::openid("https://id.example").authorize_param("prompt", "select_account");
    /// ```
    pub fn authorize_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.authorize_params.insert(name.into(), value.into());
        self
    }

    /// What people call it (default its name, with a capital).
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::openid("https://id.example").display_name("Example ID");
    /// ```
    pub fn display_name(self, name: impl Into<String>) -> Self {
        let display = name.into();
        Self { display, ..self }
    }

    /// The name of an icon, for user interfaces.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::openid("https://id.example").icon("key");
    /// ```
    pub fn icon(self, icon: impl Into<String>) -> Self {
        let icon = icon.into();
        Self { icon, ..self }
    }

    /// The page of the provider that applications are registered on: the pages for administrators link to it.
    ///
    /// ```
    /// use users_permissions::oauth::Provider;
    ///
    /// let provider = Provider::openid("https://id.example").console_url("https://id.example/applications");
    /// # let _ = provider;
    /// ```
    pub fn console_url(self, url: impl Into<String>) -> Self {
        let console_url = url.into();
        Self {
            console_url,
            ..self
        }
    }

    /// Reads the provider's answers. It may ask for more; the deadline of a login is one for all of it.
    ///
    /// ```
    /// use users_permissions::oauth::{Answers, Profile, Provider};
    ///
    /// let provider = Provider::oauth2("https://id.example/authorize", "https://id.example/token")
    ///     .profile(async |answers: Answers| {
    ///         let user = answers.get("https://id.example/api/me").await?;
    ///         Ok(Profile::new(user["id"].as_str().ok_or("no id")?))
    ///     });
    /// ```
    pub fn profile<F, Fut>(self, read: F) -> Self
    where
        F: Fn(Answers) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Profile, ProviderError>> + Send + 'static,
    {
        let read: ReadProfile = Arc::new(move |answers| Box::pin(read(answers)));
        Self { read, ..self }
    }

    /// Asked at each login, before its user is created or let in: what shall change of the user, or a text
    /// that refuses.
    ///
    /// ```
    /// use users_permissions::oauth::{Provider, ProviderLogin, UserChanges};
    ///
    /// let provider = Provider::openid("https://shop.kinde.com").on_login(async |login: ProviderLogin| {
    ///     match login.profile.email_address() {
    ///         Some(email) if email.ends_with("@example.com") => Ok(UserChanges::none().role("authenticated")),
    ///         _ => Err("Staff only.".to_owned()),
    ///     }
    /// });
    /// # let _ = provider;
    /// ```
    pub fn on_login<F, Fut>(self, hook: F) -> Self
    where
        F: Fn(ProviderLogin) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<UserChanges, String>> + Send + 'static,
    {
        let on_login: Option<OnLogin> = Some(Arc::new(move |login| Box::pin(hook(login))));
        Self { on_login, ..self }
    }

    /// Settings that hold until an administrator changes them.
    ///
    /// ```
    /// use users_permissions::ProviderSettings;
    /// use users_permissions::oauth::Provider;
    ///
    /// let mut settings = ProviderSettings::default();
    /// settings.enabled = true;
    /// settings.key = "client id".to_owned();
    /// let provider = Provider::openid("https://shop.kinde.com").settings(settings);
    /// # let _ = provider;
    /// ```
    pub fn settings(self, settings: ProviderSettings) -> Self {
        let defaults = settings;
        Self { defaults, ..self }
    }
}

impl Provider {
    /// With what `[subdomain]` in its URLs may be, unless that is known.
    pub(super) fn with_subdomain(mut self) -> Self {
        let urls = [
            &self.request_url,
            &self.authorize_url,
            &self.access_url,
            &self.profile_url,
            &self.introspection_url,
            &self.issuer,
            &self.jwks_url,
        ];
        let found = Subdomain::of(urls.map(String::as_str));
        self.subdomain = self.subdomain.or(found);
        self
    }
}

async fn standard_claims(answers: Answers) -> Result<Profile, ProviderError> {
    answers.standard_profile().await
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("display", &self.display)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
