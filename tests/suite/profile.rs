//! Fields that an application adds to its users.

use acceptance::{Client, Kind, Server, TestDatabase, config, on_every_database};
use actix_web::{App, web};
use serde_json::{Value, json};
use users_permissions::{ProfileField, UsersPermissions};

const PASSWORD: &str = "staple battery 9";

/// A plugin with a field of each type, one of them private, one required.
async fn server(kind: Kind) -> Server {
    let database = TestDatabase::create(kind);
    let up = UsersPermissions::builder()
        .config(config(&database))
        .profile_field(
            ProfileField::text("nickname")
                .max_length(10)
                .on_registration(),
        )
        .profile_field(ProfileField::integer("points"))
        .profile_field(ProfileField::boolean("newsletter"))
        .profile_field(ProfileField::time("birth"))
        .profile_field(ProfileField::text("note").private())
        .profile_field(ProfileField::text("country").required())
        .build()
        .await
        .expect("the plugin starts");
    let plugin = up.clone();
    let app = move || {
        App::new()
            .wrap(plugin.middleware())
            .service(web::scope("/api").configure(plugin.routes()))
    };
    Server::serve(up, app).await.owning(database)
}

fn body(name: &str, more: Value) -> Value {
    let mut body = json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD, "country": "NZ" });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

async fn create(admin: &Client, name: &str, more: Value) -> i64 {
    let user = admin.post("/api/users", body(name, more)).await.expect(201);
    user["id"].as_i64().unwrap()
}

async fn found(admin: &Client, query: &str) -> Vec<String> {
    let users = admin
        .get(&format!(
            "/api/users?filters[username][$startsWith]=u&{query}"
        ))
        .await
        .expect(200);
    users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect()
}

