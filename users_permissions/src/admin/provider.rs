//! One provider of social login: changed and tested. Its secret goes in and never comes out.

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use askama::Template;
use url::Url;

use super::answer::{self, Outcome};
use super::faults::Faults;
use super::frame::Frame;
use super::mark::Mark;
use super::visit::Visit;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::model::ProviderSettings;
use crate::services::{ProviderChange, ProviderDetail};

/// Settings that are a line of text: name in the form, label, and what they are for.
const LINES: [(&str, &str, &str); 6] = [
    (
        "issuer",
        "Issuer",
        "Of OpenID Connect; it tells the other URLs itself.",
    ),
    (
        "authorize_url",
        "Sign-in page",
        "Where people are sent to sign in.",
    ),
    ("access_url", "Token URL", "Where a code is exchanged."),
    ("profile_url", "Profile URL", "Where the profile is read."),
    (
        "jwksurl",
        "Keys (JWKS) URL",
        "Where the keys of id tokens are.",
    ),
    (
        "introspection_url",
        "Introspection URL",
        "Where it tells whom a token is for.",
    ),
];

/// What stands in the form; not the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Fields {
    key: String,
    subdomain: String,
    callback: String,
    scope: String,
    /// In the order of [`LINES`].
    lines: [String; 6],
    links: bool,
    accepts: bool,
}

/// A URL of the provider.
struct Line {
    name: &'static str,
    id: String,
    hint_id: String,
    label: &'static str,
    hint: &'static str,
    value: String,
    was: String,
}

/// Where applications are registered.
struct Console {
    url: String,
    host: String,
}

impl Console {
    fn new(url: String) -> Option<Self> {
        let host = Url::parse(&url).ok()?.host_str()?.to_owned();
        Some(Self { url, host })
    }
}

#[derive(Template)]
#[template(path = "provider.html")]
struct ProviderPage {
    frame: Frame,
    name: String,
    display: String,
    icon: String,
    mark: Mark,
    console: Option<Console>,
    is_enabled: bool,
    was_enabled: bool,
    has_secret: bool,
    has_subdomain: bool,
    own_scopes: String,
    redirect_url: String,
    now: Fields,
    was: Fields,
    lines: Vec<Line>,
    shows_lines: bool,
    version: String,
    secret_version: String,
    ask_password: bool,
    may_save: bool,
    may_test: bool,
    faults: Faults,
    meanwhile: Vec<String>,
    /// A secret was typed into a form that is shown again.
    lost_secret: bool,
}

impl ProviderPage {
    /// Where a browser begins.
    fn sign_in_url(&self) -> &str {
        self.redirect_url
            .strip_suffix("/callback")
            .unwrap_or(&self.redirect_url)
    }
}

impl From<&ProviderSettings> for Fields {
    fn from(settings: &ProviderSettings) -> Self {
        let lines = [
            &settings.issuer,
            &settings.authorize_url,
            &settings.access_url,
            &settings.profile_url,
            &settings.jwksurl,
            &settings.introspection_url,
        ];
        Self {
            key: settings.key.clone(),
            subdomain: settings.subdomain.clone(),
            callback: settings.callback.join("\n"),
            scope: settings.scope.join(" "),
            lines: lines.map(Clone::clone),
            links: settings.link_by_verified_email,
            accepts: settings.accept_provider_tokens,
        }
    }
}

