//! Reads the item below `#[permission]`; complaints stand at the token that is wrong.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, FnArg, Item, ItemFn, TraitItemFn};

use crate::parse::Complaints;

/// The free `async fn` below the attribute.
///
/// # Errors
/// For any other item, and for functions that cannot be handlers.
pub(crate) fn handler(item: TokenStream) -> syn::Result<ItemFn> {
    let handler = match syn::parse2(item.clone())? {
        Item::Fn(handler) => handler,
        _ => {
            let complaint = match syn::parse2::<TraitItemFn>(item.clone()) {
                Ok(_) => "a handler has a body; write a free function",
                Err(_) => "`#[permission]` stands on handlers; write it above an `async fn`",
            };
            return Err(Error::new_spanned(head(item), complaint));
        }
    };
    let mut complaints = Complaints::default();
    let sig = &handler.sig;
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first() {
        let complaint = "a handler has no receiver; write a free function";
        complaints.add(Error::new_spanned(receiver, complaint));
    }
    if let Some(unsafety) = &sig.unsafety {
        complaints.add(Error::new(
            unsafety.span(),
            "a handler must be safe; remove `unsafe`",
        ));
    }
    if sig.asyncness.is_none() {
        let complaint = format!(
            "a handler must be `async fn`; write `async fn {}`",
            sig.ident
        );
        complaints.add(Error::new(sig.fn_token.span(), complaint));
    }
    for again in handler.attrs.iter().filter(|attr| is_permission(attr)) {
        let complaint = "a handler has one `#[permission]`; remove this one, \
                         or write a second handler for the other action";
        complaints.add(Error::new_spanned(again, complaint));
    }
    complaints.done()?;
    Ok(handler)
}

/// The item as it was, except for further `#[permission]`s, whose complaints would only be noise.
pub(crate) fn for_editors(item: TokenStream) -> TokenStream {
    match syn::parse2::<ItemFn>(item.clone()) {
        Ok(mut handler) => {
            handler.attrs.retain(|attr| !is_permission(attr));
            handler.into_token_stream()
        }
        Err(_) => item,
    }
}

fn is_permission(attr: &Attribute) -> bool {
    attr.path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "permission")
}

/// What stands before the body of an item, so that a complaint does not underline all of it.
fn head(item: TokenStream) -> TokenStream {
    let mut after_pound = false;
    item.into_iter()
        .take_while(|token| match token {
            TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() != ';',
            _ => true,
        })
        .filter(|token| {
            let is_pound = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#');
            let belongs_to_attribute = is_pound || after_pound;
            after_pound = is_pound;
            !belongs_to_attribute
        })
        .collect()
}
