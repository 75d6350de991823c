//! The log of this process.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts to capture, once; the `log` records of dependencies come along.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        use tracing_subscriber::fmt::format::FmtSpan;
        let level = tracing_subscriber::filter::LevelFilter::TRACE;
        let log = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL);
        log.with_writer(|| Sink).init();
    });
}

/// Everything logged so far.
pub fn text() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Codes of the set-up links under this base that were logged so far, the latest last.
pub fn setup_codes(base: &str) -> Vec<String> {
    let prefix = format!("{base}/api/users-permissions/setup?token=");
    let text = text();
    let parts = text.split(&prefix).skip(1);
    parts
        .map(|part| {
            part.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect()
        })
        .collect()
}
