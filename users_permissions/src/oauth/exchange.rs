//! The code flow of OAuth 2, by the `oauth2` crate over our one HTTP client.

use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::http::header::{ACCEPT, AUTHORIZATION};
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IntrospectionUrl, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::effective::{Asking, Effective, Endpoints};
use super::profile::ProviderError;
use super::provider::ClientAuth;
use crate::config::Secret;

/// An answer to a code. Some providers leave out the token's type, or list scopes in ways of their own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Map<String, Value>")]
struct TokenAnswer {
    access_token: AccessToken,
    #[serde(skip_serializing)]
    kind: BasicTokenType,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl TryFrom<Map<String, Value>> for TokenAnswer {
    type Error = &'static str;

    /// Instagram documents its answer as the first of a list below `data`, and has answered without one.
    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        if !fields.contains_key("access_token") {
            let listed = fields.get_mut("data").and_then(|data| data.get_mut(0));
            if let Some(Value::Object(first)) = listed.map(Value::take) {
                fields = first;
            }
        }
        let Some(Value::String(token)) = fields.remove("access_token") else {
            return Err("there is no access token");
        };
        Ok(Self {
            access_token: AccessToken::new(token),
            kind: BasicTokenType::Bearer,
            fields,
        })
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.kind
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

type OauthClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn auth_type(auth: ClientAuth) -> AuthType {
    match auth {
        ClientAuth::Body => AuthType::RequestBody,
        ClientAuth::Basic => AuthType::BasicAuth,
    }
}

fn client(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
) -> Result<OauthClient, ProviderError> {
    let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| "PUBLIC_URL is no URL")?;
    let mut client = Client::new(ClientId::new(of.settings.key.clone()));
    if let Some(secret) = &of.settings.secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    Ok(client
        .set_auth_type(auth_type(endpoints.auth))
        .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
        .set_token_uri(TokenUrl::from_url(endpoints.access.clone()))
        .set_redirect_uri(redirect))
}

/// The page to sign in on, for a state, a nonce, and the code that only we know.
pub(super) fn authorize_url(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
    secrets: (&str, Option<&str>, &str),
) -> Result<Url, ProviderError> {
    let (state, nonce, verifier) = secrets;
    let client = client(of, endpoints, redirect)?;
    let mut request = client.authorize_url(|| CsrfToken::new(state.to_owned()));
    let scopes = of.scopes().join(of.provider.delimiter);
    if !scopes.is_empty() {
        request = request.add_scope(Scope::new(scopes));
    }
    if of.provider.pkce {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        request =
            request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    if let Some(nonce) = nonce {
        request = request.add_extra_param("nonce", nonce.to_owned());
    }
    for (name, value) in &of.provider.authorize_params {
        request = request.add_extra_param(name.clone(), value.clone());
    }
    Ok(request.url().0)
}

/// Exchanges a code: the access token, and what stands beside it.
pub(super) async fn exchange(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
    code: &str,
    verifier: &str,
    asking: &Asking,
) -> Result<(Secret, Map<String, Value>), ProviderError> {
    let client = client(of, endpoints, redirect)?;
    let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    if of.provider.pkce {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
    }
    let send = |request: HttpRequest| send(asking, request);
    match request.request_async(&send).await {
        Ok(answer) => Ok((
            Secret::from(answer.access_token.secret().as_str()),
            answer.fields,
        )),
        Err(RequestTokenError::ServerResponse(_)) => Err("the code was refused".into()),
        Err(RequestTokenError::Request(error)) => Err(error),
        Err(_) => Err("the answer to the code cannot be read".into()),
    }
}

/// What the provider says of a token (RFC 7662).
pub(super) async fn introspect(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
    token: &Secret,
    asking: &Asking,
) -> Result<BasicTokenIntrospectionResponse, ProviderError> {
    let url = endpoints.introspection.clone();
    let url = url.ok_or("nothing tells whom an access token of this provider is for")?;
    let client = client(of, endpoints, redirect)?
        .set_auth_type(auth_type(endpoints.introspection_auth))
        .set_introspection_url(IntrospectionUrl::from_url(url));
    let token = AccessToken::new(token.expose().to_owned());
    let request = client
        .introspect(&token)
        .set_token_type_hint("access_token");
    let send = |request: HttpRequest| send(asking, request);
    match request.request_async(&send).await {
        Ok(answer) => Ok(answer),
        Err(RequestTokenError::Request(error)) => Err(error),
        Err(RequestTokenError::ServerResponse(_)) => Err("the introspection was refused".into()),
        Err(_) => Err("the answer to the introspection cannot be read".into()),
    }
}

/// What the provider says to a code that nobody has been given: the name of its error.
#[cfg(feature = "admin")]
pub(super) async fn refusal(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
    asking: &Asking,
) -> Result<Option<String>, ProviderError> {
    let made_up = "a-code-that-tests-the-configuration".to_owned();
    let client = client(of, endpoints, redirect)?;
    let mut request = client.exchange_code(AuthorizationCode::new(made_up));
    if of.provider.pkce {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        request = request.set_pkce_verifier(verifier);
    }
    let send = |request: HttpRequest| send(asking, request);
    match request.request_async(&send).await {
        Err(RequestTokenError::ServerResponse(answer)) => Ok(Some(answer.error().to_string())),
        // Some say it with status 200.
        Err(RequestTokenError::Parse(_, body)) => Ok(serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|body| body.get("error")?.as_str().map(str::to_owned))),
        Err(RequestTokenError::Request(error)) => Err(error),
        Ok(_) | Err(_) => Ok(None),
    }
}

async fn send(asking: &Asking, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| "a URL is malformed")?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body())
        .into_owned()
        .collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let headers = [
        ("accept", header(ACCEPT)),
        ("authorization", header(AUTHORIZATION)),
    ];
    let headers: Vec<_> = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let answer = asking.client.post_form(&url, &fields, &headers).await?;
    let is_form = answer
        .content_type
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = match is_form {
        false => answer.body,
        true => {
            let pairs = url::form_urlencoded::parse(&answer.body).into_owned();
            let object: Map<_, _> = pairs
                .map(|(name, value)| (name, Value::String(value)))
                .collect();
            serde_json::to_vec(&object).map_err(|error| error.to_string())?
        }
    };
    oauth2::http::Response::builder()
        .status(answer.status)
        .body(body)
        .map_err(|_| "the answer has no status".into())
}
