//! Accounts whose owner comes with a proof of the address and nothing else.
//!
//! Anybody may register with somebody's address, set a password, link providers, and wait. A mailed link does
//! not end that: whoever opens it proves the address and cannot be told from who has registered. So the first
//! time that somebody gets in by the address, every other way in ends. From then on they are all that
//! somebody's own.

use super::Letters;
use crate::error::Result;
use crate::model::{Email, User};
use crate::oauth::{EmailProof, Profile};
use crate::store::{self, DbConn, QueryResult};

/// Unlinks what others may have linked; the password was replaced and the sessions have ended.
pub(super) fn keep_out_others(conn: &mut DbConn, user: &User) -> QueryResult<()> {
    if !store::proofs::is_claimed(conn, user.id, &user.email)? {
        store::identities::delete_all(conn, user.id)?;
        store::proofs::claim(conn, user.id, &user.email)?;
    }
    Ok(())
}

/// Ends every way in that others may have, the password included; the user as it is then. The caller holds
/// the line of changes.
pub(super) fn take_over(conn: &mut DbConn, letters: &Letters, user: User) -> Result<User> {
    if store::proofs::is_claimed(conn, user.id, &user.email)? {
        return Ok(user);
    }
    let had_password = store::accounts::password_hash(conn, user.id)?.flatten();
    store::accounts::drop_password(conn, user.id)?;
    store::endings::note(conn, user.id)?;
    keep_out_others(conn, &user)?;
    if had_password.is_some() {
        letters.password_changed(conn, &user)?;
    }
    Ok(store::users::find(conn, user.id)?.unwrap_or(user))
}

/// Whoever has just shown to hold the account shows to have its address, too, where the provider vouches for
/// the same one.
pub(super) fn recognise(conn: &mut DbConn, user: &User, profile: &Profile) -> QueryResult<()> {
    let stated = profile
        .email_address()
        .and_then(|email| Email::parse(email).ok());
    let is_same = stated.is_some_and(|email| email.as_str() == user.email);
    match is_same && profile.proof() == EmailProof::Proven {
        true => store::proofs::claim(conn, user.id, &user.email),
        false => Ok(()),
    }
}
