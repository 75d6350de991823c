//! Who registers says a name, an address and a password, and nothing else.

use acceptance::{Kind, PASSWORD, Server, on_every_database};
use serde_json::{Value, json};

const REGISTER: &str = "/api/auth/local/register";

fn registration(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": PASSWORD })
}

/// Addresses that look like `victim@example.com` to a database, a mailer or a reader.
const SPELLINGS_OF_THE_VICTIM: [&str; 9] = [
    "v\u{131}ctim@example.com",
    "V\u{130}CTIM@example.com",
    "\u{ff56}ictim@example.com",
    "vi\u{301}ctim@example.com",
    "v\u{ed}ctim@example.com",
    "victim@example.com ",
    " victim@example.com",
    "victim@ex\u{ad}ample.com",
    "victim@example.com\u{0}",
];

/// Addresses that are no plain one.
const MALFORMED_ADDRESSES: [&str; 30] = [
    "a@evil\u{ff20}victim.com",
    "a@evil\u{fe6b}victim.com",
    "a\u{200b}b@example.com",
    "a\u{ad}b@example.com",
    "a\u{202e}b@example.com",
    "a@example.com,b@example.com",
    "a,b@example.com",
    "a;b@example.com",
    "a@example.com;b@example.com",
    "<a@example.com>",
    "Ann <a@example.com>",
    "a b@example.com",
    "a@exam ple.com",
    "a@example.com\r\nBcc: b@example.com",
    "a@example.com\nb@example.com",
    "a@example.com\r",
    "\"e@attacker.com\"@victim.com",
    "\"a\"@example.com",
    "a(comment)@example.com",
    "a@[127.0.0.1]",
    "a@example..com",
    ".a@example.com",
    "a.@example.com",
    "a..b@example.com",
    "a@-example.com",
    "a@",
    "@example.com",
    "a",
    "a@b@example.com",
    "a%0a@exa mple.com",
];

on_every_database! {
    async fn no_column_but_the_three_can_be_registered(kind) {
        let server = Server::start(kind).await;
        let before = server.database().dump();
        for key in [
            "id", "documentId", "role", "confirmed", "blocked", "provider", "resetPasswordToken", "confirmationToken",
            "createdAt", "updatedAt", "publishedAt", "createdBy", "updatedBy", "locale", "token_version", "Username",
        ] {
            for value in [json!(1), json!("x"), json!(true), json!({ "connect": [{ "id": 3 }] }), json!(null)] {
                let mut body = registration("mallory", "mallory@example.com");
                body[key] = value;
                let answer = server.anonymous().post(REGISTER, body).await;
                answer.expect_error(400, "ValidationError", &format!("Invalid parameters: {key}"));
            }
        }
        for body in [
            r#"{"username":"mallory","email":"mallory@example.com","password":"Passw0rd!","__proto__":{"role":3}}"#,
            r#"{"username":"mallory","email":"mallory@example.com","password":"Passw0rd!","constructor":{"prototype":{}}}"#,
        ] {
            let answer = server.anonymous().post_raw(REGISTER, "application/json", body).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            answer.expect_refusal();
        }
        for form in [
            "username=mallory&email=mallory%40example.com&password=Passw0rd%21&role=3",
            "username=mallory&email=mallory%40example.com&password=Passw0rd%21&role[connect][0][id]=3",
        ] {
            let answer = server.anonymous().post_raw(REGISTER, "application/x-www-form-urlencoded", form).await;
            answer.expect_error(400, "ValidationError", "Invalid parameters: role");
        }
        assert_eq!(server.database().dump(), before);
    }

    // On registration.
    async fn fields_of_another_type_are_refused_and_leave_no_row(kind) {
        let server = Server::start(kind).await;
        let before = server.database().dump();
        for key in ["username", "email", "password"] {
            for value in [
                json!({}), json!({ "$gt": "" }), json!([]), json!(["mallory@example.com"]), json!(null), json!(""),
                json!(true), json!(0), json!("x".repeat(1 << 20)),
            ] {
                let mut body = registration("mallory", "mallory@example.com");
                body[key] = value;
                let answer = server.anonymous().post(REGISTER, body).await;
                assert!([400, 413].contains(&answer.status.as_u16()), "{key}: {}", answer.text);
                answer.expect_refusal();
            }
        }
        assert_eq!(server.database().dump(), before);
    }

    // No database may fold what the canonical form keeps apart.
    async fn an_address_that_only_looks_the_same_is_nobodys(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        server.anonymous().post(REGISTER, registration("owner", "Victim@Example.com")).await.expect(200);
        let before = server.database().dump();
        for email in SPELLINGS_OF_THE_VICTIM {
            let body = json!({ "identifier": email, "password": PASSWORD });
            let answer = server.anonymous().post("/api/auth/local", body).await;
            answer.expect_error(400, "ValidationError", "Invalid identifier or password");
            for (path, client) in [(REGISTER, &server.anonymous()), ("/api/users", &admin)] {
                let answer = client.post(path, registration("mallory", email)).await;
                assert_eq!(answer.status, 400, "{path} {email:?}: {}", answer.text);
            }
        }
        assert_eq!(server.database().dump(), before);
        for email in ["victim@example.com", "VICTIM@EXAMPLE.COM"] {
            let body = json!({ "identifier": email, "password": PASSWORD });
            let answer = server.anonymous().post("/api/auth/local", body).await.expect(200);
            assert_eq!(answer["user"]["email"], "victim@example.com");
        }
        let answer = server.anonymous().post(REGISTER, registration("mallory", "vICTIM@example.com")).await;
        answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
    }
}

