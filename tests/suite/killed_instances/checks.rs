//! What has to be true of the mails when all is over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::{PASSWORD, Received};
use reqwest::Client;
use serde_json::json;

use super::{History, Wish, post};

/// How long after the mail server's yes it may take to note it.
const NOTED_WITHIN: Duration = Duration::from_millis(250);

/// Every mail that was written arrived; copies are alike, and whoever brought one that came again was killed
/// before it could note that. Answers how many copies.
pub(super) fn check_mails(rows: &[[String; 4]], mails: &[Received], history: &History) -> usize {
    let mut copies: BTreeMap<String, Vec<&Received>> = BTreeMap::new();
    for mail in mails {
        copies
            .entry(mail.header("Message-ID"))
            .or_default()
            .push(mail);
    }
    for [id, kind, recipient, state] in rows {
        assert_eq!(state, "sent", "{kind} to {recipient}");
        let arrived = copies
            .get(id)
            .unwrap_or_else(|| panic!("lost: {kind} to {recipient}"));
        for pair in arrived.windows(2) {
            let [first, second] = pair else { continue };
            let content = |mail: &Received| {
                (
                    mail.subject(),
                    mail.text(),
                    mail.html(),
                    mail.rcpt_to.clone(),
                )
            };
            assert_eq!(content(first), content(second));
            // A mail is read a moment after it was written to the wire; its sender may be dead by then.
            let killed = history.kills.get(&first.hello);
            assert!(
                killed.is_some_and(|killed| *killed < first.at + NOTED_WITHIN),
                "{kind} to {recipient} came twice, and {} could note the first",
                first.hello
            );
        }
    }
    let known: BTreeSet<_> = rows.iter().map(|[id, ..]| id).collect();
    assert!(
        copies.keys().all(|id| known.contains(id)),
        "a mail nobody wrote"
    );
    mails.len() - copies.len()
}

/// Whatever was answered has its mail, once; what a killed server did not answer may have one.
pub(super) fn check_answers(rows: &[[String; 4]], history: &History) {
    let count = |answered: Option<bool>, wish: &Wish| {
        let of = history.wishes.iter();
        of.filter(|(other, was)| other == wish && answered.is_none_or(|answered| answered == *was))
            .count()
    };
    for (wish, _) in &history.wishes {
        let address = wish.address();
        let written = |wanted: &str| {
            let of = rows.iter();
            of.filter(|[_, kind, to, _]| kind == wanted && to == address)
                .count()
        };
        let written = match wish {
            Wish::Confirmation(_) => written("email_confirmation"),
            Wish::Reset(_) => written("reset_password"),
            Wish::Nothing(_) => {
                assert!(rows.iter().all(|[_, _, to, _]| to != address), "{address}");
                continue;
            }
        };
        let (answered, asked) = (count(Some(true), wish), count(None, wish));
        assert!(
            (answered..=asked).contains(&written),
            "{wish:?}: {asked} asked for, {answered} answered, {written} written"
        );
    }
}

/// The newest code of everybody opens the account.
pub(super) async fn check_codes(
    rows: &[[String; 4]],
    mails: &[Received],
    http: &Client,
    base: &str,
) {
    let newest: BTreeMap<_, _> = rows
        .iter()
        .filter(|[_, kind, ..]| kind == "reset_password")
        .map(|[id, _, to, _]| (to, id))
        .collect();
    for (address, id) in newest {
        let mail = mails.iter().find(|mail| mail.header("Message-ID") == *id);
        let html = mail.expect("a mail").html();
        let (_, rest) = html.split_once("?code=").expect("a link");
        let code: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        let body = json!({ "code": code, "password": PASSWORD, "passwordConfirmation": PASSWORD });
        let status = post(http, base, "/api/auth/reset-password", body).await;
        assert_eq!(status.expect("an answer"), 200, "{address}");
    }
}
