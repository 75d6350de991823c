//! Reads actix-web's route attributes that stand below `#[permission]`, and names their resources.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{AttrStyle, Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Token};

/// The attributes that stand for one method.
const METHODS: [&str; 10] = [
    "connect", "delete", "get", "head", "options", "patch", "post", "put", "query", "trace",
];

/// A route as declared by its attribute.
pub(crate) struct Route {
    pub(crate) methods: Vec<String>,
    pub(crate) path: LitStr,
    pub(crate) name: LitStr,
    pub(crate) mark: u64,
}

/// True for attributes that actix-web would expand on the handler.
///
/// The name alone is not enough: `#[trace]` without a path is somebody else's.
pub(crate) fn is_route(attr: &Attribute) -> bool {
    match kind(attr) {
        Some(Kind::Many) => true,
        Some(Kind::One(_) | Kind::Listed) => {
            attr.parse_args_with(starts_with_path).unwrap_or(false)
        }
        None => false,
    }
}

/// Gives the resource of every route attribute a name of its own and tells what they declare.
///
/// Attributes that actix-web is going to refuse stay untouched and declare nothing.
pub(crate) fn name_routes(attrs: &mut [Attribute], action: &str) -> Vec<Route> {
    let several = attrs
        .iter()
        .any(|attr| matches!(kind(attr), Some(Kind::Many)));
    let mut found: Vec<(&mut Attribute, Arguments)> = attrs
        .iter_mut()
        .filter_map(|attr| {
            let arguments = Arguments::read(attr, several)?;
            Some((attr, arguments))
        })
        .collect();
    if !several && found.len() > 1 {
        return Vec::new();
    }
    let taken: HashSet<String> = found
        .iter()
        .filter_map(|(_, arguments)| Some(arguments.name.as_ref()?.value()))
        .collect();
    let mut free = std::iter::once(action.to_owned())
        .chain((1_usize..).map(|count| format!("{action}~{count}")))
        .filter(|name| !taken.contains(name));
    let marks = (0_usize..).map(|count| mark(&format!("{action}~{count}")));
    let routes = found.iter_mut().zip(marks);
    let routes = routes.filter_map(|((attr, arguments), mark)| {
        let name = match arguments.name.take() {
            Some(name) => name,
            None => LitStr::new(&free.next()?, arguments.path.span()),
        };
        complete(attr, arguments, &name, mark);
        let (methods, path) = (
            std::mem::take(&mut arguments.methods),
            arguments.path.clone(),
        );
        Some(Route {
            methods,
            path,
            name,
            mark,
        })
    });
    routes.collect()
}

/// Puts the name into the attribute and, behind every other guard, the one that marks the route:
/// whoever gets that far is going to this handler.
fn complete(attr: &mut Attribute, arguments: &Arguments, name: &LitStr, mark: u64) {
    let path = &arguments.path;
    let guard = guard(mark);
    let others = arguments
        .options
        .iter()
        .filter(|option| !option.path.is_ident("name"));
    if let Meta::List(list) = &mut attr.meta {
        list.tokens = quote! {
            #path, name = #name #(, #others)*, guard = #guard
        };
    }
}

/// The guard that marks a route, as an attribute names it.
pub(crate) fn guard(mark: u64) -> String {
    format!("::users_permissions::__private::listed_at::<{mark}>")
}

