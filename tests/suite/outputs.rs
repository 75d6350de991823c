//! No answer holds what nobody may read.

use acceptance::{Browser, Client, Kind, Server};
use serde_json::{Value, json};

const PRIVATE: [&str; 9] = [
    "password",
    "password_hash",
    "passwordHash",
    "resetPasswordToken",
    "confirmationToken",
    "token_version",
    "tokenVersion",
    "email_key",
    "secret",
];

const SECRET: &str = "a-secret-of-github";

fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                // That a provider has a secret is told, and nothing of it.
                let is_hidden = key == "secret" && matches!(value.as_str(), Some("" | "***"));
                if !is_hidden {
                    found.push(key.clone());
                }
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// Settings with a secret in them.
async fn keep_a_secret(admin: &Client) {
    let github = json!({ "enabled": true, "key": "id", "secret": SECRET });
    let change = json!({ "providers": { "github": github } });
    admin
        .put("/api/users-permissions/providers", change)
        .await
        .expect(200);
}

#[actix_web::test]
async fn no_private_field_and_no_hash_is_in_any_answer_whatever_is_asked_for() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let ann = server.register("ann").await;
    let role = admin.role_id("authenticated").await;
    keep_a_secret(&admin).await;
    let mut answers = Vec::new();
    for query in [
        "",
        "?populate=*",
        "?populate=role",
        "?populate[role][populate]=*",
        "?populate[role][populate][users]=*",
        "?populate[createdBy]=*",
        "?populate[0]=role&populate[1]=createdBy",
        "?fields=*",
        "?fields[0]=password",
        "?fields=password,resetPasswordToken",
        "?populate[role][fields][0]=users",
        "?select=password",
        "?with=password",
        "?filters[password][$startsWith]=$2",
        "?sort=password",
        "?_q=$2b",
        "?where[password][$ne]=x",
    ] {
        for path in [
            "users".into(),
            "users/me".into(),
            "users/count".into(),
            format!("users/{}", ann.id),
            "users-permissions/roles".into(),
            format!("users-permissions/roles/{role}"),
            "users-permissions/permissions".into(),
            "users-permissions/routes".into(),
            "users-permissions/advanced".into(),
            "users-permissions/email-templates".into(),
            "users-permissions/providers".into(),
            "users-permissions/outbox".into(),
            "auth/identities".into(),
        ] {
            for client in [&admin, &ann.client] {
                answers.push(client.get(&format!("/api/{path}{query}")).await);
            }
        }
        let body = json!({ "confirmed": true });
        answers.push(
            admin
                .put(&format!("/api/users/{}{query}", ann.id), body)
                .await,
        );
        let login = json!({ "identifier": "ann", "password": acceptance::PASSWORD });
        answers.push(
            server
                .anonymous()
                .post(&format!("/api/auth/local{query}"), login)
                .await,
        );
    }
    let body =
        json!({ "username": "bob", "email": "bob@example.com", "password": acceptance::PASSWORD });
    answers.push(
        server
            .anonymous()
            .post("/api/auth/local/register?populate=*", body)
            .await,
    );
    answers.push(
        admin
            .delete(&format!("/api/users/{}?populate=*", ann.id))
            .await,
    );
    for answer in answers {
        assert!(answer.status.as_u16() < 500, "{}", answer.text);
        let mut found = Vec::new();
        keys(&answer.json(), &mut found);
        assert!(
            !found.iter().any(|key| PRIVATE.contains(&key.as_str())),
            "{}",
            answer.text
        );
        assert!(
            !["$2a$", "$2b$", "$2y$", SECRET]
                .iter()
                .any(|prefix| answer.text.contains(prefix)),
            "{}",
            answer.text
        );
    }
}

// What changed is told, of secrets only that they did.
#[actix_web::test]
async fn the_log_of_changes_holds_no_secret() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    keep_a_secret(&admin).await;
    let ann = server.register("ann").await;
    let change = json!({ "password": "OtherPass1", "confirmed": true });
    admin
        .put(&format!("/api/users/{}", ann.id), change)
        .await
        .expect(200);
    let mut browser = Browser::signed_in(&server, "admin", "AdminPass1").await;
    for path in ["/admin/changes", "/admin/changes.csv"] {
        let text = browser.get(path).await.text;
        assert!(
            text.contains("ann") && text.contains("password"),
            "{path}: {text}"
        );
        for secret in [
            SECRET,
            "OtherPass1",
            acceptance::PASSWORD,
            "$2a$",
            "$2b$",
            "$2y$",
        ] {
            assert!(!text.contains(secret), "{path}: {secret} in {text}");
        }
    }
}

// FACTS 9: who may not read roles is not shown one, asked for or not.
#[actix_web::test]
async fn a_role_is_shown_to_those_who_may_read_roles_only() {
    let server = Server::start(Kind::Sqlite).await;
    let (admin, ann) = (server.admin().await, server.register("ann").await);
    for query in [
        "?populate=role",
        "?populate=*",
        "?populate[0]=role",
        "?populate[role]=true",
        "?populate%5Brole%5D=true",
    ] {
        assert!(
            ann.client
                .get(&format!("/api/users/me{query}"))
                .await
                .expect(200)
                .get("role")
                .is_none(),
            "{query}"
        );
        let me = admin
            .get(&format!("/api/users/me{query}"))
            .await
            .expect(200);
        assert_eq!(me["role"]["type"], "administrator", "{query}");
    }
    assert!(
        admin
            .get("/api/users/me")
            .await
            .expect(200)
            .get("role")
            .is_none()
    );
    let manager = admin
        .create_role(
            "Manager",
            &[
                "plugin::users-permissions.user.update",
                "plugin::users-permissions.user.me",
            ],
        )
        .await;
    let manager = admin.create_user("manager", manager).await.client;
    let changed = manager
        .put(
            &format!("/api/users/{}", ann.id),
            json!({ "confirmed": true }),
        )
        .await
        .expect(200);
    assert!(changed.get("role").is_none(), "{changed}");
}
