//! The error of the domain. It knows nothing of HTTP or of the database's types; `http::error`
//! turns it into a status and a body.

use std::fmt;

/// What can go wrong when a use case runs. As an answer of a handler it becomes a status and the body that
/// Strapi's clients know: `{"data": null, "error": {status, name, message, details}}`.
///
/// ```
/// use actix_web::ResponseError as _;
/// use users_permissions::Error;
///
/// fn publish(status: &str) -> Result<(), Error> {
///     match status {
///         "draft" => Ok(()),
///         "published" => Err(Error::Conflict("The article is published already")),
///         _ => Err(Error::NotFound("Not Found")),
///     }
/// }
///
/// assert_eq!(publish("published").map_err(|error| error.status_code().as_u16()), Err(409));
/// assert_eq!(Error::Forbidden.status_code(), 403);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input breaks a rule.
    #[error("{0}")]
    Validation(Validation),
    /// The input is well formed and still cannot be honoured (Strapi's `ApplicationError`).
    #[error("{0}")]
    Application(String),
    /// A query names something it may not.
    #[error("{0}")]
    Query(QueryError),
    /// Something the request has to carry is not there, or there twice.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The caller could not be told.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The caller lacks the right.
    #[error("Forbidden")]
    Forbidden,
    /// The caller may not, for a reason that it can do something about.
    #[error("{0}")]
    Denied(String),
    /// What was asked for does not exist.
    #[error("{0}")]
    NotFound(&'static str),
    /// Somebody else was quicker: what was to be changed is no longer what was read.
    #[error("{0}")]
    Conflict(&'static str),
    /// The path exists, not with this method.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// The body cannot be parsed.
    #[error("{0}")]
    Syntax(String),
    /// The body is larger than the route takes.
    #[error("request entity too large")]
    TooLarge,
    /// The body's media type is not understood.
    #[error("Unsupported Media Type")]
    UnsupportedMediaType,
    /// Too many requests of one client or for one account.
    #[error("Too many requests, please try again later.")]
    RateLimited,
    /// A dependency is not there, or a queue is full; worth trying again.
    #[error("Service Unavailable")]
    Unavailable(#[source] Cause),
    /// A fault of ours.
    #[error("Internal Server Error")]
    Internal(#[source] Cause),
}

/// The reason behind an answer that tells the client nothing; for logs only.
///
/// ```
/// use users_permissions::{Cause, Error};
///
/// let cause: Cause = "the file is gone".into();
/// assert_eq!(Error::internal(cause).to_string(), "Internal Server Error");
/// ```
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Result of a use case.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// The broken rules, in the order they are reported.
///
/// ```
/// use users_permissions::{Error, FieldError, Validation};
///
/// let empty = |field: &str| FieldError {
///     path: vec![field.to_owned()],
///     message: format!("{field} must not be empty"),
/// };
/// let error = Error::Validation(Validation { message: None, errors: vec![empty("title"), empty("body")] });
/// assert_eq!(error.to_string(), "2 errors occurred");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validation {
    /// Message of an error that belongs to no field.
    pub message: Option<String>,
    /// Errors by field.
    pub errors: Vec<FieldError>,
}

/// A key of a query that is unknown or private.
///
/// ```
/// use users_permissions::query::{FieldKind, Query, Schema};
/// use users_permissions::Error;
///
/// let schema = Schema::new().field("title", FieldKind::Text);
/// let Err(Error::Query(error)) = Query::parse("filters[tilte]=x", &schema) else { panic!() };
/// assert_eq!((error.param, error.key.as_str()), ("filters", "tilte"));
/// assert_eq!(error.to_string(), "Invalid key tilte");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// Parameter it stands in: `filters`, `sort`, `fields`, `populate`.
    pub param: &'static str,
    /// The key.
    pub key: String,
    /// Path of the key, where it is known.
    pub path: Option<String>,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            // An operator is shown with the field it stands at.
            Some(path) if self.key.starts_with('$') || *path != self.key => {
                write!(f, "Invalid key {} at {path}", self.key)
            }
            _ => write!(f, "Invalid key {}", self.key),
        }
    }
}

/// One broken rule of one field. The offending value is never carried along.
///
/// ```
/// use users_permissions::{Error, FieldError, Validation};
///
/// let error = FieldError {
///     path: vec!["address".to_owned(), "city".to_owned()],
///     message: "city must be a text".to_owned(),
/// };
/// let error = Error::Validation(Validation { message: None, errors: vec![error] });
/// assert_eq!(error.to_string(), "city must be a text");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field, empty for the body itself.
    pub path: Vec<String>,
    /// What the rule says.
    pub message: String,
}

impl Error {
    /// A validation error without fields (400).
    ///
    /// ```
    /// use users_permissions::Error;
    ///
    /// fn check(title: &str) -> Result<(), Error> {
    ///     if title.is_empty() { Err(Error::validation("title must not be empty")) } else { Ok(()) }
    /// }
    /// assert!(matches!(check(""), Err(Error::Validation(_))));
    /// ```
    pub fn validation(message: impl Into<String>) -> Self {
        Self::Validation(Validation {
            message: Some(message.into()),
            errors: Vec::new(),
        })
    }

    /// A validation error of one field.
    pub(crate) fn field(path: &str, message: impl Into<String>) -> Self {
        let errors = vec![FieldError {
            path: vec![path.to_owned()],
            message: message.into(),
        }];
        Self::Validation(Validation {
            message: None,
            errors,
        })
    }

    /// An error of well-formed input that still cannot be honoured (400).
    ///
    /// ```
    /// use users_permissions::Error;
    ///
    /// let error = Error::application("The shop is closed on Sundays");
    /// assert_eq!(error.to_string(), "The shop is closed on Sundays");
    /// ```
    pub fn application(message: impl Into<String>) -> Self {
        Self::Application(message.into())
    }

    /// A fault of ours (500); the cause goes to the log, the client learns nothing of it.
    ///
    /// ```
    /// use users_permissions::Error;
    ///
    /// fn prices() -> Result<String, Error> {
    ///     std::fs::read_to_string("/no/such/prices").map_err(Error::internal)
    /// }
    /// assert_eq!(prices().map_err(|error| error.to_string()), Err("Internal Server Error".to_owned()));
    /// ```
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.message, self.errors.as_slice()) {
            (Some(message), _) => f.write_str(message),
            (None, [one]) => f.write_str(&one.message),
            (None, several) => write!(f, "{} errors occurred", several.len()),
        }
    }
}

/// Why the plugin could not start.
///
/// ```
/// use users_permissions::{Config, StartError, UsersPermissions};
///
/// async fn start(config: Config) -> UsersPermissions {
///     match UsersPermissions::builder().config(config).build().await {
///         Ok(up) => up,
///         Err(StartError::Database(cause)) => panic!("is the database up? {cause}"),
///         Err(other) => panic!("{other}"),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The annotated handlers contradict each other, or were not linked.
    #[error(transparent)]
    Catalog(#[from] crate::acl::CatalogError),
    /// The database could not be reached or prepared.
    #[error("database: {0}")]
    Database(#[source] Cause),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The operating system refused a thread.
    #[error("thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The first administrator cannot be created as configured.
    #[error("first administrator: {0}")]
    FirstAdmin(String),
}
