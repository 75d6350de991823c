//! Writes the generated handler; tokens only, nothing is judged here.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, FnArg, GenericParam, Generics, Ident, ItemFn, Lit, Meta,
    ReturnType, Signature, Visibility, WherePredicate, parse_quote_spanned,
};

use crate::parse::Permission;
use crate::route::{self, Route};

/// The handler that checks first, with the original one inside.
///
/// The outer function takes the request unread: neither a refusal nor a policy that waits can be
/// overtaken by an extractor that fails or reads the body.
pub(crate) fn handler(permission: &Permission, mut original: ItemFn) -> TokenStream {
    let attrs = std::mem::take(&mut original.attrs);
    let (mut outside, inside): (Vec<_>, Vec<_>) = attrs.into_iter().partition(stands_outside);
    let vis = std::mem::replace(&mut original.vis, Visibility::Inherited);
    let routes = route::name_routes(&mut outside, &permission.action);
    let generics = outer_generics(&original.sig);
    let (parameters, _, bounds) = generics.split_for_impl();
    let Signature {
        asyncness,
        fn_token,
        ident,
        ..
    } = &original.sig;

    let place = ident.span();
    let span = generated(place);
    let entry = entry(permission, ident, &description(&outside), &routes);
    let authorize = authorize(span);
    let policies = permission.policies.iter().map(|policy| {
        let span = generated(policy.span());
        check(span, &quote_spanned!(span=> consult(#policy, &call)))
    });
    let callee = callee(&original.sig);
    let mut inner = original.clone();
    inner.attrs = inside;
    let body = quote_spanned! {span=>
        #entry
        #inner
        #authorize
        #(#policies)*
        ::users_permissions::__private::respond(#callee, &mut call).await
    };

    // By its name, answer and braces the function as a whole is the user's, so that lints like
    // `dead_code` speak of it; what is inside is not.
    let head = quote!(#(#outside)* #vis #asyncness #fn_token #ident #parameters);
    let answer = answer(&original.sig);
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(original.block.brace_token.span.join());
    quote_spanned! {span=>
        // A request belongs to its thread, in every handler of actix-web.
        #[allow(clippy::future_not_send)]
        #head(mut call: ::users_permissions::__private::Call) -> #answer #bounds #body
    }
}

/// What the generated handler returns: the answer of the original, or a refusal.
fn answer(sig: &Signature) -> TokenStream {
    let place = sig.ident.span();
    let answer = match &sig.output {
        ReturnType::Default => quote_spanned!(place=> ()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    quote_spanned!(place=> ::users_permissions::__private::Answer<#answer>)
}

/// The same place, for code that is not the user's: its variables are out of the user's reach,
/// and most lints let it be. The user's own words keep their spans, as editions go by them.
fn generated(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

/// Asks whether the caller may, and waits only where the caller is not remembered.
fn authorize(span: Span) -> TokenStream {
    let look_up = check(span, &quote_spanned!(span=> look_up(&__UP_ENTRY, &call)));
    quote_spanned! {span=>
        match ::users_permissions::__private::authorize(&__UP_ENTRY, &call) {
            ::users_permissions::__private::Verdict::Allowed => {}
            ::users_permissions::__private::Verdict::Refused(error) => {
                return ::users_permissions::__private::Answer::Refused(error);
            }
            ::users_permissions::__private::Verdict::Unknown => #look_up
        }
    }
}

/// Answers with the error of a check.
fn check(span: Span, check: &TokenStream) -> TokenStream {
    quote_spanned! {span=>
        if let ::core::result::Result::Err(error) = ::users_permissions::__private::#check.await {
            return ::users_permissions::__private::Answer::Refused(error);
        }
    }
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
    let (ident, arguments) = (&sig.ident, types_and_consts(&sig.generics));
    if arguments.is_empty() {
        quote!(#ident)
    } else {
        quote!(#ident::<#(#arguments),*>)
    }
}

fn types_and_consts(generics: &Generics) -> Vec<Ident> {
    let names = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    });
    names.collect()
}

/// The generics of the original, with the bounds that actix-web itself asks of a handler once its
/// types are known. Here they are not known yet, so the bounds have to be written.
fn outer_generics(sig: &Signature) -> Generics {
    let mut generics = sig.generics.clone();
    let unknown = types_and_consts(&generics);
    let span = Span::mixed_site();
    let mut bounds: Vec<WherePredicate> = Vec::new();
    for param in generics.type_params_mut() {
        // Beside the bounds that are there: clippy minds those in two places.
        if param.bounds.is_empty() {
            let ty = &param.ident;
            bounds.push(parse_quote_spanned!(span=> #ty: 'static));
        } else {
            param.bounds.push(parse_quote_spanned!(span=> 'static));
        }
    }
    for argument in &sig.inputs {
        if let FnArg::Typed(argument) = argument
            && depends_on(&argument.ty, &unknown)
        {
            let ty = &argument.ty;
            bounds.push(parse_quote_spanned! {span=>
                #ty: ::users_permissions::__private::actix_web::FromRequest
            });
        }
    }
    if let ReturnType::Type(_, ty) = &sig.output
        && depends_on(ty, &unknown)
    {
        bounds.push(parse_quote_spanned! {span=>
            #ty: ::users_permissions::__private::actix_web::Responder
        });
    }
    if !bounds.is_empty() {
        generics.make_where_clause().predicates.extend(bounds);
    }
    drop_unused_lifetimes(&mut generics, &sig.output);
    generics
}

/// Lifetimes of arguments mean nothing to a function that has other arguments.
fn drop_unused_lifetimes(generics: &mut Generics, output: &ReturnType) {
    let is_lifetime = |param: &GenericParam| matches!(param, GenericParam::Lifetime(_));
    let others = generics.params.iter().filter(|param| !is_lifetime(param));
    let bounds = &generics.where_clause;
    let mentioned = idents(quote!(#(#others)* #bounds #output));
    if !generics
        .lifetimes()
        .any(|param| mentioned.contains(&param.lifetime.ident))
    {
        let params = std::mem::take(&mut generics.params);
        generics.params = params
            .into_iter()
            .filter(|param| !is_lifetime(param))
            .collect();
    }
}

/// Whether the type names one of the parameters, and can stand in a `where` clause at all.
fn depends_on(ty: &impl ToTokens, parameters: &[Ident]) -> bool {
    let idents = idents(ty.to_token_stream());
    idents.iter().any(|ident| parameters.contains(ident))
        && !idents.iter().any(|ident| ident == "impl")
}

fn idents(tokens: TokenStream) -> Vec<Ident> {
    let idents = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) => vec![ident],
        TokenTree::Group(group) => idents(group.stream()),
        _ => Vec::new(),
    });
    idents.collect()
}
