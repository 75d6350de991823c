//! Every action the program knows, fixed at start.

use std::collections::HashMap;

use super::action::{ActionEntry, Registration};

/// Why the annotated handlers cannot form a catalog.
///
/// ```
/// use users_permissions::CatalogError;
///
/// fn advice(error: &CatalogError) -> String {
///     match error {
///         CatalogError::Duplicate { action, first, second } => format!("{action}: {first} or {second}?"),
///         CatalogError::Missing(action) => format!("which crate has {action}?"),
///         other => other.to_string(),
///     }
/// }
///
/// let error = CatalogError::Missing("api::article.find".to_owned());
/// assert_eq!(advice(&error), "which crate has api::article.find?");
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// One action stands on two handlers.
    #[error(
        "action `{action}` stands on two handlers: {first} and {second}; give one of them another action"
    )]
    Duplicate {
        /// The action in its long form.
        action: String,
        /// Handler and place of the first.
        first: String,
        /// Handler and place of the second.
        second: String,
    },
    /// The linker kept none of the registrations.
    #[error("no annotated handler was linked into this program; permissions cannot be checked")]
    NotLinked,
    /// The application counts on an action that no handler carries.
    #[error(
        "expected action `{0}` is carried by no handler; if its crate is a dependency, name the crate in code (`use my_feature as _;`)"
    )]
    Missing(String),
}

/// An action of the catalog.
///
/// ```
/// use users_permissions::UsersPermissions;
///
/// /// A line for every handler behind a permission.
/// fn list(up: &UsersPermissions) {
///     for served in up.catalog() {
///         let action = served.action;
///         println!("{} is {} at {}:{}", action.name(), action.handler(), action.file(), action.line());
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CatalogAction {
    entry: &'static ActionEntry,
}

impl CatalogAction {
    /// The action in its long form, e.g. `api::article.article.find`.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn is_own(action: &CatalogAction) -> bool {
    ///     action.name().starts_with("api::")
    /// }
    /// ```
    pub fn name(&self) -> &'static str {
        self.entry.action
    }

    /// Path of the handler, e.g. `example_app::articles::find`.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn is_of_articles(action: &CatalogAction) -> bool {
    ///     action.handler().contains("::articles::")
    /// }
    /// ```
    pub fn handler(&self) -> &'static str {
        self.entry.handler
    }

    /// Source file of the handler, as the compiler names it.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn link(action: &CatalogAction) -> String {
    ///     format!("https://git.example.com/shop/blob/main/{}#L{}", action.file(), action.line())
    /// }
    /// ```
    pub fn file(&self) -> &'static str {
        self.entry.file
    }

    /// Line of the handler in its file.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn place(action: &CatalogAction) -> String {
    ///     format!("{}:{}", action.file(), action.line())
    /// }
    /// ```
    pub fn line(&self) -> u32 {
        self.entry.line
    }

    /// Doc comment of the handler.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn undocumented(action: &CatalogAction) -> bool {
    ///     action.description().is_empty()
    /// }
    /// ```
    pub fn description(&self) -> &'static str {
        self.entry.description
    }

    /// True for `auth = false`: open to everyone, whatever the roles say.
    ///
    /// ```
    /// # use users_permissions::UsersPermissions;
    /// fn open(up: &UsersPermissions) -> usize {
    ///     up.catalog().iter().filter(|served| served.action.is_open()).count()
    /// }
    /// ```
    pub fn is_open(&self) -> bool {
        self.entry.open
    }

    /// Role types granted the action the first time it is seen.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn is_public_at_first(action: &CatalogAction) -> bool {
    ///     action.is_open() || action.first_grants().contains(&"public")
    /// }
    /// ```
    pub fn first_grants(&self) -> &'static [&'static str] {
        self.entry.grants
    }

    /// The policies that are asked after the role check, as they are written.
    ///
    /// ```
    /// # use users_permissions::CatalogAction;
    /// fn asks_the_author(action: &CatalogAction) -> bool {
    ///     action.policies().contains(&"is_author")
    /// }
    /// ```
    pub fn policies(&self) -> &'static [&'static str] {
        self.entry.policies
    }

    pub(crate) fn entry(&self) -> &'static ActionEntry {
        self.entry
    }
}

/// The actions, sorted by name.
#[derive(Debug)]
pub(crate) struct Catalog {
    actions: Vec<CatalogAction>,
    by_name: HashMap<&'static str, usize>,
}

/// An action of the plugin itself: if it is missing, registration as such does not work.
const SENTINEL: &str = "plugin::users-permissions.permissions.getPermissions";

