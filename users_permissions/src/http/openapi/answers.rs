//! What goes wrong, described once: an operation refers to it by its status.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::IntoResponses;
use utoipa::openapi::{
    Components, ContentBuilder, Header, HeaderBuilder, Object, Ref, RefOr, Response,
    ResponseBuilder, Type,
};

use super::shapes::{ErrorShape, named};

struct Failure {
    status: &'static str,
    /// Strapi's name of the error; the component is named after it, too.
    name: &'static str,
    description: &'static str,
    example: &'static str,
}

const FAILURES: [Failure; 9] = [
    Failure {
        status: "400",
        name: "ValidationError",
        description: "The request breaks a rule (`ValidationError`, with the fields in `details`), is \
                      well formed and still cannot be honoured (`ApplicationError`), or is no JSON \
                      (`SyntaxError`).",
        example: "username must be at least 3 characters",
    },
    Failure {
        status: "401",
        name: "UnauthorizedError",
        description: "The token does not verify or its user may not use it; or nobody may call this \
                      without one.",
        example: "Missing or invalid credentials",
    },
    Failure {
        status: "403",
        name: "ForbiddenError",
        description: "The caller lacks the permission.",
        example: "Forbidden",
    },
    Failure {
        status: "404",
        name: "NotFoundError",
        description: "There is no such thing.",
        example: "Not Found",
    },
    Failure {
        status: "409",
        name: "ConflictError",
        description: "What is to be changed was changed meanwhile; it has to be read again.",
        example: "This was changed meanwhile; read it again",
    },
    Failure {
        status: "413",
        name: "PayloadTooLargeError",
        description: "The body is larger than the operation takes.",
        example: "request entity too large",
    },
    Failure {
        status: "415",
        name: "UnsupportedMediaTypeError",
        description: "The body is neither JSON nor a form.",
        example: "Unsupported Media Type",
    },
    Failure {
        status: "429",
        name: "RateLimitError",
        description: "Too many requests of this client, or for this account.",
        example: "Too many requests, please try again later.",
    },
    Failure {
        status: "503",
        name: "ServiceUnavailableError",
        description: "The database cannot be asked, or too much is waiting; worth trying again.",
        example: "Service Unavailable",
    },
];

/// What the check before every listed handler may answer.
pub(super) const OF_THE_CHECK: [&str; 3] = ["401", "403", "503"];

/// A reference to the shared answer of a status.
pub(super) fn shared(status: &str) -> Option<RefOr<Response>> {
    let failure = FAILURES.iter().find(|failure| failure.status == status)?;
    Some(Ref::from_response_name(named(failure.name)).into())
}

/// Enters the shared answers.
pub(super) fn register(components: &mut Components) {
    for failure in &FAILURES {
        components
            .responses
            .insert(named(failure.name), response(failure).into());
    }
}

fn response(failure: &Failure) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ErrorShape::NAME)))
        .example(Some(json!({
            "data": null,
            "error": {
                "status": failure.status.parse::<u16>().unwrap_or_default(),
                "name": failure.name,
                "message": failure.example,
                "details": {},
            },
        })))
        .build();
    let response = ResponseBuilder::new()
        .description(failure.description)
        .content("application/json", content);
    let headers: &[(&str, &str)] = match failure.status {
        "429" => &[
            RETRY_AFTER,
            ("X-RateLimit-Limit", "Requests that are let through."),
            ("X-RateLimit-Remaining", "Requests that are left."),
            ("X-RateLimit-Reset", RESET),
        ],
        "503" => &[RETRY_AFTER],
        _ => &[],
    };
    headers
        .iter()
        .fold(response, |response, (name, description)| {
            response.header(*name, number(description))
        })
        .build()
}

const RETRY_AFTER: (&str, &str) = ("Retry-After", "Seconds to wait.");
const RESET: &str = "End of the window, in seconds since 1970.";

fn number(description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::Integer)))
        .description(Some(description))
        .build()
}

fn references(statuses: &[&str]) -> BTreeMap<String, RefOr<Response>> {
    let reference = |status: &&str| Some(((*status).to_owned(), shared(status)?));
    statuses.iter().filter_map(reference).collect()
}

macro_rules! groups {
    ($($(#[$meta:meta])* $vis:vis $name:ident: $($status:literal),+;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                references(&[$($status),+])
            }
        }
    )*};
}

groups! {
    /// Answers to a request that breaks a rule: 400 in the shape of all errors.
    ///
    /// ```
    /// use users_permissions::openapi::{BadRequest, utoipa};
    ///
    /// #[utoipa::path(get, path = "/articles", responses((status = 200, description = "Articles"), BadRequest))]
    /// async fn find() {}
    /// ```
    pub BadRequest: "400";

    /// Answers to a body that is not what it should be: 400, 413 and 415.
    ///
    /// ```
    /// use users_permissions::openapi::{BadBody, utoipa};
    ///
    /// #[utoipa::path(post, path = "/articles", responses((status = 201, description = "The article"), BadBody))]
    /// async fn create() {}
    /// ```
    pub BadBody: "400", "413", "415";

    /// The answer where there is nothing: 404.
    ///
    /// ```
    /// use users_permissions::openapi::{Missing, utoipa};
    ///
    /// #[utoipa::path(delete, path = "/articles/{id}", responses((status = 204, description = "Deleted"), Missing))]
    /// async fn remove() {}
    /// ```
    pub Missing: "404";

    /// The answer to a change of what is not there any more as it was read: 409.
    pub(crate) Outdated: "409";

    /// The answer of limited operations: 429.
    pub(crate) Limited: "429";

    /// The answer of an operation that asks the database without a check before it: 503.
    pub(crate) Unavailable: "503";
}
