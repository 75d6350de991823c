//! Issuers that are made of settings, and describe themselves (OpenID Connect Discovery).

use serde_json::{Value, json};

use super::openid::{OPENID, keys, tokens, userinfo};
use super::simulators::State;
use super::wire::{Asked, Reply};
use super::{Spec, json as reply};

/// The secret of the strict issuer.
pub const STRICT_SECRET: &str = "client:secret+100%&=/";

pub(super) fn specs() -> Vec<Spec> {
    vec![
        Spec {
            name: "acme",
            display: "Acme",
            authorize: "acme.example/authorize",
            token: "acme.example/token",
            issuer: Some("https://acme.example"),
            introspection: Some("acme.example/introspect"),
            token_answer: |state, _| tokens(state, "https://acme.example", |_| {}),
            resources: &[
                ("acme.example/jwks.json", keys),
                ("acme.example/userinfo", userinfo),
                ("acme.example/.well-known/openid-configuration", acme),
            ],
            ..OPENID
        },
        // Takes HTTP Basic alone. Key and secret are encoded for it: client-id:client%3Asecret%2B100%25%26%3D%2F
        Spec {
            name: "strict",
            display: "Strict",
            authorize: "strict.example/authorize",
            token: "strict.example/token",
            basic: Some("Basic Y2xpZW50LWlkOmNsaWVudCUzQXNlY3JldCUyQjEwMCUyNSUyNiUzRCUyRg=="),
            issuer: Some("https://strict.example"),
            introspection: Some("strict.example/introspect"),
            token_answer: |state, _| tokens(state, "https://strict.example", |_| {}),
            resources: &[
                ("strict.example/jwks.json", keys),
                ("strict.example/userinfo", userinfo),
                ("strict.example/.well-known/openid-configuration", strict),
            ],
            ..OPENID
        },
    ]
}

/// Takes key and secret in the body alone, and says so.
fn acme(_: &State, _: &Asked) -> Reply {
    let mut told = description("https://acme.example");
    told["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    reply(told)
}

fn strict(state: &State, _: &Asked) -> Reply {
    let mut told = description("https://strict.example");
    for (name, value) in &state.described {
        told[*name] = value.clone();
    }
    reply(told)
}

/// What every issuer tells of itself.
fn description(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}/{path}");
    json!({
        "issuer": issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"), "jwks_uri": at("jwks.json"), "introspection_endpoint": at("introspect"),
    })
}
