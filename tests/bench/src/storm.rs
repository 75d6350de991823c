//! Logins that hash wherever `web::block` finds a thread, as most applications do.

use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized};
use actix_web::{Error, Responder, post, web};
use serde::Deserialize;

/// What the load logs in with; the account that `run` registers has it, too.
pub const PASSWORD: &str = "seven quiet herons wade";

/// The hash of the one account there is; not having to look it up is in favour of this variant.
#[derive(Debug, Clone)]
pub struct Account {
    hash: String,
}

impl Account {
    /// An account with this password, at the cost the plugin has, too.
    pub fn new(password: &str) -> Result<Self, bcrypt::BcryptError> {
        let hash = bcrypt::hash(password, 10)?;
        Ok(Self { hash })
    }
}

/// What a client signs in with.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    password: String,
}

/// Compares the password; 64 logins at once are 64 threads that hash.
#[post("/login")]
pub async fn login(
    account: web::Data<Account>,
    credentials: web::Json<Credentials>,
) -> Result<impl Responder, Error> {
    let matches = web::block(move || bcrypt::verify(&credentials.password, &account.hash))
        .await?
        .map_err(ErrorInternalServerError)?;
    if matches {
        Ok("signed in")
    } else {
        Err(ErrorUnauthorized("wrong password"))
    }
}
