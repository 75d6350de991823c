//! The description of applications that describe their handlers, or some, or none.

use acceptance::{Client, Kind, Server, TestDatabase, config};
use actix_web::{App, get, post, web};
use serde_json::{Value, json};
use users_permissions::openapi::utoipa::{self, OpenApi, ToSchema};
use users_permissions::openapi::{BadBody, Missing};
use users_permissions::{ProfileField, UsersPermissions, permission};

#[derive(ToSchema)]
#[allow(dead_code)]
struct Note {
    text: String,
}

/// One note.
///
/// Of a shelf.
#[utoipa::path(responses((status = 200, description = "The note", body = Note), Missing))]
#[permission("api::test-docs.described")]
#[get("/notes/{id:[0-9]+}")]
async fn described() -> &'static str {
    "note"
}

#[utoipa::path(
    operation_id = "writeNote",
    tag = "writing",
    context_path = "/v2/shelves/{shelf}",
    request_body = Note,
    security(("bearer" = [])),
    responses((status = 201, description = "Written"), BadBody)
)]
#[permission("api::test-docs.inContext")]
#[post("/notes")]
async fn in_context() -> &'static str {
    "note"
}

/// Nobody described this.
///
/// But for its comment.
#[permission("api::test-docs.bare")]
#[get("/bare/{a}/{tail:.*}")]
async fn bare() -> &'static str {
    "bare"
}

#[permission("api::test-docs.silent", auth = false)]
#[post("/silent")]
async fn silent() -> &'static str {
    "silent"
}

/// Has the inner path of another handler, and was not described.
#[permission("api::test-docs.aNamesake")]
#[get("/notes/{id:[0-9]+}")]
async fn namesake() -> &'static str {
    "namesake"
}

/// Is given to a route by hand, so nobody knows where before it is called.
#[utoipa::path(get, path = "/by-hand", responses((status = 200, description = "By hand")))]
#[permission("api::test-docs.byHand", auth = false)]
async fn by_hand() -> &'static str {
    "by hand"
}

/// Needs no permission.
#[utoipa::path(responses((status = 200, description = "Metrics")))]
#[get("/metrics")]
async fn metrics() -> &'static str {
    "metrics"
}

/// Answered in front of the application.
#[utoipa::path(get, path = "/elsewhere", responses((status = 200, description = "Elsewhere")))]
#[allow(dead_code)]
async fn elsewhere() {}

#[derive(OpenApi)]
#[openapi(
    info(title = "Notes", version = "7.0.0"),
    paths(described, in_context, by_hand, metrics, elsewhere)
)]
struct Api;

/// Serves the handlers in nested scopes, the plugin in another.
async fn serve(api: Option<utoipa::openapi::OpenApi>) -> (Server, Client) {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut builder = UsersPermissions::builder().config(config(&database));
    if let Some(api) = api {
        builder = builder.openapi(api);
    }
    let up = builder.build().await.expect("the plugin starts");
    let plugin = up.clone();
    let make = move || {
        let shelf = web::scope("/shelves/{shelf}")
            .service(described)
            .service(in_context)
            .service(bare);
        App::new()
            .wrap(plugin.middleware())
            .service(
                web::scope("/v2")
                    .service(shelf)
                    .service(web::scope("/drawer").service(namesake))
                    .service(silent)
                    .service(metrics)
                    .route("/by-hand", web::get().to(by_hand)),
            )
            .service(
                web::scope("/inner").service(web::scope("/auth-api").configure(plugin.routes())),
            )
    };
    let server = Server::serve(up, make).await.owning(database);
    let body = json!({ "identifier": "admin", "password": "AdminPass1" });
    let login = server
        .anonymous()
        .post("/inner/auth-api/auth/local", body)
        .await
        .expect(200);
    let admin = server
        .anonymous()
        .with_token(login["jwt"].as_str().unwrap());
    (server, admin)
}

async fn document(admin: &Client) -> Value {
    admin.get("/inner/auth-api/openapi.json").await.expect(200)
}

