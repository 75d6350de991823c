//! The attribute as a whole, on tokens; what the compiler makes of them is for the tests in `ui`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, ItemFn, Stmt, parse_quote};

use crate::{attribute, route};

/// The outer and the inner function.
fn functions(args: TokenStream, item: TokenStream) -> (ItemFn, ItemFn) {
    let outer: ItemFn = syn::parse2(attribute(args, item)).unwrap();
    let inner = outer.block.stmts.iter().find_map(|stmt| match stmt {
        Stmt::Item(syn::Item::Fn(inner)) => Some(inner.clone()),
        _ => None,
    });
    (outer.clone(), inner.unwrap())
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// What of `wanted` stands in `tokens`, in which order.
fn order<'a>(tokens: &impl ToTokens, wanted: &[&'a str]) -> Vec<&'a str> {
    let text = text(tokens).replace(' ', "");
    let mut found: Vec<_> = wanted
        .iter()
        .filter_map(|needle| Some((text.find(needle)?, *needle)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, needle)| needle).collect()
}

#[test]
fn the_original_stands_inside_word_for_word() {
    let item = quote! {
        async fn find(mut a: web::Json<A>, B { b, .. }: B) -> Result<impl Responder, Error> {
            a.push(b);
            Ok(a)
        }
    };
    let (outer, inner) = functions(quote!("api::a.find"), quote!(pub(crate) #item));
    assert_eq!(text(&inner), item.to_string());
    assert_eq!(text(&outer.vis), "pub (crate)");
    assert_eq!(outer.sig.inputs.len(), 1);
}

#[test]
fn attributes_go_where_they_have_their_effect() {
    let (outer, inner) = functions(
        quote!("api::a.find"),
        quote! {
            /// Finds.
            #[allow(dead_code)]
            #[get("/a")]
            #[instrument(skip(a))]
            #[trace]
            async fn find(a: A) -> B {}
        },
    );
    let guard = route::guard(route::mark("api::a.a.find~0"));
    let outside: Vec<Attribute> = vec![
        parse_quote!(#[allow(clippy::future_not_send)]),
        parse_quote!(#[doc = r" Finds."]),
        parse_quote!(#[allow(dead_code)]),
        parse_quote! {
            #[get("/a", name = "api::a.a.find", guard = #guard)]
        },
    ];
    let inside: Vec<Attribute> = vec![parse_quote!(#[instrument(skip(a))]), parse_quote!(#[trace])];
    assert_eq!(outer.attrs, outside);
    assert_eq!(inner.attrs, inside);
}

#[test]
fn the_roles_are_asked_first_and_the_policies_in_their_order() {
    let (outer, _) = functions(
        quote!("api::a.find", policies(is_owner, HasClaim::new("a", "b"))),
        quote!(
            async fn find() -> A {}
        ),
    );
    let steps = [
        "authorize(",
        "consult(is_owner,",
        "consult(HasClaim::new(",
        "respond(find,",
    ];
    assert_eq!(order(&outer.block, &steps), steps);
}

#[test]
fn the_entry_tells_what_the_attribute_and_the_documentation_say() {
    let (outer, _) = functions(
        quote!("api::a.find", grant("public", "editor")),
        quote! {
            /// Finds `a`.
            ///
            ///   - indented
            #[doc(hidden)]
            #[route("/a", method = "GET", method = "HEAD", name = "mine")]
            async fn r#match() -> A {}
        },
    );
    let parts = [
        "\"api::a.a.find\"",
        "\"::match\"",
        "\"Finds`a`.\\n\\n-indented\"",
        "methods:&[\"GET\",\"HEAD\"]",
        "path:\"/a\"",
        "name:\"mine\"",
        "false",
        "&[\"public\",\"editor\"]",
    ];
    assert_eq!(order(&outer.block, &parts), parts);

    let (open, _) = functions(
        quote!("api::a.find", auth = false),
        quote!(
            async fn find() -> A {}
        ),
    );
    assert_eq!(order(&open.block, &["\"\",&[],true,&[]"]).len(), 1);
}

#[test]
fn generics_are_passed_on_and_bounded_as_actix_would() {
    let (outer, inner) = functions(
        quote!("api::a.find"),
        quote! {
            async fn find<'a, T: Repo, U, const N: usize>(a: Data<T>, b: &'a B) -> Json<U>
            where
                U: Row,
            {
            }
        },
    );
    assert_eq!(inner.sig.generics.params.len(), 4);
    let parameters = text(&outer.sig.generics).replace(' ', "");
    assert_eq!(parameters, "<T:Repo+'static,U,constN:usize>");
    let bounds = outer.sig.generics.where_clause.unwrap().predicates;
    let bounds: Vec<String> = bounds
        .iter()
        .map(|bound| text(bound).replace(' ', ""))
        .collect();
    let actix = "::users_permissions::__private::actix_web";
    assert_eq!(
        bounds,
        [
            "U:Row".to_owned(),
            "U:'static".to_owned(),
            format!("Data<T>:{actix}::FromRequest"),
            format!("Json<U>:{actix}::Responder"),
        ]
    );
    assert_eq!(order(&outer.block, &["respond(find::<T,U,N>,"]).len(), 1);
}

#[test]
fn lifetimes_stay_where_a_bound_needs_them() {
    let item = quote!(
        async fn find<'a, T: Names<'a>>(a: Data<T>) -> A {}
    );
    let (outer, _) = functions(quote!("api::a.find"), item);
    let parameters = text(&outer.sig.generics).replace(' ', "");
    assert_eq!(parameters, "<'a,T:Names<'a>+'static>");
    assert_eq!(order(&outer.block, &["respond(find::<T>,"]).len(), 1);
}

#[test]
fn all_complaints_are_made_at_once_and_the_item_is_kept() {
    let item = quote!(
        #[get("/")]
        fn find(&self) -> A {}
    );
    let output = attribute(
        quote!("find", auths = false, grant(), policies),
        item.clone(),
    )
    .to_string();
    assert!(output.starts_with(&item.to_string()), "{output}");
    assert_eq!(output.matches("compile_error").count(), 6, "{output}");
}

#[test]
fn a_second_permission_is_not_given_back() {
    let item = quote!(
        #[permission("api::a.b")]
        #[get("/")]
        async fn find() -> A {}
    );
    let output = attribute(quote!("api::a.find"), item).to_string();
    assert!(!output.contains("# [permission"), "{output}");
    assert_eq!(output.matches("compile_error").count(), 1, "{output}");
}
