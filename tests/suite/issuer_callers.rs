//! Who callers with tokens of trusted issuers are, and what they may.

use acceptance::{Client, Server};
use actix_web::middleware::{Compat, Condition};
use actix_web::{App, get, web};
use serde_json::{Value, json};
use users_permissions::{
    AuthUser, Caller, FromIssuer, HasClaim, HasPermission, IssuerUsers, TrustedIssuer, permission,
};

use crate::apps::grant;
use crate::issuer::Issuer;

const ACTIONS: [&str; 7] = [
    "api::test-issuer.test-issuer.who",
    "api::test-issuer.test-issuer.partners",
    "api::test-issuer.test-issuer.writers",
    "api::test-issuer.test-issuer.nested",
    "api::test-issuer.test-issuer.user",
    "api::test-issuer.test-issuer.scoped",
    "api::test-issuer.test-issuer.held",
];

fn shown(caller: &Caller) -> Value {
    let kind = match caller {
        Caller::Public => "public",
        Caller::User(_) => "user",
        Caller::Issuer(_) => "issuer",
    };
    let (roles, subject) = match caller {
        Caller::Public => (vec![], None),
        Caller::User(user) => (user.roles(), None),
        Caller::Issuer(caller) => (caller.roles(), Some(caller.subject())),
    };
    let roles: Vec<_> = roles.iter().map(|role| role.role_type.clone()).collect();
    json!({
        "kind": kind, "roles": roles, "subject": subject, "issuer": caller.issuer(),
        "organisation": caller.organisation(), "writes": caller.has_permission("articles:write"),
    })
}

#[permission("api::test-issuer.who")]
#[get("/who")]
async fn who(caller: Caller) -> web::Json<Value> {
    web::Json(shown(&caller))
}

fn partners_only() -> FromIssuer {
    // The one that `server` trusts, whatever its port.
    FromIssuer::new(PARTNER)
}

const PARTNER: &str = "https://partner.example";
/// Trusted as well, and somebody else.
const OTHER: &str = "https://other.example";

#[permission("api::test-issuer.partners", policies(partners_only()))]
#[get("/partners")]
async fn partners() -> &'static str {
    "partners"
}

#[permission(
    "api::test-issuer.writers",
    policies(HasPermission::new("articles:write"))
)]
#[get("/writers")]
async fn writers() -> &'static str {
    "writers"
}

#[permission(
    "api::test-issuer.nested",
    policies(HasClaim::new("realm.groups", "staff"))
)]
#[get("/nested")]
async fn nested() -> &'static str {
    "nested"
}

#[permission("api::test-issuer.user")]
#[get("/user")]
async fn as_user(caller: AuthUser) -> String {
    caller.username().to_owned()
}

#[permission("api::test-issuer.scoped")]
#[get("/scoped")]
async fn scoped() -> &'static str {
    "scoped"
}

/// The roles and actions a handler is told the caller has.
#[permission("api::test-issuer.held")]
#[get("/held")]
async fn held(caller: Caller) -> web::Json<Value> {
    let can = |action: &str| match &caller {
        Caller::Public => false,
        Caller::User(user) => user.can(action),
        Caller::Issuer(caller) => caller.can(action),
    };
    let roles = ["public", "authenticated", "editor", "administrator"];
    let actions = [
        "api::test-issuer.held",
        "api::test-issuer.who",
        "api::no.such",
    ];
    web::Json(json!({
        "is": roles.into_iter().filter(|role| caller.has_role(role)).collect::<Vec<_>>(),
        "can": actions.into_iter().filter(|action| can(action)).collect::<Vec<_>>(),
    }))
}

/// An application over the issuer at this place, called by the partner's name.
async fn server(issuer: &Issuer, change: impl FnOnce(&mut TrustedIssuer)) -> Server {
    let mut trusted = TrustedIssuer::new(PARTNER, [crate::issuer::AUDIENCE]);
    trusted.jwks_url = Some(format!("{}/keys", issuer.name()));
    let mut other = TrustedIssuer::new(OTHER, [crate::issuer::AUDIENCE]);
    other.jwks_url.clone_from(&trusted.jwks_url);
    change(&mut trusted);
    let issuers = vec![trusted, other];
    let (up, database) = crate::apps::plugin(|config| config.trusted_issuers = issuers).await;
    let inside = up.clone();
    let app = move || {
        let demanding = web::scope("/demanding")
            .wrap(inside.require_issuer(PARTNER))
            .service(scoped);
        let api = web::scope("/api")
            .service(demanding)
            .service(who)
            .service(partners)
            .service(writers)
            .service(nested)
            .service(as_user)
            .service(held)
            .configure(inside.routes());
        App::new().wrap(inside.middleware()).service(api)
    };
    let server = Server::serve(up, app).await.owning(database);
    grant(&server.admin().await, "authenticated", &ACTIONS).await;
    server
}

