//! `/api/articles`, in Strapi's content shapes.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, delete, get, post, put, web};
use serde_json::{Map, Value, json};
use users_permissions::openapi::{BadBody, BadRequest, Missing, utoipa};
use users_permissions::query::{PageKind, Query, Reachable as _, Schema};
use users_permissions::{AuthUser, Caller, Error, permission};

use std::future::{Ready, ready};

use crate::api;
use crate::store::{Article, ArticleFields, ArticleInput, Articles, DEFAULT_PAGE, MAX_PAGE};

/// What the scope serves.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(ping)
        .service(find)
        .service(find_one)
        .service(create)
        .service(update)
        .service(remove);
}

/// Answers, to whom it may.
#[utoipa::path(responses((status = 200, description = "It answers", body = api::Pong)))]
#[permission("api::article.ping", grant("public", "authenticated"))]
#[get("/ping")]
async fn ping() -> impl Responder {
    web::Json(api::Pong { ok: true })
}

/// Lists articles: `filters`, `_q`, `sort`, `fields`, `pagination` as in Strapi.
#[utoipa::path(
    params(api::ArticleList),
    responses(
        (status = 200, description = "A page of articles", body = api::ArticlesAnswer),
        BadRequest,
    ),
)]
#[permission("api::article.find", grant("public", "authenticated"))]
#[get("/articles")]
async fn find(articles: web::Data<Articles>, mut asked: Asked) -> Result<HttpResponse, Error> {
    asked.query.page = asked.query.page.within(DEFAULT_PAGE, MAX_PAGE);
    let (found, total) = articles.list(asked.query.clone()).await?;
    let data: Vec<Value> = found.iter().map(|article| asked.show(article)).collect();
    Ok(HttpResponse::Ok()
        .json(json!({ "data": data, "meta": { "pagination": pagination(&asked.query, total) } })))
}

/// What the query string asks for; an extractor, so that a bad one is refused before anything is
/// written.
struct Asked {
    query: Query,
    schema: Schema,
}

impl FromRequest for Asked {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let schema = ArticleFields::schema();
        ready(Query::parse(req.query_string(), &schema).map(|query| Self { query, schema }))
    }
}

impl Asked {
    /// The article with the fields that were asked for; the ids always come along.
    fn show(&self, article: &Article) -> Value {
        let mut shown = json!(article);
        if let (Some(fields), Some(map)) = (&self.query.fields, shown.as_object_mut()) {
            let names: Vec<_> = fields
                .iter()
                .filter_map(|field| self.schema.name(*field))
                .collect();
            map.retain(|key, _| key == "id" || key == "documentId" || names.contains(key));
        }
        shown
    }

    fn content(&self, article: &Article) -> Value {
        json!({ "data": self.show(article), "meta": {} })
    }
}

/// What `meta.pagination` tells, in the terms the page was asked for.
fn pagination(query: &Query, total: Option<i64>) -> Value {
    let size = query.page.limit.unwrap_or(MAX_PAGE);
    let mut shown = match query.page.kind {
        PageKind::Offset => json!({ "start": query.page.start, "limit": size }),
        _ => json!({ "page": query.page.number(), "pageSize": size }),
    };
    if let Some(total) = total {
        shown["total"] = json!(total);
        if query.page.kind != PageKind::Offset {
            shown["pageCount"] = json!((total + size - 1) / size);
        }
    }
    shown
}

/// One article.
#[utoipa::path(
    params(
        ("document_id" = String, Path, description = "documentId of the article"),
        api::ArticleFieldsParameter,
    ),
    responses(
        (status = 200, description = "The article", body = api::ArticleAnswer),
        BadRequest,
        Missing,
    ),
)]
#[permission("api::article.findOne", grant("public", "authenticated"))]
#[get("/articles/{document_id}")]
async fn find_one(
    articles: web::Data<Articles>,
    id: web::Path<String>,
    asked: Asked,
) -> Result<HttpResponse, Error> {
    let article = articles.get(id.into_inner()).await?.ok_or(NOT_FOUND)?;
    Ok(HttpResponse::Ok().json(asked.content(&article)))
}

