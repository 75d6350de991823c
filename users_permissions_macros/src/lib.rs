//! The `#[permission]` attribute of the `users_permissions` crate, which re-exports it; the code
//! it writes needs that crate, and so does its example, which is there.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod action;
mod expand;
mod item;
mod parse;
mod route;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;

/// Asks the caller's roles before anything else of the request is read: whoever may not call the
/// handler gets 401 or 403, however broken the rest of the request is. Then the policies are asked,
/// then the arguments are extracted, then the handler runs. The handler may be all that it could be
/// without the attribute: it may have up to sixteen extractors, be generic, answer with any
/// `Responder`.
///
/// # The action
///
/// `kind::name.controller.action`, the kind being `api` or `plugin`. `api::article.find` is short
/// for `api::article.article.find`; the long form is what is stored and shown. A program has one
/// handler per action; the same handler may serve several routes.
///
/// # Options
///
/// - `grant("public", …)`: types of the roles that are granted the action when it is seen for the
///   first time. Without it nobody has the permission until an administrator gives it.
/// - `policies(is_author, …)`: code of yours that is asked in this order once the roles allow the
///   call: async functions with extractors as arguments, or values, as in
///   `HasClaim::new("permissions", "articles:write")`. The first refusal is the answer.
/// - `auth = false`: everyone may call the handler and no role is asked. It cannot be combined
///   with the other options, which are about roles.
///
/// # Where it stands
///
/// On free functions, and above the route attribute. Then the route is known before the program runs,
/// and the resource gets the action as its name, unless you have given it one (`name = "…"`). Several
/// routes below `#[routes]` are named `<action>`, `<action>~1`, `<action>~2` and so on.
///
/// It is as correct below the route attribute, and on handlers that are given to
/// `web::get().to(find)`, only that the routes are then found out later.
///
/// Documentation, `#[cfg]`s, levels of lints and route attributes belong to the function that
/// others see; all other attributes below `#[permission]` are applied to the handler as you wrote
/// it, after the check. Attributes that write items of their own, such as `#[utoipa::path]`,
/// therefore go above `#[permission]`.
#[proc_macro_attribute]
pub fn permission(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args.into(), item.into()).into()
}

/// The attribute in types that exist outside of a compiler, too, which is where the tests are.
fn attribute(args: TokenStream2, item: TokenStream2) -> TokenStream2 {
    let mut complaints = parse::Complaints::default();
    let permission = complaints.note(syn::parse2(args));
    let handler = complaints.note(item::handler(item.clone()));
    match (permission, handler) {
        (Some(permission), Some(handler)) => expand::handler(&permission, handler),
        _ => {
            // The item is given back as well, so that editors go on understanding the rest.
            let mut output = item::for_editors(item);
            output.extend(complaints.into_compile_errors());
            output
        }
    }
}
