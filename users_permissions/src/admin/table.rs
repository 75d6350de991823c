//! How a page becomes a route: one action, its place in the catalog, and the check before its handler.

use actix_web::{HttpRequest, Resource, guard, web};

use super::answer::Outcome;
use super::visit::{self, Visit};
use crate::acl::ActionEntry;
use crate::acl::action::RouteDecl;
use crate::http::listed;

/// Writes the function that registers pages in a scope. Each line is an action
/// (`plugin::users-permissions.admin.<name>`), what it is for, where it is served, and its handler;
/// `open` ones need no sign-in.
macro_rules! pages {
    ($($name:ident $description:literal [$($method:ident $path:literal),+] $($open:ident)? => $handler:path;)+) => {
        /// Registers every page.
        pub(super) fn register(mut scope: actix_web::Scope) -> actix_web::Scope {
            $({
                static ENTRY: $crate::acl::ActionEntry = $crate::acl::ActionEntry::new(
                    concat!("plugin::users-permissions.admin.", stringify!($name)),
                    concat!(module_path!(), "::", stringify!($handler)),
                    file!(),
                    line!(),
                    $description,
                    &[$($crate::acl::action::RouteDecl {
                        methods: &[stringify!($method)],
                        path: $path,
                        name: concat!("plugin::users-permissions.admin.", stringify!($name), " ", stringify!($method), " ", $path),
                        mark: None,
                    }),+],
                    $crate::admin::table::is_open!($($open)?),
                    &[],
                );
                $crate::__private::inventory::submit! { $crate::acl::action::Registration(&ENTRY) }
                for route in ENTRY.routes {
                    scope = scope.service($crate::admin::table::page(&ENTRY, route, $handler));
                }
            })+
            scope
        }
    };
}
macro_rules! is_open {
    () => {
        false
    };
    (open) => {
        true
    };
}
pub(super) use {is_open, pages};

/// The route of a page.
pub(super) fn page<F>(
    entry: &'static ActionEntry,
    route: &'static RouteDecl,
    handler: F,
) -> Resource
where
    F: AsyncFn(&Visit) -> Outcome + Clone + 'static,
{
    let resource = web::resource(route.path).name(route.name);
    let resource = match route.methods {
        ["POST"] => resource.guard(guard::Post()),
        _ => resource.guard(guard::Get()),
    };
    let serve = move |req: HttpRequest, payload: web::Payload| {
        let handler = handler.clone();
        async move { visit::serve(entry, req, payload, &handler).await }
    };
    resource.route(web::route().guard(listed).to(serve))
}
