//! Shapes that no type of the wire stands for: partial views, envelopes, trees.
#![allow(dead_code)] // Fields are read by the derive alone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use utoipa::openapi::{Array, Object, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::http::dto::{OutboxView, RoleListView, RoleView, UserView};

/// Components of the plugin carry its name, so that they meet none of the application's.
pub(super) fn named(name: &str) -> String {
    format!("users_permissions.{name}")
}

/// The shape of every error.
#[derive(ToSchema)]
#[schema(as = users_permissions::Error)]
pub(crate) struct ErrorShape {
    /// Always null.
    #[schema(schema_with = null)]
    data: (),
    #[schema(inline)]
    error: ErrorBody,
}

impl ErrorShape {
    pub(super) const NAME: &'static str = "users_permissions.Error";
}

fn null() -> Object {
    Object::with_type(Type::Null)
}

#[derive(ToSchema)]
struct ErrorBody {
    /// The status of the answer once more.
    status: u16,
    /// Kind of the error, e.g. `ValidationError`.
    name: String,
    message: String,
    #[schema(inline)]
    details: ErrorDetails,
}

/// Empty unless fields or a key of the query are to blame.
#[derive(ToSchema)]
struct ErrorDetails {
    /// The fields that break rules.
    #[schema(inline, nullable = false)]
    errors: Option<Vec<FieldError>>,
    /// The key of the query that is unknown or private.
    #[schema(nullable = false)]
    key: Option<String>,
    path: Option<String>,
    #[schema(nullable = false)]
    source: Option<String>,
    #[schema(nullable = false)]
    param: Option<String>,
}

#[derive(ToSchema)]
struct FieldError {
    path: Vec<String>,
    message: String,
    name: String,
}

/// Something was done.
#[derive(ToSchema)]
#[schema(as = users_permissions::Done)]
pub(crate) struct Done {
    ok: bool,
}

/// The confirmation link is on its way, if anybody waits for it.
#[derive(ToSchema)]
#[schema(as = users_permissions::SentAnswer)]
pub(crate) struct SentAnswer {
    /// The address as it was sent.
    email: String,
    sent: bool,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::MailsAnswer)]
pub(crate) struct MailsAnswer {
    mails: Vec<OutboxView>,
}

/// A mail that nobody sends.
#[derive(ToSchema)]
#[schema(as = users_permissions::KeptMail, rename_all = "camelCase")]
pub(crate) struct KeptMail {
    to: String,
    from: String,
    reply_to: Option<String>,
    subject: String,
    text: String,
    html: Option<String>,
    message_id: String,
}

/// Something has ended; nothing is left of it to show.
#[derive(ToSchema)]
#[schema(as = users_permissions::Ended)]
pub(crate) struct Ended {
    #[schema(inline)]
    data: Nothing,
}

#[derive(ToSchema)]
struct Nothing {}

/// A user as far as `fields` and `populate` ask for it; the ids always come along.
pub(crate) struct ShownUser;

impl PartialSchema for ShownUser {
    fn schema() -> RefOr<Schema> {
        let mut schema = only_the_ids_required(UserView::schema());
        if let RefOr::T(Schema::Object(user)) = &mut schema {
            let role = Ref::from_schema_name(ShownRole::name());
            let roles = Array::new(role.clone());
            user.properties.insert("role".to_owned(), role.into());
            user.properties.insert("roles".to_owned(), roles.into());
        }
        schema
    }
}

impl ToSchema for ShownUser {
    fn name() -> Cow<'static, str> {
        named("ShownUser").into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ShownRole::name().into_owned(), ShownRole::schema()));
    }
}

/// The role of a [`ShownUser`].
pub(crate) struct ShownRole;

impl PartialSchema for ShownRole {
    fn schema() -> RefOr<Schema> {
        only_the_ids_required(RoleView::schema())
    }
}

impl ToSchema for ShownRole {
    fn name() -> Cow<'static, str> {
        named("ShownRole").into()
    }
}

fn only_the_ids_required(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        object
            .required
            .retain(|name| name == "id" || name == "documentId");
    }
    schema
}

/// Actions by unit, controller and name.
#[derive(ToSchema)]
#[schema(as = users_permissions::Permissions, example = json!({
    "api::article": { "controllers": { "article": { "find": { "enabled": true, "policy": "" } } } }
}))]
pub(crate) struct Permissions(BTreeMap<String, Unit>);

#[derive(ToSchema)]
#[schema(as = users_permissions::PermissionsUnit)]
pub(crate) struct Unit {
    controllers: BTreeMap<String, BTreeMap<String, Permission>>,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::Permission)]
pub(crate) struct Permission {
    enabled: bool,
    /// Always empty; kept for Strapi's clients.
    #[schema(required = false)]
    policy: String,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::PermissionsAnswer)]
pub(crate) struct PermissionsAnswer {
    permissions: Permissions,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::RolesAnswer)]
pub(crate) struct RolesAnswer {
    roles: Vec<RoleListView>,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::RoleAnswer)]
pub(crate) struct RoleAnswer {
    role: RoleDetail,
}

/// A role with all that it may.
#[derive(ToSchema)]
#[schema(as = users_permissions::RoleDetail)]
pub(crate) struct RoleDetail {
    #[serde(flatten)]
    role: RoleView,
    permissions: Permissions,
}

/// What is protected and what is not.
#[derive(ToSchema)]
#[schema(as = users_permissions::RoutesAnswer)]
pub(crate) struct RoutesAnswer {
    actions: Vec<RoutedAction>,
    /// Routes without an action.
    unlisted: Vec<Route>,
    /// Actions no route is known of.
    unlocated: Vec<String>,
    /// Actions of the database that no handler carries.
    stale: Vec<String>,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::RoutedAction)]
pub(crate) struct RoutedAction {
    action: String,
    description: String,
    /// Open to everyone.
    open: bool,
    /// Entered in the database.
    known: bool,
    handler: String,
    file: String,
    line: u32,
    routes: Vec<Route>,
}

#[derive(ToSchema)]
#[schema(as = users_permissions::Route)]
pub(crate) struct Route {
    /// Upper-case method, or `*` for any.
    method: String,
    path: String,
}
