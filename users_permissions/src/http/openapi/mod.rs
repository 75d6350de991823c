//! The description of the API (OpenAPI 3.1) and a page that shows it.
//!
//! Handlers are described where they stand, by `#[utoipa::path]` above `#[permission]`, under the path
//! their route attribute names. What only the running application knows is added when the description
//! is asked for: the full path, the action, the security scheme, and what the check may answer.
//!
//! ```
//! use actix_web::{Responder, get};
//! use users_permissions::openapi::{Missing, utoipa};
//! use users_permissions::permission;
//!
//! /// One article.
//! #[utoipa::path(responses((status = 200, description = "The article", body = String), Missing))]
//! #[permission("api::article.findOne", grant("public"))]
//! #[get("/articles/{id}")]
//! async fn find_one() -> impl Responder {
//!     "an article"
//! }
//! ```

mod answers;
mod bodies;
mod descriptions;
mod document;
mod operation;
mod own;
pub(super) mod page;
mod parameters;
mod paths;
mod profile;
mod settings;
mod shapes;
mod social;

pub use answers::{BadBody, BadRequest, Missing};
/// The crate that describes; the attribute and the derives write code that names it.
pub use utoipa;

pub(super) use answers::{Limited, Outdated, Unavailable};
pub(super) use bodies::{
    AddressBody, ConfirmationBody, LoginBody, LogoutBody, NewPasswordBody, NewRoleBody,
    NewUserBody, PasswordBody, RefreshBody, RegistrationBody, RoleBody, SetupBody, UserBody,
};
pub(crate) use document::ApiDescription;
pub(super) use parameters::{MailList, UserCount, UserList, UserShape};
pub(super) use settings::{
    AdvancedAnswer, AdvancedBody, IfMatch, TemplateKey, Templates, TemplatesBody, Written,
};
pub(super) use shapes::{
    Done, Ended, KeptMail, MailsAnswer, PermissionsAnswer, RoleAnswer, RolesAnswer, RoutesAnswer,
    SentAnswer, ShownUser,
};
pub(super) use social::{LinkBody, Providers, ProvidersBody};