// 31.
#[actix_web::test]
async fn one_plain_address_is_all_that_is_taken() {
    let server = Server::start(Kind::Sqlite).await;
    let (admin, ann) = (server.admin().await, server.register("ann").await);
    let before = server.database().dump();
    for email in MALFORMED_ADDRESSES {
        for (path, client) in [(REGISTER, &server.anonymous()), ("/api/users", &admin)] {
            let answer = client.post(path, registration("mallory", email)).await;
            assert_eq!(answer.status, 400, "{path} {email:?}: {}", answer.text);
            assert_eq!(
                answer.json()["error"]["message"],
                "email must be a valid email"
            );
        }
        let answer = admin
            .put(&format!("/api/users/{}", ann.id), json!({ "email": email }))
            .await;
        assert_eq!(answer.status, 400, "{email:?}: {}", answer.text);
    }
    for list in [
        json!(["v@example.com", "a@example.com"]),
        json!({ "0": "v@example.com" }),
    ] {
        let mut body = registration("mallory", "");
        body["email"] = list;
        assert_eq!(server.anonymous().post(REGISTER, body).await.status, 400);
    }
    assert_eq!(server.database().dump(), before);
}

/// Names that show as another one, or not at all.
const DECEPTIVE_NAMES: [&str; 24] = [
    " admin",
    "admin ",
    "\tadmin",
    "adm\u{456}n",
    "\u{430}dmin",
    "a\u{202e}bcd",
    "a\u{2066}bcd",
    "a\r\nbcd",
    "a\nbcd",
    "a\u{0}bcd",
    "a\u{7f}bcd",
    "a\u{9f}bcd",
    "a\u{200b}bcd",
    "a\u{200d}bcd",
    "a\u{2060}bcd",
    "a\u{feff}bcd",
    "a\u{ad}bcd",
    "a\u{34f}bcd",
    "a\u{115f}bcd",
    "a\u{3164}bcd",
    "a\u{e0041}bcd",
    "a\u{fe0f}bcd",
    "   ",
    "\u{3000}\u{3000}\u{3000}",
];

