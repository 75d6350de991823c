//! Pages of other origins: which may call, and what they may send and read.

mod layer;

use actix_cors::Cors;
use actix_web::http::header::HeaderName;

use layer::CrossOrigin;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// What the plugin reads, and what browsers count as a header of the page.
const HEADERS: [&str; 6] = [
    "accept",
    "authorization",
    "content-type",
    "if-match",
    "origin",
    "x-strapi-refresh-cookie",
];
/// What pages need of answers, and would not be shown.
const EXPOSED: [&str; 5] = [
    "etag",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
const DAY: usize = 86_400;

/// Who may call from another origin, and how.
///
/// ```
/// use example_app::CorsRules;
///
/// let rules = CorsRules::of("https://app.example, http://localhost:3000");
/// assert_eq!(rules.origins.len(), 2);
/// assert!(rules.credentials);
/// ```
#[derive(Debug, Clone)]
pub struct CorsRules {
    /// Exactly these; none: nobody.
    pub origins: Vec<String>,
    /// Headers that requests may have.
    pub headers: Vec<HeaderName>,
    /// May browsers send cookies, and show answers to requests with them?
    pub credentials: bool,
}

impl CorsRules {
    /// The rules for a comma list of origins. `*` is none: answers may carry credentials.
    pub fn of(origins: &str) -> Self {
        Self {
            origins: list(origins).filter(|origin| origin != "*").collect(),
            headers: HEADERS.map(HeaderName::from_static).to_vec(),
            credentials: true,
        }
    }

    /// `UP_CORS_ORIGINS`, `UP_CORS_HEADERS` (instead of the usual ones), `UP_CORS_CREDENTIALS`.
    ///
    /// # Errors
    /// A header whose name is none, or credentials that are neither `true` nor `false`.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let variable = |name| variable(name).filter(|text| !text.is_empty());
        let mut rules = Self::of(&variable("UP_CORS_ORIGINS").unwrap_or_default());
        if let Some(headers) = variable("UP_CORS_HEADERS") {
            let headers = list(&headers).map(|name| name.parse());
            rules.headers = headers
                .collect::<Result<_, _>>()
                .map_err(|error| format!("UP_CORS_HEADERS: {error}"))?;
        }
        if let Some(credentials) = variable("UP_CORS_CREDENTIALS") {
            rules.credentials = credentials
                .parse()
                .map_err(|error| format!("UP_CORS_CREDENTIALS: {error}"))?;
        }
        Ok(rules)
    }

    pub(crate) fn layer(&self) -> CrossOrigin {
        CrossOrigin(self.cors())
    }

    fn cors(&self) -> Cors {
        let mut cors = Cors::default()
            .allowed_methods(METHODS)
            .allowed_headers(&self.headers)
            .expose_headers(EXPOSED)
            .max_age(DAY);
        if self.credentials {
            cors = cors.supports_credentials();
        }
        let origins = self.origins.iter();
        origins.fold(cors, |cors, origin| cors.allowed_origin(origin))
    }
}

fn list(text: &str) -> impl Iterator<Item = String> {
    let items = text.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, header};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    /// The answer to a preflight, as status and what it allows.
    async fn preflight(rules: &CorsRules, wanted: &str) -> (u16, Option<String>, bool) {
        let page = web::to(HttpResponse::Ok);
        let app = init_service(App::new().wrap(rules.layer()).default_service(page)).await;
        let request = TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header((header::ORIGIN, "https://app.example"))
            .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "PUT"))
            .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, wanted));
        let response = call_service(&app, request.to_request()).await;
        let headers = response.headers();
        let origin = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        let origin = origin.and_then(|origin| origin.to_str().ok());
        (
            response.status().as_u16(),
            origin.map(str::to_owned),
            headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS),
        )
    }

    fn read(set: &[(&str, &str)]) -> Result<CorsRules, Box<dyn std::error::Error>> {
        CorsRules::read(|name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[actix_web::test]
    async fn origins_headers_and_credentials_are_settings() {
        let origin = || Some("https://app.example".to_owned());
        let origins = (
            "UP_CORS_ORIGINS",
            "http://localhost:3000, https://app.example",
        );
        let usual = read(&[origins]).unwrap();
        assert_eq!(preflight(&usual, "if-match").await, (200, origin(), true));
        assert_eq!(preflight(&usual, "x-own").await.0, 400);
        let own = read(&[
            origins,
            ("UP_CORS_HEADERS", "Authorization, X-Own"),
            ("UP_CORS_CREDENTIALS", "false"),
        ])
        .unwrap();
        let asked = preflight(&own, "authorization, x-own").await;
        assert_eq!(asked, (200, origin(), false));
        assert_eq!(preflight(&own, "if-match").await.0, 400);
        for nobody in ["", "*", "https://app.example.evil"] {
            let rules = read(&[("UP_CORS_ORIGINS", nobody)]).unwrap();
            assert_eq!(preflight(&rules, "accept").await, (400, None, false));
        }
    }

    #[test]
    fn settings_that_say_nothing_are_refused() {
        assert!(read(&[("UP_CORS_HEADERS", "a b")]).is_err());
        assert!(read(&[("UP_CORS_CREDENTIALS", "yes")]).is_err());
    }
}
