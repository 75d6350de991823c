//! The line that a page leaves for the next one. It waits in the cookie of the session, so it has to be short.

use serde::{Deserialize, Serialize};

/// Lines below the first one.
const LINES: usize = 12;
/// Characters of a line.
const LINE: usize = 140;
/// Bytes of all lines in the cookie. Browsers keep 4,096 bytes of it, which is encrypted and in base64 by
/// then; the sign-in and the secret of forms need some of them, too.
const BYTES: usize = 2_000;

/// A line for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flash {
    pub(super) good: bool,
    pub(super) text: String,
    /// Lines below it.
    #[serde(default)]
    pub(super) more: Vec<String>,
}

impl Flash {
    /// As much as a cookie holds: the first lines, and how many others there are.
    pub(super) fn new(good: bool, text: &str, lines: &[String]) -> Self {
        let text = cut(text, 2 * LINE, BYTES / 2);
        let mut room = BYTES - cost(&text);
        let mut more = Vec::new();
        for line in lines.iter().take(LINES) {
            let line = cut(line, LINE, BYTES / 2);
            let Some(left) = room.checked_sub(cost(&line)) else {
                break;
            };
            room = left;
            more.push(line);
        }
        match lines.len() - more.len() {
            0 => {}
            rest => more.push(format!("and {rest} more")),
        }
        Self { good, text, more }
    }
}

/// So many characters of a text, and no more than so many bytes in the cookie.
fn cut(text: &str, characters: usize, bytes: usize) -> String {
    let mut room = bytes;
    let fits = |(at, character): &(usize, char)| {
        let left = room.checked_sub(weight(*character));
        room = left.unwrap_or(0);
        *at < characters && left.is_some()
    };
    let kept: String = text
        .chars()
        .enumerate()
        .take_while(fits)
        .map(|(_, character)| character)
        .collect();
    match kept.len() == text.len() {
        true => kept,
        false => kept + "…",
    }
}

/// Bytes of a text in the session, which is JSON in JSON: quotes and control characters take several.
fn cost(text: &str) -> usize {
    text.chars().map(weight).sum::<usize>() + 5
}

fn weight(character: char) -> usize {
    match character {
        '"' | '\\' => 4,
        '\0'..='\u{1f}' => 8,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_fits_into_a_cookie() {
        let texts = ["a", "é", "😀", "\"", "\\", "\u{1}", "\n", "<b>&amp;"];
        for text in texts {
            let line = text.repeat(5_000);
            let flash = Flash::new(true, &line, &vec![line.clone(); 500]);
            let stored =
                serde_json::to_string(&flash).and_then(|text| serde_json::to_string(&text));
            let bytes = stored.unwrap().len();
            assert!(bytes <= BYTES + 200, "{text:?}: {bytes}");
            let rest = 500 - (flash.more.len() - 1);
            assert_eq!(flash.more.last(), Some(&format!("and {rest} more")));
        }
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let lines = vec!["granted \"x\"".to_owned(); LINES];
        let flash = Flash::new(false, "Saved.", &lines);
        assert_eq!((flash.text.as_str(), flash.more), ("Saved.", lines));
    }
}