#[actix_web::test]
async fn described_handlers_get_their_scopes_their_action_and_their_security() {
    let (_server, admin) = serve(Some(Api::openapi())).await;
    let document = document(&admin).await;
    assert_eq!(document["info"]["version"], "7.0.0");
    let note = &document["paths"]["/v2/shelves/{shelf}/notes/{id}"]["get"];
    assert_eq!(note["summary"], "One note.");
    assert_eq!(
        note["description"],
        "Of a shelf.\n\nNeeds the permission `api::test-docs.test-docs.described`."
    );
    assert_eq!(note["operationId"], "testDocsDescribed");
    assert_eq!(
        note["x-required-permission"],
        "api::test-docs.test-docs.described"
    );
    assert_eq!(note["security"], json!([{}, { "bearer": [] }]));
    let statuses: Vec<_> = note["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "401", "403", "404", "503"]);
    let parameters: Vec<_> = note["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert!(
        parameters.contains(&&json!("shelf")) && parameters.contains(&&json!("id")),
        "{note}"
    );
    assert!(document["components"]["schemas"]["Note"].is_object());

    // What the author wrote stays.
    let write = &document["paths"]["/v2/shelves/{shelf}/notes"]["post"];
    assert_eq!(write["operationId"], "writeNote");
    assert_eq!(write["tags"], json!(["writing"]));
    assert_eq!(write["security"], json!([{ "bearer": [] }]));
    assert_eq!(write["x-action"], "api::test-docs.test-docs.inContext");
    assert!(document["paths"].get("/notes").is_none());
    assert!(document["paths"].get("/notes/{id}").is_none());
}

#[actix_web::test]
async fn handlers_nobody_described_are_there_all_the_same() {
    for api in [Some(Api::openapi()), None] {
        let (_server, admin) = serve(api).await;
        let document = document(&admin).await;
        let plain = &document["paths"]["/v2/shelves/{shelf}/bare/{a}/{tail}"]["get"];
        assert_eq!(plain["summary"], "Nobody described this.");
        assert_eq!(
            plain["description"],
            "But for its comment.\n\nNeeds the permission `api::test-docs.test-docs.bare`."
        );
        assert_eq!(plain["security"], json!([{}, { "bearer": [] }]));
        let names: Vec<_> = plain["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| &p["name"])
            .collect();
        assert_eq!(names, ["shelf", "a", "tail"]);
        let statuses: Vec<_> = plain["responses"].as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["401", "403", "503", "default"]);
        let open = &document["paths"]["/v2/silent"]["post"];
        assert_eq!(open["summary"], "api::test-docs.test-docs.silent");
        assert_eq!(open["security"], json!([]));
        assert_eq!(open["operationId"], "testDocsSilent");
    }
}

#[actix_web::test]
async fn a_handler_does_not_get_the_description_of_another() {
    let (_server, admin) = serve(Some(Api::openapi())).await;
    let document = document(&admin).await;
    let other = &document["paths"]["/v2/drawer/notes/{id}"]["get"];
    assert_eq!(
        other["summary"],
        "Has the inner path of another handler, and was not described."
    );
    assert!(other["responses"].get("200").is_none(), "{other}");
    let note = &document["paths"]["/v2/shelves/{shelf}/notes/{id}"]["get"];
    assert_eq!(note["summary"], "One note.");
}

#[actix_web::test]
async fn a_route_that_is_found_out_late_gets_its_action_then() {
    let (server, admin) = serve(Some(Api::openapi())).await;
    let before = document(&admin).await;
    let by_hand = &before["paths"]["/v2/by-hand"]["get"];
    assert_eq!(by_hand["responses"]["200"]["description"], "By hand");
    assert!(by_hand.get("x-action").is_none(), "{by_hand}");
    assert_eq!(server.anonymous().get("/v2/by-hand").await.status, 200);
    let after = document(&admin).await;
    let by_hand = &after["paths"]["/v2/by-hand"]["get"];
    assert_eq!(by_hand["x-action"], "api::test-docs.test-docs.byHand");
    assert_eq!(by_hand["responses"]["200"]["description"], "By hand");
}

#[actix_web::test]
async fn what_needs_no_permission_is_left_as_it_was_described() {
    let (_server, admin) = serve(Some(Api::openapi())).await;
    let document = document(&admin).await;
    for path in ["/v2/metrics", "/elsewhere"] {
        let operation = &document["paths"][path]["get"];
        assert!(operation["responses"]["200"].is_object(), "{path}");
        assert!(
            operation.get("x-action").is_none() && operation.get("security").is_none(),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn the_plugin_is_described_under_the_scope_it_is_served_in() {
    let (server, admin) = serve(None).await;
    let document = document(&admin).await;
    assert_eq!(document["info"]["title"], "API");
    let users = &document["paths"]["/inner/auth-api/users"]["get"];
    assert_eq!(users["x-action"], "plugin::users-permissions.user.find");
    assert!(
        document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .all(|path| !path.starts_with("/api"))
    );
    let page = server.anonymous().get("/inner/auth-api/docs").await;
    assert!(page.text.contains("src=\"docs/page.js\""), "{}", page.text);
    let script = server.anonymous().get("/inner/auth-api/docs/page.js").await;
    assert_eq!(script.status, 200);
}

#[actix_web::test]
async fn the_fields_an_application_declares_are_described_where_they_are_shown_and_taken() {
    let database = TestDatabase::create(Kind::Sqlite);
    let mut config = config(&database);
    config.register_allowed_fields = vec!["points".to_owned()];
    let builder = UsersPermissions::builder()
        .config(config)
        .profile_field(ProfileField::text("nickname").max_length(40).required())
        .profile_field(ProfileField::integer("points"))
        .profile_field(ProfileField::boolean("staff").private())
        .profile_field(ProfileField::time("bornAt"));
    let server = Server::with_builder(builder).await.owning(database);
    let document = server
        .admin()
        .await
        .get("/api/openapi.json")
        .await
        .expect(200);
    let schema =
        |name: &str| &document["components"]["schemas"][format!("users_permissions.{name}")];
    let required = |name: &str, field: &str| {
        let required = schema(name)["required"].as_array();
        required.is_some_and(|required| required.contains(&json!(field)))
    };
    // What is answered: nothing private, and null where a user has no value.
    let shown = [
        ("nickname", json!({ "type": ["string", "null"] })),
        (
            "points",
            json!({ "type": ["integer", "null"], "format": "int32" }),
        ),
        ("staff", Value::Null),
        (
            "bornAt",
            json!({ "type": ["string", "null"], "format": "date-time" }),
        ),
    ];
    for (field, expected) in shown {
        for name in ["User", "ShownUser"] {
            assert_eq!(
                schema(name)["properties"][field],
                expected,
                "{name}.{field}"
            );
        }
        assert_eq!(required("User", field), !expected.is_null(), "{field}");
        assert!(!required("ShownUser", field), "{field}");
    }
    // What is sent: null where nobody requires a value.
    let nickname = json!({ "type": "string", "minLength": 1, "maxLength": 40 });
    let sent = [
        ("nickname", nickname, true),
        (
            "points",
            json!({ "type": ["integer", "null"], "format": "int32" }),
            true,
        ),
        ("staff", json!({ "type": ["boolean", "null"] }), false),
        (
            "bornAt",
            json!({ "type": ["string", "null"], "format": "date-time" }),
            false,
        ),
    ];
    for (field, expected, on_registration) in sent {
        for name in ["NewUserBody", "UserBody"] {
            assert_eq!(
                schema(name)["properties"][field],
                expected,
                "{name}.{field}"
            );
        }
        let registration = &schema("RegistrationBody")["properties"][field];
        assert_eq!(registration.is_object(), on_registration, "{field}");
        let needed = field == "nickname";
        assert_eq!(required("NewUserBody", field), needed, "{field}");
        assert_eq!(required("RegistrationBody", field), needed, "{field}");
        assert!(!required("UserBody", field), "{field}");
    }
}

#[actix_web::test]
async fn answers_keep_to_the_described_schema_of_a_user() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let document = admin.get("/api/openapi.json").await.expect(200);
    let of = |name: &str| {
        let schema = json!({
            "$ref": format!("#/components/schemas/users_permissions.{name}"),
            "components": document["components"],
        });
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let body = json!({
        "username": "ann", "email": "ann@example.com", "password": "staple battery 9",
        "roles": { "connect": [{ "id": admin.role_id("authenticated").await }] }, "nickname": "A",
    });
    assert!(of("NewUserBody").is_valid(&body));
    let created = admin.post("/api/users", body).await.expect(201);
    assert!(of("User").is_valid(&created), "{created}");
    assert_eq!(created["roles"][0]["type"], "authenticated");
    let path = format!(
        "/api/users/{}?populate=roles&fields=nickname",
        created["id"]
    );
    let shown = admin.get(&path).await.expect(200);
    assert!(of("ShownUser").is_valid(&shown), "{shown}");
    // The schemas tell something else from these.
    for (field, value) in [("nickname", json!(7)), ("roles", json!([{}]))] {
        let mut broken = shown.clone();
        broken[field] = value;
        assert!(!of("ShownUser").is_valid(&broken), "{broken}");
    }
    let mut without = created.clone();
    without.as_object_mut().unwrap().remove("nickname");
    assert!(!of("User").is_valid(&without), "{without}");
}
