//! Tells, while a request is being routed, whether it goes to a handler with `#[permission]`.
//!
//! Routing is done before the future it answers is polled, so a request that goes elsewhere can be
//! dropped without a line of its handler having run.

use std::any::type_name_of_val;
use std::cell::Cell;

use actix_web::guard::{GuardContext, fn_guard};

thread_local! {
    static REACHED: Cell<bool> = const { Cell::new(false) };
}

/// A guard that lets everything pass and marks its route as one with `#[permission]`, for
/// [`deny_unlisted`](crate::Builder::deny_unlisted).
///
/// The macro puts it behind the other guards of a route attribute below it. Handlers it cannot see the
/// route of need it by hand, and then as the last guard: where a later one refuses, whatever route comes
/// next is taken for a marked one and let through. It is for single routes; on a scope it lets everything
/// through that is below.
///
/// ```
/// use actix_web::web;
/// use users_permissions::{listed, permission};
///
/// #[permission("api::report.find")]
/// async fn find() -> &'static str {
///     "reports"
/// }
///
/// let route = web::get().guard(listed).to(find);
/// # let _ = route;
/// ```
///
/// It also tells [`Coverage`](crate::Coverage) that the route is protected, before it is ever called.
#[inline]
pub fn listed(_: &GuardContext<'_>) -> bool {
    REACHED.set(true);
    true
}

/// As [`listed`], for one route of one handler: actix tells the names of guards with the paths they stand
/// at, and so where a handler is served.
#[inline]
pub fn listed_at<const MARK: u64>(context: &GuardContext<'_>) -> bool {
    listed(context)
}

/// The name that actix tells of [`listed_at`].
pub fn mark<const MARK: u64>() -> &'static str {
    type_name_of_val(&fn_guard(listed_at::<MARK>))
}

/// Is this what actix calls [`listed`], given as it is or in a route attribute?
pub(super) fn is_mark(name: &str) -> bool {
    name == type_name_of_val(&listed) || name == type_name_of_val(&fn_guard(listed))
}

/// Routes a request and tells whether it reached a marked route.
pub(super) fn routing<T>(route: impl FnOnce() -> T) -> (T, bool) {
    REACHED.set(false);
    let routed = route();
    (routed, REACHED.get())
}
