//! actix-web-grants: a set of strings made for each request, and a macro that asks it.

use std::collections::HashSet;

use actix_web::dev::ServiceRequest;
use actix_web::{Error, Responder, get};
use actix_web_grants::protect;

use super::token;
use crate::BODY;

/// The caller's rights. Everybody has the one that is asked for; where they come from in real life
/// is not counted.
pub async fn rights(req: &ServiceRequest) -> Result<HashSet<String>, Error> {
    let role = match token::caller(req.headers())? {
        None => "public",
        Some(_) => "authenticated",
    };
    Ok(HashSet::from([
        role.to_owned(),
        "api::bench.hello".to_owned(),
    ]))
}

/// Answers to whom it may.
#[get("/api/ping")]
#[protect("api::bench.hello")]
pub async fn ping() -> impl Responder {
    BODY
}
