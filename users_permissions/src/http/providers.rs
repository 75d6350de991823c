//! `/users-permissions/providers`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, put};
use serde_json::{Map, Value, json};

use super::auth_user::Caller;
use super::body::{Body, LARGE};
use super::dto::ok;
use super::input::Checker;
#[cfg(feature = "openapi")]
use super::openapi as doc;
use super::settings::{body_fields, expected_version, tagged, written};
use super::users::actor;
use super::worker::Worker;
use crate::config::Secret;
use crate::error::Result;
use crate::oauth::Effective;
use crate::permission;
use crate::services::{PROVIDER_TEXTS, ProviderChange, Services};

/// Stands for a secret that is there.
const HIDDEN: &str = "***";
/// The login by password: always there.
const LOCAL: &str = "email";

/// All providers of social login and their settings; of secrets only whether there are any.
#[cfg_attr(feature = "openapi", utoipa::path(
    responses(
        (
            status = 200,
            description = "The providers by name",
            body = doc::Providers,
            headers(("ETag" = String, description = "The version")),
        ),
    ),
))]
#[permission("plugin::users-permissions.settings.getProviders")]
#[get("/users-permissions/providers")]
pub(super) async fn find(req: HttpRequest) -> Result<HttpResponse> {
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let providers = services.providers().await?;
    let mut body = Map::new();
    body.insert(
        LOCAL.to_owned(),
        json!({ "enabled": true, "icon": "envelope" }),
    );
    for provider in &providers.value {
        body.insert(provider.name.clone(), view(provider, services));
    }
    Ok(tagged(ok(body), &providers.version))
}

/// Changes providers; those and the settings that are left out stay. An empty secret, or the one that is
/// shown, keeps the secret; null takes it away. Null for a provider forgets its settings.
#[cfg_attr(feature = "openapi", utoipa::path(
    params(doc::IfMatch),
    request_body = doc::ProvidersBody,
    responses(doc::Written, doc::BadBody, doc::Outdated),
))]
#[permission("plugin::users-permissions.settings.updateProviders")]
#[put("/users-permissions/providers")]
pub(super) async fn update(
    req: HttpRequest,
    caller: Caller,
    body: Body<LARGE>,
) -> Result<HttpResponse> {
    let fields = body_fields(body.0, &["providers", "version"])?;
    let mut checker = Checker::default();
    let expected = expected_version(&req, &fields, &mut checker);
    let changes = match fields.get("providers") {
        Some(Value::Object(providers)) => parse(&mut checker, providers),
        _ => {
            checker.fail(&["providers"], "providers must be a `object` type");
            BTreeMap::new()
        }
    };
    checker.finish()?;
    let worker = Worker::of(&req)?;
    let services = &worker.shared.services;
    let version = services
        .change_providers(actor(&caller), changes, expected)
        .await?;
    Ok(written(&version))
}

fn view(provider: &Effective, services: &Services) -> Value {
    let settings = &provider.settings;
    let secret = settings.secret.as_ref().map_or("", |_| HIDDEN);
    let callback = match settings.callback.as_slice() {
        [] => json!(""),
        [one] => json!(one),
        several => json!(several),
    };
    json!({
        "display": provider.provider.display,
        "icon": provider.provider.icon,
        "enabled": settings.enabled,
        "key": settings.key,
        "secret": secret,
        "callback": callback,
        "scope": provider.scopes(),
        "subdomain": settings.subdomain,
        "jwksurl": settings.jwksurl,
        "issuer": settings.issuer,
        "authorize_url": settings.authorize_url,
        "access_url": settings.access_url,
        "profile_url": settings.profile_url,
        "introspection_url": settings.introspection_url,
        "accept_provider_tokens": settings.accept_provider_tokens,
        "link_by_verified_email": settings.link_by_verified_email,
        "redirectUri": services.redirect_url(&provider.name),
    })
}

fn parse(
    checker: &mut Checker,
    providers: &Map<String, Value>,
) -> BTreeMap<String, Option<ProviderChange>> {
    let mut changes = BTreeMap::new();
    for (name, value) in providers {
        match value {
            Value::Object(fields) if name == LOCAL => {
                if fields
                    .get("enabled")
                    .is_some_and(|enabled| *enabled != Value::Bool(true))
                {
                    checker.fail(&["providers", LOCAL], "email cannot be disabled");
                }
            }
            Value::Object(fields) => {
                drop(changes.insert(name.clone(), Some(change(checker, name, fields))))
            }
            Value::Null => drop(changes.insert(name.clone(), None)),
            _ => checker.fail(&["providers"], "a provider must be a `object` type"),
        }
    }
    changes
}

fn change(checker: &mut Checker, name: &str, fields: &Map<String, Value>) -> ProviderChange {
    let mut change = ProviderChange::default();
    for (field, value) in fields {
        let path = ["providers", name, field.as_str()];
        match (field.as_str(), value) {
            // Shown, and not to be changed.
            ("display" | "icon" | "redirectUri" | "redirect_uri" | "oauth", _) => {}
            ("enabled", Value::Bool(flag)) => change.enabled = Some(*flag),
            ("link_by_verified_email", Value::Bool(flag)) => {
                change.link_by_verified_email = Some(*flag)
            }
            ("accept_provider_tokens", Value::Bool(flag)) => {
                change.accept_provider_tokens = Some(*flag)
            }
            ("secret", Value::Null) => change.secret = Some(None),
            ("secret", Value::String(text)) if text.is_empty() || text == HIDDEN => {}
            ("secret", Value::String(text)) => {
                change.secret = Some(Some(Secret::from(text.as_str())))
            }
            ("callback", value) if texts(value).is_some() => change.callback = texts(value),
            ("scope", value) if texts(value).is_some() => change.scope = texts(value),
            (field, Value::String(text)) if PROVIDER_TEXTS.contains(&field) => {
                let known = PROVIDER_TEXTS.iter().find(|known| **known == field);
                change
                    .texts
                    .extend(known.map(|known| (*known, text.trim().to_owned())));
            }
            (field, _) if is_setting(field) => {
                checker.fail(&path, format!("{field} has a wrong type"))
            }
            // Only a known key is repeated.
            _ => checker.fail(&["providers"], "there is no such setting of a provider"),
        }
    }
    change
}

fn is_setting(field: &str) -> bool {
    PROVIDER_TEXTS.contains(&field)
        || matches!(
            field,
            "enabled"
                | "secret"
                | "callback"
                | "scope"
                | "link_by_verified_email"
                | "accept_provider_tokens"
        )
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) if text.is_empty() => Some(Vec::new()),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(all) => all
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}
