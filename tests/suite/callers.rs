//! Three cases are told apart: no token, a valid token, a broken token.

use acceptance::{Server, on_every_database};
use serde_json::json;

on_every_database! {
    async fn a_user_blocked_deleted_or_moved_is_treated_so_on_the_next_request(kind) {
        let server = Server::start(kind).await;
        let admin = server.admin().await;
        let ann = server.register("ann").await;
        ann.client.get("/api/users/me").await.expect(200);

        let public = admin.role_id("public").await;
        admin.put(&format!("/api/users/{}", ann.id), json!({ "role": public })).await.expect(200);
        ann.client.get("/api/users/me").await.expect_forbidden();
        let authenticated = admin.role_id("authenticated").await;
        admin.put(&format!("/api/users/{}", ann.id), json!({ "role": authenticated })).await.expect(200);
        ann.client.get("/api/users/me").await.expect(200);

        admin.put(&format!("/api/users/{}", ann.id), json!({ "blocked": true })).await.expect(200);
        ann.client.get("/api/users/me").await.expect_error(401, "UnauthorizedError", "Invalid credentials");

        let bob = server.register("bob").await;
        admin.delete(&format!("/api/users/{}", bob.id)).await.expect(200);
        bob.client.get("/api/users/me").await.expect_error(401, "UnauthorizedError", "Invalid credentials");
    }
}
