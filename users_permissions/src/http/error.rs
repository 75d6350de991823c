//! The one place where an error becomes a status and a body.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use super::dto::json;
use crate::error::{Error, FieldError};

/// The shape of every error: `{"data": null, "error": {status, name, message, details}}`.
#[derive(Serialize)]
struct Envelope<'a> {
    data: (),
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    status: u16,
    name: &'a str,
    message: &'a str,
    details: Details<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    None {},
    Fields {
        errors: Vec<Field<'a>>,
    },
    Key {
        key: &'a str,
        path: Option<&'a str>,
        source: &'static str,
        param: &'static str,
    },
}

/// One broken rule; the offending value is left out.
#[derive(Serialize)]
struct Field<'a> {
    path: &'a [String],
    message: &'a str,
    name: &'static str,
}

impl<'a> Field<'a> {
    fn new(error: &'a FieldError) -> Self {
        Self {
            path: &error.path,
            message: &error.message,
            name: "ValidationError",
        }
    }
}

impl Error {
    /// Notes the cause of a fault of ours, of which clients learn nothing.
    pub(crate) fn log(&self) {
        match self {
            Self::Unavailable(cause) => tracing::error!(%cause, "service unavailable"),
            Self::Internal(cause) => tracing::error!(%cause, "internal error"),
            _ => {}
        }
    }

    /// Strapi's name of the error.
    fn wire_name(&self) -> &'static str {
        match self {
            Self::Validation(_) | Self::Query(_) => "ValidationError",
            Self::Application(_) => "ApplicationError",
            Self::BadRequest(_) => "BadRequestError",
            Self::Unauthorized(_) => "UnauthorizedError",
            Self::Forbidden | Self::Denied(_) => "ForbiddenError",
            Self::NotFound(_) => "NotFoundError",
            Self::Conflict(_) => "ConflictError",
            Self::MethodNotAllowed => "MethodNotAllowedError",
            Self::Syntax(_) => "SyntaxError",
            Self::TooLarge => "PayloadTooLargeError",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeError",
            Self::RateLimited => "RateLimitError",
            Self::Unavailable(_) => "ServiceUnavailableError",
            Self::Internal(_) => "InternalServerError",
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Validation(_)
            | Self::Query(_)
            | Self::Application(_)
            | Self::BadRequest(_)
            | Self::Syntax(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let details = match self {
            Self::Validation(validation) if !validation.errors.is_empty() => Details::Fields {
                errors: validation.errors.iter().map(Field::new).collect(),
            },
            Self::Query(error) => Details::Key {
                key: &error.key,
                path: error.path.as_deref(),
                source: "query",
                param: error.param,
            },
            _ => Details::None {},
        };
        self.log();
        let status = self.status_code();
        let error = Body {
            status: status.as_u16(),
            name: self.wire_name(),
            message: &self.to_string(),
            details,
        };
        let mut response = json(status, Envelope { data: (), error });
        if let Self::Unavailable(_) = self {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
