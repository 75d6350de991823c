//! One description of the application's handlers and the plugin's, as they are served.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use actix_web::web::Bytes;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Info, OpenApi, OpenApiVersion, Paths};

use super::descriptions::Descriptions;
use super::operation::{bare, complete, operation_id};
use super::paths::{slot, template};
use super::{own, profile};
use crate::acl::{Catalog, CatalogAction};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::catalog::{Routes, ServedAction, ServedRoute};

/// The description of an application, put together when it is first asked for.
#[derive(Default)]
pub(crate) struct ApiDescription {
    application: Option<OpenApi>,
    /// The last one, with the number of located routes it was made of: some are found out late.
    last: Mutex<Option<(usize, Bytes)>>,
}

impl ApiDescription {
    /// `application` describes the handlers beside the plugin's.
    pub(crate) fn new(application: Option<OpenApi>) -> Self {
        Self {
            application,
            last: Mutex::default(),
        }
    }

    /// The description as JSON.
    pub(super) fn json(
        &self,
        routes: &Routes,
        catalog: &Catalog,
        config: &Config,
    ) -> Result<Bytes> {
        let map = routes.snapshot();
        let mut served = map.served(catalog);
        // Pages are for people; this describes the API.
        served.retain(|served| !own::is_page(&served.action));
        let located = served.iter().map(|action| action.routes.len()).sum();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, json)) if *of == located => Ok(json.clone()),
            _ => {
                let application = self.application.clone().unwrap_or_else(nameless);
                let without_action = map.without_action();
                let mut document = describe(application, &served, &without_action);
                if let Some(components) = &mut document.components {
                    profile::add(components, config);
                }
                let json = Bytes::from(serde_json::to_vec(&document).map_err(Error::internal)?);
                *last = Some((located, json.clone()));
                Ok(json)
            }
        }
    }
}

impl fmt::Debug for ApiDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiDescription").finish_non_exhaustive()
    }
}

/// For applications that describe nothing themselves.
fn nameless() -> OpenApi {
    OpenApi::new(Info::new("API", "unversioned"), Paths::new())
}

fn describe(
    mut document: OpenApi,
    served: &[ServedAction],
    without_action: &[ServedRoute],
) -> OpenApi {
    document.openapi = OpenApiVersion::Version31;
    let mut own = own::description();
    let mut theirs = Descriptions::take(&mut document);
    let mut ours = Descriptions::take(&mut own);
    document.merge(own);

    let mut places = places(served, &ours, &theirs);
    // Those first that are sure of their description.
    for sure in [true, false] {
        for place in places.iter_mut().filter(|place| place.operation.is_none()) {
            let known = if own::is_own(place.action) {
                &mut ours
            } else {
                &mut theirs
            };
            place.operation = known.claim(place.action, place.method, &place.path, sure);
        }
    }
    let mut placed = Placed::default();
    for place in places {
        let mut operation = place.operation.unwrap_or_else(bare);
        let chosen = operation.operation_id.take();
        let route = (place.method, place.path.as_str());
        operation.operation_id = Some(operation_id(chosen, place.action, route, place.single));
        complete(&mut operation, place.action, &place.path);
        placed.put(place.path, place.method, operation);
    }
    // What needs no permission, or is served by something in front of the application.
    for described in theirs.rest() {
        let route = without_action.iter().find(|route| described.may_be(route));
        let path = route.map_or(described.path, |route| template(&route.path));
        placed.put(path, described.method, described.operation);
    }
    document.paths.paths = placed.paths.into_iter().collect();
    document
}

/// Where an action is served, and how that was described.
struct Place<'a> {
    action: &'a CatalogAction,
    method: &'static str,
    path: String,
    /// The only place of its action.
    single: bool,
    operation: Option<Operation>,
}

fn places<'a>(
    served: &'a [ServedAction],
    ours: &Descriptions,
    theirs: &Descriptions,
) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    for ServedAction { action, routes, .. } in served {
        let known = if own::is_own(action) { ours } else { theirs };
        for route in routes {
            let path = template(&route.path);
            for method in known.methods(route, &path) {
                places.push(Place {
                    action,
                    method,
                    path: path.clone(),
                    single: routes.len() == 1,
                    operation: None,
                });
            }
        }
    }
    places
}

/// Operations at their full paths; no two have one id.
#[derive(Default)]
struct Placed {
    paths: BTreeMap<String, PathItem>,
    ids: BTreeSet<String>,
}

impl Placed {
    fn put(&mut self, path: String, method: &str, mut operation: Operation) {
        if let Some(id) = operation.operation_id.take() {
            operation.operation_id = Some(self.unique(id));
        }
        if let Some(place) = slot(self.paths.entry(path).or_default(), method) {
            place.get_or_insert(operation);
        }
    }

    fn unique(&mut self, id: String) -> String {
        let numbered = (2..).map(|number| format!("{id}{number}"));
        let free = std::iter::once(id.clone())
            .chain(numbered)
            .find(|id| !self.ids.contains(id));
        let free = free.unwrap_or(id);
        self.ids.insert(free.clone());
        free
    }
}
