//! The suite: behaviour through HTTP, on every database.

mod bodies;
mod callers;
mod login_input;
mod passwords;
mod races;
mod registration_input;
