//! Requests of ours to others: key sets of issuers, token and profile endpoints of providers. Limited in
//! time and size, without redirects, and in production by https to public addresses only.

mod addresses;
mod client;

pub(crate) use client::{OutboundAnswer, OutboundClient, OutboundError};
