//! Operations as their authors described them, to be found again by the route that serves them.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;

use super::operation::function;
use super::paths::{METHODS, slot, template};
use crate::acl::CatalogAction;
use crate::http::catalog::ServedRoute;

/// Methods a route that takes any is described with, when its author named none.
const USUAL: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// One described operation.
pub(super) struct Described {
    /// Template of the path, with or without the scopes around it.
    pub(super) path: String,
    pub(super) method: &'static str,
    pub(super) operation: Operation,
    /// The action it turned out to describe.
    owner: Option<&'static str>,
}

impl Described {
    /// Whether the path is this one, or the end of it behind some scopes.
    fn ends(&self, path: &str) -> bool {
        path.strip_suffix(self.path.as_str()).is_some_and(|scopes| {
            scopes.is_empty() || self.path.is_empty() || self.path.starts_with('/')
        })
    }

    /// Whether a route without an action may be the one that is described.
    pub(super) fn may_be(&self, route: &ServedRoute) -> bool {
        (route.method == self.method || route.method == "*") && self.ends(&template(&route.path))
    }
}

/// The operations of one author.
pub(super) struct Descriptions(Vec<Described>);

impl Descriptions {
    /// Takes the operations out of a document; what is said of a whole path goes to each of them.
    pub(super) fn take(document: &mut OpenApi) -> Self {
        let mut taken = Vec::new();
        for (path, mut item) in std::mem::take(&mut document.paths.paths) {
            let (parameters, servers) = (item.parameters.take(), item.servers.take());
            for method in METHODS {
                let Some(mut operation) = slot(&mut item, method).and_then(Option::take) else {
                    continue;
                };
                if let Some(parameters) = &parameters {
                    let own = operation.parameters.get_or_insert_default();
                    own.extend(parameters.iter().cloned());
                }
                operation.servers = operation.servers.or_else(|| servers.clone());
                taken.push(Described {
                    path: template(&path),
                    method,
                    operation,
                    owner: None,
                });
            }
        }
        Self(taken)
    }

    /// The methods to describe a route with.
    pub(super) fn methods(&self, route: &ServedRoute, path: &str) -> Vec<&'static str> {
        let of_route = |method: &&str| route.method == *method;
        if route.method != "*" {
            return METHODS.into_iter().filter(of_route).collect();
        }
        let described: Vec<_> = self
            .0
            .iter()
            .filter(|described| described.ends(path))
            .map(|described| described.method)
            .collect();
        if described.is_empty() {
            USUAL.to_vec()
        } else {
            described
        }
    }

    /// The operation an action's handler was described with, which from then on is that action's alone.
    /// The route attribute tells the path inside of the scopes. Where several handlers share it, the one
    /// is sure whose function or full path is named.
    pub(super) fn claim(
        &mut self,
        action: &CatalogAction,
        method: &str,
        path: &str,
        sure: bool,
    ) -> Option<Operation> {
        let local = action
            .entry()
            .routes
            .iter()
            .map(|route| template(route.path))
            .filter(|local| path.ends_with(local.as_str()))
            .max_by_key(String::len)
            .unwrap_or_default();
        let surety = |described: &Described| {
            let named = described.operation.operation_id.as_deref() == Some(function(action));
            (described.path == path, named)
        };
        let best = self
            .0
            .iter_mut()
            .filter(|described| described.method == method && described.ends(path))
            .filter(|described| described.path.ends_with(&local))
            .filter(|described| described.owner.is_none_or(|owner| owner == action.name()))
            .filter(|described| !sure || surety(described) != (false, false))
            .max_by_key(|described| (surety(described), described.path.len()))?;
        best.owner = Some(action.name());
        Some(best.operation.clone())
    }

    /// The operations that describe no action.
    pub(super) fn rest(self) -> impl Iterator<Item = Described> {
        self.0
            .into_iter()
            .filter(|described| described.owner.is_none())
    }
}
