//! The attribute as a whole, on tokens; what the compiler makes of them is for the tests in `ui`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, File, Item, ItemFn, Stmt, parse_quote};

use crate::{attribute, route};

/// The marker with what is said of it, the outer and the inner function.
fn items(args: TokenStream, item: TokenStream) -> ([Item; 2], ItemFn, ItemFn) {
    let file: File = syn::parse2(attribute(args, item)).unwrap();
    let Ok([marker, said, Item::Fn(outer)]) = <[Item; 3]>::try_from(file.items) else {
        panic!("no function at the end");
    };
    let inner = outer.block.stmts.iter().find_map(|stmt| match stmt {
        Stmt::Item(Item::Fn(inner)) => Some(inner.clone()),
        _ => None,
    });
    let inner = inner.unwrap();
    ([marker, said], outer, inner)
}

fn functions(args: TokenStream, item: TokenStream) -> (ItemFn, ItemFn) {
    let (_, outer, inner) = items(args, item);
    (outer, inner)
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
fn the_policies_are_asked_in_their_order() {
    let ([_, said], ..) = items(
        quote!("api::a.find", policies(is_owner, HasClaim::new("a", "b"))),
        quote!(
            async fn find() -> A {}
        ),
    );
    let steps = [
        "HAS_POLICIES:bool=true",
        "consult(is_owner,",
        "consult(HasClaim::new(",
    ];
    assert_eq!(order(&said, &steps), steps);
    let ([_, said], ..) = items(
        quote!("api::a.find"),
        quote!(
            async fn find() -> A {}
        ),
    );
    assert_eq!(order(&said, &["policies"]).len(), 0);
}

#[test]
fn the_entry_tells_what_the_attribute_and_the_documentation_say() {
    let ([_, said], ..) = items(
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
    assert_eq!(order(&said, &parts), parts);

    let ([_, open], ..) = items(
        quote!("api::a.find", auth = false),
        quote!(
            async fn find() -> A {}
        ),
    );
    assert_eq!(order(&open, &["\"\",&[],true,&[]"]).len(), 1);
}

#[test]
fn arguments_come_from_the_check_and_everything_else_stays() {
    let signature = quote! {
        async fn find<'a, T: Repo, U, const N: usize>(mut a: Data<T>, B { b }: &'a B) -> Json<U>
        where
            U: Row,
    };
    let ([marker, _], outer, inner) = items(quote!("api::a.find"), quote!(#signature {}));
    assert_eq!(text(&inner.sig), signature.to_string());
    assert_eq!(text(&outer.sig.generics), text(&inner.sig.generics));
    assert_eq!(text(&outer.sig.output), text(&inner.sig.output));
    let taken = "Guarded<__up_find,(Data<T>,&'aB,)>";
    assert_eq!(order(&outer.sig.inputs, &[taken]).len(), 1);
    assert_eq!(order(&marker, &["enum__up_find{}"]).len(), 1);
    let called = "find::<T,U,N>(__up_guarded.args.0,__up_guarded.args.1)";
    assert_eq!(order(&outer.block, &[called]).len(), 1);
}

#[test]
fn what_is_compiled_only_sometimes_is_registered_only_then() {
    let item = quote! {
        /// Finds.
        #[cfg(feature = "a")]
        #[allow(dead_code)]
        async fn find() -> A {}
    };
    let (said, outer, _) = items(quote!("api::a.find"), item);
    let cfg = "#[cfg(feature=\"a\")]";
    for part in said {
        assert_eq!(order(&part, &[cfg, "dead_code", "Finds."])[0], cfg);
        assert!(!text(&part).contains("dead_code"));
    }
    assert_eq!(order(&outer, &[cfg]).len(), 1);
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
