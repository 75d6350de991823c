//! The fields an application declares for its users, added when the description is put together.

use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{
    Components, KnownFormat, Object, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
};

use super::shapes::named;
use crate::config::Config;
use crate::model::{ProfileField, ProfileKind};

/// Adds the fields to every schema of a user: to those of answers what may be seen, to those of bodies
/// what may be sent.
pub(super) fn add(components: &mut Components, config: &Config) {
    for field in &config.profile_fields {
        if !field.private {
            add_to(components, "User", field, shown(field), true);
            add_to(components, "ShownUser", field, shown(field), false);
        }
        add_to(
            components,
            "NewUserBody",
            field,
            sent(field),
            field.required,
        );
        add_to(components, "UserBody", field, sent(field), false);
        if config.allows_on_registration(field) {
            let schema = sent(field);
            add_to(
                components,
                "RegistrationBody",
                field,
                schema,
                field.required,
            );
        }
    }
}

fn add_to(
    components: &mut Components,
    name: &str,
    field: &ProfileField,
    schema: Object,
    required: bool,
) {
    if let Some(RefOr::T(Schema::Object(user))) = components.schemas.get_mut(&named(name)) {
        user.properties.insert(field.name.clone(), schema.into());
        if required {
            user.required.push(field.name.clone());
        }
    }
}

/// As it is answered: null without a value, which users from before the field have; the longest text may
/// have been another then, too.
fn shown(field: &ProfileField) -> Object {
    typed(field.kind, true).build()
}

/// As it is taken: null takes a value away that nobody requires.
fn sent(field: &ProfileField) -> Object {
    let schema = typed(field.kind, !field.required);
    match field.kind {
        ProfileKind::Text => schema
            .min_length(field.required.then_some(1))
            .max_length(Some(field.max_length))
            .build(),
        _ => schema.build(),
    }
}

fn typed(kind: ProfileKind, nullable: bool) -> ObjectBuilder {
    let (type_, format) = match kind {
        ProfileKind::Text => (Type::String, None),
        ProfileKind::Integer => (Type::Integer, Some(KnownFormat::Int32)),
        ProfileKind::Boolean => (Type::Boolean, None),
        ProfileKind::Time => (Type::String, Some(KnownFormat::DateTime)),
    };
    let schema_type = if nullable {
        SchemaType::from_iter([type_, Type::Null])
    } else {
        SchemaType::new(type_)
    };
    ObjectBuilder::new()
        .schema_type(schema_type)
        .format(format.map(SchemaFormat::KnownFormat))
}
