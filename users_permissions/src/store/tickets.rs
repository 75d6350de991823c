//! Social logins on their way: states that have come back, and tickets that have not been redeemed.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::conn::{Conflict, DbConn, conflict};
use super::schema::{up_states, up_tickets};
use super::time::{shared_now, to_db};

/// A ticket to be kept.
#[derive(Debug)]
pub(crate) struct NewTicket {
    pub(crate) hash: String,
    pub(crate) provider: String,
    /// What the code of whoever redeems it has to hash to.
    pub(crate) challenge: Option<String>,
    pub(crate) sealed: Vec<u8>,
    /// By the database's clock: another instance may redeem it.
    pub(crate) life: TimeDelta,
}

/// Notes for this long that a state has come back; false when it had before.
pub(crate) fn use_state(conn: &mut DbConn, hash: &str, life: TimeDelta) -> QueryResult<bool> {
    let present = shared_now(conn)?;
    diesel::delete(up_states::table.filter(up_states::expires_at.lt(to_db(present))))
        .execute(conn)?;
    let noted = diesel::insert_into(up_states::table)
        .values((
            up_states::state_hash.eq(hash),
            up_states::expires_at.eq(to_db(present + life)),
        ))
        .execute(conn);
    match noted {
        Err(error) if conflict(&error) == Some(Conflict::Taken) => Ok(false),
        other => other.map(|_| true),
    }
}

/// Keeps a ticket, and forgets those whose time is over.
pub(crate) fn create(conn: &mut DbConn, new: &NewTicket) -> QueryResult<()> {
    let present = shared_now(conn)?;
    let over = up_tickets::table.filter(up_tickets::expires_at.lt(to_db(present)));
    diesel::delete(over).execute(conn)?;
    diesel::insert_into(up_tickets::table)
        .values((
            up_tickets::ticket_hash.eq(&new.hash),
            up_tickets::provider.eq(&new.provider),
            up_tickets::challenge.eq(&new.challenge),
            up_tickets::sealed.eq(&new.sealed),
            up_tickets::expires_at.eq(to_db(present + new.life)),
        ))
        .execute(conn)
        .map(drop)
}

/// Uses a ticket up: of several who redeem it at once, one gets what it stands for. One that asks for
/// another code stays.
pub(crate) fn redeem(
    conn: &mut DbConn,
    hash: &str,
    provider: &str,
    challenge: Option<&str>,
) -> QueryResult<Option<Vec<u8>>> {
    let present = shared_now(conn)?;
    let found: Option<(Option<String>, Vec<u8>)> = up_tickets::table
        .find(hash)
        .filter(up_tickets::provider.eq(provider))
        .filter(up_tickets::expires_at.gt(to_db(present)))
        .select((up_tickets::challenge, up_tickets::sealed))
        .first(conn)
        .optional()?;
    let Some((expected, sealed)) = found else {
        return Ok(None);
    };
    // A ticket without a challenge is for nobody who has a verifier: it was begun by somebody else
    // (RFC 9700, section 4.8).
    if expected.as_deref() != challenge {
        return Ok(None);
    }
    let used = diesel::delete(up_tickets::table.find(hash)).execute(conn)?;
    Ok((used == 1).then_some(sealed))
}
