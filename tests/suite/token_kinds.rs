//! Every kind of token is good in its own places and in no other.

use acceptance::providers::Simulators;
use acceptance::{
    Answer, Browser, Client, Kind, PASSWORD, Server, TestDatabase, config, on_every_database,
};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use users_permissions::{IssuerUsers, KeyPair};

use crate::issuer::Issuer;
use crate::social::{Browser as SocialBrowser, enable};
use crate::tokens_of::{by_sessions, caller, me, refresh, sign_in};

const PROVIDER: &str = "github";
/// One that accepts its own tokens.
const ACCEPTED: &str = "google";
const PAIR: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEILOvxpJId2pwpSH9nSGnLAear+ZmvBQMIIm3+yYEM79t
-----END PRIVATE KEY-----";

/// Where a token may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BearerWithSessions,
    BearerWithoutSessions,
    /// `refreshToken` of `/auth/refresh`, and the cookie in its place.
    Refresh,
    RefreshCookie,
    Reset,
    Confirmation,
    SetUp,
    /// `access_token` of `/auth/{provider}/callback`.
    Ticket,
    /// `id_token` there, of a provider whose own tokens are accepted.
    IdToken,
    /// `state` of `/connect/{provider}/callback`, and the cookie that is compared with it.
    State,
    FlowCookie,
    /// The pages for administrators: their cookie, the token of their forms, and a bearer.
    AdminCookie,
    AdminForm,
    AdminBearer,
}

use Place::*;

const PLACES: [Place; 14] = [
    BearerWithSessions,
    BearerWithoutSessions,
    Refresh,
    RefreshCookie,
    Reset,
    Confirmation,
    SetUp,
    Ticket,
    IdToken,
    State,
    FlowCookie,
    AdminCookie,
    AdminForm,
    AdminBearer,
];

/// A login at the provider that is on its way back.
struct Flow {
    cookie: String,
    state: String,
    /// The path it comes back on, without the state.
    path: String,
}

impl Flow {
    async fn start(server: &Server) -> Self {
        let mut browser = SocialBrowser::new(server);
        assert_eq!(browser.connect(PROVIDER, &[]).await.status, 302);
        let back = browser.at_provider().await;
        let (path, query) = back.split_once('?').unwrap();
        let (states, rest): (Vec<_>, Vec<_>) = query
            .split('&')
            .partition(|field| field.starts_with("state="));
        Self {
            cookie: browser.cookie.unwrap(),
            state: states[0]["state=".len()..].to_owned(),
            path: format!("{path}?{}", rest.join("&")),
        }
    }

    fn cookie_value(&self) -> &str {
        self.cookie.split_once('=').unwrap().1
    }
}

/// Servers over one database, with sessions and without, and what is on its way there.
struct Stage {
    sessions: Server,
    /// As `sessions`, which verifies the tokens of both; signs by a secret and not by a key pair.
    by_secret: Server,
    legacy: Server,
    admin_cookie: String,
    admin_form: String,
    by_state: Flow,
    by_cookie: Flow,
}

impl Stage {
    async fn start(database: &TestDatabase, simulators: &Simulators, issuer: &Issuer) -> Self {
        let legacy = Server::with_config(config(database)).await;
        let mut by = config(database);
        by_sessions(&mut by);
        let by_secret = Server::with_config(by.clone()).await;
        by.jwt_keys = vec![KeyPair::new("pair", PAIR)];
        enable(&mut by, simulators, PROVIDER);
        enable(&mut by, simulators, ACCEPTED);
        let accepted = by.providers.get_mut(ACCEPTED).unwrap();
        accepted.accept_provider_tokens = true;
        let mut trusted = issuer.trusted();
        trusted.users = IssuerUsers::Link;
        by.trusted_issuers = vec![trusted];
        let sessions = Server::with_config(by).await;
        let mut admin = Browser::signed_in(&sessions, "admin", "AdminPass1").await;
        // The first form is what the cookie then knows.
        let page = admin.page("/admin/users").await;
        Self {
            admin_form: page.value("_csrf").unwrap(),
            admin_cookie: admin.jar["up_admin"].clone(),
            by_state: Flow::start(&sessions).await,
            by_cookie: Flow::start(&sessions).await,
            sessions,
            by_secret,
            legacy,
        }
    }

    async fn with_cookie(&self, path: &str, cookie: &str) -> Answer {
        let anonymous = self.sessions.anonymous();
        let request = anonymous.request(Method::GET, path);
        anonymous.send(request.header("cookie", cookie)).await
    }

    async fn admin_page(&self, cookie: &str) -> Answer {
        self.with_cookie("/admin/users", &format!("up_admin={cookie}"))
            .await
    }

