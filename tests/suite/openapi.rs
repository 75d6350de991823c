//! The description of the API, as the example app serves it.

use std::collections::BTreeSet;

use acceptance::{Kind, Server, TestDatabase, on_every_database};
use serde_json::{Value, json};
use users_permissions::{Environment, ServedAction, SigningKeys, UsersPermissions};

use crate::tokens_of::by_sessions;

const DOCUMENT: &str = "/api/openapi.json";
const OWN: &str = "plugin::users-permissions.";

/// The description, as an administrator reads it.
async fn described(server: &Server) -> Value {
    server.admin().await.get(DOCUMENT).await.expect(200)
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation));
        }
    }
    found
}

/// `/connect/{provider:.*}` as OpenAPI writes it.
fn template(pattern: &str) -> String {
    pattern.replace(":.*}", "}")
}

/// The actions this application serves, with method and path.
fn served(up: &UsersPermissions) -> Vec<(ServedAction, String, String)> {
    let mut found = Vec::new();
    let is_page = |name: &str| name.starts_with("plugin::users-permissions.admin.");
    let all = up.catalog().into_iter();
    for action in all.filter(|served| !is_page(served.action.name())) {
        for route in action.routes.clone() {
            found.push((action.clone(), route.method, template(&route.path)));
        }
    }
    assert!(found.len() > 35, "{found:#?}");
    found
}

/// Every place that refers to another, and every name of a property.
fn walk(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                see(key, value);
                walk(value, see);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        _ => {}
    }
}

#[actix_web::test]
async fn the_description_keeps_to_the_schema_of_openapi_3_1() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1."),
        "{}",
        document["openapi"]
    );
    let schema = serde_json::from_str(include_str!("../openapi/schema-3.1.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error:.200}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    // The validator tells a broken document from a good one.
    let mut broken = document.clone();
    broken["paths"]["/api/users"]["get"]["responses"] = json!([]);
    assert!(!validator.is_valid(&broken));
}

#[actix_web::test]
async fn the_schemas_are_schemas() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 20);
    for (name, schema) in schemas {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
}

#[actix_web::test]
async fn every_reference_leads_somewhere_and_every_id_is_its_own() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    let mut references = 0;
    walk(&document, &mut |key, value| {
        if key == "$ref" {
            references += 1;
            let target = value.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(target).is_some(), "{target}");
        }
    });
    assert!(references > 100, "{references}");
    let operations = operations(&document);
    let ids: BTreeSet<_> = operations
        .iter()
        .map(|(.., operation)| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), operations.len());
    for (method, path, operation) in &operations {
        let described: BTreeSet<_> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: BTreeSet<_> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

#[actix_web::test]
async fn every_served_action_is_there_with_its_permission_and_its_security() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    let served = served(&server.up);
    for (action, method, path) in &served {
        let operation = &document["paths"][path][method.to_lowercase()];
        let place = format!("{method} {path}: {operation:#}");
        let name = action.action.name();
        assert_eq!(operation["x-action"], name, "{place}");
        let description = operation["description"].as_str().unwrap();
        assert!(description.contains(&format!("`{name}`")), "{place}");
        if action.action.is_open() {
            assert_eq!(operation["security"], json!([]), "{place}");
            assert!(operation.get("x-required-permission").is_none(), "{place}");
        } else {
            assert_eq!(operation["x-required-permission"], name, "{place}");
            let security = operation["security"].as_array().unwrap();
            assert!(security.contains(&json!({ "bearer": [] })), "{place}");
            for status in ["401", "403", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{place}");
            }
        }
    }
    let operations = operations(&document);
    assert_eq!(
        operations.len(),
        served.len(),
        "only what is served is described"
    );
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    // What the public may be granted lists no scheme beside the token; what needs a user does not.
    let security = |path: &str| document["paths"][path]["get"]["security"].clone();
    assert_eq!(security("/api/users"), json!([{}, { "bearer": [] }]));
    assert_eq!(security("/api/users/me"), json!([{ "bearer": [] }]));
}

