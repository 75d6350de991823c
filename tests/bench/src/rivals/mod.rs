//! What people use instead. Each is set up in its own favour: keys built once, rights at hand.

pub mod grants;
pub mod policy;
pub mod query;
mod token;
