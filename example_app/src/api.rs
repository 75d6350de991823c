//! What the description of the API says of the articles beside what the handlers tell themselves.
#![allow(dead_code)] // Fields are read by the derives alone.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use users_permissions::openapi::utoipa::{self, IntoParams, OpenApi, ToSchema};

use crate::articles;
use crate::store::Article;

/// The description of the application's own handlers; the plugin adds paths, actions and its own.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Articles",
        description = "An article API protected by users_permissions.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        articles::ping,
        articles::find,
        articles::find_one,
        articles::create,
        articles::update,
        articles::remove,
        crate::health,
        crate::pages::redirect,
        crate::pages::buttons,
        crate::pages::file,
    ),
    components(schemas(Article))
)]
pub struct Api;

#[derive(Serialize, ToSchema)]
pub(crate) struct Pong {
    pub(crate) ok: bool,
}

#[derive(ToSchema)]
pub(crate) struct NewArticleBody {
    #[schema(inline)]
    data: NewArticle,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct NewArticle {
    #[schema(min_length = 1, max_length = 255)]
    title: String,
    #[schema(max_length = 10_000)]
    body: Option<String>,
    #[schema(inline, nullable = false)]
    status: Option<Status>,
}

#[derive(ToSchema)]
pub(crate) struct ArticleBody {
    #[schema(inline)]
    data: ArticleChange,
}

/// What is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct ArticleChange {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    title: Option<String>,
    #[schema(max_length = 10_000)]
    body: Option<String>,
    #[schema(inline, nullable = false)]
    status: Option<Status>,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Status {
    Draft,
    Published,
}

#[derive(ToSchema)]
pub(crate) struct ArticleAnswer {
    data: Article,
    #[schema(value_type = Object)]
    meta: Value,
}

#[derive(ToSchema)]
pub(crate) struct ArticlesAnswer {
    data: Vec<Article>,
    #[schema(inline)]
    meta: ListMeta,
}

#[derive(ToSchema)]
struct ListMeta {
    #[schema(inline)]
    pagination: Pagination,
}

/// In the terms the page was asked for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Pagination {
    #[schema(nullable = false)]
    page: Option<i64>,
    #[schema(nullable = false)]
    page_size: Option<i64>,
    #[schema(nullable = false)]
    page_count: Option<i64>,
    #[schema(nullable = false)]
    start: Option<i64>,
    #[schema(nullable = false)]
    limit: Option<i64>,
    #[schema(nullable = false)]
    total: Option<i64>,
}

/// What a list of articles may be asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArticleList {
    /// Conditions in brackets: `filters[title][$containsi]=milk`.
    #[param(style = DeepObject, explode, required = false, example = json!({ "status": "published" }))]
    filters: BTreeMap<String, Value>,
    /// Text to look for in titles and bodies.
    #[param(rename = "_q", required = false)]
    text: String,
    /// Keys of the order: `createdAt:desc,id`.
    #[param(example = "createdAt:desc", required = false)]
    sort: String,
    /// Fields to show; the ids always come along.
    #[param(example = "title,status", required = false)]
    fields: String,
    /// Number of the page.
    #[param(
        rename = "pagination[page]",
        minimum = 1,
        maximum = 1_000_000,
        required = false
    )]
    page: i64,
    /// Articles to a page, at most 100.
    #[param(
        rename = "pagination[pageSize]",
        minimum = 1,
        maximum = 1_000_000,
        required = false
    )]
    page_size: i64,
}

/// How much of an article is shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArticleFieldsParameter {
    /// Fields to show; the ids always come along.
    #[param(example = "title,status", required = false)]
    fields: String,
}
