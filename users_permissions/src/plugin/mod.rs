//! The plugin as an application sees it; the only room that wires the others together.

mod builder;

use std::sync::Arc;

use actix_web::web::ServiceConfig;

use crate::error::Error;
use crate::http::{self, Coverage, Middleware, RequireIssuer, ServedAction, Shared};
use crate::mail::Mail;
use crate::oauth::EnabledProvider;
use crate::store::{Database, DbConn};

pub use builder::Builder;

/// The plugin: build it once, give every worker a clone.
///
/// ```no_run
/// use actix_web::{App, HttpServer, Responder, get, web};
/// use users_permissions::{Config, UsersPermissions, permission};
///
/// #[permission("api::article.find", grant("public"))]
/// #[get("/articles")]
/// async fn find() -> impl Responder {
///     "articles"
/// }
///
/// #[actix_web::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let up = UsersPermissions::builder().config(Config::from_env()?).build().await?;
///     HttpServer::new(move || {
///         App::new()
///             .wrap(up.middleware())
///             .service(web::scope("/api").service(find).configure(up.routes()))
///     })
///     .bind(("127.0.0.1", 1337))?
///     .run()
///     .await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct UsersPermissions {
    shared: Arc<Shared>,
}

impl UsersPermissions {
    /// Starts describing a plugin.
    ///
    /// ```
    /// use users_permissions::UsersPermissions;
    ///
    /// let builder = UsersPermissions::builder().deny_unlisted(true);
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The middleware; wrap the whole `App` with it.
    ///
    /// ```
    /// use actix_web::App;
    /// use users_permissions::UsersPermissions;
    ///
    /// # fn app(up: UsersPermissions) {
    /// let app = App::new().wrap(up.middleware());
    /// # }
    /// ```
    pub fn middleware(&self) -> Middleware {
        Middleware::new(Arc::clone(&self.shared))
    }

    /// Demands a token of this trusted issuer from the whole application or a scope: without one, and with
    /// any other, requests are 401. For the whole application it goes outside of `up.middleware()`, that is,
    /// behind it in the code; inside it works as well, unless with `deny_unlisted(true)`: it may wait before
    /// it passes a request on.
    ///
    /// For single handlers there is the policy [`FromIssuer`](crate::FromIssuer), which goes together with
    /// `deny_unlisted`, as the demand of a scope does not.
    ///
    /// ```no_run
    /// use actix_web::{App, web};
    /// use users_permissions::UsersPermissions;
    ///
    /// # fn app(up: UsersPermissions) {
    /// let partners = web::scope("/partners").wrap(up.require_issuer("https://example.kinde.com"));
    /// let app = App::new().wrap(up.middleware()).service(partners);
    /// # let _ = app;
    /// // For everything:
    /// let app = App::new().wrap(up.middleware()).wrap(up.require_issuer("https://example.kinde.com"));
    /// # let _ = app;
    /// # }
    /// ```
    pub fn require_issuer(&self, issuer: impl Into<String>) -> RequireIssuer {
        RequireIssuer::new(Arc::clone(&self.shared), issuer.into())
    }

    /// Registers the JSON API (`/auth/…`, `/users/…`, `/users-permissions/…`) and the JSON forms of
    /// errors; for the scope the API shall live in, `/api` for Strapi's clients.
    ///
    /// ```
    /// use actix_web::{App, web};
    /// use users_permissions::UsersPermissions;
    ///
    /// # fn app(up: UsersPermissions) {
    /// // The application's own handlers come before the plugin's.
    /// let api = web::scope("/api").route("/health", web::get().to(|| async { "fine" })).configure(up.routes());
    /// let app = App::new().wrap(up.middleware()).service(api);
    /// # }
    /// ```
    pub fn routes(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let shared = Arc::clone(&self.shared);
        move |config| http::configure(config, &shared.services)
    }

    /// Registers `/.well-known/jwks.json`, by which others verify our access tokens; for the root of the
    /// application.
    ///
    /// ```no_run
    /// use actix_web::{App, web};
    /// use users_permissions::UsersPermissions;
    ///
    /// # fn app(up: UsersPermissions) {
    /// let app = App::new()
    ///     .wrap(up.middleware())
    ///     .configure(up.well_known())
    ///     .service(web::scope("/api").configure(up.routes()));
    /// # let _ = app;
    /// # }
    /// ```
    pub fn well_known(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        http::configure_root
    }