impl Catalog {
    /// Collects what the macro registered and gives every entry its place.
    pub(crate) fn collect() -> Result<Self, CatalogError> {
        let entries = inventory::iter::<Registration>
            .into_iter()
            .map(|registration| registration.0);
        let catalog = Self::linked(entries)?;
        for (index, action) in catalog.actions.iter().enumerate() {
            action.entry.place(index);
        }
        Ok(catalog)
    }

    /// The catalog of what the linker kept, if it kept the plugin's own.
    fn linked(entries: impl Iterator<Item = &'static ActionEntry>) -> Result<Self, CatalogError> {
        let catalog = Self::from_entries(entries)?;
        match catalog.position(SENTINEL) {
            Some(_) => Ok(catalog),
            None => Err(CatalogError::NotLinked),
        }
    }

    fn from_entries(
        entries: impl Iterator<Item = &'static ActionEntry>,
    ) -> Result<Self, CatalogError> {
        let mut actions: Vec<_> = entries.map(|entry| CatalogAction { entry }).collect();
        actions.sort_by_key(|action| (action.name(), action.handler(), action.line()));
        for pair in actions.windows(2) {
            if let [first, second] = pair
                && first.name() == second.name()
            {
                let place = |action: &CatalogAction| {
                    format!("{} ({}:{})", action.handler(), action.file(), action.line())
                };
                return Err(CatalogError::Duplicate {
                    action: first.name().to_owned(),
                    first: place(first),
                    second: place(second),
                });
            }
        }
        let by_name = actions
            .iter()
            .enumerate()
            .map(|(index, action)| (action.name(), index))
            .collect();
        Ok(Self { actions, by_name })
    }

    pub(crate) fn actions(&self) -> &[CatalogAction] {
        &self.actions
    }

    pub(crate) fn len(&self) -> usize {
        self.actions.len()
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Fails when one of `names` (short or long form) is not in the catalog.
    pub(crate) fn expect(&self, names: &[String]) -> Result<(), CatalogError> {
        match names
            .iter()
            .find(|name| self.position(&long_form(name)).is_none())
        {
            Some(missing) => Err(CatalogError::Missing(missing.clone())),
            None => Ok(()),
        }
    }
}

/// The long form of an action: `api::article.find` is short for `api::article.article.find`.
pub(crate) fn long_form(action: &str) -> String {
    match action.split_once("::") {
        Some((kind, rest)) => match rest.split('.').collect::<Vec<_>>().as_slice() {
            [name, action] => format!("{kind}::{name}.{name}.{action}"),
            _ => action.to_owned(),
        },
        None => action.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entry(action: &'static str, handler: &'static str) -> ActionEntry {
        ActionEntry::new(action, handler, "src/x.rs", 7, "", &[], false, &[])
    }

    static FIND: ActionEntry = entry("api::x.x.find", "app::find");
    static FIND_AGAIN: ActionEntry = entry("api::x.x.find", "app::find_again");
    static CREATE: ActionEntry = entry("api::x.x.create", "app::create");
    static OWN: ActionEntry = entry(SENTINEL, "users_permissions::permissions");

    #[test]
    fn actions_are_sorted_and_found() {
        let catalog = Catalog::from_entries([&FIND, &CREATE].into_iter()).unwrap();
        assert_eq!(catalog.position("api::x.x.create"), Some(0));
        assert_eq!(catalog.position("api::x.x.find"), Some(1));
        assert_eq!(catalog.expect(&["api::x.find".into()]), Ok(()));
        assert_eq!(
            catalog.expect(&["api::x.gone".into()]),
            Err(CatalogError::Missing("api::x.gone".into()))
        );
    }

    #[test]
    fn a_program_without_the_plugins_own_handlers_is_not_linked() {
        let linked = |entries: &[&'static ActionEntry]| {
            Catalog::linked(entries.iter().copied()).map(|catalog| catalog.len())
        };
        assert_eq!(linked(&[]), Err(CatalogError::NotLinked));
        assert_eq!(linked(&[&FIND, &CREATE]), Err(CatalogError::NotLinked));
        assert_eq!(linked(&[&FIND, &OWN, &CREATE]), Ok(3));
    }

    #[test]
    fn one_action_on_two_handlers_names_both_places() {
        let error = Catalog::from_entries([&FIND, &FIND_AGAIN].into_iter())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("app::find (src/x.rs:7)")
                && error.contains("app::find_again (src/x.rs:7)"),
            "{error}"
        );
    }

    #[test]
    fn short_forms_are_lengthened() {
        assert_eq!(long_form("api::article.find"), "api::article.article.find");
        assert_eq!(
            long_form("api::article.article.find"),
            "api::article.article.find"
        );
    }
}
