//! Boxes to tick for actions, and what became of them: a form carries which boxes it showed ticked, so
//! that only what was really changed is changed, whatever others did meanwhile.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::form::Form;
use crate::acl::{Catalog, CatalogAction};
use crate::error::{Error, Result};
use crate::services::Grants;

const OUTDATED: Error =
    Error::Conflict("The application was updated meanwhile; reload the page and try again");

/// Names of the actions that somebody ticked or cleared.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticks {
    pub(super) granted: BTreeSet<String>,
    pub(super) taken: BTreeSet<String>,
}

impl Ticks {
    pub(super) fn is_empty(&self) -> bool {
        self.granted.is_empty() && self.taken.is_empty()
    }

    /// The state of a box that was `before`.
    pub(super) fn apply(&self, action: &str, before: bool) -> bool {
        (before || self.granted.contains(action)) && !self.taken.contains(action)
    }
}

impl From<Ticks> for Grants {
    fn from(ticks: Ticks) -> Self {
        if ticks.is_empty() {
            return Self::Keep;
        }
        Self::Delta {
            granted: ticks.granted,
            taken: ticks.taken,
        }
    }
}

/// The actions that roles can hold or not, by position.
pub(super) fn tickable(catalog: &Catalog) -> impl Iterator<Item = (usize, &CatalogAction)> {
    let actions = catalog.actions().iter().enumerate();
    actions.filter(|(_, action)| !action.is_open())
}

/// Positions mean the same as long as this is the same.
pub(super) fn edition(catalog: &Catalog) -> String {
    let mut digest = Sha256::new();
    for action in catalog.actions() {
        digest.update(action.name());
        digest.update([0]);
    }
    let digest = digest.finalize();
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Which positions are ticked, as a form carries it.
pub(super) fn pack(states: impl Iterator<Item = bool>) -> String {
    let states: Vec<bool> = states.collect();
    let digit = |four: &[bool]| {
        let value = four
            .iter()
            .rev()
            .fold(0, |value, state| value << 1 | u32::from(*state));
        char::from_digit(value, 16).unwrap_or('0')
    };
    states.chunks(4).map(digit).collect()
}

fn unpack(text: &str, at: usize) -> bool {
    let digit = text.as_bytes().get(at / 4).map(|byte| char::from(*byte));
    let value = digit.and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    value >> (at % 4) & 1 == 1
}

/// Is the form of this program's catalog?
pub(super) fn check_edition(form: &Form, catalog: &Catalog) -> Result<()> {
    match form.text("edition") == edition(catalog) {
        true => Ok(()),
        false => Err(OUTDATED),
    }
}

/// What was changed among the boxes of `shown` positions, given how they were (`base`, by position) and
/// which are ticked now.
pub(super) fn ticks(
    catalog: &Catalog,
    shown: impl Iterator<Item = usize>,
    base: &str,
    ticked: &BTreeSet<usize>,
) -> Ticks {
    let mut ticks = Ticks::default();
    for at in shown {
        let Some(action) = catalog.actions().get(at).filter(|action| !action.is_open()) else {
            continue;
        };
        match (unpack(base, at), ticked.contains(&at)) {
            (false, true) => drop(ticks.granted.insert(action.name().to_owned())),
            (true, false) => drop(ticks.taken.insert(action.name().to_owned())),
            _ => {}
        }
    }
    ticks
}

/// Was the box ticked when the form was made?
pub(super) fn was(base: &str, at: usize) -> bool {
    unpack(base, at)
}

/// The parts of an action: unit, controller, name.
pub(super) fn parts(action: &str) -> (&str, &str, &str) {
    let (rest, name) = action.rsplit_once('.').unwrap_or(("", action));
    let (unit, controller) = rest.rsplit_once('.').unwrap_or((rest, ""));
    (unit, controller, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_the_way_through_a_form() {
        let states: Vec<bool> = (0..131).map(|at| at % 3 == 0 || at == 130).collect();
        let packed = pack(states.iter().copied());
        for (at, state) in states.iter().enumerate() {
            assert_eq!(was(&packed, at), *state, "{at}");
        }
        assert!(!was(&packed, 500) && !was("zz", 1));
    }

    #[test]
    fn actions_have_three_parts() {
        assert_eq!(
            parts("api::article.article.find"),
            ("api::article", "article", "find")
        );
        assert_eq!(parts("x"), ("", "", "x"));
    }
}
