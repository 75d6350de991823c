//! Verifies the token of each request, remembering nothing.

use std::sync::LazyLock;

use actix_web::error::ErrorUnauthorized;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{Error, error::ErrorBadRequest};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::SECRET;

#[derive(Deserialize)]
struct Claims {
    id: i32,
}

static KEY: LazyLock<(DecodingKey, Validation)> = LazyLock::new(|| {
    (
        DecodingKey::from_secret(SECRET.as_bytes()),
        Validation::new(Algorithm::HS256),
    )
});

/// The id of the user who calls; `None`: nobody signed in.
pub(super) fn caller(headers: &HeaderMap) -> Result<Option<i32>, Error> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = header.to_str().map_err(ErrorBadRequest)?;
    let token = token
        .strip_prefix("Bearer ")
        .ok_or_else(|| ErrorBadRequest("no bearer token"))?;
    let (key, validation) = &*KEY;
    let token = decode::<Claims>(token, key, validation).map_err(ErrorUnauthorized)?;
    Ok(Some(token.claims.id))
}
