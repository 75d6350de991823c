//! OAuth 1.0a (RFC 5849) as Twitter speaks it. Its state is the request token.

use oauth::{Builder, Credentials, HMAC_SHA1, ParameterList};
use oauth1_request as oauth;
use serde_json::Value;
use std::fmt::Display;
use url::Url;

use super::effective::{Asking, Effective, Endpoints};
use super::profile::{Profile, ProviderError, text};

/// Token and secret.
pub(super) type Pair = (String, String);

fn signer<'a>(
    of: &'a Effective,
    token: Option<&'a Pair>,
) -> Builder<'a, oauth::HmacSha1, &'a str, &'a str> {
    let secret = of
        .settings
        .secret
        .as_ref()
        .map_or("", |secret| secret.expose());
    let mut builder = Builder::new(
        Credentials::new(of.settings.key.as_str(), secret),
        HMAC_SHA1,
    );
    if let Some((token, secret)) = token {
        builder.token(Credentials::new(token.as_str(), secret.as_str()));
    }
    builder
}

/// Asks for a request token; its page is where people sign in.
pub(super) async fn request_token(
    of: &Effective,
    endpoints: &Endpoints,
    redirect: &str,
    asking: &Asking,
) -> Result<(Pair, Url), ProviderError> {
    let url = endpoints
        .request
        .as_ref()
        .ok_or("there is no request URL")?;
    let mut signer = signer(of, None);
    let header = signer.callback(redirect).post(url, &());
    let fields = ask(asking, url, &[], &header).await?;
    let field = |name: &str| find(&fields, name);
    if field("oauth_callback_confirmed").as_deref() != Some("true") {
        return Err("the redirect URL was not confirmed".into());
    }
    let pair = field("oauth_token").zip(field("oauth_token_secret"));
    let pair = pair.ok_or("there is no request token")?;
    let mut page = endpoints.authorize.clone();
    page.query_pairs_mut().append_pair("oauth_token", &pair.0);
    Ok((pair, page))
}

/// Exchanges the request token and reads the profile.
pub(super) async fn finish(
    of: &Effective,
    endpoints: &Endpoints,
    request: &Pair,
    verifier: &str,
    asking: &Asking,
) -> Result<(Profile, Value), ProviderError> {
    let sent = [("oauth_verifier", verifier)];
    let signed = ParameterList::new([("oauth_verifier", &verifier as &dyn Display)]);
    let header = signer(of, Some(request)).post(&endpoints.access, &signed);
    let fields = ask(asking, &endpoints.access, &sent, &header).await?;
    let access = find(&fields, "oauth_token").zip(find(&fields, "oauth_token_secret"));
    let access = access.ok_or("there is no access token")?;
    let plain = endpoints
        .profile
        .as_ref()
        .ok_or("there is no profile URL")?;
    let asked = ParameterList::new([
        ("include_email", &"true" as &dyn Display),
        ("skip_status", &"true" as &dyn Display),
    ]);
    let header = signer(of, Some(&access)).get(plain, &asked);
    let mut url = plain.clone();
    url.set_query(Some("include_email=true&skip_status=true"));
    let answer = asking
        .client
        .get(&url, &[("authorization", &header)])
        .await?;
    if answer.status != 200 {
        return Err("the profile was refused".into());
    }
    let answer: Value =
        serde_json::from_slice(&answer.body).map_err(|_| "the profile is no JSON")?;
    let subject = text(&answer, "/id_str").ok_or("the profile has no subject")?;
    let profile = Profile::new(subject).username(text(&answer, "/screen_name").unwrap_or_default());
    // Documented: null where the address is not verified.
    let profile = match text(&answer, "/email") {
        Some(email) => profile.proven_email(email),
        None => profile,
    };
    Ok((profile, answer))
}

async fn ask(
    asking: &Asking,
    url: &Url,
    fields: &[(&str, &str)],
    authorization: &str,
) -> Result<Vec<Pair>, ProviderError> {
    let headers = [("authorization", authorization)];
    let answer = asking.client.post_form(url, fields, &headers).await?;
    if answer.status != 200 {
        return Err(format!("a request was answered {}", answer.status).into());
    }
    Ok(url::form_urlencoded::parse(&answer.body)
        .into_owned()
        .collect())
}

fn find(fields: &[Pair], name: &str) -> Option<String> {
    let found = fields.iter().find(|(field, _)| field == name);
    found
        .map(|(_, value)| value.clone())
        .filter(|value| !value.is_empty())
}
