//! Who users are elsewhere; a unique index lets a person be one user only.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::conn::DbConn;
use super::schema::up_identities;
use super::time::{from_db, to_db};
use crate::model::{Identity, NewIdentity, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = up_identities)]
struct IdentityRow {
    id: i32,
    user_id: i32,
    provider: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    created_at: NaiveDateTime,
}

impl IdentityRow {
    fn identity(self) -> Identity {
        Identity {
            id: self.id,
            user: self.user_id,
            person: NewIdentity {
                provider: self.provider,
                issuer: self.issuer,
                subject: self.subject,
                email: self.email,
            },
            created_at: from_db(self.created_at),
        }
    }
}

/// The user who is this person.
pub(crate) fn user_of(
    conn: &mut DbConn,
    provider: &str,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<UserId>> {
    up_identities::table
        .filter(up_identities::provider.eq(provider))
        .filter(up_identities::issuer.eq(issuer))
        .filter(up_identities::subject.eq(subject))
        .select(up_identities::user_id)
        .first(conn)
        .optional()
}

/// The user who is this person at the issuer, by whichever of its names.
pub(crate) fn user_of_subject(
    conn: &mut DbConn,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<UserId>> {
    up_identities::table
        .filter(up_identities::issuer.eq(issuer))
        .filter(up_identities::subject.eq(subject))
        .order(up_identities::id.asc())
        .select(up_identities::user_id)
        .first(conn)
        .optional()
}

/// The user is this person from now on. A person who is somebody's already is a unique violation.
pub(crate) fn insert(
    conn: &mut DbConn,
    user: UserId,
    person: &NewIdentity,
    time: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(up_identities::table)
        .values((
            up_identities::user_id.eq(user),
            up_identities::provider.eq(&person.provider),
            up_identities::issuer.eq(&person.issuer),
            up_identities::subject.eq(&person.subject),
            up_identities::email.eq(&person.email),
            up_identities::created_at.eq(to_db(time)),
        ))
        .execute(conn)
        .map(drop)
}

/// Who this user is elsewhere, oldest first.
pub(crate) fn of_user(conn: &mut DbConn, user: UserId) -> QueryResult<Vec<Identity>> {
    let rows: Vec<IdentityRow> = up_identities::table
        .filter(up_identities::user_id.eq(user))
        .order(up_identities::id.asc())
        .select(IdentityRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(IdentityRow::identity).collect())
}

/// Whether this user was this person; then no longer.
pub(crate) fn delete(conn: &mut DbConn, user: UserId, id: i32) -> QueryResult<bool> {
    let row = up_identities::table
        .filter(up_identities::id.eq(id))
        .filter(up_identities::user_id.eq(user));
    diesel::delete(row).execute(conn).map(|rows| rows == 1)
}

/// The user is nobody elsewhere any more.
pub(crate) fn delete_all(conn: &mut DbConn, user: UserId) -> QueryResult<usize> {
    diesel::delete(up_identities::table.filter(up_identities::user_id.eq(user))).execute(conn)
}
