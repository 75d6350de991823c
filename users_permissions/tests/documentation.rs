//! Every public item shows how it is used, held by looking at the sources. That the examples compile,
//! `cargo test --doc` tells.

use std::path::Path;

use syn::{
    Attribute, Expr, ExprLit, Ident, ImplItem, Item, Lit, Meta, MetaNameValue, TraitItem, Type,
    Visibility,
};

/// Public for the code that the macro writes, or because a trait names them; nobody else can.
const UNNAMEABLE: [&str; 14] = [
    "ActionEntry",
    "AtOnce",
    "Awaited",
    "Extracted",
    "Guarded",
    "MiddlewareService",
    "Protected",
    "Registration",
    "RequireIssuerService",
    "RouteDecl",
    "Verdict",
    "consult",
    "listed_at",
    "mark",
];

/// What may be public: its name, whether it is, and what stands above it.
type Part<'a> = (String, bool, &'a [Attribute]);

/// The items of all files below a path.
fn items(path: &Path) -> Vec<Item> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        return paths.flat_map(|path| items(&path)).collect();
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Vec::new();
    }
    let text = std::fs::read_to_string(path).unwrap();
    syn::parse_file(&text).unwrap().items
}

fn is_public(visibility: &Visibility, name: &Ident) -> bool {
    let is_nameable = !UNNAMEABLE.iter().any(|unnameable| name == unnameable);
    matches!(visibility, Visibility::Public(_)) && is_nameable
}

/// An item and its functions. What macros write is not seen.
fn parts(item: &Item) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (visibility, name, attributes) = match item {
        Item::Enum(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Fn(item) => (&item.vis, &item.sig.ident, &item.attrs),
        Item::Struct(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Trait(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Type(item) => (&item.vis, &item.ident, &item.attrs),
        Item::Macro(item) => {
            let mut attributes = item.attrs.iter();
            let is_public = attributes.any(|attribute| attribute.path().is_ident("macro_export"));
            let name = item.ident.iter().map(|name| format!("{name}!"));
            return name
                .map(|name| (name, is_public, &item.attrs[..]))
                .collect();
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let Type::Path(owner) = &*item.self_ty else {
                panic!("an impl of no named type");
            };
            let owner = &owner.path.segments.last().unwrap().ident;
            for part in &item.items {
                if let ImplItem::Fn(method) = part {
                    let name = format!("{owner}::{}", method.sig.ident);
                    parts.push((name, is_public(&method.vis, owner), &method.attrs[..]));
                }
            }
            return parts;
        }
        _ => return parts,
    };
    let is_public = is_public(visibility, name);
    parts.push((name.to_string(), is_public, attributes));
    if let Item::Trait(item) = item {
        for part in &item.items {
            if let TraitItem::Fn(method) = part {
                let name = format!("{name}::{}", method.sig.ident);
                parts.push((name, is_public, &method.attrs));
            }
        }
    }
    parts
}

/// Is there an example that is compiled?
fn has_example(attributes: &[Attribute]) -> bool {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(MetaNameValue {
            value:
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }),
            ..
        }) => Some(text.value().trim().to_owned()),
        _ => None,
    };
    let fences = attributes.iter().filter_map(line);
    let mut openings = fences.filter(|line| line.starts_with("```")).step_by(2);
    openings.any(|opening| matches!(opening.as_str(), "```" | "```no_run"))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    let mut docs = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"));
    docs.any(|doc| doc.parse_args::<Ident>().is_ok_and(|word| word == "hidden"))
}

#[test]
fn every_public_item_has_an_example() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let items = items(&sources);
    let parts = items.iter().flat_map(parts);
    let bare = parts.filter(|(_, is_public, attributes)| {
        *is_public && !is_hidden(attributes) && !has_example(attributes)
    });
    let bare: Vec<_> = bare.map(|(name, ..)| name).collect();
    assert!(bare.is_empty(), "public and without an example: {bare:#?}");
}
