//! The query language, as far as a description can tell it.
#![allow(dead_code)] // Fields are read by the derive alone.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// What a list of users may be asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserList {
    /// Conditions in brackets: `filters[username][$containsi]=ann`, `filters[$or][0][id][$gt]=7`. A plain
    /// value means `$eq`. Operators: `$eq $eqi $ne $nei $in $notIn $lt $lte $gt $gte $between $null
    /// $notNull $contains $notContains $containsi $notContainsi $startsWith $startsWithi $endsWith
    /// $endsWithi $and $or $not`. `role` leads to the
    /// primary role and `roles` to any, for those who may see roles: `filters[roles][type]=editor`.
    #[param(style = DeepObject, explode, required = false, example = json!({ "blocked": "false" }))]
    filters: BTreeMap<String, Value>,
    /// Keys of the order: `username:desc,id`, or `sort[0]=username:desc`.
    #[param(example = "username:asc", required = false)]
    sort: String,
    /// Fields to show, at most 100, with commas or as a list; the ids always come along.
    #[param(example = "username,email", required = false)]
    fields: String,
    /// Relations to show, for those who may see roles: `role`, `roles`, `*`, or
    /// `populate[roles][fields][0]=name`.
    #[param(example = "roles", required = false)]
    populate: String,
    /// Users to pass over.
    #[param(minimum = 0, maximum = 1_000_000, required = false)]
    start: i64,
    /// Users to show, at most 10,000; -1 and 0 mean as many as there are.
    #[param(minimum = -1, maximum = 1_000_000, required = false)]
    limit: i64,
    /// Number of the page, in place of `start`.
    #[param(
        rename = "pagination[page]",
        minimum = 1,
        maximum = 1_000_000,
        required = false
    )]
    page: i64,
    /// Users to a page.
    #[param(
        rename = "pagination[pageSize]",
        minimum = 1,
        maximum = 10_000,
        required = false
    )]
    page_size: i64,
    /// Text to look for in names and addresses.
    #[param(rename = "_q", required = false)]
    text: String,
}

/// What a number of users may be asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserCount {
    /// Conditions in brackets, as for the list of users.
    #[param(style = DeepObject, explode, required = false, example = json!({ "confirmed": "true" }))]
    filters: BTreeMap<String, Value>,
    /// Text to look for in names and addresses.
    #[param(rename = "_q", required = false)]
    text: String,
}

/// What one user may be asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserShape {
    /// Conditions in brackets, as for the list of users; one that the user does not meet answers 404.
    #[param(style = DeepObject, explode, required = false, example = json!({ "confirmed": "true" }))]
    filters: BTreeMap<String, Value>,
    /// Fields to show, at most 100, with commas or as a list; the ids always come along.
    #[param(example = "username,email", required = false)]
    fields: String,
    /// Relations to show, for those who may see roles: `role`, `roles`, `*`, or
    /// `populate[roles][fields][0]=name`.
    #[param(example = "roles", required = false)]
    populate: String,
}

/// Which mails of the outbox are listed; no other parameter is taken.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MailList {
    /// All where it is left out.
    #[param(inline, required = false)]
    state: MailState,
    /// Mails to pass over.
    #[param(minimum = 0, required = false)]
    start: u32,
    /// Mails to show, at most 100.
    #[param(minimum = 0, required = false)]
    limit: u32,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum MailState {
    /// Waits, or is being tried.
    Queued,
    /// A mail server took it.
    Sent,
    /// Given up.
    Dead,
    /// For developers to read.
    Kept,
}
