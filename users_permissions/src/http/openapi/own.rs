//! The plugin's own operations, at the paths their route attributes name.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};

use super::paths::{METHODS, slot};
use super::settings::WrittenAnswer;
use super::shapes::ErrorShape;
use super::{answers, page};
use crate::acl::CatalogAction;
use crate::http::dto::LoginView;
use crate::http::openapi::{BadRequest, Limited};
use crate::http::{
    auth, confirmation, connect, identities, mails, passwords, permissions, providers, roles,
    sessions, settings, setup, users, well_known,
};

/// Name of the security scheme.
pub(super) const SCHEME: &str = "bearer";
const OWN_ACTIONS: &str = "plugin::users-permissions.";

/// Whether an action is one of the plugin's.
pub(super) fn is_own(action: &CatalogAction) -> bool {
    action.name().starts_with(OWN_ACTIONS)
}

/// Is the action one of the pages for administrators?
pub(super) fn is_page(action: &CatalogAction) -> bool {
    action
        .name()
        .strip_prefix(OWN_ACTIONS)
        .is_some_and(|name| name.starts_with("admin."))
}

/// The plugin's operations and all they refer to.
pub(super) fn description() -> OpenApi {
    Own::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        auth::callback,
        provider_callback,
        auth::register,
        passwords::forgot_password,
        passwords::reset_password,
        passwords::change_password,
        confirmation::email_confirmation,
        confirmation::send_email_confirmation,
        sessions::refresh,
        sessions::logout,
        sessions::get_sessions,
        sessions::revoke_session,
        connect::connect,
        identities::find,
        identities::link,
        identities::unlink,
        users::me,
        users::count,
        users::find,
        users::find_one,
        users::create,
        users::update,
        users::destroy,
        roles::find,
        roles::find_one,
        roles::create,
        roles::update,
        roles::delete,
        permissions::permissions,
        permissions::routes,
        permissions::delete_stale,
        settings::advanced,
        settings::update_advanced,
        settings::email_templates,
        settings::update_email_templates,
        settings::test_email_template,
        providers::find,
        providers::update,
        mails::find,
        mails::retry,
        mails::kept,
        setup::page,
        setup::submit,
        well_known::key_set,
        page::document,
        page::page,
        page::page_file,
    ),
    components(schemas(ErrorShape, WrittenAnswer)),
    modifiers(&Shared)
)]
struct Own;

/// What operations refer to by name.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        answers::register(components);
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The `jwt` that signing in answers."))
            .build();
        components.add_security_scheme(SCHEME, SecurityScheme::Http(token));
        for item in document.paths.paths.values_mut() {
            for method in METHODS {
                if let Some(Some(operation)) = slot(item, method) {
                    take_forms(operation);
                }
            }
        }
    }
}

/// Wherever the plugin takes JSON it takes a form as well.
fn take_forms(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(content) = body.content.get("application/json").cloned()
    {
        let form = "application/x-www-form-urlencoded".to_owned();
        body.content.insert(form, content);
    }
}

/// Finishes a social login.
#[utoipa::path(
    get,
    path = "/auth/{provider}/callback",
    params(
        ("provider" = String, Path, description = "Name of the provider"),
        (
            "access_token" = Option<String>,
            Query,
            description = "The ticket the front end was called with; the provider's access token where that is accepted",
        ),
        (
            "id_token" = Option<String>,
            Query,
            description = "The provider's id token, in place of the other, where that is accepted",
        ),
        ("code_verifier" = Option<String>, Query, description = "The code of `code_challenge`"),
    ),
    responses(
        (status = 200, description = "The user with a token", body = LoginView),
        BadRequest,
        Limited,
    )
)]
#[allow(dead_code)] // Described only: the handler of the login by password serves it, too.
fn provider_callback() {}