/// A caller with a token of the partner, with these claims on top.
fn partner(server: &Server, issuer: &Issuer, more: Value) -> Client {
    let mut claims = issuer.claims("ann");
    claims["iss"] = json!(PARTNER);
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Client::new(server.base(), Some(issuer.token(&claims)))
}

#[actix_web::test]
async fn a_stranger_has_claims_and_the_default_role() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |_| {}).await;
    let before = server.database().dump();
    let caller = partner(
        &server,
        &issuer,
        json!({ "org_code": "org_7", "permissions": ["articles:write"] }),
    );
    for _ in 0..2 {
        let shown = caller.get("/api/who").await.expect(200);
        assert_eq!(
            shown,
            json!({
                "kind": "issuer", "roles": ["authenticated"], "subject": "ann", "issuer": PARTNER,
                "organisation": "org_7", "writes": true,
            })
        );
    }
    caller.get("/api/user").await.expect_error(
        403,
        "ForbiddenError",
        "This needs a user account, and the token belongs to none",
    );
    caller.get("/api/users").await.expect_forbidden();
    assert_eq!(server.database().dump(), before, "nothing is stored");
}

#[actix_web::test]
async fn roles_come_from_the_claim_and_count_live() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.role_claim = Some("realm.roles".into());
        trusted.roles.insert("chief".into(), "administrator".into());
        trusted.default_role = "public".into();
    })
    .await;
    let admin = server.admin().await;
    let with = |roles: Value| partner(&server, &issuer, json!({ "realm": { "roles": roles } }));
    let editor = with(json!(["editor", "nobody"]));
    // Not there yet: what is left is the default.
    editor.get("/api/who").await.expect_forbidden();
    let id = admin.create_role("Editor", &ACTIONS).await;
    let roles = async |client: &Client| client.get("/api/who").await.expect(200)["roles"].clone();
    assert_eq!(roles(&editor).await, json!(["editor"]));
    assert_eq!(roles(&with(json!("Editor"))).await, json!(["editor"]));
    // A name of several words, alone in its text; and several names there.
    admin.create_role("Staff writers", &ACTIONS).await;
    for (text, found) in [
        ("Staff writers", json!(["staff_writers"])),
        ("Editor other", json!(["editor"])),
        ("Editor staff_writers", json!(["editor", "staff_writers"])),
    ] {
        assert_eq!(roles(&with(json!(text))).await, found, "{text}");
    }
    for text in ["Staff", "writers Staff", "Staff writers too"] {
        with(json!(text)).get("/api/who").await.expect_forbidden();
    }
    // In a list of objects, as Kinde has them; by a path that ends before them there is nothing.
    with(json!([{ "key": "editor" }]))
        .get("/api/who")
        .await
        .expect_forbidden();
    admin.set_grants(id, &[]).await.expect(200);
    editor.get("/api/who").await.expect_forbidden();
    // No claim makes an administrator by itself, the configuration may.
    for name in ["administrator", "Administrator"] {
        with(json!([name])).get("/api/who").await.expect_forbidden();
    }
    let chief = with(json!(["chief"]));
    assert_eq!(roles(&chief).await, json!(["administrator"]));
    chief.get("/api/users-permissions/roles").await.expect(200);
    // Of other shapes nothing comes.
    for odd in [
        json!(null),
        json!(7),
        json!({ "editor": true }),
        json!([["editor"]]),
    ] {
        with(odd).get("/api/who").await.expect_forbidden();
    }
}