on_every_database! {
    async fn deceptive_names_are_refused_wherever_a_name_is_set(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        let before = server.database().dump();
        for name in DECEPTIVE_NAMES {
            let body = registration(name, "mallory@example.com");
            let answers = [
                server.anonymous().post(REGISTER, body.clone()).await,
                admin.post("/api/users", body).await,
                admin.put(&format!("/api/users/{}", ann.id), json!({ "username": name })).await,
            ];
            for answer in answers {
                assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
                answer.expect_refusal();
            }
        }
        assert_eq!(server.database().dump(), before);
    }

    // Else the owner of the address could be kept from signing in, or impersonated.
    async fn nobody_is_named_like_the_address_of_somebody_else(kind) {
        let server = Server::start(kind).await;
        let (admin, ann) = (server.admin().await, server.register("ann").await);
        server.register("victim").await;
        let before = server.database().dump();
        for name in [
            "victim@example.com", "Victim@Example.com", "VICTIM@EXAMPLE.COM", "\u{ff56}ictim@example.com",
            "victim\u{ff20}example.com", "victim\u{fe6b}example.com", "not.yet@example.com",
        ] {
            let body = registration(name, "mallory@example.com");
            let answers = [
                server.anonymous().post(REGISTER, body.clone()).await,
                admin.post("/api/users", body).await,
                admin.put(&format!("/api/users/{}", ann.id), json!({ "username": name })).await,
            ];
            for answer in answers {
                assert_eq!(answer.status, 400, "{name:?}: {}", answer.text);
            }
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn ones_own_address_is_a_name_and_does_not_stay_behind(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let body = registration("Carol@Example.com", "carol@example.com");
        let user = server.anonymous().post(REGISTER, body).await.expect(200)["user"].clone();
        assert_eq!(user["username"], "carol@example.com");
        server.login("CAROL@example.com", PASSWORD).await;
        // Moving away from the address would leave a name that is the next owner's address.
        let path = format!("/api/users/{}", user["id"]);
        let before = server.database().dump();
        for change in [
            json!({ "email": "elsewhere@example.com" }),
            json!({ "email": "elsewhere@example.com", "username": "carol@example.com" }),
            json!({ "email": "elsewhere@example.com", "username": "Carol@Example.com" }),
        ] {
            let answer = admin.put(&path, change).await;
            answer.expect_error(400, "ApplicationError", "username must not be an email address");
        }
        assert_eq!(server.database().dump(), before);
        admin.put(&path, json!({ "username": "carol@example.com", "blocked": false })).await.expect(200);
        let both = json!({ "email": "elsewhere@example.com", "username": "carol" });
        admin.put(&path, both).await.expect(200);
        server.anonymous().post(REGISTER, registration("carol2", "carol@example.com")).await.expect(200);
    }

    // Collations: MySQL's would take all of these for one.
    async fn names_that_differ_in_case_or_accent_are_two_names(kind) {
        let server = Server::start(kind).await;
        for (index, name) in ["zoe", "Zoe", "ZOE", "zoë", "zoé"].iter().enumerate() {
            let mut body = registration(name, &format!("zoe{index}@example.com"));
            body["password"] = json!(format!("password of {index}"));
            server.anonymous().post(REGISTER, body).await.expect(200);
        }
        for (index, name) in ["zoe", "Zoe", "ZOE", "zoë", "zoé"].iter().enumerate() {
            let body = json!({ "identifier": name, "password": format!("password of {index}") });
            let user = server.anonymous().post("/api/auth/local", body).await.expect(200);
            assert_eq!(user["user"]["email"], format!("zoe{index}@example.com"));
        }
        // One that needs normalising is found by its stored form, and by no other spelling.
        let before = server.database().dump();
        for name in ["\u{ff5a}oe", "zoe\u{301}", "zoe ", "ZoE"] {
            let body = json!({ "identifier": name, "password": "password of 0" });
            server.anonymous().post("/api/auth/local", body).await.expect_refusal();
        }
        for name in ["\u{ff5a}oe", "zoe\u{308}"] {
            let answer = server.anonymous().post(REGISTER, registration(name, "new@example.com")).await;
            answer.expect_error(400, "ApplicationError", "Email or Username are already taken");
        }
        assert_eq!(server.database().dump(), before);
    }
}
