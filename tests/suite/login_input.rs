//! Credentials are text, and who acts is told by the token alone.

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::{Value, json};

/// What no credential is.
fn no_texts() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "$gt": "" }),
        json!({ "$ne": null }),
        json!([]),
        json!([null]),
        json!(["admin"]),
        json!(null),
        json!(""),
        json!(true),
        json!(0),
        json!(1.5),
        json!("x".repeat(1 << 20)),
    ]
}

on_every_database! {
    // Each of these has been somebody's login.
    async fn credentials_of_another_type_are_refused_and_change_nothing(kind) {
        let server = Server::start(kind).await;
        server.register("victim").await;
        // A user without a password, as social logins make them.
        server.register("social").await;
        server.database().execute("UPDATE up_users SET password_hash = NULL WHERE username = 'social'");
        let before = server.database().dump();
        let anonymous = server.anonymous();
        for value in no_texts() {
            for body in [
                json!({ "identifier": "victim", "password": value }),
                json!({ "identifier": "social", "password": value }),
                json!({ "identifier": value, "password": PASSWORD }),
                json!({ "identifier": value, "password": value }),
            ] {
                let answer = anonymous.post("/api/auth/local", body).await;
                answer.expect_refusal();
                assert!([400, 413].contains(&answer.status.as_u16()), "{}", answer.text);
            }
        }
        for body in [json!({}), json!({ "identifier": "victim" }), json!({ "password": PASSWORD })] {
            anonymous.post("/api/auth/local", body).await.expect_refusal();
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn form_operators_are_no_password(kind) {
        let server = Server::start(kind).await;
        server.register("victim").await;
        let before = server.database().dump();
        for form in [
            "identifier=victim&password[$ne]=x",
            "identifier=victim&password%5B%24ne%5D=x",
            "identifier=victim&password[]=Passw0rd!",
            "identifier=victim&password=Passw0rd!&password=x",
            "identifier[$ne]=x&password=Passw0rd!",
            "identifier=victim&password=",
            "identifier=victim&password",
        ] {
            let answer = server.anonymous().post_raw("/api/auth/local", "application/x-www-form-urlencoded", form).await;
            answer.expect_refusal();
        }
        assert_eq!(server.database().dump(), before);
        let form = "identifier=victim&password=Passw0rd%21";
        let answer = server.anonymous().post_raw("/api/auth/local", "application/x-www-form-urlencoded", form).await;
        assert_eq!(answer.expect(200)["user"]["username"], "victim");
    }

    // A column that holds nothing equals nothing.
    async fn a_user_without_a_password_cannot_sign_in_by_any(kind) {
        let server = Server::start(kind).await;
        server.register("social").await;
        for stored in ["NULL", "''", "'null'", "'$2b$04$'"] {
            server.database().execute(&format!("UPDATE up_users SET password_hash = {stored} WHERE username = 'social'"));
            for password in ["", " ", "null", "0", "$2b$04$", PASSWORD, "no user has this password"] {
                let body = json!({ "identifier": "social", "password": password });
                let answer = server.anonymous().post("/api/auth/local", body).await;
                assert_eq!(answer.status, 400, "{stored} {password}: {}", answer.text);
                answer.expect_refusal();
            }
        }
    }

    // Input never becomes a part of a statement.
    async fn sql_in_any_place_is_only_text(kind) {
        let server = Server::start(kind).await;
        server.register("victim").await;
        let admin = server.admin().await;
        let before = server.database().dump();
        for text in [
            "' OR '1'='1", "victim'--", "\" OR \"\"=\"", "1; DROP TABLE up_users;--", "\\", "\\'; --", "%", "_ictim",
            "x' UNION SELECT 1--", "$1", "?", "{{1}}", "victim' /*", "\u{bf}\u{27} OR 1=1 --",
        ] {
            for body in [
                json!({ "identifier": text, "password": PASSWORD }),
                json!({ "identifier": "victim", "password": text }),
            ] {
                let answer = server.anonymous().post("/api/auth/local", body).await;
                assert_eq!(answer.status, 400, "{text:?}: {}", answer.text);
            }
            let padded = format!("{text:a<24.24}");
            for role in [json!(text), json!(padded), json!({ "connect": [{ "documentId": padded }] })] {
                let body = json!({
                    "username": "newcomer", "email": "newcomer@example.com", "password": PASSWORD, "role": role,
                });
                let answer = admin.post("/api/users", body).await;
                assert_eq!(answer.status, 400, "{role}: {}", answer.text);
            }
            for path in ["users", "users-permissions/roles", "users-permissions/permissions"] {
                let text: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
                let answer = admin.delete(&format!("/api/{path}/{text}")).await;
                assert_eq!(answer.status, 404, "{path} {text}: {}", answer.text);
            }
        }
        assert_eq!(server.database().dump(), before);
    }
}

// Nothing but a verified token says who acts.
#[actix_web::test]
async fn no_id_in_body_query_or_header_stands_for_a_caller() {
    let server = Server::start(Kind::Sqlite).await;
    let (ann, bob) = (server.register("ann").await, server.register("bob").await);
    for (method, path) in [
        ("POST", "/api/auth/logout"),
        ("POST", "/api/auth/change-password"),
        ("GET", "/api/auth/sessions"),
        ("GET", "/api/users/me"),
        ("DELETE", "/api/users/1"),
    ] {
        for query in [
            "",
            "?id=1",
            "?userId=1",
            "?user[id]=1",
            "?access_token=x&jwt=y",
        ] {
            let method = method.parse().unwrap();
            let request = server
                .anonymous()
                .request(method, &format!("{path}{query}"));
            let request = request
                .header("x-user-id", "1")
                .header("cookie", "jwt=1; userId=1");
            let body = json!({ "userId": 1, "user": 1, "id": 1, "token": ann.client.jwt });
            server
                .anonymous()
                .send(request.json(&body))
                .await
                .expect_forbidden();
        }
    }
    let me = format!("/api/users/me?id={0}&userId={0}&user[id]={0}", ann.id);
    let request = bob
        .client
        .request("GET".parse().unwrap(), &me)
        .header("x-user-id", ann.id.to_string());
    assert_eq!(
        bob.client
            .send(request.json(&json!({ "id": ann.id })))
            .await
            .expect(200)["id"],
        bob.id
    );
    let body = json!({ "identifier": "bob", "password": PASSWORD, "id": ann.id, "user": ann.id, "email": "ann@example.com" });
    assert_eq!(
        server
            .anonymous()
            .post("/api/auth/local", body)
            .await
            .expect(200)["user"]["id"],
        bob.id
    );
}

// A token in the query or in a cookie is no token.
#[actix_web::test]
async fn tokens_are_taken_from_the_authorization_header_only() {
    let server = Server::start(Kind::Sqlite).await;
    let ann = server.register("ann").await;
    let jwt = ann.client.jwt.clone().unwrap();
    let anonymous = server.anonymous();
    for query in ["access_token", "token", "jwt"] {
        anonymous
            .get(&format!("/api/users/me?{query}={jwt}"))
            .await
            .expect_forbidden();
    }
    for header in [
        "cookie",
        "x-access-token",
        "x-authorization",
        "proxy-authorization",
    ] {
        for value in [jwt.clone(), format!("jwt={jwt}"), format!("Bearer {jwt}")] {
            let request = anonymous
                .request("GET".parse().unwrap(), "/api/users/me")
                .header(header, value);
            anonymous.send(request).await.expect_forbidden();
        }
    }
}
