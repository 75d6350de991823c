//! Which URL serves which action: learnt from the running application, which alone knows its scopes.
//!
//! Three sources, from exact to late: the guard by which the macro marks a route (the list of routes that
//! actix keeps names it at every path it stands at), the names of resources (`url_for` finds one of each
//! name), and, for handlers whose route attribute the macro cannot see, the first request that reaches
//! them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use actix_web::introspection::{IntrospectionNode, IntrospectionTree, ResourceType};
use actix_web::{HttpRequest, dev::ResourceMap, web};

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
    /// Routes without `#[permission]`.
    pub unlisted: Vec<ServedRoute>,
    /// Actions no route is known of: not registered, or standing below a route attribute (or on a
    /// plain handler) and not called yet.
    pub unlocated: Vec<&'static str>,
}

/// The routes of the application, as far as they are known.
#[derive(Debug, Default, Clone)]
pub(crate) struct RouteMap {
    /// By path and method; `None`: carries no action.
    routes: BTreeMap<ServedRoute, Option<&'static str>>,
}

/// The route map of a plugin, filled by the first request.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    map: OnceLock<Mutex<RouteMap>>,
    /// Per action the requests since the last that told a new route.
    quiet: OnceLock<Box<[AtomicU32]>>,
}

/// So many requests in a row that tell nothing, and only one of some is looked at.
const SETTLED: u32 = 1_000;
const SAMPLED: u32 = 64;

impl Routes {
    /// Reads the application's routes, once.
    pub(super) fn learn(&self, req: &HttpRequest, catalog: &Catalog) {
        self.quiet
            .get_or_init(|| (0..catalog.len()).map(|_| AtomicU32::new(0)).collect());
        self.map
            .get_or_init(|| Mutex::new(RouteMap::read(req, catalog)));
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
        let (Some(map), Some(path)) = (self.map.get(), req.match_pattern()) else {
            return false;
        };
        let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
        let any = ServedRoute {
            path: path.clone(),
            method: ANY.to_owned(),
        };
        let route = if map.routes.contains_key(&any) {
            any
        } else {
            ServedRoute {
                path,
                method: req.method().to_string(),
            }
        };
        // Of handlers that share a route, by guards of their own, the last one is named; that is no news.
        !matches!(map.routes.insert(route, Some(entry.action)), Some(Some(_)))
    }

    pub(crate) fn snapshot(&self) -> RouteMap {
        match self.map.get() {
            Some(map) => map.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => RouteMap::default(),
        }
    }

    /// Looks at the map without copying it.
    pub(super) fn with<T>(&self, look: impl FnOnce(&RouteMap) -> T) -> Option<T> {
        self.map
            .get()
            .map(|map| look(&map.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

const ANY: &str = "*";

impl RouteMap {
    fn read(req: &HttpRequest, catalog: &Catalog) -> Self {
        let mut routes = BTreeMap::new();
        // Paths as `url_for` renders them, to find the pattern a name belongs to.
        let mut patterns = HashMap::new();
        // The paths each guard stands at: a handler may be served in several scopes.
        let mut guarded: HashMap<String, Vec<String>> = HashMap::new();
        if let Some(tree) = req.app_data::<web::Data<IntrospectionTree>>() {
            collect(&tree.root, &mut |path, methods, guards| {
                for guard in guards {
                    let paths = guarded.entry(guard.clone()).or_default();
                    paths.push(path.to_owned());
                }
                patterns.insert(render(path), path.to_owned());
                let methods = if methods.is_empty() {
                    vec![ANY.to_owned()]
                } else {
                    methods
                };
                for method in methods {
                    routes.insert(
                        ServedRoute {
                            path: path.to_owned(),
                            method,
                        },
                        None,
                    );
                }
            });
        }
        let map = req.resource_map();
        for action in catalog.actions().iter().map(CatalogAction::entry) {
            for route in action.routes {
                let named = locate(map, route.name, &patterns);
                // A name chosen by the user may belong to another resource.
                let named = named.filter(|path| path.ends_with(route.path.trim_end_matches('/')));
                let marked = route.mark.and_then(|mark| guarded.get(mark()));
                for path in marked.into_iter().flatten().chain(&named) {
                    for method in route.methods {
                        let served = ServedRoute {
                            path: path.clone(),
                            method: (*method).to_owned(),
                        };
                        routes.insert(served, Some(action.action));
                    }
                }
            }
        }
        let mut map_of_routes = Self { routes };
        map_of_routes.claim_named_resources(map, catalog, &patterns);
        map_of_routes
    }

    /// A plain handler is found when its resource is named after the action and serves one method only:
    /// which of several is its own, the name does not tell.
    fn claim_named_resources(
        &mut self,
        map: &ResourceMap,
        catalog: &Catalog,
        patterns: &HashMap<String, String>,
    ) {
        for action in catalog
            .actions()
            .iter()
            .map(CatalogAction::entry)
            .filter(|action| action.routes.is_empty())
        {
            let Some(path) = locate(map, action.action, patterns) else {
                continue;
            };
            let mut free = self
                .routes
                .iter_mut()
                .filter(|(route, owner)| route.path == path && owner.is_none());
            if let (Some((_, owner)), None) = (free.next(), free.next()) {
                *owner = Some(action.action);
            }
        }
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
            unlisted: self
                .routes
                .iter()
                .filter(|(_, action)| action.is_none())
                .map(|(route, _)| route.clone())
                .collect(),
            unlocated: catalog
                .actions()
                .iter()
                .map(CatalogAction::name)
                .filter(|name| !located.contains(name))
                .collect(),
        }
    }

    /// The action behind a pattern and method: the outer `None` for no route, the inner one for a route
    /// without an action.
    #[cfg(feature = "admin")]
    pub(crate) fn action_at(&self, path: &str, method: &str) -> Option<Option<&'static str>> {
        let at = |method: &str| {
            self.routes.get(&ServedRoute {
                path: path.to_owned(),
                method: method.to_owned(),
            })
        };
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

fn collect(node: &IntrospectionNode, found: &mut impl FnMut(&str, Vec<String>, &[String])) {
    if matches!(node.kind, ResourceType::Resource) {
        found(
            &node.full_path,
            node.methods.iter().map(ToString::to_string).collect(),
            &node.guards,
        );
    }
    for child in &node.children {
        collect(child, found);
    }
}

/// The full pattern of a named resource.
fn locate(map: &ResourceMap, name: &str, patterns: &HashMap<String, String>) -> Option<String> {
    // A request of our own: the real one's Host header may be no host at all.
    let plain = actix_web::test::TestRequest::default().to_http_request();
    let url = map.url_for(&plain, name, (0..).map(placeholder)).ok()?;
    patterns.get(url.path()).cloned()
}

fn placeholder(index: usize) -> String {
    format!("p{index}")
}

/// Replaces the parameters of a pattern by the placeholders, in order.
fn render(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut depth, mut parameters) = (0usize, 0usize);
    for c in pattern.chars() {
        match c {
            '{' => {
                if depth == 0 {
                    out.push_str(&placeholder(parameters));
                    parameters += 1;
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn parameters_become_placeholders() {
        assert_eq!(
            render("/api/articles/{id}/{slug:[a-z]{2}}/x"),
            "/api/articles/p0/p1/x"
        );
        assert_eq!(render("/api/ping"), "/api/ping");
    }
}