/// A number that no other route has: FNV-1a.
pub(crate) fn mark(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

enum Kind {
    /// `#[get("/path")]` and its like.
    One(&'static str),
    /// `#[route("/path", method = "GET")]`.
    Listed,
    /// `#[routes]`, which reads the attributes of single methods below it.
    Many,
}

/// By the last segment, as users write `#[get]`, `#[web::get]` and `#[actix_web::get]`.
fn kind(attr: &Attribute) -> Option<Kind> {
    if !matches!(attr.style, AttrStyle::Outer) {
        return None;
    }
    let name = &attr.path().segments.last()?.ident;
    if name == "routes" {
        Some(Kind::Many)
    } else if name == "route" {
        Some(Kind::Listed)
    } else {
        METHODS
            .iter()
            .find(|method| name == **method)
            .map(|method| Kind::One(method))
    }
}

fn starts_with_path(input: ParseStream<'_>) -> syn::Result<bool> {
    let starts = input.peek(LitStr);
    input.parse::<TokenStream>()?;
    Ok(starts)
}

/// What stands between the parentheses of a route attribute.
struct Arguments {
    path: LitStr,
    options: Punctuated<MetaNameValue, Token![,]>,
    name: Option<LitStr>,
    methods: Vec<String>,
}

impl Arguments {
    /// `None` for anything that is no route, or none that actix-web would take.
    fn read(attr: &Attribute, below_routes: bool) -> Option<Self> {
        let kind = kind(attr)?;
        let mut arguments: Self = attr.parse_args().ok()?;
        match kind {
            Kind::One(method) if arguments.methods.is_empty() => {
                arguments.methods.push(method.to_ascii_uppercase());
                Some(arguments)
            }
            Kind::Listed if !below_routes && !arguments.methods.is_empty() => Some(arguments),
            _ => None,
        }
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        let options = Punctuated::parse_terminated(input)?;
        let mut arguments = Self {
            path,
            options,
            name: None,
            methods: Vec::new(),
        };
        for MetaNameValue { path, value, .. } in &arguments.options {
            if path.is_ident("name") {
                arguments.name = Some(text(value)?.clone());
            } else if path.is_ident("method") {
                arguments.methods.push(text(value)?.value());
            }
        }
        Ok(arguments)
    }
}

fn text(value: &Expr) -> syn::Result<&LitStr> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Ok(text),
        other => Err(syn::Error::new_spanned(other, "expected a string literal")),
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;
    use syn::parse_quote;

    use super::*;

    /// Names the routes and gives back the attributes as text, and what was recorded.
    fn named(mut attrs: Vec<Attribute>) -> (Vec<String>, Vec<String>) {
        let routes = name_routes(&mut attrs, "api::a.a.find");
        let recorded = routes.iter().map(|route| {
            format!(
                "{} {} {}",
                route.methods.join("|"),
                route.path.value(),
                route.name.value()
            )
        });
        let recorded = recorded.collect();
        (
            attrs
                .iter()
                .map(|attr| attr.to_token_stream().to_string())
                .collect(),
            recorded,
        )
    }

    fn text_of(attr: Attribute) -> String {
        attr.to_token_stream().to_string()
    }

    #[test]
    fn a_route_is_named_after_its_action() {
        let (attrs, routes) = named(vec![parse_quote!(#[get("/a", guard = "g")])]);
        let guard = guard(mark("api::a.a.find~0"));
        let expected = text_of(parse_quote! {
            #[get("/a", name = "api::a.a.find", guard = "g", guard = #guard)]
        });
        assert_eq!(attrs, [expected]);
        assert_eq!(routes, ["GET /a api::a.a.find"]);
    }

    #[test]
    fn a_name_of_the_user_stays() {
        let (attrs, routes) = named(vec![parse_quote!(#[actix_web::put("/a", name = "mine",)])]);
        let guard = guard(mark("api::a.a.find~0"));
        assert_eq!(
            attrs,
            [text_of(parse_quote! {
                #[actix_web::put("/a", name = "mine", guard = #guard)]
            })]
        );
        assert_eq!(routes, ["PUT /a mine"]);
    }

    #[test]
    fn several_methods_of_one_route_are_recorded() {
        let (_, routes) = named(vec![
            parse_quote!(#[route("/a", method = "GET", method = "PURGE")]),
        ]);
        assert_eq!(routes, ["GET|PURGE /a api::a.a.find"]);
    }

    #[test]
    fn each_of_several_routes_has_a_name_of_its_own() {
        let (attrs, routes) = named(vec![
            parse_quote!(#[routes]),
            parse_quote!(#[get("/a")]),
            parse_quote!(#[get("/b", name = "api::a.a.find~1")]),
            parse_quote!(#[get("/c",)]),
            parse_quote!(#[delete("/a")]),
        ]);
        assert_eq!(attrs.first(), Some(&text_of(parse_quote!(#[routes]))));
        assert_eq!(
            routes,
            [
                "GET /a api::a.a.find",
                "GET /b api::a.a.find~1",
                "GET /c api::a.a.find~2",
                "DELETE /a api::a.a.find~3",
            ]
        );
    }

    #[test]
    fn what_actix_refuses_is_left_to_it() {
        let refused: [Vec<Attribute>; 7] = [
            vec![parse_quote!(#[get])],
            vec![parse_quote!(#[get(PATH)])],
            vec![parse_quote!(#[get("/a", "/b")])],
            vec![parse_quote!(#[get("/a", name = 5)])],
            vec![parse_quote!(#[get("/a", method = "POST")])],
            vec![parse_quote!(#[route("/a")])],
            vec![parse_quote!(#[get("/a")]), parse_quote!(#[post("/a")])],
        ];
        for attrs in refused {
            let before: Vec<String> = attrs.iter().cloned().map(text_of).collect();
            assert_eq!(named(attrs), (before, Vec::new()));
        }
    }

    #[test]
    fn attributes_of_others_are_no_routes() {
        for attr in [
            parse_quote!(#[trace]),
            parse_quote!(#[trace(skip_all)]),
            parse_quote!(#[doc = "x"]),
        ] {
            assert!(!is_route(&attr), "{}", text_of(attr));
        }
        for attr in [
            parse_quote!(#[routes]),
            parse_quote!(#[web::get("/", "/")]),
            parse_quote!(#[trace("/")]),
        ] {
            assert!(is_route(&attr), "{}", text_of(attr));
        }
    }
}
