//! What is protected, as the API tells it.

use acceptance::{Kind, Server};
use serde_json::{Value, json};

#[actix_web::test]
async fn the_tree_holds_every_action_of_the_catalog_and_nothing_enabled() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let tree = admin
        .get("/api/users-permissions/permissions")
        .await
        .expect(200)["permissions"]
        .clone();
    let mut found = Vec::new();
    for (unit, value) in tree.as_object().unwrap() {
        assert_eq!(
            value.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["controllers"]
        );
        for (controller, value) in value["controllers"].as_object().unwrap() {
            for (action, value) in value.as_object().unwrap() {
                assert_eq!(*value, json!({ "enabled": false, "policy": "" }));
                found.push(format!("{unit}.{controller}.{action}"));
            }
        }
    }
    found.sort();
    let catalog: Vec<_> = server
        .up
        .catalog()
        .iter()
        .map(|served| served.action.name().to_owned())
        .collect();
    assert_eq!(found, catalog);
    assert_eq!(
        tree["api::article"]["controllers"]["article"]["findOne"]["enabled"],
        false
    );
    assert_eq!(
        tree["plugin::users-permissions"]["controllers"]["auth"]["callback"]["enabled"],
        false
    );
}

#[actix_web::test]
async fn the_listing_tells_method_full_url_source_and_description_of_every_action() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    let report = admin.get("/api/users-permissions/routes").await.expect(200);
    let action = |name: &str| {
        let actions = report["actions"].as_array().unwrap();
        actions
            .iter()
            .find(|action| action["action"] == name)
            .unwrap_or_else(|| panic!("{name} is missing"))
            .clone()
    };
    let update = action("api::article.article.update");
    assert_eq!(
        update["routes"],
        json!([{ "method": "PUT", "path": "/api/articles/{document_id}" }])
    );
    assert_eq!(
        update["description"],
        "Changes an article; its author and administrators only."
    );
    assert_eq!(update["handler"], "example_app::articles::update");
    assert!(
        update["file"].as_str().unwrap().ends_with("articles.rs")
            && update["line"].as_u64().unwrap() > 1
    );
    assert_eq!(
        (&update["open"], &update["known"]),
        (&json!(false), &json!(true))
    );
    let callback = action("plugin::users-permissions.auth.callback");
    let mut routes: Vec<Value> = callback["routes"].as_array().unwrap().clone();
    routes.sort_by_key(Value::to_string);
    let expected = [
        json!({ "method": "GET", "path": "/api/auth/{provider}/callback" }),
        json!({ "method": "POST", "path": "/api/auth/local" }),
    ];
    assert_eq!(routes, expected);
    assert_eq!(action("api::app.app.health")["open"], true);
    assert_eq!(
        action("api::app.app.health")["routes"],
        json!([{ "method": "GET", "path": "/health" }])
    );
    assert_eq!(
        (&report["unlisted"], &report["stale"]),
        (&json!([]), &json!([]))
    );
    // Actions of this test program that the example app does not serve.
    for unlocated in report["unlocated"].as_array().unwrap() {
        assert!(
            unlocated.as_str().unwrap().starts_with("api::test-"),
            "{unlocated}"
        );
    }
}

#[actix_web::test]
async fn the_listings_need_their_permission_each() {
    let server = Server::start(Kind::Sqlite).await;
    let admin = server.admin().await;
    for (name, action, path) in [
        (
            "One",
            "permissions.getPermissions",
            "/api/users-permissions/permissions",
        ),
        (
            "Two",
            "permissions.getRoutes",
            "/api/users-permissions/routes",
        ),
        ("Three", "role.find", "/api/users-permissions/roles"),
        ("Four", "role.findOne", "/api/users-permissions/roles/1"),
    ] {
        let role = admin
            .create_role(
                &format!("Only {name}"),
                &[&format!("plugin::users-permissions.{action}")],
            )
            .await;
        let client = admin.create_user(&format!("only{name}"), role).await.client;
        for other in [
            "/api/users-permissions/permissions",
            "/api/users-permissions/routes",
            "/api/users-permissions/roles",
            "/api/users-permissions/roles/1",
        ] {
            client
                .get(other)
                .await
                .expect(if other == path { 200 } else { 403 });
        }
    }
}