/// Texts of a list, one a word.
fn listed(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Fields {
    /// As they were sent, or as they stood in the form when it was made.
    fn sent(visit: &Visit, prefix: &str) -> Self {
        let text = |name: &str| {
            visit
                .form
                .text(&format!("{prefix}{name}"))
                .trim()
                .to_owned()
        };
        Self {
            key: text("key"),
            subdomain: text("subdomain"),
            // No URL and no scope has a space.
            callback: listed(&text("callback")).join("\n"),
            scope: listed(&text("scope")).join(" "),
            lines: LINES.map(|(name, ..)| text(name)),
            links: visit.form.has(&format!("{prefix}link_by_verified_email")),
            accepts: visit.form.has(&format!("{prefix}accept_provider_tokens")),
        }
    }

    /// The fields with what a person reads of them.
    fn told(&self) -> Vec<(&'static str, String)> {
        let state = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
        let mut told = vec![
            ("Client id", self.key.clone()),
            ("Subdomain", self.subdomain.clone()),
            ("Front-end pages", self.callback.replace('\n', ", ")),
            ("Scopes", self.scope.clone()),
            ("Link by verified e-mail", state(self.links)),
            ("Accept the provider’s tokens", state(self.accepts)),
        ];
        let lines = LINES.iter().zip(&self.lines);
        told.extend(lines.map(|((_, label, _), value)| (*label, value.clone())));
        told
    }

    /// The present settings under what was changed in the form.
    fn merged(was: &Self, now: &Self, present: &Self) -> Self {
        let pick =
            |was: &str, now: &str, present: &str| if was == now { present } else { now }.to_owned();
        let tick = |was: bool, now: bool, present: bool| if was == now { present } else { now };
        let mut lines = present.lines.clone();
        for (at, line) in lines.iter_mut().enumerate() {
            if was.lines.get(at) != now.lines.get(at) {
                *line = now.lines.get(at).cloned().unwrap_or_default();
            }
        }
        Self {
            key: pick(&was.key, &now.key, &present.key),
            subdomain: pick(&was.subdomain, &now.subdomain, &present.subdomain),
            callback: pick(&was.callback, &now.callback, &present.callback),
            scope: pick(&was.scope, &now.scope, &present.scope),
            links: tick(was.links, now.links, present.links),
            accepts: tick(was.accepts, now.accepts, present.accepts),
            lines,
        }
    }
}

/// The change from one state of the form to another, with what was pressed and typed beside it.
fn change(visit: &Visit, was: &Fields, now: &Fields) -> ProviderChange {
    let form = &visit.form;
    let text = |was: &String, now: &String| (was != now).then(|| now.clone());
    let texts = [
        ("key", text(&was.key, &now.key)),
        ("subdomain", text(&was.subdomain, &now.subdomain)),
    ];
    let lines = LINES.iter().zip(was.lines.iter().zip(&now.lines));
    let lines = lines.map(|((name, ..), (was, now))| (*name, text(was, now)));
    let texts = texts.into_iter().chain(lines);
    let secret = Some(form.text("secret").trim()).filter(|secret| !secret.is_empty());
    ProviderChange {
        enabled: match (form.has("enable"), form.has("disable")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        link_by_verified_email: (was.links != now.links).then_some(now.links),
        accept_provider_tokens: (was.accepts != now.accepts).then_some(now.accepts),
        secret: match secret {
            Some(secret) => Some(Some(Secret::from(secret))),
            None => form.has("forget_secret").then_some(None),
        },
        callback: (was.callback != now.callback).then(|| listed(&now.callback)),
        scope: (was.scope != now.scope).then(|| listed(&now.scope)),
        texts: texts
            .filter_map(|(name, text)| Some((name, text?)))
            .collect(),
    }
}

fn page(visit: &Visit, detail: ProviderDetail, now: Option<Fields>) -> Result<ProviderPage> {
    let was = Fields::from(&detail.settings);
    let now = now.unwrap_or_else(|| was.clone());
    let values = LINES.iter().zip(now.lines.iter().zip(&was.lines));
    let lines = values.map(|((name, label, hint), (value, was))| Line {
        id: format!("u-{name}"),
        hint_id: format!("u-{name}-hint"),
        name,
        label,
        hint,
        value: value.clone(),
        was: was.clone(),
    });
    Ok(ProviderPage {
        frame: visit.frame(&detail.display, "/providers")?,
        lines: lines.collect(),
        shows_lines: now.lines.iter().any(|line| !line.is_empty()),
        is_enabled: detail.settings.enabled,
        was_enabled: detail.settings.enabled,
        has_secret: detail.settings.secret.is_some(),
        own_scopes: detail.own_scopes.join(" "),
        name: detail.name,
        mark: Mark::new(&detail.icon, &detail.display),
        console: detail.console_url.and_then(Console::new),
        display: detail.display,
        icon: detail.icon,
        has_subdomain: detail.has_subdomain,
        redirect_url: detail.redirect_url,
        version: detail.version,
        secret_version: detail.secret_version,
        ask_password: !visit.is_recent(),
        may_save: visit.may("updateProvider"),
        may_test: visit.may("testProvider"),
        faults: Faults::default(),
        meanwhile: Vec::new(),
        lost_secret: !visit.form.text("secret").is_empty(),
        now,
        was,
    })
}

pub(super) async fn show(visit: &Visit, name: &str) -> Outcome {
    let detail = visit.services().provider_detail(name).await?;
    answer::page(StatusCode::OK, &page(visit, detail, None)?)
}

/// The name in the path.
fn name(visit: &Visit) -> &str {
    visit.req.match_info().get("name").unwrap_or_default()
}

pub(super) async fn update(visit: &Visit) -> Outcome {
    let name = name(visit);
    let (was, now) = (Fields::sent(visit, "was."), Fields::sent(visit, ""));
    match try_update(visit, name, change(visit, &was, &now)).await {
        Ok(text) => {
            visit.say(text)?;
            visit.see_first(&[("findProviders", format!("/providers/{name}"))])
        }
        Err(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::NotFound(_))) => {
            Err(error)
        }
        Err(Error::Conflict(_)) => {
            let detail = visit.services().provider_detail(name).await?;
            let present = Fields::from(&detail.settings);
            let merged = Fields::merged(&was, &now, &present);
            let meanwhile = meanwhile(visit, &was, &present, &detail);
            let mut page = page(visit, detail, Some(merged))?;
            page.meanwhile = meanwhile;
            answer::page(StatusCode::CONFLICT, &page)
        }
        Err(error) => {
            let detail = visit.services().provider_detail(name).await?;
            let mut page = page(visit, detail, Some(now))?;
            // What the form is compared with stays what it was made from.
            page.version = visit.form.text("version").to_owned();
            page.was_enabled = visit.form.has("was.enabled");
            page.secret_version = visit.form.text("was.secret").to_owned();
            for (line, was) in page.lines.iter_mut().zip(&was.lines) {
                line.was.clone_from(was);
            }
            page.was = was;
            let lines = LINES.iter().map(|(name, ..)| *name);
            let known = ["key", "secret", "subdomain", "scope", "callback"].into_iter();
            let known: Vec<_> = known.chain(lines.clone()).chain(["password"]).collect();
            page.faults = Faults::of(&error, &known, |name| name);
            for line in lines {
                page.shows_lines |= page.faults.at(line).is_some();
            }
            answer::page(error.status_code(), &page)
        }
    }
}

async fn try_update(visit: &Visit, name: &str, change: ProviderChange) -> Result<&'static str> {
    visit.insist().await?;
    let text = match change.enabled {
        Some(true) => "Saved. People can sign in with it now.",
        Some(false) => "Saved. Nobody can sign in with it any longer.",
        None => "Saved. It counts at once.",
    };
    let expected = visit.form.text("version").to_owned();
    visit
        .services()
        .change_provider(visit.actor(), name, change, expected)
        .await?;
    Ok(text)
}

