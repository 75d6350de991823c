//! casbin: a policy text, interpreted for each request.

use std::sync::{PoisonError, RwLock};

use actix_web::error::{ErrorForbidden, ErrorInternalServerError};
use actix_web::{Error, HttpRequest, Responder, get, web};
use casbin::{CoreApi as _, DefaultModel, Enforcer, StringAdapter};

use super::token;
use crate::BODY;

/// Behind a lock, as policies that an administrator may change have to be.
pub type Rules = RwLock<Enforcer>;

const MODEL: &str = "
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
";

/// As short as rules can be; casbin goes through all of them for each request.
const POLICY: &str = "
p, public, bench, hello
p, authenticated, bench, hello
g, 1, authenticated
";

/// The rules, ready to be asked.
pub async fn rules() -> casbin::Result<Rules> {
    let model = DefaultModel::from_str(MODEL).await?;
    let enforcer = Enforcer::new(model, StringAdapter::new(POLICY)).await?;
    Ok(RwLock::new(enforcer))
}

/// Answers to whom it may.
#[get("/api/ping")]
pub async fn ping(req: HttpRequest, rules: web::Data<Rules>) -> Result<impl Responder, Error> {
    let caller = match token::caller(req.headers())? {
        None => "public".to_owned(),
        Some(id) => id.to_string(),
    };
    let allowed = rules
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .enforce((caller.as_str(), "bench", "hello"))
        .map_err(ErrorInternalServerError)?;
    if allowed {
        Ok(BODY)
    } else {
        Err(ErrorForbidden("Forbidden"))
    }
}
