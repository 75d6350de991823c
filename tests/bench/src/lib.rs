//! What is measured: the plugin, a bare handler beside it, and what people use instead.
//!
//! Every variant answers `GET /api/ping` with the same few bytes: what differs is the check.

pub mod bare;
pub mod guarded;
pub mod meter;
pub mod rivals;
pub mod serve;
pub mod storm;

/// What every handler answers.
pub const BODY: &str = "hello";

/// Signs the tokens of every variant, so that one token is good for all of them.
pub const SECRET: &str = "a secret of the benches, which nobody else uses";

/// What goes wrong before a server runs.
pub type StartResult<T> = Result<T, Box<dyn std::error::Error>>;