    /// Shows a token in a place.
    async fn show(&self, place: Place, token: &str) -> Answer {
        let anonymous = self.sessions.anonymous();
        match place {
            BearerWithSessions => me(&self.sessions, token).await,
            BearerWithoutSessions => me(&self.legacy, token).await,
            Refresh => refresh(&self.sessions, token).await,
            RefreshCookie => {
                let request = anonymous.request(Method::POST, "/api/auth/refresh");
                let cookie = format!("strapi_up_refresh={token}");
                let request = request.header("cookie", cookie).json(&json!({}));
                anonymous.send(request).await
            }
            Reset => {
                let body = json!({ "code": token, "password": PASSWORD, "passwordConfirmation": PASSWORD });
                anonymous.post("/api/auth/reset-password", body).await
            }
            Confirmation => {
                let path = "/api/auth/email-confirmation";
                get(&anonymous, path, "confirmation", token).await
            }
            SetUp => {
                let body = json!({
                    "token": token, "username": "mallory", "email": "m@example.com", "password": PASSWORD,
                });
                anonymous.post("/api/users-permissions/setup", body).await
            }
            Ticket => {
                let path = format!("/api/auth/{PROVIDER}/callback");
                get(&anonymous, &path, "access_token", token).await
            }
            IdToken => {
                let path = format!("/api/auth/{ACCEPTED}/callback");
                get(&anonymous, &path, "id_token", token).await
            }
            State => {
                let Flow { cookie, path, .. } = &self.by_state;
                let request = anonymous.request(Method::GET, path);
                let request = request.query(&[("state", token)]).header("cookie", cookie);
                anonymous.send(request).await
            }
            FlowCookie => {
                let Flow { state, path, .. } = &self.by_cookie;
                let path = format!("{path}&state={state}");
                self.with_cookie(&path, &format!("up_connect={token}"))
                    .await
            }
            AdminCookie => self.admin_page(token).await,
            AdminForm => {
                let request = anonymous.request(Method::POST, "/admin/theme");
                let cookie = format!("up_admin={}", self.admin_cookie);
                let form = [("_csrf", token), ("theme", "dark")];
                anonymous
                    .send(request.header("cookie", cookie).form(&form))
                    .await
            }
            AdminBearer => caller(&self.sessions, token).get("/admin/users").await,
        }
    }

    /// Is it taken there? What is refused is refused as everything else is.
    async fn takes(&self, place: Place, token: &str) -> bool {
        let answer = self.show(place, token).await;
        let status = answer.status.as_u16();
        let leads_to = |part: &str| {
            let location = answer.headers.get("location");
            location.is_some_and(|location| location.to_str().unwrap().contains(part))
        };
        match place {
            State | FlowCookie => {
                assert_eq!(status, 302, "{place:?}: {}", answer.text);
                assert!(leads_to("?access_token=") || leads_to("?error=state_mismatch"));
                leads_to("?access_token=")
            }
            AdminCookie | AdminBearer => {
                assert!(
                    status == 200 || leads_to("/admin/login"),
                    "{place:?}: {status}"
                );
                status == 200
            }
            _ => {
                let (good, bad): (u16, &[u16]) = match place {
                    BearerWithSessions | BearerWithoutSessions => (200, &[401]),
                    Refresh | RefreshCookie => (200, &[401]),
                    Confirmation => (302, &[400]),
                    AdminForm => (303, &[409]),
                    _ => (200, &[400]),
                };
                assert!(
                    status == good || bad.contains(&status),
                    "{place:?}: {status} {}",
                    answer.text
                );
                status == good
            }
        }
    }
}

async fn get(client: &Client, path: &str, field: &str, value: &str) -> Answer {
    client
        .send(client.request(Method::GET, path).query(&[(field, value)]))
        .await
}

/// A kind of token, one of it, and where it is good; several places use up one each.
struct Specimen {
    kind: &'static str,
    token: String,
    good: &'static [Place],
}

fn specimen(kind: &'static str, token: impl Into<String>, good: &'static [Place]) -> Specimen {
    Specimen {
        kind,
        token: token.into(),
        good,
    }
}

