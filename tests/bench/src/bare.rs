//! The measure of all: the handler with nothing around it.

use actix_web::{Responder, get};

use crate::BODY;

/// Answers everybody.
#[get("/api/ping")]
pub async fn ping() -> impl Responder {
    BODY
}
