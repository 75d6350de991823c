//! Reads the routes of one application: off the list that actix keeps, and off the names of its resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use actix_web::introspection::{IntrospectionNode, IntrospectionTree, ResourceType};
use actix_web::{HttpRequest, dev::ResourceMap, web};

use super::{ANY, RouteMap, ServedRoute};
use crate::acl::action::RouteDecl;
use crate::acl::{Catalog, CatalogAction};
use crate::http::listed::is_mark;

impl RouteMap {
    pub(super) fn read(req: &HttpRequest, catalog: &Catalog) -> Self {
        let mut reading = Reading::of(req);
        reading.claim_declared(catalog);
        let mut unlisted = reading.unlisted();
        reading.claim_named(catalog, &mut unlisted);
        Self {
            routes: reading.routes,
            unlisted,
        }
    }
}

struct Reading<'a> {
    map: &'a ResourceMap,
    /// A request of our own: the real one's Host header may be no host at all.
    plain: HttpRequest,
    /// What actix tells of the path of each resource.
    nodes: Vec<&'a IntrospectionNode>,
    /// Paths as `url_for` renders them, to find the pattern a name belongs to.
    patterns: HashMap<String, &'a str>,
    /// The routes of attributes that were found at each path.
    declared: HashMap<&'a str, Vec<&'static RouteDecl>>,
    routes: BTreeMap<ServedRoute, Option<&'static str>>,
}

impl<'a> Reading<'a> {
    fn of(req: &'a HttpRequest) -> Self {
        let mut nodes = Vec::new();
        if let Some(tree) = req.app_data::<web::Data<IntrospectionTree>>() {
            collect(&tree.root, &mut nodes);
        }
        let mut patterns = HashMap::new();
        let mut routes = BTreeMap::new();
        for &node in &nodes {
            let path = node.full_path.as_str();
            patterns.insert(render(path), path);
            if node.methods.is_empty() {
                routes.insert(ServedRoute::new(path, ANY), None);
            }
            for method in &node.methods {
                routes.insert(ServedRoute::new(path, method.as_str()), None);
            }
        }
        Self {
            map: req.resource_map(),
            plain: actix_web::test::TestRequest::default().to_http_request(),
            nodes,
            patterns,
            declared: HashMap::new(),
            routes,
        }
    }

    /// The full pattern of a named resource.
    fn locate(&self, name: &str) -> Option<&'a str> {
        let parameters = (0..).map(placeholder);
        let url = self.map.url_for(&self.plain, name, parameters).ok()?;
        self.patterns.get(url.path()).copied()
    }

    /// Finds the routes of attributes by the guards that mark them, and by their names.
    fn claim_declared(&mut self, catalog: &Catalog) {
        // The paths each guard stands at: a handler may be served in several scopes.
        let mut guarded: HashMap<&str, Vec<&'a str>> = HashMap::new();
        for &node in &self.nodes {
            for guard in &node.guards {
                let paths = guarded.entry(guard.as_str()).or_default();
                paths.push(node.full_path.as_str());
            }
        }
        for action in catalog.actions().iter().map(CatalogAction::entry) {
            for route in action.routes {
                // A name chosen by the user may belong to another resource.
                let named = self.locate(route.name);
                let named = named.filter(|path| path.ends_with(route.path.trim_end_matches('/')));
                let marked = route.mark.and_then(|mark| guarded.get(mark()));
                for &path in marked.into_iter().flatten().chain(&named) {
                    self.declared.entry(path).or_default().push(route);
                    for method in route.methods {
                        self.routes
                            .insert(ServedRoute::new(path, method), Some(action.action));
                    }
                }
            }
        }
    }

    /// The routes that nothing is known to protect, by what the attributes declare.
    fn unlisted(&self) -> BTreeSet<ServedRoute> {
        let nodes = self.nodes.iter();
        nodes
            .flat_map(|node| self.unlisted_at(node))
            .cloned()
            .collect()
    }

    fn unlisted_at(&self, node: &IntrospectionNode) -> Vec<&ServedRoute> {
        let declared = self.declared.get(node.full_path.as_str());
        let declared = declared.map(Vec::as_slice).unwrap_or_default();
        // The pages for administrators bear the guard as well: there it may be theirs.
        let is_marked = node.guards.iter().any(|guard| is_mark(guard))
            && declared.iter().all(|route| route.mark.is_some());
        // A path has the name of the resource that is asked first, and every declared route has one.
        let name = node.resource_name.as_deref();
        let is_preceded = name.is_some_and(|name| declared.iter().all(|route| route.name != name));
        let (open, claimed): (Vec<_>, Vec<_>) = self
            .routes
            .range(ServedRoute::new(&node.full_path, "")..)
            .take_while(|(route, _)| route.path == node.full_path)
            .partition(|(_, owner)| owner.is_none());
        let found = match open.len() {
            0 if is_preceded && !is_marked => claimed,
            // Of several it cannot be told whose the mark is.
            1 if is_marked => Vec::new(),
            _ => open,
        };
        found.into_iter().map(|(route, _)| route).collect()
    }

    /// A plain handler is found when its resource is named after the action and serves one method only:
    /// which of several is its own, the name does not tell.
    fn claim_named(&mut self, catalog: &Catalog, unlisted: &mut BTreeSet<ServedRoute>) {
        let actions = catalog.actions().iter().map(CatalogAction::entry);
        for action in actions.filter(|action| action.routes.is_empty()) {
            let Some(path) = self.locate(action.action) else {
                continue;
            };
            let mut free = self
                .routes
                .iter_mut()
                .filter(|(route, owner)| route.path == path && owner.is_none());
            if let (Some((route, owner)), None) = (free.next(), free.next()) {
                unlisted.remove(route);
                *owner = Some(action.action);
            }
        }
    }
}

fn collect<'a>(node: &'a IntrospectionNode, found: &mut Vec<&'a IntrospectionNode>) {
    if matches!(node.kind, ResourceType::Resource) {
        found.push(node);
    }
    for child in &node.children {
        collect(child, found);
    }
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
