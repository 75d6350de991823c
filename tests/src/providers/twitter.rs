//! Twitter, which speaks OAuth 1.0a.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use reqwest::Url;
use serde_json::json;

use super::openid::base64;
use super::simulators::{Scenario, State};
use super::wire::{Asked, Reply};

const REQUEST: &str = "api.twitter.com/oauth/request_token";
const AUTHORIZE: &str = "api.twitter.com/oauth/authenticate";
pub(super) const ACCESS: &str = "api.twitter.com/oauth/access_token";
const PROFILE: &str = "api.twitter.com/1.1/account/verify_credentials.json";

pub(super) fn answer(state: &mut State, asked: &Asked) -> Option<Reply> {
    let header = asked
        .headers
        .get("authorization")
        .map_or("", String::as_str);
    let is_signed = is_signed(state, asked, header);
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
            let given = super::simulators::Given {
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
                // Documented: null where it is not verified.
                let is_told = state.scenario != Scenario::Unverified;
                user["email"] = json!(is_told.then_some(&state.person.email));
            }
            Reply::json(200, user)
        }
        _ => return None,
    })
}

/// RFC 5849, section 3.4: by our key, and by the secret of the token this place is asked with.
fn is_signed(state: &State, asked: &Asked, header: &str) -> bool {
    let Some(list) = header.strip_prefix("OAuth ") else {
        return false;
    };
    let decoded = |text: &str| {
        let pair = Url::parse(&format!("http://x/?c={}", text.replace('+', "%2B")));
        let pair = pair.expect("a URL");
        let first = pair.query_pairs().next();
        first
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let stated: BTreeMap<&str, String> = list
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .map(|(name, value)| (name, decoded(value.trim_matches('"'))))
        .collect();
    let is = |name: &str, value: &str| stated.get(name).is_some_and(|found| found == value);
    let has = |name: &str| stated.get(name).is_some_and(|value| !value.is_empty());
    if !is("oauth_consumer_key", "client-id")
        || !is("oauth_signature_method", "HMAC-SHA1")
        || !has("oauth_nonce")
        || !has("oauth_timestamp")
    {
        return false;
    }
    let of_request = asked
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value));
    let of_header = stated.iter().map(|(name, value)| (*name, value));
    let mut pairs: Vec<String> = of_header
        .filter(|(name, _)| *name != "oauth_signature")
        .chain(of_request)
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    let url = format!("{}/{}", state.base, asked.place);
    let text = [asked.method.as_str(), &url, &pairs.join("&")]
        .map(encoded)
        .join("&");
    let secret = match asked.place.as_str() {
        ACCESS => "request-secret",
        PROFILE => "access-secret",
        _ => "",
    };
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        format!("client-secret&{secret}").as_bytes(),
    );
    let signature = base64(hmac::sign(&key, text.as_bytes()).as_ref(), b"+/");
    is("oauth_signature", &format!("{signature}="))
}

/// RFC 5849, section 3.6.
fn encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
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
