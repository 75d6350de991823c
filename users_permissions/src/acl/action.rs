//! Actions as the macro registers them: one static entry per annotated handler.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

/// Marks an entry that has not been given its place in the catalog yet.
const UNPLACED: u32 = u32::MAX;

/// One annotated handler, as `#[permission]` describes it at compile time.
///
/// The macro writes these; code reads them through
/// [`CatalogAction`](crate::CatalogAction).
// What every request looks at comes first, in one cache line.
#[repr(C, align(64))]
pub struct ActionEntry {
    index: AtomicU32,
    /// `auth = false`: open to everyone, whatever the roles say.
    pub open: bool,
    /// Routes read off the route attributes; empty for handlers registered by hand.
    pub routes: &'static [RouteDecl],
    /// The action in its long form, e.g. `api::article.article.find`.
    pub action: &'static str,
    /// Path of the handler, e.g. `example_app::articles::find`.
    pub handler: &'static str,
    /// Source file of the handler.
    pub file: &'static str,
    /// Line of the handler in `file`.
    pub line: u32,
    /// Doc comment of the handler.
    pub description: &'static str,
    /// Role types that are granted the action the first time it is ever seen.
    pub grants: &'static [&'static str],
    /// The policies as they are written.
    pub policies: &'static [&'static str],
}

/// A route as its attribute declares it, before any scope prefix.
#[derive(Debug, Clone, Copy)]
pub struct RouteDecl {
    /// Upper-case HTTP methods.
    pub methods: &'static [&'static str],
    /// Path pattern local to the enclosing scope, e.g. `/articles/{id}`.
    pub path: &'static str,
    /// Name of the actix resource, unique in the application unless the user chose it.
    pub name: &'static str,
    /// Name of a guard that no other route has.
    pub mark: Option<fn() -> &'static str>,
}

impl ActionEntry {
    /// Describes an annotated handler; called by generated code only.
    #[allow(clippy::too_many_arguments)]
    pub const fn new(
        action: &'static str,
        handler: &'static str,
        file: &'static str,
        line: u32,
        description: &'static str,
        routes: &'static [RouteDecl],
        open: bool,
        grants: &'static [&'static str],
    ) -> Self {
        Self {
            action,
            handler,
            file,
            line,
            description,
            routes,
            open,
            grants,
            policies: &[],
            index: AtomicU32::new(UNPLACED),
        }
    }

    /// Names the policies, as they are written; called by generated code only.
    #[must_use]
    pub const fn with_policies(mut self, policies: &'static [&'static str]) -> Self {
        self.policies = policies;
        self
    }

    /// Position in the catalog, `None` before the catalog was built.
    #[inline]
    pub(crate) fn index(&self) -> Option<usize> {
        match self.index.load(Ordering::Relaxed) {
            UNPLACED => None,
            index => Some(index as usize),
        }
    }

    /// The catalog is the same for every plugin of a process, so the position is, too.
    pub(crate) fn place(&self, index: usize) {
        self.index.store(index as u32, Ordering::Relaxed);
    }
}

impl fmt::Debug for ActionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionEntry")
            .field("action", &self.action)
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}

/// Link-time registration of an [`ActionEntry`].
#[derive(Debug)]
pub struct Registration(pub &'static ActionEntry);

inventory::collect!(Registration);