/// One of every kind. In this order: what is taken is used up, and a reset ends the sessions.
async fn specimens(
    stage: &Stage,
    simulators: &Simulators,
    issuer: &Issuer,
    database: &TestDatabase,
) -> Vec<Specimen> {
    let (sessions, anonymous) = (&stage.sessions, stage.sessions.anonymous());
    let admin = sessions.admin().await;
    let ann = stage.legacy.register("ann").await;
    // May do everything, so that nothing is refused for want of rights.
    let role = admin.role_id("administrator").await;
    let path = format!("/api/users/{}", ann.id);
    admin.put(&path, json!({ "role": role })).await.expect(200);
    let (pair, kept) = (
        sign_in(&stage.by_secret, "ann").await,
        sign_in(sessions, "ann").await,
    );
    let algorithm = |jwt: &str| jsonwebtoken::decode_header(jwt).unwrap().alg;
    assert_eq!(algorithm(&pair.jwt), jsonwebtoken::Algorithm::HS256);
    assert_eq!(algorithm(&kept.jwt), jsonwebtoken::Algorithm::EdDSA);
    // Bob has yet to confirm an address, Ann wants a new password.
    let body = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
    admin.post("/api/users", body).await.expect(201);
    for (path, address) in [
        ("forgot-password", "ann@example.com"),
        ("send-email-confirmation", "bob@example.com"),
    ] {
        let body = json!({ "email": address });
        anonymous
            .post(&format!("/api/auth/{path}"), body)
            .await
            .expect(200);
    }
    let reset = sessions
        .mail_to("ann@example.com", "Reset password", 1)
        .await;
    let confirmation = sessions
        .mail_to("bob@example.com", "Account confirmation", 1)
        .await;
    // As if the start had printed it.
    let set_up = "5e7".repeat(21);
    let hash: String = Sha256::digest(&set_up)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    database.execute(&format!(
        "INSERT INTO up_codes (purpose, code_hash, expires_at, created_at) \
         VALUES ('setup', '{hash}', '2099-01-01 00:00:00', '2026-01-01 00:00:00')"
    ));
    let of_issuer = issuer.token(&issuer.claims_of_user("eve"));
    me(sessions, &of_issuer).await.expect(200);
    let listed = caller(sessions, &pair.jwt)
        .get("/api/auth/sessions")
        .await
        .expect(200);
    let session_id = listed["data"][0]["id"].as_str().unwrap();
    let ticket = SocialBrowser::new(sessions).login(PROVIDER).await["access_token"].clone();
    // Of somebody else, whose address nobody has.
    simulators.person("4712", "second@example.com", "second");
    let id_token = simulators.id_token(ACCEPTED);
    vec![
        specimen("session id", session_id, &[]),
        specimen(
            "long-lived",
            ann.client.jwt.unwrap(),
            &[BearerWithoutSessions],
        ),
        specimen("access", pair.jwt, &[BearerWithSessions]),
        specimen("access by a key pair", kept.jwt, &[BearerWithSessions]),
        specimen("of a trusted issuer", of_issuer, &[BearerWithSessions]),
        specimen("refresh", pair.refresh, &[Refresh]),
        specimen("refresh in the cookie", kept.refresh, &[RefreshCookie]),
        specimen("ticket", ticket, &[Ticket]),
        specimen("id token", id_token, &[IdToken]),
        specimen("state", &stage.by_state.state, &[State]),
        specimen("flow", stage.by_cookie.cookie_value(), &[FlowCookie]),
        specimen("admin cookie", &stage.admin_cookie, &[AdminCookie]),
        specimen("admin form", &stage.admin_form, &[AdminForm]),
        specimen("confirmation", confirmation.code(), &[Confirmation]),
        specimen("reset", reset.code(), &[Reset]),
        specimen("set-up", set_up, &[SetUp]),
    ]
}

on_every_database! {
    async fn no_kind_of_token_passes_for_another(kind) {
        let (simulators, issuer) = (Simulators::start().await, Issuer::start().await);
        let database = TestDatabase::create(kind);
        let stage = Stage::start(&database, &simulators, &issuer).await;
        let specimens = specimens(&stage, &simulators, &issuer, &database).await;
        let before = database.dump();
        for Specimen { kind, token, good } in &specimens {
            for place in PLACES {
                // A refresh token is one, in the body and in the cookie.
                let is_refresh = kind.starts_with("refresh") && matches!(place, Refresh | RefreshCookie);
                if !good.contains(&place) && !is_refresh {
                    assert!(!stage.takes(place, token).await, "a token of kind `{kind}` as {place:?}");
                }
            }
        }
        assert_eq!(database.dump(), before, "what is refused changes nothing");
        // And used nothing up: each is good for what it is.
        for Specimen { kind, token, good } in &specimens {
            if *kind == "set-up" {
                // Who has an administrator needs no other.
                database.execute("UPDATE up_user_roles SET role_id = (SELECT id FROM up_roles WHERE role_type = 'authenticated')");
            }
            for place in *good {
                assert!(stage.takes(*place, token).await, "a token of kind `{kind}` as {place:?}");
            }
        }
    }
}

#[actix_web::test]
async fn claims_decide_and_not_the_signature_alone() {
    let server = crate::tokens_of::server(Kind::Sqlite).await;
    server.register("ann").await;
    let pair = sign_in(&server, "ann").await;
    let claims = crate::forge::payload(&pair.jwt);
    let as_bearer = async |claims: &Value| {
        me(&server, &crate::forge::session_token(claims))
            .await
            .status
            .as_u16()
    };
    assert_eq!(as_bearer(&claims).await, 200);
    let id = claims["userId"].as_str().unwrap();
    for (name, value) in [
        ("type", json!("refresh")),
        ("userId", json!(id.parse::<i64>().unwrap())),
        ("userId", json!("1")),
        ("userId", json!(format!("0{id}"))),
        ("sessionId", json!("0".repeat(32))),
        ("sessionId", json!("")),
        ("sub", json!("admin:1")),
        ("aud", json!("admin")),
        ("iss", json!("somebody")),
    ] {
        let mut forged = claims.clone();
        forged[name] = value.clone();
        assert_eq!(as_bearer(&forged).await, 401, "{name}: {value}");
    }
}
