//! Writes the generated handler; tokens only, nothing is judged here.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, FnArg, GenericParam, Ident, Index, ItemFn, Lit, Meta,
    Signature, Visibility,
};

use crate::parse::Permission;
use crate::route::{self, Route};

/// The handler that takes its arguments from the check, with the original one inside.
///
/// Beside it stands a type that tells the check, by the trait `Protected`, which handler it is for.
pub(crate) fn handler(permission: &Permission, mut original: ItemFn) -> TokenStream {
    let attrs = std::mem::take(&mut original.attrs);
    let (mut outside, inside): (Vec<_>, Vec<_>) = attrs.into_iter().partition(stands_outside);
    let vis = std::mem::replace(&mut original.vis, Visibility::Inherited);
    let routes = route::name_routes(&mut outside, &permission.action);
    let sig = &original.sig;
    let place = sig.ident.span();
    let span = generated(place);
    let marker = format_ident!("__up_{}", sig.ident.unraw(), span = span);
    let entry = entry(permission, &sig.ident, &description(&outside), &routes);
    let policies = policies(span, permission);
    let cfgs = outside.iter().filter(|attr| attr.path().is_ident("cfg"));
    let cfgs = quote!(#(#cfgs)*);

    let types = sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(&argument.ty),
        FnArg::Receiver(_) => None,
    });
    let places = (0..sig.inputs.len()).map(Index::from);
    let callee = callee(sig);
    let mut inner = original.clone();
    inner.attrs = inside;
    let body = quote_spanned! {span=>
        #inner
        #callee(#(__up_guarded.args.#places),*).await
    };

    // By its name, answer and braces the function as a whole is the user's, so that lints like
    // `dead_code` speak of it; what is inside is not.
    let Signature {
        asyncness,
        fn_token,
        ident,
        output,
        ..
    } = sig;
    let (parameters, _, bounds) = sig.generics.split_for_impl();
    let head = quote!(#(#outside)* #vis #asyncness #fn_token #ident #parameters);
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(original.block.brace_token.span.join());
    quote_spanned! {span=>
        #cfgs
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #vis enum #marker {}

        #cfgs
        const _: () = {
            #entry
            impl ::users_permissions::__private::Protected for #marker {
                fn entry() -> &'static ::users_permissions::__private::ActionEntry {
                    &__UP_ENTRY
                }
                #policies
            }
        };

        // A request belongs to its thread, in every handler of actix-web.
        #[allow(clippy::future_not_send)]
        #head(
            __up_guarded: ::users_permissions::__private::Guarded<#marker, (#(#types,)*)>
        ) #output #bounds #body
    }
}

/// The same place, for code that is not the user's: its variables are out of the user's reach (by names
/// that no unit struct has, for which a parameter could be taken), and most lints let it be. The user's own
/// words keep their spans, as editions go by them.
fn generated(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

/// Asks the policies in their order.
fn policies(span: Span, permission: &Permission) -> Option<TokenStream> {
    let asked = permission.policies.iter().map(|policy| {
        let span = generated(policy.span());
        quote_spanned!(span=> ::users_permissions::__private::consult(#policy, __up_request).await?;)
    });
    (!permission.policies.is_empty()).then(|| {
        quote_spanned! {span=>
            const HAS_POLICIES: bool = true;

            #[allow(clippy::future_not_send)]
            async fn policies(
                __up_request: &::users_permissions::__private::actix_web::HttpRequest,
            ) -> ::core::result::Result<(), ::users_permissions::__private::actix_web::Error> {
                #(#asked)*
                ::core::result::Result::Ok(())
            }
        }
    })
}

/// The static that describes the handler, and its registration.
fn entry(
    permission: &Permission,
    ident: &Ident,
    description: &str,
    routes: &[Route],
) -> TokenStream {
    let Permission {
        action,
        open,
        grants,
        ..
    } = permission;
    let path = format!("::{}", ident.unraw());
    let routes = routes.iter().map(
        |Route {
             methods,
             path,
             name,
             mark,
         }| {
            quote_spanned! {Span::mixed_site()=>
                ::users_permissions::__private::RouteDecl {
                    methods: &[#(#methods),*],
                    path: #path,
                    name: #name,
                    mark: ::core::option::Option::Some(::users_permissions::__private::mark::<#mark>),
                }
            }
        },
    );
    let policies = (!permission.policies.is_empty()).then(|| {
        let written = permission.policies.iter().map(written);
        quote_spanned!(Span::mixed_site()=> .with_policies(&[#(#written),*]))
    });
    // These two tell the place of the tokens they are made of: here, of the handler's name.
    let file = quote_spanned!(ident.span()=> ::core::file!());
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote_spanned! {Span::mixed_site()=>
        static __UP_ENTRY: ::users_permissions::__private::ActionEntry =
            ::users_permissions::__private::ActionEntry::new(
                #action,
                ::core::concat!(::core::module_path!(), #path),
                #file,
                #line,
                #description,
                &[#(#routes),*],
                #open,
                &[#(#grants),*],
            ) #policies;
        ::users_permissions::__private::inventory::submit! {
            ::users_permissions::__private::Registration(&__UP_ENTRY)
        }
    }
}

/// A policy as its author wrote it, on one line.
fn written(policy: &Expr) -> String {
    let text = policy.to_token_stream().to_string();
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        // Tokens are printed with spaces that nobody writes.
        let joins = word.starts_with([',', '(', ')', '.', ':', '!', '?', ';'])
            || out.ends_with(['(', ':', '.', '&', '!']);
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Attributes of the generated handler; the rest belongs to the original one.
///
/// Levels of lints reach what is inside, too, while `dead_code` and `deprecated` are about the
/// function that others can name.
fn stands_outside(attr: &Attribute) -> bool {
    const NAMES: [&str; 9] = [
        "allow",
        "cfg",
        "cfg_attr",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "forbid",
        "warn",
    ];
    let known = || NAMES.iter().any(|name| attr.path().is_ident(name)) || route::is_route(attr);
    matches!(attr.style, AttrStyle::Outer) && known()
}

/// The text of the doc comment.
fn description(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `find::<T, N>`; lifetimes are left to inference, as late bound ones cannot be named.
fn callee(sig: &Signature) -> TokenStream {
    let ident = &sig.ident;
    let arguments = sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let arguments: Vec<&Ident> = arguments.collect();
    if arguments.is_empty() {
        quote!(#ident)
    } else {
        quote!(#ident::<#(#arguments),*>)
    }
}
