//! Providers of OAuth 2.

use serde_json::{Value, json};

use super::simulators::{Scenario, State};
use super::wire::{Asked, Reply};
use super::{Spec, invalid_grant, json as reply};

const PLAIN: Spec = Spec {
    name: "",
    display: "",
    authorize: "",
    token: "",
    basic: None,
    pkce: true,
    scope: "",
    params: &[],
    denied: "access_denied",
    subdomain: "",
    issuer: None,
    introspection: None,
    has_flag: false,
    vouches: true,
    has_email: true,
    token_answer: bearer,
    refusal: invalid_grant,
    resources: &[],
};

pub(super) fn specs() -> Vec<Spec> {
    vec![
        Spec {
            name: "github",
            display: "GitHub",
            authorize: "github.com/login/oauth/authorize",
            token: "github.com/login/oauth/access_token",
            scope: "user:email",
            refusal: github_refusal,
            has_flag: true,
            token_answer: github_token,
            resources: &[
                ("api.github.com/user", github_user),
                ("api.github.com/user/emails", github_emails),
            ],
            ..PLAIN
        },
        Spec {
            name: "discord",
            display: "Discord",
            authorize: "discord.com/oauth2/authorize",
            token: "discord.com/api/oauth2/token",
            scope: "identify email",
            has_flag: true,
            resources: &[("discord.com/api/users/@me", discord)],
            ..PLAIN
        },
        Spec {
            name: "facebook",
            display: "Facebook",
            vouches: false,
            authorize: "www.facebook.com/v23.0/dialog/oauth",
            token: "graph.facebook.com/v23.0/oauth/access_token",
            scope: "email,public_profile",
            refusal: facebook_refusal,
            resources: &[("graph.facebook.com/v23.0/me", facebook)],
            ..PLAIN
        },
        Spec {
            name: "instagram",
            display: "Instagram",
            authorize: "www.instagram.com/oauth/authorize",
            token: "api.instagram.com/oauth/access_token",
            scope: "instagram_business_basic",
            refusal: instagram_refusal,
            pkce: false,
            has_email: false,
            token_answer: instagram_token,
            resources: &[("graph.instagram.com/me", instagram)],
            ..PLAIN
        },
        Spec {
            name: "patreon",
            display: "Patreon",
            authorize: "www.patreon.com/oauth2/authorize",
            token: "www.patreon.com/api/oauth2/token",
            scope: "identity identity[email]",
            has_flag: true,
            resources: &[("www.patreon.com/api/oauth2/v2/identity", patreon)],
            ..PLAIN
        },
        Spec {
            name: "reddit",
            display: "Reddit",
            authorize: "www.reddit.com/api/v1/authorize",
            token: "www.reddit.com/api/v1/access_token",
            scope: "identity",
            params: &[("duration", "temporary")],
            refusal: || reply(json!({ "error": "invalid_grant" })),
            basic: Some("Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ="),
            pkce: false,
            has_email: false,
            resources: &[("oauth.reddit.com/api/v1/me", reddit)],
            ..PLAIN
        },
        Spec {
            name: "twitch",
            display: "Twitch",
            authorize: "id.twitch.tv/oauth2/authorize",
            token: "id.twitch.tv/oauth2/token",
            scope: "user:read:email",
            refusal: twitch_refusal,
            token_answer: twitch_token,
            resources: &[("api.twitch.tv/helix/users", twitch)],
            ..PLAIN
        },
        Spec {
            name: "vk",
            vouches: false,
            display: "VK",
            authorize: "oauth.vk.com/authorize",
            token: "oauth.vk.com/access_token",
            scope: "email",
            pkce: false,
            token_answer: vk_token,
            resources: &[("api.vk.com/method/users.get", vk)],
            ..PLAIN
        },
    ]
}

fn bearer(_: &State, _: &Asked) -> Reply {
    reply(
        json!({ "access_token": "provider-token", "token_type": "Bearer", "expires_in": 3600, "scope": "identify email" }),
    )
}

/// Errors are answered 200.
fn github_refusal() -> Reply {
    let text = "The code passed is incorrect or expired. secret text";
    reply(json!({ "error": "bad_verification_code", "error_description": text }))
}

fn facebook_refusal() -> Reply {
    let error = json!({ "message": "Invalid verification code format. secret text", "type": "OAuthException", "code": 100, "fbtrace_id": "A1" });
    Reply::json(400, json!({ "error": error }))
}

fn instagram_refusal() -> Reply {
    Reply::json(
        400,
        json!({ "error_type": "OAuthException", "code": 400, "error_message": "Invalid authorization code. secret text" }),
    )
}

fn twitch_refusal() -> Reply {
    Reply::json(
        400,
        json!({ "status": 400, "message": "Invalid authorization code" }),
    )
}

