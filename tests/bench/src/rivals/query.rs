//! The database asked for each request: one statement over user, role, grant and action.

use actix_web::error::ErrorForbidden;
use actix_web::{Error, Responder, get, web};
use actix_web::{HttpRequest, web::Data};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use users_permissions::{Database, DbConn};

use super::token;
use crate::BODY;

diesel::table! { up_roles (id) { id -> Integer, role_type -> Text } }
diesel::table! { up_users (id) { id -> Integer, blocked -> Bool } }
diesel::table! { up_user_roles (user_id, place) { user_id -> Integer, place -> Integer, role_id -> Integer } }
diesel::table! { up_actions (id) { id -> Integer, action -> Text } }
diesel::table! { up_permissions (id) { id -> Integer, role_id -> Integer, action_id -> Integer } }
diesel::joinable!(up_user_roles -> up_users (user_id));
diesel::joinable!(up_user_roles -> up_roles (role_id));
diesel::joinable!(up_permissions -> up_roles (role_id));
diesel::joinable!(up_permissions -> up_actions (action_id));
diesel::allow_tables_to_appear_in_same_query!(
    up_roles,
    up_users,
    up_user_roles,
    up_actions,
    up_permissions
);

/// The plugin's own action stands in the plugin's own tables.
const ACTION: &str = "api::bench.bench.hello";

/// Answers to whom it may.
#[get("/api/ping")]
pub async fn ping(req: HttpRequest, database: Data<Database>) -> Result<impl Responder, Error> {
    let caller = token::caller(req.headers())?;
    // `run` is `web::block` with a connection of the pool.
    let allowed = database
        .run(move |conn| match caller {
            None => public_may(conn),
            Some(id) => user_may(conn, id),
        })
        .await?;
    if allowed {
        Ok(BODY)
    } else {
        Err(ErrorForbidden("Forbidden"))
    }
}

fn user_may(conn: &mut DbConn, id: i32) -> QueryResult<bool> {
    let grants = up_permissions::table
        .inner_join(up_actions::table)
        .inner_join(up_roles::table.inner_join(up_user_roles::table.inner_join(up_users::table)))
        .filter(up_actions::action.eq(ACTION))
        .filter(up_users::id.eq(id))
        .filter(up_users::blocked.eq(false));
    select(exists(grants)).get_result(conn)
}

fn public_may(conn: &mut DbConn) -> QueryResult<bool> {
    let grants = up_permissions::table
        .inner_join(up_actions::table)
        .inner_join(up_roles::table)
        .filter(up_actions::action.eq(ACTION))
        .filter(up_roles::role_type.eq("public"));
    select(exists(grants)).get_result(conn)
}

/// What the handler needs.
pub fn data(database: Database) -> Data<Database> {
    web::Data::new(database)
}