#[actix_web::test]
async fn every_operation_of_the_plugin_is_described_by_hand() {
    let server = Server::start_with(Kind::Sqlite, by_sessions).await;
    let document = described(&server).await;
    for (action, method, path) in served(&server.up) {
        let Some(name) = action.action.name().strip_prefix(OWN) else {
            continue;
        };
        let place = format!("{method} {path}");
        let operation = &document["paths"][&path][method.to_lowercase()];
        let summary = operation["summary"].as_str().unwrap();
        assert!(summary.len() > 5 && !summary.contains("::"), "{place}");
        let statuses: Vec<_> = operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(
            !statuses.contains(&"default"),
            "{place} has no `#[utoipa::path]`"
        );
        // The one that is not there yet and has another answer than 404.
        let succeeds = statuses.iter().any(|status| status.starts_with(['2', '3']));
        assert!(succeeds || name == "auth.connect", "{place}: {statuses:?}");
        let open_page = ["keys.getJwks", "openapi.getPage"].contains(&name);
        let fails = statuses.iter().any(|status| status.starts_with('4'));
        assert!(fails || open_page, "{place}: {statuses:?}");
        let takes_a_body = operation.get("requestBody").is_some();
        assert_eq!(takes_a_body, statuses.contains(&"413"), "{place}");
        assert_eq!(takes_a_body, statuses.contains(&"415"), "{place}");
        for response in operation["responses"].as_object().unwrap().values() {
            assert!(
                response.get("$ref").is_some() || response["description"].is_string(),
                "{place}"
            );
        }
    }
}

#[actix_web::test]
async fn every_limited_operation_says_so_and_no_other() {
    let server = Server::start_with(Kind::Sqlite, |config| {
        by_sessions(config);
        config.ratelimit.enabled = true;
        config.ratelimit.max = 1_000;
    });
    let server = server.await;
    let document = described(&server).await;
    let mut limited = 0;
    for (action, method, path) in served(&server.up) {
        if !action.action.name().starts_with(OWN) {
            continue;
        }
        // Logging out ends the session that does.
        let admin = server.admin().await;
        let request = admin.request(method.parse().unwrap(), &path.replace('{', "x"));
        let answer = admin.send(request).await;
        let counts = answer.headers.contains_key("x-ratelimit-limit");
        let told = &document["paths"][&path][method.to_lowercase()]["responses"]["429"];
        assert_eq!(
            counts,
            !told.is_null(),
            "{method} {path}: {}",
            answer.status
        );
        limited += usize::from(counts);
    }
    assert_eq!(limited, 14);
    let shared = &document["components"]["responses"]["users_permissions.RateLimitError"];
    let headers: Vec<_> = shared["headers"].as_object().unwrap().keys().collect();
    let expected = [
        "Retry-After",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
    ];
    assert_eq!(headers, expected);
    // The words of the example are those of the answer.
    let error = &shared["content"]["application/json"]["example"]["error"];
    assert_eq!(
        error["message"],
        "Too many requests, please try again later."
    );
}

#[actix_web::test]
async fn settings_are_described_with_their_versions() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    for path in ["advanced", "email-templates"] {
        let item = &document["paths"][format!("/api/users-permissions/{path}")];
        for method in ["get", "put"] {
            let tag = &item[method]["responses"]["200"]["headers"]["ETag"];
            assert!(tag.is_object(), "{method} {path}");
        }
        let parameter = &item["put"]["parameters"][0];
        assert_eq!(parameter["name"], "If-Match", "{path}");
        assert_eq!(parameter["in"], "header", "{path}");
        assert_ne!(parameter["required"], true, "{path}");
        assert_eq!(
            item["put"]["responses"]["409"]["$ref"],
            "#/components/responses/users_permissions.ConflictError"
        );
    }
}

#[actix_web::test]
async fn changes_that_may_come_too_late_are_described_with_it() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    for method in ["put", "delete"] {
        assert_eq!(
            document["paths"]["/api/users/{id}"][method]["responses"]["409"]["$ref"],
            "#/components/responses/users_permissions.ConflictError",
            "{method}"
        );
    }
}

