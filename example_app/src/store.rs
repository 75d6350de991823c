//! The table of articles, over the plugin's connections.

use chrono::{NaiveDateTime, SubsecRound, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde::{Serialize, Serializer};
use users_permissions::openapi::utoipa::{self, ToSchema};
use users_permissions::query::Query;
use users_permissions::{Database, DbConn, Error, UserId, new_document_id, reachable};

diesel::table! {
    articles (id) {
        id -> Integer,
        document_id -> Text,
        title -> Text,
        body -> Nullable<Text>,
        status -> Text,
        author_id -> Nullable<Integer>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

/// An article as it is stored, and shown as far as `fields` asks for it.
#[derive(Debug, Clone, Serialize, ToSchema, Queryable, Selectable)]
#[serde(rename_all = "camelCase")]
pub struct Article {
    id: i32,
    document_id: String,
    #[schema(required = false)]
    title: String,
    #[schema(required = false)]
    body: Option<String>,
    #[schema(required = false)]
    status: String,
    #[serde(skip)]
    pub(crate) author_id: Option<UserId>,
    #[serde(serialize_with = "iso")]
    #[schema(required = false)]
    created_at: NaiveDateTime,
    #[serde(serialize_with = "iso")]
    #[schema(required = false)]
    updated_at: NaiveDateTime,
    #[serde(serialize_with = "iso")]
    #[schema(required = false)]
    #[diesel(select_expression = articles::created_at)]
    published_at: NaiveDateTime,
}

/// What a body may say of an article; `None` keeps what is there.
pub(crate) struct ArticleInput {
    pub(crate) title: Option<String>,
    /// `Some(None)` empties it.
    pub(crate) body: Option<Option<String>>,
    pub(crate) status: Option<String>,
}

reachable! {
    /// What a list of articles may be asked for.
    pub(crate) struct ArticleFields: articles::table {
        "id" => Integer(articles::id),
        "documentId" => Text(articles::document_id),
        "title" => Text(articles::title) searched,
        "body" => Text(articles::body.assume_not_null()) searched,
        "status" => Text(articles::status),
        "createdAt" => Time(articles::created_at),
        "updatedAt" => Time(articles::updated_at),
        "publishedAt" => Time(articles::created_at),
    }
}

/// Strapi's page sizes for content.
pub(crate) const DEFAULT_PAGE: i64 = 25;
pub(crate) const MAX_PAGE: i64 = 100;

/// The articles.
#[derive(Debug, Clone)]
pub struct Articles {
    database: Database,
}

impl Articles {
    /// Makes the table where it is missing.
    pub async fn open(database: Database) -> Result<Self, Error> {
        database.set_up(create_table).await?;
        Ok(Self { database })
    }

    /// The articles a query asks for, and how many there are when it asks for that, too.
    pub(crate) async fn list(&self, query: Query) -> Result<(Vec<Article>, Option<i64>), Error> {
        let query = move |conn: &mut DbConn| -> QueryResult<_> {
            let mut found = articles::table.select(Article::as_select()).into_boxed();
            let mut counted = articles::table.count().into_boxed();
            if let (Some(first), Some(second)) = (
                query.condition::<ArticleFields>(),
                query.condition::<ArticleFields>(),
            ) {
                found = found.filter(first);
                counted = counted.filter(second);
            }
            for key in query.order::<ArticleFields>() {
                found = found.then_order_by(key);
            }
            let found = found
                .then_order_by(articles::id.asc())
                .limit(query.page.limit.unwrap_or(MAX_PAGE))
                .offset(query.page.start)
                .load(conn)?;
            let total = if query.page.with_count {
                Some(counted.get_result(conn)?)
            } else {
                None
            };
            Ok((found, total))
        };
        self.database.run(query).await
    }

    pub(crate) async fn get(&self, id: String) -> Result<Option<Article>, Error> {
        if !is_document_id(&id) {
            return Ok(None);
        }
        self.database
            .run(move |conn| find(conn, &id).optional())
            .await
    }

    pub(crate) async fn create(
        &self,
        input: ArticleInput,
        author: Option<UserId>,
    ) -> Result<Article, Error> {
        let create = move |conn: &mut DbConn| -> QueryResult<_> {
            let (document_id, now) = (new_document_id(), now());
            diesel::insert_into(articles::table)
                .values((
                    articles::document_id.eq(&document_id),
                    articles::title.eq(input.title.unwrap_or_default()),
                    articles::body.eq(input.body.flatten()),
                    articles::status.eq(input.status.unwrap_or_else(|| "draft".to_owned())),
                    articles::author_id.eq(author),
                    articles::created_at.eq(now),
                    articles::updated_at.eq(now),
                ))
                .execute(conn)?;
            find(conn, &document_id)
        };
        self.database.run(create).await
    }

    pub(crate) async fn update(
        &self,
        id: String,
        input: ArticleInput,
    ) -> Result<Option<Article>, Error> {
        if !is_document_id(&id) {
            return Ok(None);
        }
        let update = move |conn: &mut DbConn| -> QueryResult<_> {
            diesel::update(articles::table.filter(articles::document_id.eq(&id)))
                .set((
                    input.title.map(|title| articles::title.eq(title)),
                    input.body.map(|body| articles::body.eq(body)),
                    input.status.map(|status| articles::status.eq(status)),
                    articles::updated_at.eq(now()),
                ))
                .execute(conn)?;
            find(conn, &id).optional()
        };
        self.database.run(update).await
    }

    pub(crate) async fn delete(&self, id: String) -> Result<bool, Error> {
        if !is_document_id(&id) {
            return Ok(false);
        }
        let delete = move |conn: &mut DbConn| {
            diesel::delete(articles::table.filter(articles::document_id.eq(&id))).execute(conn)
        };
        Ok(self.database.run(delete).await? > 0)
    }
}

/// Anything else is no article's, and not every database would take it.
fn is_document_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn find(conn: &mut DbConn, document_id: &str) -> QueryResult<Article> {
    articles::table
        .filter(articles::document_id.eq(document_id))
        .select(Article::as_select())
        .first(conn)
}

fn create_table(conn: &mut DbConn) -> QueryResult<()> {
    // By itself MySQL takes `a`, `A` and `á` for one, and filters would, too.
    #[allow(unreachable_patterns)]
    let (id, time, text) = match conn {
        #[cfg(feature = "sqlite")]
        DbConn::Sqlite(_) => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TIMESTAMP", ""),
        #[cfg(feature = "mysql")]
        DbConn::Mysql(_) => (
            "INTEGER AUTO_INCREMENT PRIMARY KEY",
            "DATETIME(6)",
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        _ => (
            "INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            "TIMESTAMP",
            "",
        ),
    };
    conn.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS articles (
            id {id},
            document_id VARCHAR(24) {text} NOT NULL UNIQUE,
            title VARCHAR(255) {text} NOT NULL,
            body TEXT {text},
            status VARCHAR(16) {text} NOT NULL,
            author_id INTEGER,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL
        )"
    ))
}

/// UTC, to the microsecond: all that the three databases keep alike.
fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(6)
}

fn iso<S: Serializer>(time: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(
        &time
            .and_utc()
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    )
}
