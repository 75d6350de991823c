//! Users.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_users;
use super::time::{from_db, now, to_db};
use crate::model::{Email, NewUser, RoleId, User, UserId, UserPatch, Username, new_document_id};

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_users)]
pub(super) struct UserRow {
    id: i32,
    document_id: String,
    username: String,
    email: String,
    provider: String,
    confirmed: bool,
    blocked: bool,
    role_id: i32,
    token_version: i32,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            document_id: row.document_id,
            username: row.username,
            email: row.email,
            provider: row.provider,
            confirmed: row.confirmed,
            blocked: row.blocked,
            role_id: row.role_id,
            token_version: row.token_version,
            created_at: from_db(row.created_at),
            updated_at: from_db(row.updated_at),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = up_users)]
struct UserInsert {
    document_id: String,
    username: String,
    email: String,
    email_key: Option<String>,
    provider: String,
    password_hash: Option<String>,
    confirmed: bool,
    blocked: bool,
    role_id: i32,
    token_version: i32,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

#[derive(AsChangeset)]
#[diesel(table_name = up_users)]
struct UserChange {
    username: Option<String>,
    email: Option<String>,
    email_key: Option<Option<String>>,
    password_hash: Option<Option<String>>,
    confirmed: Option<bool>,
    blocked: Option<bool>,
    role_id: Option<i32>,
    updated_at: NaiveDateTime,
}

/// A user found for a login, with what the login has to check.
pub(crate) struct Credentials {
    pub(crate) user: User,
    pub(crate) password_hash: Option<String>,
}

pub(crate) fn find(conn: &mut DbConn, id: UserId) -> QueryResult<Option<User>> {
    let row = up_users::table
        .find(id)
        .select(UserRow::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(User::from))
}

/// The local user with this address; the oldest, where several may share one.
pub(crate) fn credentials_by_email(
    conn: &mut DbConn,
    email: &Email,
) -> QueryResult<Option<Credentials>> {
    let query = up_users::table
        .filter(up_users::email.eq(email.as_str()))
        .filter(up_users::provider.eq("local"))
        .order(up_users::id.asc());
    let row: Option<(UserRow, Option<String>)> = query
        .select((UserRow::as_select(), up_users::password_hash))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, password_hash)| Credentials {
        user: row.into(),
        password_hash,
    }))
}

pub(crate) fn credentials_by_username(
    conn: &mut DbConn,
    username: &Username,
) -> QueryResult<Option<Credentials>> {
    let query = up_users::table
        .filter(up_users::username.eq(username.as_str()))
        .filter(up_users::provider.eq("local"));
    let row: Option<(UserRow, Option<String>)> = query
        .select((UserRow::as_select(), up_users::password_hash))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, password_hash)| Credentials {
        user: row.into(),
        password_hash,
    }))
}

pub(crate) fn username_taken(
    conn: &mut DbConn,
    username: &Username,
    except: Option<UserId>,
) -> QueryResult<bool> {
    let ids = up_users::table
        .filter(up_users::username.eq(username.as_str()))
        .select(up_users::id);
    Ok(ids
        .load::<i32>(conn)?
        .into_iter()
        .any(|id| Some(id) != except))
}

/// Is the address, or what is unique about it, somebody's? Without a key only local users count.
pub(crate) fn email_taken(
    conn: &mut DbConn,
    email: &Email,
    key: Option<&str>,
) -> QueryResult<bool> {
    let mut ids = up_users::table.select(up_users::id).limit(1).into_boxed();
    let same = up_users::email.eq(email.as_str().to_owned());
    ids = match key {
        Some(key) => ids.filter(same.nullable().or(up_users::email_key.eq(key.to_owned()))),
        None => ids.filter(same).filter(up_users::provider.eq("local")),
    };
    Ok(ids.first::<i32>(conn).optional()?.is_some())
}

pub(crate) fn email_key_taken(
    conn: &mut DbConn,
    key: &str,
    except: Option<UserId>,
) -> QueryResult<bool> {
    let ids = up_users::table
        .filter(up_users::email_key.eq(key))
        .select(up_users::id)
        .order(up_users::id)
        .limit(2);
    Ok(ids
        .load::<i32>(conn)?
        .into_iter()
        .any(|id| Some(id) != except))
}