#[actix_web::test]
async fn no_answer_is_described_with_a_secret() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    let secrets = [
        "password",
        "passwordHash",
        "password_hash",
        "resetPasswordToken",
        "confirmationToken",
        "tokenVersion",
        "token_version",
        "author_id",
        "authorId",
    ];
    // Bodies may hold a password; what leaves them out is what is answered.
    let bodies: BTreeSet<String> = operations(&document)
        .iter()
        .flat_map(|(.., operation)| {
            let mut names = Vec::new();
            walk(&operation["requestBody"], &mut |key, value| {
                if key == "$ref" {
                    let name = value.as_str().unwrap().rsplit('/').next().unwrap();
                    names.push(name.to_owned());
                }
            });
            names
        })
        .collect();
    assert!(bodies.len() >= 8, "{bodies:?}");
    let mut looked_at = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if bodies.contains(name) {
            continue;
        }
        looked_at += 1;
        walk(schema, &mut |key, value| {
            if key == "properties" {
                for property in value.as_object().unwrap().keys() {
                    assert!(!secrets.contains(&property.as_str()), "{name}.{property}");
                }
            }
        });
    }
    assert!(looked_at > 12);
    for (method, path, operation) in operations(&document) {
        for response in operation["responses"].as_object().unwrap().values() {
            walk(response, &mut |key, value| {
                if key == "$ref" {
                    let name = value.as_str().unwrap().rsplit('/').next().unwrap();
                    assert!(!bodies.contains(name), "{method} {path} answers {name}");
                }
            });
        }
    }
}

#[actix_web::test]
async fn the_applications_own_description_is_part_of_it() {
    let server = Server::start(Kind::Sqlite).await;
    let document = described(&server).await;
    assert_eq!(document["info"]["title"], "Articles");
    let create = &document["paths"]["/api/articles"]["post"];
    assert_eq!(create["operationId"], "articleCreate");
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/NewArticleBody"
    );
    assert_eq!(
        create["responses"]["415"]["$ref"],
        "#/components/responses/users_permissions.UnsupportedMediaTypeError"
    );
    assert_eq!(document["paths"]["/health"]["get"]["security"], json!([]));
}

on_every_database! {
    // Without the first grants nobody but the administrator reads it; nobody has to be told so.
    async fn the_description_needs_its_permission(kind) {
        let server = Server::start(kind).await;
        server.anonymous().get(DOCUMENT).await.expect_forbidden();
        server.register("ann").await.client.get(DOCUMENT).await.expect_forbidden();
        let answer = server.admin().await.get(DOCUMENT).await;
        answer.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-store");
        server.anonymous().with_token("x.y.z").get(DOCUMENT).await.expect_bad_token();
    }

    async fn in_development_everybody_reads_it_until_an_administrator_objects(kind) {
        let database = TestDatabase::create(kind);
        let configured = || {
            let mut config = acceptance::config(&database);
            config.initial_grants = true;
            config
        };
        let server = Server::with_config(configured()).await;
        server.anonymous().get(DOCUMENT).await.expect(200);
        server.register("ann").await.client.get(DOCUMENT).await.expect(200);
        let admin = server.admin().await;
        let public = admin.role_id("public").await;
        admin.set_grants(public, &[&format!("{OWN}auth.callback")]).await.expect(200);
        server.anonymous().get(DOCUMENT).await.expect_forbidden();
        drop(server);
        let server = Server::with_config(configured()).await;
        server.anonymous().get(DOCUMENT).await.expect_forbidden();
    }

    async fn in_production_nobody_is_granted_it(kind) {
        let server = Server::start_with(kind, |config| {
            config.environment = Environment::Production;
            config.initial_grants = true;
            config.bcrypt_cost = 10;
            config.signing_keys = Some(SigningKeys::parse("pQ7vX2mK9rT4wZ8nB1cD6fG3hJ5kL0sA!").unwrap());
            config.public_url = "https://app.example".to_owned();
        })
        .await;
        server.anonymous().get(DOCUMENT).await.expect_forbidden();
        server.admin().await.get(DOCUMENT).await.expect(200);
    }
}
