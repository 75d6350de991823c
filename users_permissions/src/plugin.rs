//! The plugin as an application sees it; the only file that wires rooms together.

use std::sync::Arc;

use actix_web::web::ServiceConfig;

use crate::acl::Catalog;
use crate::config::Config;
use crate::error::{Error, StartError};
use crate::http::{self, Coverage, Middleware, ServedAction, Shared};
use crate::services;
use crate::store::Database;

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
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The middleware; wrap the whole `App` with it.
    pub fn middleware(&self) -> Middleware {
        Middleware::new(Arc::clone(&self.shared))
    }

    /// Registers the JSON API (`/auth/…`, `/users/…`, `/users-permissions/…`) and the JSON forms of
    /// errors; for the scope the API shall live in, `/api` for Strapi's clients.
    pub fn routes(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        http::configure
    }

    /// Every action with the routes that serve it. The routes are known from the first request on.
    pub fn catalog(&self) -> Vec<ServedAction> {
        self.shared
            .routes
            .snapshot()
            .served(&self.shared.services.catalog)
    }

    /// What is protected and what is not; known from the first request on.
    pub fn coverage(&self) -> Coverage {
        self.shared
            .routes
            .snapshot()
            .coverage(&self.shared.services.catalog)
    }

    /// The plugin's pool of connections, for tables of the application's own.
    pub fn database(&self) -> Database {
        Database::new(self.shared.services.store.clone())
    }

    /// SQL statements the plugin has run so far, over all its connections.
    pub fn query_count(&self) -> u64 {
        self.shared.services.store.query_count()
    }
}

/// Builds a [`UsersPermissions`].
#[derive(Debug, Default)]
pub struct Builder {
    config: Option<Config>,
    deny_unlisted: Option<bool>,
    expected: Vec<String>,
    #[cfg(feature = "openapi")]
    api: http::openapi::ApiDescription,
}

impl Builder {
    /// The configuration; without it, the environment's ([`Config::from_env`]).
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Answer 403 on every route that carries no `#[permission]`; nothing of its handler runs.
    ///
    /// A handler whose `#[permission]` stands below its route attribute, or that is registered by hand,
    /// has to be marked: `web::get().guard(users_permissions::listed).to(handler)`. Middlewares that
    /// wait before they pass a request on (`from_fn`, sessions) have to be outside of the plugin's:
    /// add `.wrap(up.middleware())` first.
    pub fn deny_unlisted(mut self, deny: bool) -> Self {
        self.deny_unlisted = Some(deny);
        self
    }

    /// Actions (short or long form) without which the application shall not start: notices a
    /// dependency whose handlers were not linked.
    pub fn expect_actions<I>(mut self, actions: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.expected.extend(actions.into_iter().map(Into::into));
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
    pub async fn build(self) -> Result<UsersPermissions, StartError> {
        let mut config = match self.config {
            Some(config) => config,
            None => Config::from_env()?,
        };
        if let Some(deny) = self.deny_unlisted {
            config.deny_unlisted = deny;
        }
        let catalog = Catalog::collect()?;
        catalog.expect(&self.expected)?;
        let started = tokio::task::spawn_blocking(move || services::start(config, catalog)).await;
        let services =
            started.map_err(|error| StartError::Database(Error::internal(error).into()))??;
        let interval = services.config.sync_interval;
        let shared = Arc::new(Shared {
            services,
            routes: Default::default(),
            #[cfg(feature = "openapi")]
            api: self.api,
        });
        let follow = services::follow_other_instances(
            Arc::downgrade(&shared),
            interval,
            |shared: &Shared| &shared.services,
        );
        follow.map_err(StartError::Thread)?;
        Ok(UsersPermissions { shared })
    }
}
