//! Users of several roles: rights are the union, `role` stays the primary one.

use acceptance::{Client, Server, on_every_database};
use futures_util::future::join;
use serde_json::{Value, json};

const PING: &str = "api::article.article.ping";
const FIND: &str = "api::article.article.find";

/// The ids of a user's roles, the primary one first.
async fn roles(admin: &Client, id: i64) -> Vec<i64> {
    let user = admin
        .get(&format!(
            "/api/users/{id}?populate[0]=role&populate[1]=roles"
        ))
        .await
        .expect(200);
    let roles: Vec<i64> = user["roles"]
        .as_array()
        .expect("roles")
        .iter()
        .map(|role| role["id"].as_i64().expect("an id"))
        .collect();
    assert_eq!(user["role"]["id"], roles[0], "{user}");
    roles
}

async fn change(admin: &Client, id: i64, body: Value) -> Value {
    admin
        .put(&format!("/api/users/{id}"), body)
        .await
        .expect(200)
}

on_every_database! {
    async fn rights_are_the_union_and_follow_every_change_at_once(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (pinger, finder) = (admin.create_role("Pinger", &[PING]).await, admin.create_role("Finder", &[FIND]).await);
        let ann = admin.create_user("ann", pinger).await;
        let may = async |ping: u16, find: u16| {
            for _ in 0..4 {
                ann.client.get("/api/ping").await.expect(ping);
                ann.client.get("/api/articles").await.expect(find);
            }
        };
        may(200, 403).await;
        change(&admin, ann.id, json!({ "roles": [pinger, finder] })).await;
        may(200, 200).await;
        admin.set_grants(finder, &[]).await.expect(200);
        may(200, 403).await;
        admin.set_grants(finder, &[FIND]).await.expect(200);
        change(&admin, ann.id, json!({ "roles": { "disconnect": [pinger] } })).await;
        may(403, 200).await;
        assert_eq!(roles(&admin, ann.id).await, [finder]);
    }

    async fn roles_are_written_in_every_notation(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (one, two, three) =
            (admin.create_role("One", &[]).await, admin.create_role("Two", &[]).await, admin.create_role("Three", &[]).await);
        let body = json!({ "username": "bob", "email": "bob@example.com", "password": "staple battery 9", "roles": [two, one] });
        let created = admin.post("/api/users", body).await.expect(201);
        let id = created["id"].as_i64().unwrap();
        assert_eq!((&created["role"]["id"], created["roles"].as_array().unwrap().len()), (&json!(two), 2));
        assert_eq!(roles(&admin, id).await, [two, one]);
        for (body, expected) in [
            (json!({ "role": three }), vec![three, one]),
            (json!({ "roles": [one, three] }), vec![three, one]),
            (json!({ "role": one, "roles": [one, two] }), vec![one, two]),
            (json!({ "roles": { "connect": [{ "id": three }, { "id": two }] } }), vec![one, two, three]),
            (json!({ "roles": { "disconnect": [one.to_string()] } }), vec![two, three]),
            (json!({ "roles": { "set": [{ "id": one }] } }), vec![one]),
            (json!({ "username": "bobby" }), vec![one]),
        ] {
            change(&admin, id, body.clone()).await;
            assert_eq!(roles(&admin, id).await, expected, "{body}");
        }
        let document = admin.get(&format!("/api/users-permissions/roles/{two}")).await.expect(200)["role"]["documentId"].clone();
        change(&admin, id, json!({ "roles": { "connect": [{ "documentId": document }] } })).await;
        assert_eq!(roles(&admin, id).await, [one, two]);
    }

    async fn nobody_is_left_without_a_role(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let one = admin.create_role("One", &[]).await;
        let ann = admin.create_user("ann", one).await;
        let before = server.database().dump();
        for body in [
            json!({ "roles": [] }),
            json!({ "roles": { "set": [] } }),
            json!({ "roles": { "disconnect": [one] } }),
            json!({ "roles": one }),
            json!({ "roles": null }),
            json!({ "roles": ["x"] }),
            json!({ "roles": [{}] }),
            json!({ "roles": [999_999] }),
            json!({ "roles": { "add": [one] } }),
        ] {
            let answer = admin.put(&format!("/api/users/{}", ann.id), body.clone()).await;
            assert_eq!(answer.status, 400, "{body} {}", answer.text);
        }
        assert_eq!(server.database().dump(), before);
    }

    async fn nobody_gives_a_further_role_they_do_not_cover(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let clerk = admin.create_role("Clerk", &["plugin::users-permissions.user.update", "plugin::users-permissions.user.create"]).await;
        let clerk = admin.create_user("clerk", clerk).await;
        let ann = server.register("ann").await;
        let administrator = admin.role_id("administrator").await;
        let before = server.database().dump();
        for (path, id) in [("ann", ann.id), ("self", clerk.id)] {
            for body in [json!({ "roles": { "connect": [administrator] } }), json!({ "roles": [administrator] })] {
                let answer = clerk.client.put(&format!("/api/users/{id}"), body).await;
                assert_eq!(answer.status, 403, "{path}: {}", answer.text);
            }
        }
        let body = json!({ "username": "eve", "email": "eve@example.com", "password": "staple battery 9", "roles": [administrator] });
        clerk.client.post("/api/users", body).await.expect_forbidden();
        assert_eq!(server.database().dump(), before);
        // Whoever has the role beside another one is out of the clerk's reach as well.
        change(&admin, ann.id, json!({ "roles": { "connect": [administrator] } })).await;
        clerk.client.put(&format!("/api/users/{}", ann.id), json!({ "blocked": true })).await.expect_forbidden();
    }

    async fn an_administrator_by_a_further_role_counts_as_one(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let me = admin.get("/api/users/me").await.expect(200)["id"].as_i64().unwrap();
        let (authenticated, administrator) = (admin.role_id("authenticated").await, admin.role_id("administrator").await);
        change(&admin, me, json!({ "role": authenticated, "roles": [authenticated, administrator] })).await;
        assert_eq!(roles(&admin, me).await, [authenticated, administrator]);
        // The example's policy lets them at everybody's articles.
        let writer = admin.create_role("Writer", &["api::article.article.create"]).await;
        let ann = admin.create_user("ann", writer).await.client;
        let article = ann.post("/api/articles", json!({ "data": { "title": "Ann's" } })).await.expect(201);
        let path = format!("/api/articles/{}", article["data"]["documentId"].as_str().expect("an id"));
        admin.put(&path, json!({ "data": { "title": "Edited" } })).await.expect(200);
        let answer = admin.put(&format!("/api/users/{me}"), json!({ "roles": [authenticated] })).await;
        answer.expect_error(400, "ApplicationError", "The last administrator cannot be deleted, blocked or demoted");
    }

    async fn a_deleted_role_leaves_the_others_alone(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (one, two) = (admin.create_role("One", &[PING]).await, admin.create_role("Two", &[FIND]).await);
        let public = admin.role_id("public").await;
        let (ann, bob) = (admin.create_user("ann", one).await, admin.create_user("bob", two).await);
        change(&admin, ann.id, json!({ "roles": [one, two, public] })).await;
        change(&admin, bob.id, json!({ "roles": [two, one] })).await;
        admin.delete(&format!("/api/users-permissions/roles/{one}")).await.expect(200);
        assert_eq!(roles(&admin, ann.id).await, [public, two]);
        assert_eq!(roles(&admin, bob.id).await, [two]);
        ann.client.get("/api/articles").await.expect(200);
        ann.client.get("/api/ping").await.expect_forbidden();
        let listed = admin.get("/api/users-permissions/roles").await.expect(200);
        let users = |id: i64| listed["roles"].as_array().unwrap().iter().find(|role| role["id"] == id).unwrap()["nb_users"].clone();
        assert_eq!((users(two), users(public)), (json!(2), json!(1)));
    }

    async fn of_two_who_give_a_role_at_once_both_are_heard(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (one, two) = (admin.create_role("One", &[]).await, admin.create_role("Two", &[]).await);
        let ann = admin.create_user("ann", one).await.id;
        let public = admin.role_id("public").await;
        let given = format!("INSERT INTO up_user_roles (user_id, place, role_id) VALUES ({ann}, 1, {two})");
        let held = server.database().hold_changes(&[given]);
        let change = change(&admin, ann, json!({ "roles": { "connect": [public] } }));
        join(change, held.release_soon()).await;
        assert_eq!(roles(&admin, ann).await, [one, two, public]);
    }

    async fn lists_are_filtered_by_any_role_or_by_the_primary_one(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let (one, two) = (admin.create_role("One", &[]).await, admin.create_role("Two", &[]).await);
        let (ann, bob) = (admin.create_user("ann", one).await, admin.create_user("bob", two).await);
        change(&admin, ann.id, json!({ "roles": [one, two] })).await;
        let found = async |query: &str| -> Vec<i64> {
            let users = admin.get(&format!("/api/users?sort=id&{query}")).await.expect(200);
            users.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
        };
        assert_eq!(found("filters[role][type]=two").await, [bob.id]);
        assert_eq!(found("filters[roles][type]=two").await, [ann.id, bob.id]);
        assert_eq!(found(&format!("filters[roles]={one}")).await, [ann.id]);
        assert_eq!(found("filters[roles][type][$in][0]=one&filters[roles][type][$in][1]=two").await, [ann.id, bob.id]);
        assert_eq!(found("filters[$and][0][roles][type]=one&filters[$and][1][roles][type]=two").await, [ann.id]);
        // The id is what values and operators are about, whatever stands around them.
        let me = admin.get("/api/users/me").await.expect(200)["id"].as_i64().unwrap();
        assert_eq!(found(&format!("filters[role][$ne]={one}")).await, [me, bob.id]);
        assert_eq!(found(&format!("filters[role][$not][$eq]={one}")).await, [me, bob.id]);
        assert_eq!(found(&format!("filters[role][$not]={one}")).await, [me, bob.id]);
        assert_eq!(found(&format!("filters[role][$or][0]={one}&filters[role][$or][1][$eq]={two}")).await, [ann.id, bob.id]);
        assert_eq!(found(&format!("filters[roles][$and][0]={one}&filters[roles][$and][1]={two}")).await, [ann.id]);
        // Of several roles the opposite is that none is such a one.
        assert_eq!(found("filters[roles][type][$ne]=one").await, [me, bob.id]);
        assert_eq!(found("filters[$not][roles][type]=one").await, [me, bob.id]);
        assert_eq!(found("filters[roles][type][$notIn][0]=one&filters[roles][type][$notIn][1]=two").await, [me]);
        admin.get("/api/users?sort=roles.name").await.expect_error(400, "ValidationError", "Invalid key roles");
        // Whoever may not read roles learns nothing of them.
        let clerk = admin.create_role("Clerk", &["plugin::users-permissions.user.find"]).await;
        let clerk = admin.create_user("clerk", clerk).await.client;
        clerk.get("/api/users?filters[roles][type]=two").await.expect_error(400, "ValidationError", "Invalid key roles");
        let shown = clerk.get("/api/users?populate=*").await.expect(200);
        assert!(shown.as_array().unwrap().iter().all(|user| user.get("role").is_none() && user.get("roles").is_none()), "{shown}");
    }
}
