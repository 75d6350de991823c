//! Twitter, which speaks OAuth 1.0a.

use reqwest::Url;
use serde_json::json;

use super::server::{Asked, Reply, Scenario, State};

const REQUEST: &str = "api.twitter.com/oauth/request_token";
const AUTHORIZE: &str = "api.twitter.com/oauth/authenticate";
pub(super) const ACCESS: &str = "api.twitter.com/oauth/access_token";
const PROFILE: &str = "api.twitter.com/1.1/account/verify_credentials.json";

pub(super) fn answer(state: &mut State, asked: &Asked) -> Option<Reply> {
    let header = asked
        .headers
        .get("authorization")
        .map_or("", String::as_str);
    let signed = [
        "oauth_consumer_key=\"client-id\"",
        "oauth_signature_method=\"HMAC-SHA1\"",
        "oauth_signature=\"",
        "oauth_nonce=\"",
        "oauth_timestamp=\"",
    ];
    let is_signed = header.starts_with("OAuth ") && signed.iter().all(|part| header.contains(part));
    let form = |body: &str| Reply::text(200, "text/html; charset=utf-8", body);
    let refused = || {
        Reply::json(
            401,
            json!({ "errors": [{ "code": 32, "message": "Could not authenticate you." }] }),
        )
    };
    Some(match asked.place.as_str() {
        REQUEST if !is_signed || !header.contains("oauth_callback=\"") => refused(),
        REQUEST => {
            let number = state.codes.len();
            let given = super::server::Given {
                redirect: callback(header),
                challenge: None,
                nonce: None,
            };
            state.codes.insert(format!("request-{number}"), given);
            form(&format!(
                "oauth_token=request-{number}&oauth_token_secret=request-secret&oauth_callback_confirmed=true"
            ))
        }
        AUTHORIZE => {
            let token = asked.field("oauth_token");
            let given = state.codes.get(token)?;
            let mut to = Url::parse(&given.redirect).expect("a redirect URL");
            match state.scenario {
                Scenario::Denied => to.query_pairs_mut().append_pair("denied", token),
                _ => to
                    .query_pairs_mut()
                    .append_pair("oauth_token", token)
                    .append_pair("oauth_verifier", "verifier"),
            };
            Reply::redirect(to.into())
        }
        ACCESS => {
            let fits = is_signed
                && header.contains("oauth_token=\"request-")
                && asked.field("oauth_verifier") == "verifier";
            match fits && state.scenario != Scenario::TokenError {
                true => form(
                    "oauth_token=access&oauth_token_secret=access-secret&user_id=4711&screen_name=octocat",
                ),
                false => refused(),
            }
        }
        PROFILE if !is_signed || !header.contains("oauth_token=\"access\"") => refused(),
        PROFILE if state.scenario == Scenario::Malformed => Reply::text(200, "text/html", "<html>"),
        PROFILE => {
            let mut user = json!({ "id_str": state.person.subject, "screen_name": state.person.username, "name": "Octo" });
            if state.scenario != Scenario::NoEmail && asked.field("include_email") == "true" {
                user["email"] = json!(state.person.email);
            }
            Reply::json(200, user)
        }
        _ => return None,
    })
}

fn callback(header: &str) -> String {
    let (_, rest) = header.split_once("oauth_callback=\"").expect("a callback");
    let encoded = rest.split('"').next().unwrap_or_default();
    let pair = Url::parse(&format!("http://x/?c={encoded}")).expect("a URL");
    pair.query_pairs()
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