/// What others have changed since the form was made.
fn meanwhile(
    visit: &Visit,
    was: &Fields,
    present: &Fields,
    detail: &ProviderDetail,
) -> Vec<String> {
    let pairs = present.told().into_iter().zip(was.told());
    let mut lines: Vec<_> = pairs
        .filter(|((_, present), (_, old))| present != old)
        .map(|((name, present), (_, old))| format!("{name}: “{old}” became “{present}”"))
        .collect();
    if visit.form.text("was.secret") != detail.secret_version {
        let what = match detail.settings.secret {
            Some(_) => "there is a new one",
            None => "it is gone",
        };
        lines.push(format!("Client secret: {what}"));
    }
    let was_enabled = visit.form.has("was.enabled");
    if was_enabled != detail.settings.enabled {
        let state = if was_enabled { "disabled" } else { "enabled" };
        lines.push(format!("It was {state}"));
    }
    lines
}

pub(super) async fn test(visit: &Visit) -> Outcome {
    let name = name(visit);
    let found = visit.services().test_provider(name).await?;
    let is_good = found.iter().all(|finding| finding.is_good);
    let lines = found.into_iter().map(|finding| {
        let mark = if finding.is_good { "✓" } else { "✗" };
        format!("{mark} {}", finding.text)
    });
    let lines = lines.collect();
    match is_good {
        true => visit.say_more(
            "The saved configuration works, as far as can be told.",
            lines,
        )?,
        false => visit.complain_more("The saved configuration does not work.", lines)?,
    }
    visit.see_first(&[("findProviders", format!("/providers/{name}"))])
}
