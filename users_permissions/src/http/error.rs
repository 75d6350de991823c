//! The one place where an error becomes a status and a body.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::error::{Error, FieldError};

/// `{"data": null, "error": {status, name, message, details}}`, the shape of every error.
pub(super) fn envelope(
    status: StatusCode,
    name: &str,
    message: &str,
    details: Value,
) -> HttpResponse {
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(json!({
        "data": null,
        "error": { "status": status.as_u16(), "name": name, "message": message, "details": details },
    }))
}

fn field(error: &FieldError) -> Value {
    json!({ "path": error.path, "message": error.message, "name": "ValidationError" })
}

impl Error {
    /// Strapi's name of the error.
    fn wire_name(&self) -> &'static str {
        match self {
            Self::Validation(_) => "ValidationError",
            Self::Application(_) => "ApplicationError",
            Self::Unauthorized(_) => "UnauthorizedError",
            Self::Forbidden => "ForbiddenError",
            Self::NotFound(_) => "NotFoundError",
            Self::MethodNotAllowed => "MethodNotAllowedError",
            Self::Syntax(_) => "SyntaxError",
            Self::TooLarge => "PayloadTooLargeError",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeError",
            Self::Unavailable(_) => "ServiceUnavailableError",
            Self::Internal(_) => "InternalServerError",
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Validation(_) | Self::Application(_) | Self::Syntax(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let details = match self {
            Self::Validation(validation) if !validation.errors.is_empty() => {
                json!({ "errors": validation.errors.iter().map(field).collect::<Vec<_>>() })
            }
            // The cause is for the log; the client learns nothing from it.
            Self::Unavailable(cause) => {
                tracing::error!(%cause, "service unavailable");
                json!({})
            }
            Self::Internal(cause) => {
                tracing::error!(%cause, "internal error");
                json!({})
            }
            _ => json!({}),
        };
        let mut response = envelope(
            self.status_code(),
            self.wire_name(),
            &self.to_string(),
            details,
        );
        if let Self::Unavailable(_) = self {
            response.headers_mut().insert(
                RETRY_AFTER,
                actix_web::http::header::HeaderValue::from_static("1"),
            );
        }
        response
    }
}
