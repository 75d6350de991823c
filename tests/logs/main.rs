//! What the process logs, captured at the most talkative level: a process of its own, for the
//! subscriber is one per process.

mod captured;
mod events;
mod mails;
mod secrets;
mod setup;
#[allow(dead_code)]
#[path = "../suite/social.rs"]
mod social;
mod start;
mod urls;
