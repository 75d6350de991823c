//! The log: lines on standard error, each with the request that it belongs to.

use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::io::IsTerminal as _;
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::dev::ServiceRequest;
use tracing::Level;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts it, as `RUST_LOG` wants it (`info`, `warn,users_permissions=debug`), which is `info` unless
/// set. Once in a process.
pub fn start_log() {
    // By target and level alone: a filter that also looks at spans is asked whenever one is entered.
    let wanted = std::env::var("RUST_LOG").ok();
    let filter = wanted
        .and_then(|wanted| wanted.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    // The library's own format styles every field, which costs a request more than all else of the log.
    let fields = debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name => write!(writer, "{name}={value:?}"),
    });
    let lines = tracing_subscriber::fmt::layer()
        .fmt_fields(fields.delimited(" "))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
}

/// A span per request, with an id by which its lines are found. The query string stays out of the log:
/// it may carry codes.
pub(crate) fn span(request: &ServiceRequest) -> tracing::Span {
    /// From a place of its own in every process, so that instances may share a log.
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(std::process::id())));
    tracing::info_span!(
        "request",
        id = NEXT.fetch_add(1, Ordering::Relaxed),
        line = %Line(request),
    )
}

/// Polls in a span. Not `Instrument`, which enters it once more to drop what is done.
pub(crate) async fn within<F: Future>(span: tracing::Span, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| span.in_scope(|| future.as_mut().poll(context))).await
}

struct Line<'a>(&'a ServiceRequest);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.method().as_str())?;
        f.write_str(" ")?;
        f.write_str(self.0.path())
    }
}
