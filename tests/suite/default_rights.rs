//! What a fresh database allows: the published defaults and nothing else.

use acceptance::{Answer, Client, Kind, Server, on_every_database};
use serde_json::{Value, json};

const PUBLIC: [&str; 8] = [
    "auth.callback",
    "auth.connect",
    "auth.emailConfirmation",
    "auth.forgotPassword",
    "auth.refresh",
    "auth.register",
    "auth.resetPassword",
    "auth.sendEmailConfirmation",
];
const AUTHENTICATED: [&str; 8] = [
    "auth.changePassword",
    "auth.getSessions",
    "auth.logout",
    "auth.revokeSession",
    "identities.find",
    "identities.link",
    "identities.unlink",
    "user.me",
];
const OPEN: [&str; 9] = [
    "api::app.app.health",
    "api::page.page.buttons",
    "api::page.page.file",
    "api::page.page.redirect",
    "plugin::users-permissions.keys.getJwks",
    "plugin::users-permissions.openapi.getPage",
    "plugin::users-permissions.outbox.kept",
    "plugin::users-permissions.setup.page",
    "plugin::users-permissions.setup.submit",
];

fn long(names: &[&str]) -> Vec<String> {
    names
        .iter()
        .map(|name| format!("plugin::users-permissions.{name}"))
        .collect()
}

/// Every action with a method and a path it is served under in this application.
pub async fn served(admin: &Client) -> Vec<(String, String, String)> {
    let report = admin.get("/api/users-permissions/routes").await.expect(200);
    let mut served = Vec::new();
    for action in report["actions"].as_array().unwrap() {
        // Pages lead to the sign-in where the API refuses; they have tests of their own.
        let name = action["action"].as_str().unwrap();
        if name.starts_with("plugin::users-permissions.admin.") {
            continue;
        }
        for route in action["routes"].as_array().unwrap() {
            let path = route["path"].as_str().unwrap();
            let mut plain = String::new();
            let mut depth = 0;
            for c in path.chars() {
                match c {
                    '{' => {
                        depth += 1;
                        plain.push('7');
                    }
                    '}' => depth -= 1,
                    _ if depth == 0 => plain.push(c),
                    _ => {}
                }
            }
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            served.push((text(&action["action"]), text(&route["method"]), plain));
        }
    }
    assert!(served.len() > 35, "{served:#?}");
    served
}

pub async fn call(client: &Client, method: &str, path: &str) -> Answer {
    client
        .send(
            client
                .request(method.parse().unwrap(), path)
                .json(&json!({})),
        )
        .await
}

on_every_database! {
    async fn the_first_roles_hold_the_published_defaults(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        for (role, held) in [("public", &PUBLIC[..]), ("authenticated", &AUTHENTICATED[..])] {
            assert_eq!(admin.grants(admin.role_id(role).await).await, long(held), "{role}");
        }
        let tree = admin.get("/api/users-permissions/permissions").await.expect(200);
        let all: usize = tree["permissions"]
            .as_object().unwrap().values()
            .flat_map(|unit| unit["controllers"].as_object().unwrap().values())
            .map(|controller| controller.as_object().unwrap().len())
            .sum();
        assert_eq!(admin.grants(admin.role_id("administrator").await).await.len(), all);
    }
}

// 8.2.1: the listing of routes is the proof that no route was forgotten.
#[actix_web::test]
async fn every_route_is_closed_to_everybody_but_those_who_were_granted_it() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let bare = admin.create_role("Bare", &[]).await;
    let bare = admin.create_user("bare", bare).await.client;
    let ann = server.register("ann").await.client;
    let anonymous = server.anonymous();
    let (public, authenticated) = (long(&PUBLIC), long(&AUTHENTICATED));
    for (action, method, path) in served(&admin).await {
        let open = OPEN.contains(&action.as_str());
        for (who, client, may) in [
            ("anonymous", &anonymous, public.contains(&action)),
            ("bare", &bare, false),
            ("ann", &ann, authenticated.contains(&action)),
        ] {
            let answer = call(client, &method, &path).await;
            if may || open {
                assert!(
                    ![401, 403].contains(&answer.status.as_u16()),
                    "{who} {method} {path}: {}",
                    answer.text
                );
            } else {
                assert_eq!(answer.status, 403, "{who} {method} {path}: {}", answer.text);
                answer.expect_forbidden();
            }
        }
    }
}

// FACTS 3.4.
#[actix_web::test]
async fn roles_do_not_inherit_from_public() {
    let server = Server::start(Kind::Sqlite).await;
    let ann = server.register("ann").await.client;
    let login = json!({ "identifier": "ann", "password": acceptance::PASSWORD });
    ann.post("/api/auth/local", login).await.expect_forbidden();
    ann.get("/api/connect/none").await.expect_forbidden();
    let body =
        json!({ "username": "bob", "email": "bob@example.com", "password": acceptance::PASSWORD });
    ann.post("/api/auth/local/register", body)
        .await
        .expect_forbidden();
}

// An operator who took every right away does not get them back by a restart (section 3, 30).
#[actix_web::test]
async fn a_public_role_that_was_emptied_stays_empty_after_a_restart() {
    let database = acceptance::TestDatabase::create(Kind::Sqlite);
    let server = Server::with_config(acceptance::config(&database)).await;
    let admin = server.admin().await;
    let public = admin.role_id("public").await;
    let jwt = admin.jwt.clone().unwrap();
    admin.set_grants(public, &[]).await.expect(200);
    drop(server);
    let mut config = acceptance::config(&database);
    config.initial_grants = true;
    let server = Server::with_config(config).await;
    let admin = server.anonymous().with_token(jwt);
    assert_eq!(admin.grants(public).await, Vec::<String>::new());
    let answer = server.anonymous().get("/api/connect/none").await;
    assert!(
        [401, 403].contains(&answer.status.as_u16()),
        "{}",
        answer.text
    );
}
