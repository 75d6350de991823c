//! Decides who may do what. No database, no HTTP, no async, no clock in here.

pub(crate) mod action;
mod catalog;
mod people;
mod snapshot;

pub(crate) use action::ActionEntry;
pub(crate) use catalog::{Catalog, long_form};
pub use catalog::{CatalogAction, CatalogError};
pub(crate) use snapshot::{RoleGrants, Snapshot};