/// A form, unless JSON is asked for; the other shape is that of whoever does not look.
fn github_token(state: &State, asked: &Asked) -> Reply {
    let accept = asked.headers.get("accept");
    let is_json = accept.is_some_and(|accept| accept == "application/json");
    if is_json && !state.in_other_shapes {
        return reply(
            json!({ "access_token": "provider-token", "token_type": "bearer", "scope": "user:email" }),
        );
    }
    let body = "access_token=provider-token&scope=user%3Aemail&token_type=bearer";
    Reply::text(
        200,
        "application/x-www-form-urlencoded; charset=utf-8",
        body,
    )
}

/// Scopes are a list.
fn twitch_token(_: &State, _: &Asked) -> Reply {
    reply(
        json!({ "access_token": "provider-token", "token_type": "bearer", "scope": ["user:read:email"], "expires_in": 14_124 }),
    )
}

/// No type of the token.
fn instagram_token(state: &State, _: &Asked) -> Reply {
    let permissions = ["instagram_business_basic"];
    listed(
        state,
        json!({ "access_token": "provider-token", "user_id": state.person.subject, "permissions": permissions }),
    )
}

/// Instagram's documentation has a list; the other shape is without one.
fn listed(state: &State, one: Value) -> Reply {
    match state.in_other_shapes {
        true => reply(one),
        false => reply(json!({ "data": [one] })),
    }
}

fn vk_token(state: &State, _: &Asked) -> Reply {
    let id: u64 = state.person.subject.parse().unwrap_or(1);
    let mut answer =
        json!({ "access_token": "provider-token", "expires_in": 43_200, "user_id": id });
    if state.scenario != Scenario::NoEmail {
        answer["email"] = json!(state.person.email);
    }
    reply(answer)
}

fn email(state: &State) -> Value {
    match state.scenario {
        Scenario::NoEmail => Value::Null,
        _ => json!(state.person.email),
    }
}

fn verified(state: &State) -> bool {
    state.scenario != Scenario::Unverified
}

fn github_user(state: &State, _: &Asked) -> Reply {
    let id: u64 = state.person.subject.parse().unwrap_or(1);
    reply(json!({ "login": state.person.username, "id": id, "email": null, "name": "Octo Cat" }))
}

fn github_emails(state: &State, _: &Asked) -> Reply {
    let other = json!({ "email": "other@example.com", "primary": false, "verified": true, "visibility": null });
    match state.scenario {
        Scenario::NoEmail => reply(json!([other])),
        _ => reply(json!([
            other,
            { "email": state.person.email, "primary": true, "verified": verified(state), "visibility": "private" },
        ])),
    }
}

fn discord(state: &State, _: &Asked) -> Reply {
    reply(json!({
        "id": state.person.subject, "username": state.person.username, "discriminator": "0", "global_name": "Octo",
        "verified": verified(state), "email": email(state),
    }))
}

/// Without an address there is no field.
fn facebook(state: &State, asked: &Asked) -> Reply {
    let mut answer = json!({ "id": state.person.subject, "name": "Octo Cat" });
    if asked.field("fields").contains("email") && !email(state).is_null() {
        answer["email"] = email(state);
    }
    reply(answer)
}

fn instagram(state: &State, _: &Asked) -> Reply {
    listed(
        state,
        json!({ "user_id": state.person.subject, "username": state.person.username, "id": "1" }),
    )
}

fn patreon(state: &State, _: &Asked) -> Reply {
    let attributes = json!({ "full_name": "Octo Cat", "email": email(state), "is_email_verified": verified(state) });
    Reply::text(
        200,
        "application/vnd.api+json",
        json!({ "data": { "type": "user", "id": state.person.subject, "attributes": attributes } })
            .to_string(),
    )
}

fn reddit(state: &State, _: &Asked) -> Reply {
    reply(
        json!({ "id": state.person.subject, "name": state.person.username, "has_verified_email": true }),
    )
}

fn twitch(state: &State, asked: &Asked) -> Reply {
    if asked
        .headers
        .get("client-id")
        .is_none_or(|id| id != "client-id")
    {
        return Reply::json(
            401,
            json!({ "error": "Unauthorized", "message": "Client ID is missing" }),
        );
    }
    let mut user = json!({ "id": state.person.subject, "login": state.person.username, "display_name": "Octo" });
    // "The user's verified email address": another one is not told.
    if verified(state) && !email(state).is_null() {
        user["email"] = email(state);
    }
    reply(json!({ "data": [user] }))
}

/// Errors are answered 200.
fn vk(state: &State, asked: &Asked) -> Reply {
    if asked.field("access_token") != "provider-token" || asked.field("v").is_empty() {
        return reply(
            json!({ "error": { "error_code": 5, "error_msg": "User authorization failed" } }),
        );
    }
    let id: u64 = state.person.subject.parse().unwrap_or(1);
    reply(
        json!({ "response": [{ "id": id, "first_name": "Octo", "last_name": "Cat", "can_access_closed": true }] }),
    )
}
