//! Users.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::{up_user_roles, up_users};
use super::time::{from_db, now, to_db};
use super::{counts, memberships, profiles, proofs, sessions};
use crate::model::{
    Email, NewUser, Principal, ProfileValue, RoleId, User, UserId, UserPatch, UserRoles, Username,
    new_document_id,
};

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
    token_version: i32,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl UserRow {
    fn complete(self, roles: UserRoles, profile: BTreeMap<String, ProfileValue>) -> User {
        User {
            id: self.id,
            document_id: self.document_id,
            username: self.username,
            email: self.email,
            provider: self.provider,
            confirmed: self.confirmed,
            blocked: self.blocked,
            roles,
            profile,
            token_version: self.token_version,
            created_at: from_db(self.created_at),
            updated_at: from_db(self.updated_at),
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
    updated_at: NaiveDateTime,
}

/// What a login has to check of a user; one statement, whoever is named.
#[derive(Queryable, Selectable)]
#[diesel(table_name = up_users)]
pub(crate) struct Credentials {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) token_version: i32,
    pub(crate) password_hash: Option<String>,
}

pub(crate) fn find(conn: &mut DbConn, id: UserId) -> QueryResult<Option<User>> {
    let row = up_users::table
        .find(id)
        .select(UserRow::as_select())
        .first(conn)
        .optional()?;
    Ok(complete(conn, Vec::from_iter(row))?.pop())
}

/// The caller with this id, by one statement.
pub(crate) fn principal(conn: &mut DbConn, id: UserId) -> QueryResult<Option<Principal>> {
    // A row for each role, the primary one first.
    let rows: Vec<(UserRow, RoleId)> = up_users::table
        .inner_join(up_user_roles::table)
        .filter(up_users::id.eq(id))
        .order(up_user_roles::place.asc())
        .select((UserRow::as_select(), up_user_roles::role_id))
        .load(conn)?;
    let roles = UserRoles::from_places(rows.iter().map(|(_, role)| *role));
    let row = rows.into_iter().next();
    Ok(row.zip(roles).map(|((row, _), roles)| Principal {
        id: row.id,
        username: row.username,
        email: row.email,
        roles,
        blocked: row.blocked,
        confirmed: row.confirmed,
        token_version: row.token_version,
        sessions: Vec::new(),
    }))
}

/// Adds roles and profiles. A user that was deleted meanwhile has no role and is left out.
pub(super) fn complete(conn: &mut DbConn, rows: Vec<UserRow>) -> QueryResult<Vec<User>> {
    let ids: Vec<UserId> = rows.iter().map(|row| row.id).collect();
    let mut roles = memberships::of(conn, &ids)?;
    let mut profiles = profiles::of(conn, &ids)?;
    let users = rows.into_iter().filter_map(|row| {
        let roles = roles.remove(&row.id)?;
        let profile = profiles.remove(&row.id).unwrap_or_default();
        Some(row.complete(roles, profile))
    });
    Ok(users.collect())
}

/// The local user with this address; the oldest, where several may share one.
pub(crate) fn credentials_by_email(
    conn: &mut DbConn,
    email: &Email,
) -> QueryResult<Option<Credentials>> {
    up_users::table
        .filter(up_users::email.eq(email.as_str()))
        .filter(up_users::provider.eq("local"))
        .order(up_users::id.asc())
        .select(Credentials::as_select())
        .first(conn)
        .optional()
}

pub(crate) fn credentials_by_username(
    conn: &mut DbConn,
    username: &Username,
) -> QueryResult<Option<Credentials>> {
    up_users::table
        .filter(up_users::username.eq(username.as_str()))
        .filter(up_users::provider.eq("local"))
        .select(Credentials::as_select())
        .first(conn)
        .optional()
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
    create_of(conn, new, "local")
}

/// Creates a user who signs in with a provider.
pub(crate) fn create_of(conn: &mut DbConn, new: NewUser, provider: &str) -> QueryResult<User> {
    let time = to_db(now());
    let document_id = new_document_id();
    let email = new.email.as_str().to_owned();
    let row = UserInsert {
        document_id: document_id.clone(),
        username: new.username.as_str().to_owned(),
        email_key: new.email_key,
        email,
        provider: provider.to_owned(),
        password_hash: new.password_hash,
        confirmed: new.confirmed,
        blocked: new.blocked,
        token_version: 0,
        created_at: time,
        updated_at: time,
    };
    conn.transaction(|conn| {
        diesel::insert_into(up_users::table)
            .values(row)
            .execute(conn)?;
        let created: UserRow = up_users::table
            .filter(up_users::document_id.eq(&document_id))
            .select(UserRow::as_select())
            .first(conn)?;
        memberships::add(conn, created.id, &new.roles)?;
        profiles::add(conn, created.id, &new.profile)?;
        counts::add(conn, created.id)?;
        let values = new.profile.into_iter();
        let profile = values.filter_map(|(name, value)| Some((name, value?)));
        Ok(created.complete(new.roles, profile.collect()))
    })
}

/// Changes a user; `None` when there is none of that id. A new address is doubted until somebody vouches for
/// it, now or later.
pub(crate) fn update(conn: &mut DbConn, id: UserId, patch: UserPatch) -> QueryResult<Option<User>> {
    let email = patch.email.map(|email| email.as_str().to_owned());
    let (is_moved, is_vouched_for) = (email.is_some(), patch.confirmed == Some(true));
    let change = UserChange {
        username: patch.username.map(|name| name.as_str().to_owned()),
        email_key: email.is_some().then_some(patch.email_key),
        email,
        password_hash: patch.password_hash.map(Some),
        confirmed: patch.confirmed,
        blocked: patch.blocked,
        updated_at: to_db(now()),
    };
    conn.transaction(|conn| {
        let found = diesel::update(up_users::table.find(id))
            .set(&change)
            .execute(conn)?;
        if found == 0 {
            return Ok(None);
        }
        if is_vouched_for {
            proofs::trust(conn, id)?;
        } else if is_moved {
            proofs::doubt(conn, id)?;
        }
        if patch.end_tokens {
            diesel::update(up_users::table.find(id))
                .set(up_users::token_version.eq(up_users::token_version + 1))
                .execute(conn)?;
            sessions::end_all(conn, id)?;
        }
        if let Some(roles) = &patch.roles {
            memberships::replace(conn, id, roles)?;
        }
        profiles::change(conn, id, &patch.profile)?;
        find(conn, id)
    })
}

/// Holds a user as it is for the transaction; false: there is no such user.
pub(crate) fn hold(conn: &mut DbConn, id: UserId) -> QueryResult<bool> {
    let held = diesel::update(up_users::table.find(id))
        .set(up_users::token_version.eq(up_users::token_version))
        .execute(conn)?;
    Ok(held == 1)
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

/// Deletes a user; the caller holds a transaction.
pub(crate) fn delete(conn: &mut DbConn, id: UserId) -> QueryResult<usize> {
    let deleted = diesel::delete(up_users::table.find(id)).execute(conn)?;
    if deleted > 0 {
        counts::remove(conn, id)?;
    }
    Ok(deleted)
}
