//! Client secrets of providers: sealed where they are stored, and sealed anew when the keys change.

use super::Sealer;
use super::providers::{parse, row, write_row};
use crate::config::Secret;
use crate::error::Result;
use crate::store::{self, DbConn};

pub(super) fn seal(name: &str, secret: &Secret, sealer: &Sealer) -> Result<String> {
    let sealed = sealer.seal(&row(name), secret.expose().as_bytes())?;
    Ok(hex(&sealed))
}

/// `None` when the key it was sealed with is gone; then the secret has to be entered again.
pub(super) fn open(name: &str, sealed: &str, sealer: &Sealer) -> Option<Secret> {
    let opened = sealer.open(&row(name), &bytes(sealed)?);
    if opened.is_none() {
        tracing::error!(
            provider = name,
            "the secret was sealed with a key that is not configured; enter it again"
        );
    }
    String::from_utf8(opened?).ok().map(Secret::from)
}

/// Seals by the present key what former ones have sealed, so that those may be taken off the list.
pub(super) fn renew(conn: &mut DbConn, sealer: &Sealer) -> Result<()> {
    for (name, mut provider) in parse(&mut store::settings::all(conn)?) {
        let sealed = provider.sealed.as_deref().and_then(bytes);
        let renewed = match sealed {
            Some(sealed) => sealer.renew(&row(&name), &sealed)?,
            None => None,
        };
        if let Some(sealed) = renewed {
            provider.sealed = Some(hex(&sealed));
            write_row(conn, &name, &provider)?;
            tracing::info!(provider = name, "the secret is sealed with the present key");
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(hex.get(place..place + 2)?, 16).ok())
        .collect()
}
