//! Which URL serves which action: learnt from the running application, which alone knows its scopes.
//!
//! Three sources, from exact to late: the guard by which the macro marks a route (the list of routes that
//! actix keeps names it at every path it stands at), the names of resources (`url_for` finds one of each
//! name), and, for handlers whose route attribute the macro cannot see, the first request that reaches
//! them.

mod reading;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use actix_web::HttpRequest;
use actix_web::http::Method;

use crate::acl::{ActionEntry, Catalog, CatalogAction};

/// A method and the full path pattern it is served under.
///
/// ```
/// use users_permissions::UsersPermissions;
///
/// fn print(up: &UsersPermissions) {
///     for route in up.coverage().unlisted {
///         println!("{} {} is open to everyone", route.method, route.path);
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ServedRoute {
    /// Full path pattern with every scope, e.g. `/api/articles/{id}`.
    pub path: String,
    /// Upper-case method, or `*` for a route that takes any.
    pub method: String,
}

impl ServedRoute {
    fn new(path: &str, method: &str) -> Self {
        Self {
            path: path.to_owned(),
            method: method.to_owned(),
        }
    }
}

/// An action with the routes that serve it.
///
/// ```
/// use users_permissions::UsersPermissions;
///
/// fn print(up: &UsersPermissions) {
///     for served in up.catalog() {
///         println!("{} is served by {} routes", served.action.name(), served.routes.len());
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServedAction {
    /// The action.
    pub action: CatalogAction,
    /// Where it is served; empty before the first request and for handlers nobody registered.
    pub routes: Vec<ServedRoute>,
}

/// What is protected and what is not.
///
/// ```
/// use users_permissions::Coverage;
///
/// fn is_complete(coverage: &Coverage) -> bool {
///     coverage.unlisted.is_empty() && coverage.unlocated.is_empty()
/// }
/// assert!(is_complete(&Coverage::default()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Routes without `#[permission]`, and those of handlers whose route attribute it does not see, until they
    /// are called; not those that are marked with [`listed`](crate::listed).
    ///
    /// actix tells methods and guards of paths, not of routes. So of two handlers of one method and path one
    /// is seen, as of a route for all methods behind others of its path;
    /// [`deny_unlisted`](crate::Builder::deny_unlisted) refuses the other. A handler that is asked before a
    /// protected one of the same path is reported where its resource has a name, as those of route
    /// attributes have.
    pub unlisted: Vec<ServedRoute>,
    /// Actions no route is known of: not registered, or standing below a route attribute (or on a
    /// plain handler) and not called yet.
    pub unlocated: Vec<&'static str>,
}

/// Routes, as far as they are known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct RouteMap {
    /// By path and method; `None`: its action is not known.
    routes: BTreeMap<ServedRoute, Option<&'static str>>,
    /// Those that nothing is known to protect.
    unlisted: BTreeSet<ServedRoute>,
}

/// What the first requests have told.
#[derive(Debug, Default)]
struct Learnt {
    /// All applications of the plugin together.
    map: RouteMap,
    /// Each by itself, as it was read.
    applications: Vec<RouteMap>,
}

/// The route map of a plugin, filled by the first request to each of its applications.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    learnt: Mutex<Learnt>,
    /// Per action the requests since the last that told a new route.
    quiet: OnceLock<Box<[AtomicU32]>>,
}

/// So many requests in a row that tell nothing, and only one of some is looked at.
const SETTLED: u32 = 1_000;
const SAMPLED: u32 = 64;

