//! What is sent. The rules themselves are in `input`; here is what a client can know of them.
#![allow(dead_code)] // Fields are read by the derive alone.

use utoipa::ToSchema;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{
    Array, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};

use super::shapes::Permissions;

/// Name or e-mail address of a user, and the password.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = users_permissions::LoginBody)]
pub(crate) struct LoginBody {
    #[schema(min_length = 1, example = "ann")]
    identifier: String,
    #[schema(min_length = 1, format = Password, example = "staple battery 9")]
    password: String,
    /// Kept with the session, where there are sessions.
    #[schema(max_length = 128, nullable = false)]
    device_id: Option<String>,
}

/// A refresh token, unless it is in the cookie.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = users_permissions::RefreshBody)]
pub(crate) struct RefreshBody {
    #[schema(min_length = 1, format = Password, nullable = false)]
    refresh_token: Option<String>,
}

/// Which sessions end; the one that calls where nothing is said.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = users_permissions::LogoutBody)]
pub(crate) struct LogoutBody {
    /// `all` ends every one.
    #[schema(nullable = false, example = "all")]
    scope: Option<String>,
    /// Ends those of this device.
    #[schema(max_length = 128, nullable = false)]
    device_id: Option<String>,
    /// Ends the one of this token.
    #[schema(format = Password, nullable = false)]
    refresh_token: Option<String>,
}

/// A new user; no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::RegistrationBody)]
pub(crate) struct RegistrationBody {
    #[schema(min_length = 3, max_length = 255, example = "ann")]
    username: String,
    #[schema(format = Email, max_length = 254, example = "ann@example.com")]
    email: String,
    /// At most 72 bytes; the password policy may ask for more than the least length.
    #[schema(min_length = 6, max_length = 72, format = Password, example = "staple battery 9")]
    password: String,
}

/// Whom a link is for; no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::AddressBody)]
pub(crate) struct AddressBody {
    #[schema(format = Email, max_length = 254, example = "ann@example.com")]
    email: String,
}

/// Whom a link is for; other keys are ignored.
#[derive(ToSchema)]
#[schema(as = users_permissions::ConfirmationBody)]
pub(crate) struct ConfirmationBody {
    #[schema(format = Email, max_length = 254, example = "ann@example.com")]
    email: String,
}

/// A new password with the code of a mail; no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::NewPasswordBody, rename_all = "camelCase")]
pub(crate) struct NewPasswordBody {
    /// The code of the link; it is good for one change.
    #[schema(min_length = 1)]
    code: String,
    /// At most 72 bytes; the password policy may ask for more than the least length.
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password: String,
    /// The password once more.
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password_confirmation: String,
}

/// A new password with the present one; no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::PasswordBody, rename_all = "camelCase")]
pub(crate) struct PasswordBody {
    #[schema(min_length = 1, format = Password)]
    current_password: String,
    /// At most 72 bytes; the password policy may ask for more than the least length. Ends the tokens of
    /// the user.
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password: String,
    /// The password once more.
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password_confirmation: String,
}

/// A new user; no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::NewUserBody)]
pub(crate) struct NewUserBody {
    #[schema(min_length = 3, max_length = 255)]
    username: String,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// At most 72 bytes; the password policy may ask for more than the least length.
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password: String,
    /// The default role where it is left out.
    #[schema(schema_with = role, required = false)]
    role: (),
    /// All roles; the first is the primary one unless `role` names it.
    #[schema(schema_with = roles, required = false)]
    roles: (),
    #[schema(nullable = false)]
    confirmed: Option<bool>,
    #[schema(nullable = false)]
    blocked: Option<bool>,
}

/// What changes of a user; what is left out stays, and no other key is taken.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::UserBody)]
pub(crate) struct UserBody {
    #[schema(min_length = 3, max_length = 255, nullable = false)]
    username: Option<String>,
    #[schema(format = Email, max_length = 254, nullable = false)]
    email: Option<String>,
    /// At most 72 bytes; ends the tokens of the user.
    #[schema(min_length = 6, max_length = 72, format = Password, nullable = false)]
    password: Option<String>,
    /// The primary role, in the place of the present one.
    #[schema(schema_with = role, required = false)]
    role: (),
    /// All roles there shall be, or what changes of them.
    #[schema(schema_with = roles, required = false)]
    roles: (),
    #[schema(nullable = false)]
    confirmed: Option<bool>,
    /// Blocking ends the tokens of the user.
    #[schema(nullable = false)]
    blocked: Option<bool>,
}

/// A role; keys beside these are ignored.
#[derive(ToSchema)]
#[schema(as = users_permissions::NewRoleBody)]
pub(crate) struct NewRoleBody {
    #[schema(min_length = 1, max_length = 255, example = "Editor")]
    name: String,
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// Unique and for ever; made from the name where it is left out.
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    r#type: Option<String>,
    /// The enabled actions are granted.
    #[schema(nullable = false)]
    permissions: Option<Permissions>,
}

/// What changes of a role; keys beside these are ignored.
#[derive(ToSchema)]
#[schema(as = users_permissions::RoleBody)]
pub(crate) struct RoleBody {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    name: Option<String>,
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// Replaces all that the role holds; left out, it stays.
    #[schema(nullable = false)]
    permissions: Option<Permissions>,
}

/// The form behind the one-time link.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = users_permissions::SetupBody)]
pub(crate) struct SetupBody {
    /// The code of the link.
    #[schema(min_length = 1)]
    token: String,
    #[schema(min_length = 3, max_length = 255)]
    username: String,
    #[schema(format = Email, max_length = 254)]
    email: String,
    #[schema(min_length = 6, max_length = 72, format = Password)]
    password: String,
}

/// A role by id, by documentId, or as Strapi's relations are written.
fn role() -> Schema {
    let connect = ObjectBuilder::new()
        .property(
            "connect",
            entries(&[entry("id", id()), entry("documentId", document())], 1),
        )
        .required("connect");
    OneOfBuilder::new()
        .item(id())
        .item(document())
        .item(connect)
        .into()
}

/// A list of roles, or Strapi's changes of a relation.
fn roles() -> Schema {
    let references = |least| {
        entries(
            &[
                id().into(),
                document().into(),
                entry("id", id()),
                entry("documentId", document()),
            ],
            least,
        )
    };
    let changes = ObjectBuilder::new()
        .property("set", references(1))
        .property("connect", references(0))
        .property("disconnect", references(0))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    OneOfBuilder::new().item(references(1)).item(changes).into()
}

fn entries(kinds: &[Schema], least: usize) -> Array {
    let kinds = kinds.iter().cloned();
    let one_of = kinds.fold(OneOfBuilder::new(), OneOfBuilder::item);
    ArrayBuilder::new()
        .items(one_of)
        .min_items(Some(least))
        .build()
}

fn entry(name: &str, value: ObjectBuilder) -> Schema {
    ObjectBuilder::new()
        .property(name, value)
        .required(name)
        .into()
}

fn id() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(1))
}

fn document() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9a-zA-Z]{24}$"))
}