#[actix_web::test]
async fn handlers_are_told_what_a_caller_is_and_may() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| trusted.role_claim = Some("roles".into())).await;
    let admin = server.admin().await;
    let action = "api::test-issuer.test-issuer.held";
    admin.create_role("Editor", &[action]).await;
    grant(&admin, "public", &[action]).await;
    let told = async |client: &Client| client.get("/api/held").await.expect(200);
    let both = json!(["api::test-issuer.held", "api::test-issuer.who"]);
    let editor = partner(&server, &issuer, json!({ "roles": ["editor"] }));
    assert_eq!(
        told(&editor).await,
        json!({ "is": ["editor"], "can": ["api::test-issuer.held"] })
    );
    for client in [
        partner(&server, &issuer, json!({})),
        server.register("bob").await.client,
    ] {
        assert_eq!(
            told(&client).await,
            json!({ "is": ["authenticated"], "can": both })
        );
    }
    assert_eq!(
        told(&server.anonymous()).await,
        json!({ "is": ["public"], "can": [] })
    );
}

#[actix_web::test]
async fn claims_may_be_called_otherwise() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.role_claim = Some("roles.key".into());
        trusted.permissions_claim = "https://partner.example/rights".into();
        trusted.organisation_claim = "tenant.id".into();
    })
    .await;
    server.admin().await.create_role("Editor", &ACTIONS).await;
    let claims = json!({
        "roles": [{ "id": "1", "key": "editor", "name": "Editors" }, { "key": "nobody" }],
        "https://partner.example/rights": ["articles:write"], "permissions": ["articles:read"],
        "tenant": { "id": "t-7" }, "org_code": "org_1",
    });
    let shown = partner(&server, &issuer, claims)
        .get("/api/who")
        .await
        .expect(200);
    assert_eq!(shown["roles"], json!(["editor"]));
    assert_eq!(shown["organisation"], "t-7");
    assert_eq!(shown["writes"], true);
}

/// Who is linked holds the roles of the user, and what the token permits is added.
#[actix_web::test]
async fn a_linked_user_may_what_the_token_permits() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.users = IssuerUsers::Link;
        trusted.permissions_grant = true;
    })
    .await;
    let admin = server.admin().await;
    let id = admin.role_id("authenticated").await;
    let (own, added) = ("api::test-issuer.held", "api::test-issuer.who");
    admin
        .set_grants(id, &["api::test-issuer.test-issuer.held"])
        .await
        .expect(200);
    for (permissions, may) in [
        (json!([]), json!([own])),
        (json!([added]), json!([own, added])),
    ] {
        let claims = json!({
            "email": "ann@example.com", "email_verified": true, "permissions": permissions,
        });
        let caller = partner(&server, &issuer, claims);
        let told = caller.get("/api/held").await.expect(200);
        assert_eq!(told, json!({ "is": ["authenticated"], "can": may }));
    }
}

#[actix_web::test]
async fn permissions_are_actions_where_it_is_configured() {
    let issuer = Issuer::start().await;
    let permissions = json!({ "permissions": [
        "api::test-issuer.who", "plugin::users-permissions.user.find", "api::no.such",
    ] });
    for grants in [false, true] {
        let server = server(&issuer, |trusted| {
            trusted.permissions_grant = grants;
            trusted.default_role = "public".into();
        })
        .await;
        let caller = partner(&server, &issuer, permissions.clone());
        for _ in 0..2 {
            let status = caller.get("/api/who").await.status;
            assert_eq!(status, if grants { 200 } else { 403 });
            caller.get("/api/user").await.expect_forbidden();
            // What the plugin itself does is for roles to grant.
            caller.get("/api/users").await.expect_forbidden();
        }
    }
}

#[actix_web::test]
async fn a_whole_application_demands_an_issuer() {
    let issuer = Issuer::start().await;
    for is_outermost in [false, true] {
        let mut trusted = issuer.trusted();
        trusted.users = IssuerUsers::Link;
        let name = trusted.issuer.clone();
        let (up, database) =
            crate::apps::plugin(|config| config.trusted_issuers = vec![trusted]).await;
        let inside = up.clone();
        let app = move || {
            let api = web::scope("/api").service(who).configure(inside.routes());
            let demand =
                |is_on| Compat::new(Condition::new(is_on, inside.require_issuer(name.as_str())));
            App::new()
                .wrap(demand(!is_outermost))
                .wrap(inside.middleware())
                .wrap(demand(is_outermost))
                .service(api)
        };
        let server = Server::serve(up, app).await.owning(database);
        let theirs = issuer.token(&issuer.claims_of_user("ann"));
        let theirs = server.anonymous().with_token(theirs);
        for _ in 0..2 {
            let me = theirs.get("/api/users/me").await.expect(200);
            assert_eq!(me["username"], "ann");
            for client in [server.anonymous(), server.anonymous().with_token("a.b.c")] {
                client.get("/api/who").await.expect_bad_token();
                let login = json!({ "identifier": "ann", "password": acceptance::PASSWORD });
                client
                    .post("/api/auth/local", login)
                    .await
                    .expect_bad_token();
            }
        }
    }
}