/// Writes a new article; the caller is its author.
#[utoipa::path(
    params(api::ArticleFieldsParameter),
    request_body = api::NewArticleBody,
    responses((status = 201, description = "The new article", body = api::ArticleAnswer), BadBody),
)]
#[permission("api::article.create", grant("authenticated"))]
#[post("/articles")]
async fn create(
    articles: web::Data<Articles>,
    caller: Caller,
    asked: Asked,
    body: web::Json<Value>,
) -> Result<HttpResponse, Error> {
    let input = input(&body)?;
    if input.title.is_none() {
        return Err(Error::validation("title must be defined."));
    }
    let article = articles
        .create(input, caller.user().map(AuthUser::id))
        .await?;
    Ok(HttpResponse::Created().json(asked.content(&article)))
}

/// Changes an article; its author and administrators only.
#[utoipa::path(
    params(
        ("document_id" = String, Path, description = "documentId of the article"),
        api::ArticleFieldsParameter,
    ),
    request_body = api::ArticleBody,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The changed article", body = api::ArticleAnswer),
        BadBody,
        Missing,
    ),
)]
#[permission("api::article.update", grant("authenticated"), policies(is_author))]
#[put("/articles/{document_id}")]
async fn update(
    articles: web::Data<Articles>,
    id: web::Path<String>,
    asked: Asked,
    body: web::Json<Value>,
) -> Result<HttpResponse, Error> {
    let article = articles
        .update(id.into_inner(), input(&body)?)
        .await?
        .ok_or(NOT_FOUND)?;
    Ok(HttpResponse::Ok().json(asked.content(&article)))
}

/// Deletes an article; its author and administrators only.
#[utoipa::path(
    params(("document_id" = String, Path, description = "documentId of the article")),
    security(("bearer" = [])),
    responses((status = 204, description = "Deleted"), Missing),
)]
#[permission("api::article.delete", grant("authenticated"), policies(is_author))]
#[delete("/articles/{document_id}")]
async fn remove(
    articles: web::Data<Articles>,
    id: web::Path<String>,
) -> Result<HttpResponse, Error> {
    if articles.delete(id.into_inner()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(NOT_FOUND)
    }
}

/// A policy: asked after the role check, before the body is read. What does not exist is left to the
/// handler, which answers 404.
async fn is_author(
    user: AuthUser,
    articles: web::Data<Articles>,
    id: web::Path<String>,
) -> Result<bool, Error> {
    let article = articles.get(id.into_inner()).await?;
    Ok(user.has_role("administrator")
        || article.is_none_or(|article| article.author_id == Some(user.id())))
}

const NOT_FOUND: Error = Error::NotFound("Not Found");

/// Bytes of a text; what the smallest text column of the three databases takes.
const MAX_TEXT: usize = 65_535;

/// The `data` of a body.
fn input(body: &Value) -> Result<ArticleInput, Error> {
    let data = body.get("data").and_then(Value::as_object);
    let data: &Map<String, Value> =
        data.ok_or_else(|| Error::validation("Missing \"data\" payload in the request body"))?;
    if let Some(unknown) = data
        .keys()
        .find(|key| !["title", "body", "status"].contains(&key.as_str()))
    {
        return Err(Error::validation(format!("Invalid key {unknown}")));
    }
    let text = |name: &str| match data.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() > MAX_TEXT || text.contains('\0') => Err(
            Error::validation(format!("{name} is too long or holds a NUL")),
        ),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::validation(format!("{name} must be a `string` type"))),
    };
    let status = text("status")?;
    if status
        .as_deref()
        .is_some_and(|status| !["draft", "published"].contains(&status))
    {
        return Err(Error::validation(
            "status must be one of the following values: draft, published",
        ));
    }
    let title = text("title")?;
    if title
        .as_deref()
        .is_some_and(|title| title.is_empty() || title.chars().count() > 255)
    {
        return Err(Error::validation(
            "title must be between 1 and 255 characters",
        ));
    }
    // `null` empties the body, its absence keeps it.
    let body = text("body")?;
    let body = data.contains_key("body").then_some(body);
    Ok(ArticleInput {
        title,
        body,
        status,
    })
}