impl Routes {
    /// Reads an application's routes, once for each of its workers.
    pub(super) fn learn(&self, req: &HttpRequest, catalog: &Catalog) {
        self.quiet
            .get_or_init(|| (0..catalog.len()).map(|_| AtomicU32::new(0)).collect());
        let read = RouteMap::read(req, catalog);
        let mut learnt = self.lock();
        // Another worker's is the same, and what was observed since then holds.
        if !learnt.applications.contains(&read) {
            learnt.map.merge(&read);
            learnt.applications.push(read);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes under which pattern a handler was reached, unless the macro has seen its routes. A handler may be
    /// served at several, so one route is not the end of it.
    #[inline]
    pub(super) fn observe(&self, entry: &'static ActionEntry, req: &HttpRequest) {
        if entry.routes.is_empty() {
            self.count(entry, req);
        }
    }

    fn count(&self, entry: &'static ActionEntry, req: &HttpRequest) {
        let (Some(each), Some(position)) = (self.quiet.get(), entry.index()) else {
            return;
        };
        let Some(quiet) = each.get(position) else {
            return;
        };
        let requests = quiet.load(Ordering::Relaxed);
        // Counts that get lost between workers do not matter.
        quiet.store(requests.wrapping_add(1), Ordering::Relaxed);
        if (requests < SETTLED || requests.is_multiple_of(SAMPLED)) && self.is_news(entry, req) {
            quiet.store(0, Ordering::Relaxed);
        }
    }

    #[cold]
    fn is_news(&self, entry: &'static ActionEntry, req: &HttpRequest) -> bool {
        let Some(path) = req.match_pattern() else {
            return false;
        };
        let mut learnt = self.lock();
        let Learnt { map, applications } = &mut *learnt;
        let mut route = ServedRoute::new(&path, ANY);
        if !map.routes.contains_key(&route) {
            route.method = req.method().to_string();
            // Clients may invent methods without end.
            if !map.routes.contains_key(&route) && !is_standard(req.method()) {
                return false;
            }
        }
        // Which of several applications this is, and so whose handler, is not told.
        let serving = applications
            .iter()
            .filter(|read| read.routes.contains_key(&route));
        if serving.count() < 2 {
            map.unlisted.remove(&route);
        }
        // Of handlers that share a route, by guards of their own, the last one is named; that is no news.
        !matches!(map.routes.insert(route, Some(entry.action)), Some(Some(_)))
    }

    pub(crate) fn snapshot(&self) -> RouteMap {
        self.lock().map.clone()
    }

    /// Has a request of any application passed, so that its routes are known?
    pub(crate) fn is_learnt(&self) -> bool {
        !self.lock().applications.is_empty()
    }

    /// Looks at the map without copying it; `None` before the first request.
    pub(super) fn with<T>(&self, look: impl FnOnce(&RouteMap) -> T) -> Option<T> {
        let learnt = self.lock();
        (!learnt.applications.is_empty()).then(|| look(&learnt.map))
    }
}

const ANY: &str = "*";

fn is_standard(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::OPTIONS
            | Method::TRACE
            | Method::CONNECT
    )
}

impl RouteMap {
    /// Adds the routes of another application. What lacks protection in either lacks it.
    fn merge(&mut self, other: &Self) {
        for (route, owner) in &other.routes {
            let known = self.routes.entry(route.clone()).or_default();
            *known = known.or(*owner);
        }
        self.unlisted.extend(other.unlisted.iter().cloned());
    }

    pub(crate) fn served(&self, catalog: &Catalog) -> Vec<ServedAction> {
        let mut by_action: HashMap<&str, Vec<ServedRoute>> = HashMap::new();
        for (route, action) in &self.routes {
            if let Some(action) = action {
                by_action.entry(action).or_default().push(route.clone());
            }
        }
        let served = |action: &CatalogAction| ServedAction {
            action: *action,
            routes: by_action.remove(action.name()).unwrap_or_default(),
        };
        catalog.actions().iter().map(served).collect()
    }

    pub(crate) fn coverage(&self, catalog: &Catalog) -> Coverage {
        let located: BTreeSet<&str> = self.routes.values().flatten().copied().collect();
        Coverage {
            unlisted: self.unlisted.iter().cloned().collect(),
            unlocated: catalog
                .actions()
                .iter()
                .map(CatalogAction::name)
                .filter(|name| !located.contains(name))
                .collect(),
        }
    }

    /// The routes whose action is not known, if they have one.
    #[cfg(feature = "openapi")]
    pub(super) fn without_action(&self) -> Vec<ServedRoute> {
        let routes = self.routes.iter().filter(|(_, action)| action.is_none());
        routes.map(|(route, _)| route.clone()).collect()
    }

    /// The action behind a pattern and method: the outer `None` for no route, the inner one for a route
    /// without an action.
    #[cfg(feature = "admin")]
    pub(crate) fn action_at(&self, path: &str, method: &str) -> Option<Option<&'static str>> {
        let at = |method: &str| self.routes.get(&ServedRoute::new(path, method));
        at(method).or_else(|| at(ANY)).copied()
    }

    /// Every pattern that is served with this method, or with any, and the action behind it.
    #[cfg(feature = "admin")]
    pub(crate) fn patterns_of(
        &self,
        method: &str,
    ) -> impl Iterator<Item = (&str, Option<&'static str>)> {
        let serves = move |served: &str| served == method || served == ANY;
        let routes = self.routes.iter();
        routes
            .filter(move |(route, _)| serves(&route.method))
            .map(|(route, owner)| (route.path.as_str(), *owner))
    }

    /// A path that serves the action.
    #[cfg(feature = "admin")]
    pub(super) fn path_of(&self, action: &str) -> Option<String> {
        let mut routes = self.routes.iter();
        let found = routes.find(|(_, owner)| owner.as_deref() == Some(action));
        found.map(|(route, _)| route.path.clone())
    }

    /// Methods served under a pattern.
    pub(super) fn methods(&self, path: &str) -> Vec<String> {
        self.routes
            .keys()
            .filter(|route| route.path == path)
            .map(|route| route.method.clone())
            .collect()
    }
}
