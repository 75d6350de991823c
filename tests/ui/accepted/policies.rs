//! Policies are async functions and values that were built in place.
use std::future::{Ready, ready};

use actix_web::{App, HttpRequest, get, put, web};
use users_permissions::{HasClaim, Policy, PolicyContext, permission};

async fn is_owner(req: HttpRequest, id: web::Path<u32>) -> bool {
    req.headers().contains_key("x-owner") && *id > 0
}

async fn in_time(limit: web::Data<u32>) -> Result<bool, actix_web::Error> {
    Ok(**limit > 0)
}

fn has_header(name: &'static str) -> impl Fn(HttpRequest) -> Ready<bool> + Clone {
    move |req| ready(req.headers().contains_key(name))
}

struct Path {
    starts_with: &'static str,
}

impl Policy for Path {
    async fn check(&self, context: &PolicyContext<'_>) -> Result<bool, actix_web::Error> {
        Ok(context.request().path().starts_with(self.starts_with))
    }
}

mod rules {
    pub async fn daytime() -> bool {
        true
    }
}

#[permission("api::article.find", policies(is_owner))]
#[get("/articles/{id}")]
async fn find(id: web::Path<u32>) -> String {
    id.to_string()
}

#[permission(
    "api::article.update",
    grant("authenticated"),
    policies(
        is_owner,
        in_time,
        has_header("x-tenant"),
        HasClaim::new("permissions", "articles:write"),
        Path { starts_with: "/articles" },
        rules::daytime,
        |req: HttpRequest| async move { req.uri().query().is_none() },
    ),
)]
#[put("/articles/{id}")]
async fn update(id: web::Path<u32>) -> String {
    id.to_string()
}

#[test]
fn is_accepted() {
    let _ = App::new().service(find).service(update);
}