    /// The pages for administrators, for the `App` itself: under `prefix`, which is the whole path.
    ///
    /// ```
    /// use actix_web::{App, web};
    /// use users_permissions::UsersPermissions;
    ///
    /// fn serve(up: UsersPermissions) {
    ///     let app = App::new()
    ///         .wrap(up.middleware())
    ///         .service(web::scope("/api").configure(up.routes()))
    ///         .service(up.admin("/admin"));
    ///     # let _ = app;
    /// }
    /// ```
    #[cfg(feature = "admin")]
    pub fn admin(&self, prefix: &str) -> impl actix_web::dev::HttpServiceFactory + use<> + 'static {
        crate::admin::scope(prefix, Arc::clone(&self.shared))
    }

    /// The providers that can be signed in with now, by name: what a page with a button for each needs to
    /// know, and nothing that must not be shown to everybody.
    ///
    /// ```no_run
    /// use users_permissions::UsersPermissions;
    ///
    /// fn buttons(up: &UsersPermissions) -> String {
    ///     let button = |provider: users_permissions::oauth::EnabledProvider| {
    ///         format!(r#"<a href="/api/connect/{}">{}</a>"#, provider.name, provider.display_name)
    ///     };
    ///     up.enabled_providers().into_iter().map(button).collect()
    /// }
    /// ```
    pub fn enabled_providers(&self) -> Vec<EnabledProvider> {
        self.shared.services.enabled_providers()
    }

    /// Every action with the routes that serve it. The routes are known from the first request on.
    ///
    /// ```
    /// # use users_permissions::UsersPermissions;
    /// fn is_served(up: &UsersPermissions, action: &str) -> bool {
    ///     up.catalog().iter().any(|served| served.action.name() == action && !served.routes.is_empty())
    /// }
    /// ```
    pub fn catalog(&self) -> Vec<ServedAction> {
        self.shared
            .routes
            .snapshot()
            .served(&self.shared.services.catalog)
    }

    /// What is protected and what is not, in all applications of the plugin together; known of each from its
    /// first request on.
    ///
    /// ```
    /// # use users_permissions::UsersPermissions;
    /// fn warn(up: &UsersPermissions) {
    ///     for route in up.coverage().unlisted {
    ///         eprintln!("without permission: {} {}", route.method, route.path);
    ///     }
    /// }
    /// ```
    pub fn coverage(&self) -> Coverage {
        self.shared
            .routes
            .snapshot()
            .coverage(&self.shared.services.catalog)
    }

    /// Has a request reached the middleware of any application?
    pub(crate) fn has_seen_a_request(&self) -> bool {
        self.shared.routes.is_learnt()
    }

    /// The plugin's pool of connections, for tables of the application's own.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// use users_permissions::{Error, UsersPermissions};
    ///
    /// diesel::table! {
    ///     notes (id) { id -> Integer, text -> Text }
    /// }
    ///
    /// async fn write(up: &UsersPermissions, text: String) -> Result<usize, Error> {
    ///     up.database()
    ///         .run(move |conn| diesel::insert_into(notes::table).values(notes::text.eq(text)).execute(conn))
    ///         .await
    /// }
    /// ```
    pub fn database(&self) -> Database {
        Database::new(self.shared.services.store.clone())
    }

    /// Sends a mail of the application's own through the outbox: it is stored at once, so it is not
    /// lost, and sent as soon as the mail server takes it. The sender is `MAIL_FROM`.
    ///
    /// ```no_run
    /// use users_permissions::{Email, Error, Mail, UsersPermissions};
    ///
    /// async fn welcome(up: &UsersPermissions, address: Email) -> Result<(), Error> {
    ///     up.send_mail(Mail::new(address, "Welcome", "Good to have you here.")).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Validation`] for a subject that is no line of text, [`Error::Unavailable`] without a
    /// database.
    pub async fn send_mail(&self, mail: Mail) -> Result<(), Error> {
        let services = &self.shared.services;
        let mails = Arc::clone(&services.mails);
        services
            .store
            .run(move |conn| mails.queue_own(conn, &mail))
            .await?;
        services.mails.wake();
        Ok(())
    }

    /// As [`send_mail`](Self::send_mail), in a transaction of one's own: the mail goes out when the
    /// transaction is committed, some seconds later, and never when it is undone.
    ///
    /// ```no_run
    /// use diesel::prelude::*;
    /// use users_permissions::{DbConn, Error, Mail, UsersPermissions};
    ///
    /// async fn order(up: &UsersPermissions, confirmation: Mail) -> Result<(), Error> {
    ///     let mails = up.clone();
    ///     up.database()
    ///         .run(move |conn| {
    ///             conn.transaction::<_, Error, _>(|conn| {
    ///                 // … write the order …
    ///                 mails.queue_mail(conn, &confirmation)
    ///             })
    ///         })
    ///         .await
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`send_mail`](Self::send_mail).
    pub fn queue_mail(&self, conn: &mut DbConn, mail: &Mail) -> Result<(), Error> {
        self.shared.services.mails.queue_own(conn, mail)
    }

    /// SQL statements the plugin has run so far, over all its connections.
    ///
    /// ```
    /// # use users_permissions::UsersPermissions;
    /// fn statements_of(up: &UsersPermissions, request: impl FnOnce()) -> u64 {
    ///     let before = up.query_count();
    ///     request();
    ///     up.query_count() - before
    /// }
    /// ```
    pub fn query_count(&self) -> u64 {
        self.shared.services.store.query_count()
    }
}