#[actix_web::test]
async fn a_demand_is_judged_by_the_plugin_that_makes_it() {
    let issuer = Issuer::start().await;
    let trusted = issuer.trusted();
    let name = trusted.issuer.clone();
    let (up, database) = crate::apps::plugin(|config| config.trusted_issuers = vec![trusted]).await;
    let (other, _others) = crate::apps::plugin(|_| {}).await;
    let inside = up.clone();
    let app = move || {
        App::new()
            .route("/open", web::get().to(async || "open"))
            .wrap(other.middleware())
            .wrap(inside.require_issuer(name.as_str()))
    };
    let server = Server::serve(up, app).await.owning(database);
    let theirs = issuer.token(&issuer.claims_of_user("ann"));
    let theirs = server.anonymous().with_token(theirs);
    for _ in 0..6 {
        assert_eq!(theirs.get("/open").await.status, 200);
        server.anonymous().get("/open").await.expect_bad_token();
    }
}

#[actix_web::test]
async fn scopes_and_handlers_demand_an_issuer() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |_| {}).await;
    let admin = server.admin().await;
    grant(
        &admin,
        "public",
        &[
            "api::test-issuer.test-issuer.scoped",
            "api::test-issuer.test-issuer.partners",
        ],
    )
    .await;
    let theirs = partner(&server, &issuer, json!({}));
    let ann = server.register("ann").await.client;
    let broken = server.anonymous().with_token("a.b.c");
    let others = partner(&server, &issuer, json!({ "iss": OTHER }));
    others.get("/api/who").await.expect(200);
    for path in ["/api/partners", "/api/demanding/scoped"] {
        for _ in 0..2 {
            assert_eq!(theirs.get(path).await.status, 200, "{path}");
            for refused in [&ann, &server.anonymous(), &broken, &others] {
                refused.get(path).await.expect_bad_token();
            }
        }
    }
}

#[actix_web::test]
async fn policies_ask_claims_of_strangers_as_of_users() {
    let issuer = Issuer::start().await;
    for users in [IssuerUsers::None, IssuerUsers::Link] {
        let server = server(&issuer, |trusted| trusted.users = users).await;
        let with = |more: Value| {
            let mut claims = json!({ "email": "ann@example.com", "email_verified": true });
            claims
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            partner(&server, &issuer, claims)
        };
        let writer =
            with(json!({ "permissions": ["articles:write"], "realm": { "groups": ["staff"] } }));
        let reader = with(json!({ "permissions": "articles:read", "realm": "staff" }));
        for path in ["/api/writers", "/api/nested"] {
            assert_eq!(writer.get(path).await.status, 200, "{path}");
            reader.get(path).await.expect_forbidden();
        }
        // Our own tokens carry none.
        let bob = server.register("bob").await.client;
        bob.get("/api/writers").await.expect_forbidden();
    }
}

#[actix_web::test]
async fn what_a_token_gives_a_user_comes_on_top_of_its_roles() {
    let issuer = Issuer::start().await;
    let server = server(&issuer, |trusted| {
        trusted.users = IssuerUsers::Link;
        trusted.role_claim = Some("roles".into());
    })
    .await;
    let admin = server.admin().await;
    admin
        .create_role("Editor", &["plugin::users-permissions.user.count"])
        .await;
    let email = json!({ "email": "ann@example.com", "email_verified": true });
    let plain = partner(&server, &issuer, email.clone());
    let mut more = email;
    more["roles"] = json!(["editor", "administrator"]);
    let editor = partner(&server, &issuer, more);
    for _ in 0..2 {
        plain.get("/api/users/count").await.expect_forbidden();
        editor.get("/api/users/count").await.expect(200);
        editor.get("/api/users").await.expect_forbidden();
        let shown = editor.get("/api/who").await.expect(200);
        assert_eq!(shown["roles"], json!(["authenticated", "editor"]));
        assert_eq!(shown["kind"], "user");
    }
}
