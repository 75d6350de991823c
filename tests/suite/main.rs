//! The suite: behaviour through HTTP, on every database.

mod callers;
