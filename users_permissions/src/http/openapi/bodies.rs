//! What is sent. The rules themselves are in `input`; here is what a client can know of them.
#![allow(dead_code)] // Fields are read by the derive alone.

use utoipa::ToSchema;
use utoipa::openapi::{
    Array, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
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
    #[schema(schema_with = role, required = false)]
    role: (),
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
    let id = || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
    };
    let document = || {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9a-zA-Z]{24}$"))
    };
    let entry = |name: &str, value: ObjectBuilder| -> Object {
        ObjectBuilder::new()
            .property(name, value)
            .required(name)
            .build()
    };
    let entries = OneOfBuilder::new()
        .item(entry("id", id()))
        .item(entry("documentId", document()));
    let connect = ObjectBuilder::new()
        .property("connect", Array::new(Schema::from(entries)))
        .required("connect");
    OneOfBuilder::new()
        .item(id())
        .item(document())
        .item(connect)
        .into()
}