pub(crate) fn create(conn: &mut DbConn, new: NewUser) -> QueryResult<User> {
    let time = to_db(now());
    let document_id = new_document_id();
    let email = new.email.as_str().to_owned();
    let row = UserInsert {
        document_id: document_id.clone(),
        username: new.username.as_str().to_owned(),
        email_key: new.email_key,
        email,
        provider: "local".to_owned(),
        password_hash: new.password_hash,
        confirmed: new.confirmed,
        blocked: new.blocked,
        role_id: new.role_id,
        token_version: 0,
        created_at: time,
        updated_at: time,
    };
    conn.transaction(|conn| {
        diesel::insert_into(up_users::table)
            .values(row)
            .execute(conn)?;
        let created = up_users::table
            .filter(up_users::document_id.eq(&document_id))
            .select(UserRow::as_select());
        Ok(created.first(conn)?.into())
    })
}

/// Changes a user; `None` when there is none of that id.
pub(crate) fn update(conn: &mut DbConn, id: UserId, patch: UserPatch) -> QueryResult<Option<User>> {
    let email = patch.email.map(|email| email.as_str().to_owned());
    let change = UserChange {
        username: patch.username.map(|name| name.as_str().to_owned()),
        email_key: email.is_some().then_some(patch.email_key),
        email,
        password_hash: patch.password_hash.map(Some),
        confirmed: patch.confirmed,
        blocked: patch.blocked,
        role_id: patch.role_id,
        updated_at: to_db(now()),
    };
    conn.transaction(|conn| {
        diesel::update(up_users::table.find(id))
            .set(&change)
            .execute(conn)?;
        if patch.end_tokens {
            diesel::update(up_users::table.find(id))
                .set(up_users::token_version.eq(up_users::token_version + 1))
                .execute(conn)?;
        }
        find(conn, id)
    })
}

/// Replaces a hash that was made at a lower cost, unless the password changed meanwhile.
pub(crate) fn replace_hash(
    conn: &mut DbConn,
    id: UserId,
    old: &str,
    new: &str,
) -> QueryResult<usize> {
    diesel::update(
        up_users::table
            .find(id)
            .filter(up_users::password_hash.eq(old)),
    )
    .set(up_users::password_hash.eq(new))
    .execute(conn)
}

/// Reserves the address of every user for itself; violates the constraint where one is shared.
pub(crate) fn reserve_emails(conn: &mut DbConn) -> QueryResult<usize> {
    diesel::update(up_users::table)
        .set(up_users::email_key.eq(up_users::email.nullable()))
        .execute(conn)
}

/// Lets addresses be shared.
pub(crate) fn release_emails(conn: &mut DbConn) -> QueryResult<usize> {
    diesel::update(up_users::table)
        .set(up_users::email_key.eq(None::<String>))
        .execute(conn)
}

pub(crate) fn delete(conn: &mut DbConn, id: UserId) -> QueryResult<usize> {
    diesel::delete(up_users::table.find(id)).execute(conn)
}

/// Moves every user of a role to another one; their tokens stay valid.
pub(crate) fn move_all(conn: &mut DbConn, from: RoleId, to: RoleId) -> QueryResult<usize> {
    diesel::update(up_users::table.filter(up_users::role_id.eq(from)))
        .set(up_users::role_id.eq(to))
        .execute(conn)
}

/// Is there a user of the role who may sign in? While `confirming`, unconfirmed ones may not.
pub(crate) fn has_active_member(
    conn: &mut DbConn,
    role: RoleId,
    confirming: bool,
) -> QueryResult<bool> {
    let mut members = up_users::table
        .filter(up_users::role_id.eq(role))
        .filter(up_users::blocked.eq(false))
        .select(up_users::id)
        .limit(1)
        .into_boxed();
    if confirming {
        members = members.filter(up_users::confirmed.eq(true));
    }
    Ok(members.first::<i32>(conn).optional()?.is_some())
}

/// Number of users by role.
pub(crate) fn count_by_role(conn: &mut DbConn) -> QueryResult<Vec<(RoleId, i64)>> {
    up_users::table
        .group_by(up_users::role_id)
        .select((up_users::role_id, diesel::dsl::count_star()))
        .load(conn)
}