on_every_database! {
    async fn values_are_stored_and_returned_everywhere(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let sent = json!({ "nickname": "Zoë", "points": -3, "newsletter": false, "birth": "1990-05-06T07:08:09.123Z", "note": "s3cret" });
        let created = admin.post("/api/users", body("ann", sent)).await.expect(201);
        let id = &created["id"];
        let me = server.login("ann", PASSWORD).await.get("/api/users/me").await.expect(200);
        let login = json!({ "identifier": "ann", "password": PASSWORD });
        let login = server.anonymous().post("/api/auth/local", login).await.expect(200);
        let one = admin.get(&format!("/api/users/{id}")).await.expect(200);
        let list = admin.get("/api/users?filters[username]=ann").await.expect(200);
        let changed = admin.put(&format!("/api/users/{id}"), json!({ "points": 4 })).await.expect(200);
        assert_eq!(changed["points"], 4);
        let deleted = admin.delete(&format!("/api/users/{id}")).await.expect(200);
        for user in [&created, &me, &login["user"], &one, &list[0], &changed, &deleted] {
            assert_eq!((&user["nickname"], &user["newsletter"], &user["country"]), (&json!("Zoë"), &json!(false), &json!("NZ")), "{user}");
            assert_eq!(user["birth"], "1990-05-06T07:08:09.123Z");
            assert!(user.get("note").is_none(), "{user}");
            assert!(!user.to_string().contains("s3cret"));
        }
        assert_eq!(server.database().number("SELECT COUNT(*) FROM up_profiles"), 0);
    }

    async fn registration_takes_the_allowed_ones_and_demands_the_required_ones(kind) {
        let server = server(kind).await;
        let anonymous = server.anonymous();
        let register = async |body: Value| anonymous.post("/api/auth/local/register", body).await;
        let registered = register(body("ann", json!({ "nickname": "A" }))).await.expect(200);
        assert_eq!((&registered["user"]["nickname"], &registered["user"]["points"]), (&json!("A"), &Value::Null));
        let before = server.database().dump();
        let answer = register(body("bob", json!({ "points": 1, "note": "x" }))).await;
        answer.expect_error(400, "ValidationError", "Invalid parameters: note, points");
        let mut missing = body("bob", json!({}));
        missing.as_object_mut().unwrap().remove("country");
        register(missing).await.expect_error(400, "ValidationError", "country is a required field");
        let answer = register(body("bob", json!({ "nickname": "x".repeat(11), "country": "" }))).await;
        let errors = answer.expect(400)["error"]["details"]["errors"].clone();
        assert_eq!(errors[0]["path"], json!(["nickname"]));
        assert_eq!(errors[1]["message"], "country is a required field");
        assert_eq!(server.database().dump(), before);
    }

    async fn values_of_a_wrong_type_change_nothing(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let id = create(&admin, "ann", json!({ "nickname": "A", "points": 1 })).await;
        let before = server.database().dump();
        for (field, value) in [
            ("nickname", json!(1)),
            ("nickname", json!(["A"])),
            ("nickname", json!({ "$ne": "A" })),
            ("nickname", json!("a\u{0}b")),
            ("points", json!("1")),
            ("points", json!(1.5)),
            ("points", json!(3_000_000_000i64)),
            ("newsletter", json!("true")),
            ("birth", json!("yesterday")),
            ("birth", json!("0000-01-01T00:00:00Z")),
            ("birth", json!(5)),
            ("country", Value::Null),
            ("country", json!("")),
        ] {
            let answer = admin.put(&format!("/api/users/{id}"), json!({ field: value, "username": "changed" })).await;
            let error = answer.expect_refusal();
            assert_eq!(error["error"]["details"]["errors"][0]["path"], json!([field]), "{error}");
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn null_takes_a_value_away(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let id = create(&admin, "ann", json!({ "nickname": "A", "points": 1 })).await;
        let changed = admin.put(&format!("/api/users/{id}"), json!({ "nickname": null })).await.expect(200);
        assert_eq!((&changed["nickname"], &changed["points"]), (&Value::Null, &json!(1)));
    }

    async fn lists_are_filtered_and_sorted_by_every_type(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        create(&admin, "u1x", json!({ "nickname": "zed", "points": 5, "newsletter": true, "birth": "2001-01-01T00:00:00Z" })).await;
        create(&admin, "u2x", json!({ "nickname": "amy_%", "points": 7, "newsletter": false, "birth": "2002-01-01T00:00:00Z" })).await;
        create(&admin, "u3x", json!({})).await;
        for (query, expected) in [
            ("filters[nickname]=zed", vec!["u1x"]),
            ("filters[nickname][$eqi]=zED", vec!["u1x"]),
            ("filters[nickname][$contains]=_%25", vec!["u2x"]),
            ("filters[nickname][$containsi]=E", vec!["u1x"]),
            ("filters[nickname][$startsWith]=a", vec!["u2x"]),
            ("filters[nickname][$startsWithi]=A", vec!["u2x"]),
            ("filters[nickname][$endsWith]=d", vec!["u1x"]),
            ("filters[nickname][$endsWithi]=D", vec!["u1x"]),
            ("filters[nickname][$in][0]=zed&filters[nickname][$in][1]=no", vec!["u1x"]),
            ("filters[nickname][$notNull]=true&sort=id", vec!["u1x", "u2x"]),
            ("filters[nickname][$null]=true", vec!["u3x"]),
            ("filters[points][$gt]=5", vec!["u2x"]),
            ("filters[points][$lte]=5", vec!["u1x"]),
            ("filters[points][$between][0]=6&filters[points][$between][1]=9", vec!["u2x"]),
            ("filters[newsletter]=true", vec!["u1x"]),
            ("filters[birth][$lt]=2001-06-01", vec!["u1x"]),
            ("filters[$or][0][points]=7&filters[$or][1][nickname]=zed&sort=id", vec!["u1x", "u2x"]),
            ("filters[points][$notNull]=true&sort=points:desc", vec!["u2x", "u1x"]),
            ("filters[points][$notNull]=true&sort=birth", vec!["u1x", "u2x"]),
            ("filters[points][$notNull]=true&sort=newsletter", vec!["u2x", "u1x"]),
            ("filters[points][$notNull]=true&sort=nickname", vec!["u2x", "u1x"]),
        ] {
            assert_eq!(found(&admin, query).await, expected, "{query}");
        }
        assert_eq!(admin.get("/api/users/count?filters[points][$gt]=5").await.expect(200), json!(1));
        let chosen = admin.get("/api/users?filters[username]=u1x&fields=nickname").await.expect(200);
        let keys: Vec<_> = chosen[0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["documentId", "id", "nickname"]);
    }

    async fn who_has_no_value_satisfies_neither_a_comparison_nor_its_opposite(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        let sent = json!({ "nickname": "zed", "points": 5, "newsletter": true, "birth": "2001-01-01T00:00:00.123456Z" });
        create(&admin, "u1x", sent).await;
        create(&admin, "u2x", json!({ "nickname": "amy", "points": 7, "newsletter": false, "birth": "2002-01-01T00:00:00Z" })).await;
        create(&admin, "u3x", json!({})).await;
        for (query, expected) in [
            ("filters[nickname][$ne]=zed", vec!["u2x"]),
            ("filters[nickname][$nei]=ZED", vec!["u2x"]),
            ("filters[nickname][$notIn][0]=zed&filters[nickname][$notIn][1]=no", vec!["u2x"]),
            ("filters[nickname][$notContains]=z", vec!["u2x"]),
            ("filters[nickname][$notContainsi]=Z", vec!["u2x"]),
            ("filters[nickname][$not][$startsWith]=z", vec!["u2x"]),
            ("filters[$not][nickname][$endsWithi]=D", vec!["u2x"]),
            ("filters[$not][$not][nickname]=zed", vec!["u1x"]),
            ("filters[$not][$or][0][nickname]=zed&filters[$not][$or][1][points]=9", vec!["u2x"]),
            ("filters[$not][$and][0][nickname]=zed&filters[$not][$and][1][points]=5", vec!["u2x"]),
            ("filters[nickname][$ne]=nobody&sort=id", vec!["u1x", "u2x"]),
            ("filters[points][$ne]=5", vec!["u2x"]),
            ("filters[points][$not][$gt]=5", vec!["u1x"]),
            ("filters[points][$not][$between]=6,9", vec!["u1x"]),
            ("filters[newsletter][$ne]=true", vec!["u2x"]),
            ("filters[birth]=2001-01-01T00:00:00.123Z", vec!["u1x"]),
            ("filters[birth][$ne]=2001-01-01T00:00:00.123Z", vec!["u2x"]),
            ("filters[birth][$gt]=2001-01-01T00:00:00.123Z", vec!["u2x"]),
            ("filters[birth][$lte]=2001-01-01T00:00:00.123Z", vec!["u1x"]),
            ("filters[nickname][$null]=true", vec!["u3x"]),
            ("filters[nickname][$notNull]=true&sort=id", vec!["u1x", "u2x"]),
            ("filters[$not][nickname][$null]=true&sort=id", vec!["u1x", "u2x"]),
            ("filters[$not][nickname][$notNull]=true", vec!["u3x"]),
        ] {
            assert_eq!(found(&admin, query).await, expected, "{query}");
        }
    }

    async fn private_fields_can_be_written_and_nothing_else(kind) {
        let server = server(kind).await;
        let admin = server.admin().await;
        create(&admin, "ann", json!({ "note": "s3cret" })).await;
        for query in ["filters[note]=s3cret", "filters[note][$startsWith]=s", "filters[$not][note]=x", "sort=note", "fields=note"] {
            let error = admin.get(&format!("/api/users?{query}")).await.expect_refusal();
            assert_eq!(error["error"]["message"].as_str().map(|text| text.starts_with("Invalid key note")), Some(true), "{query} {error}");
        }
        let shown = admin.get("/api/users?populate=*").await.text;
        assert!(!shown.contains("s3cret") && !shown.contains("note"), "{shown}");
    }

    async fn registration_fields_may_be_allowed_from_outside(kind) {
        let server = Server::start_with(kind, |config| {
            config.profile_fields.push(ProfileField::integer("points"));
            config.register_allowed_fields.push("points".into());
        }).await;
        let sent = json!({ "username": "ann", "email": "ann@example.com", "password": PASSWORD, "points": 3, "nickname": "A" });
        let user = server.anonymous().post("/api/auth/local/register", sent).await.expect(200)["user"].clone();
        assert_eq!((&user["points"], &user["nickname"]), (&json!(3), &json!("A")));
    }
}

#[actix_web::test]
async fn fields_every_user_has_cannot_be_declared_or_allowed() {
    let start = async |fields: Vec<ProfileField>, allowed: &[&str]| {
        let database = TestDatabase::create(Kind::Sqlite);
        let mut config = config(&database);
        config.profile_fields = fields;
        config.register_allowed_fields = allowed.iter().map(|name| (*name).to_owned()).collect();
        UsersPermissions::builder()
            .config(config)
            .build()
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    };
    for name in ["role", "confirmed", "resetPasswordToken", "a b", "$eq"] {
        let error = start(vec![ProfileField::text(name)], &[])
            .await
            .unwrap_err();
        assert!(error.contains(name), "{error}");
    }
    let twice = vec![ProfileField::text("nick"), ProfileField::integer("nick")];
    assert!(
        start(twice, &[])
            .await
            .unwrap_err()
            .contains("declared twice")
    );
    for name in ["role", "confirmed", "blocked", "provider", "nickname"] {
        let error = start(Vec::new(), &[name]).await.unwrap_err();
        assert!(
            error.contains("UP_REGISTER_ALLOWED_FIELDS") && error.contains(name),
            "{error}"
        );
    }
}
