//! Reads the arguments of `#[permission]`; complaints stand at the token that is wrong.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Token, token};

use crate::action::{self, EXAMPLE};
use crate::suggest::nearest;

const OPTIONS: [&str; 3] = ["auth", "grant", "policies"];

/// What the arguments of the attribute say.
pub(crate) struct Permission {
    /// The action in its long form.
    pub(crate) action: String,
    /// `auth = false`.
    pub(crate) open: bool,
    pub(crate) grants: Vec<LitStr>,
    pub(crate) policies: Vec<Expr>,
}

/// Collects complaints, so that one build shows all of them.
#[derive(Default)]
pub(crate) struct Complaints(Option<Error>);

impl Complaints {
    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value, or a complaint in its place.
    pub(crate) fn note<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub(crate) fn done(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }

    pub(crate) fn into_compile_errors(self) -> Option<TokenStream> {
        self.0.map(Error::into_compile_error)
    }
}

impl Parse for Permission {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut complaints = Complaints::default();
        let written = action(input)?;
        let action = action::long_form(&written.value())
            .map_err(|complaint| Error::new(written.span(), complaint));
        let action = complaints.note(action).unwrap_or_default();
        let mut options = Options::default();
        while !input.is_empty() {
            if !input.peek(Token![,]) {
                complaints.add(input.error("expected `,` before the next option"));
                skip_to_comma(input)?;
                continue;
            }
            input.parse::<Token![,]>()?;
            if !input.is_empty() && complaints.note(options.read(input)).is_none() {
                skip_to_comma(input)?;
            }
        }
        options.check(&mut complaints);
        complaints.done()?;
        Ok(Self {
            action,
            open: options.open,
            grants: options.grants,
            policies: options.policies,
        })
    }
}

fn action(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let complaint = format!("expected an action; write `#[permission(\"{EXAMPLE}\")]`");
    if input.is_empty() {
        return Err(Error::new(Span::call_site(), complaint));
    }
    input
        .parse()
        .map_err(|error: Error| Error::new(error.span(), complaint))
}

/// Goes on behind an option that could not be read.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

#[derive(Default)]
struct Options {
    keys: Vec<Ident>,
    open: bool,
    grants: Vec<LitStr>,
    policies: Vec<Expr>,
}

impl Options {
    fn read(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let known = "expected `auth = false`, `grant(\"public\")` or `policies(my_policy)`";
        let key = input
            .call(Ident::parse_any)
            .map_err(|error| Error::new(error.span(), known))?;
        let name = key.to_string();
        if !OPTIONS.contains(&name.as_str()) {
            let hint = match nearest(&name, &OPTIONS) {
                Some("auth") => "write `auth = false`",
                Some("grant") => "write `grant(..)`",
                Some(_) => "write `policies(..)`",
                None => known,
            };
            return Err(Error::new(
                key.span(),
                format!("unknown option `{name}`; {hint}"),
            ));
        }
        if self.keys.contains(&key) {
            let complaint = format!("`{name}` is given twice; keep one");
            return Err(Error::new(key.span(), complaint));
        }
        self.keys.push(key.clone());
        match name.as_str() {
            "auth" => self.auth(&key, input),
            "grant" => self.grant(&key, input),
            _ => self.policies(&key, input),
        }
    }

    fn auth(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let complaint = "expected a value; write `auth = false`";
        if !input.peek(Token![=]) {
            return Err(Error::new(key.span(), complaint));
        }
        let equals: Token![=] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new_spanned(equals, complaint));
        }
        let value: Expr = input.parse()?;
        match &value {
            Expr::Lit(ExprLit {
                lit: Lit::Bool(value),
                ..
            }) if value.value => Err(Error::new(
                value.span(),
                "roles are asked by default; write `auth = false` to ask none, or leave it out",
            )),
            Expr::Lit(ExprLit {
                lit: Lit::Bool(_), ..
            }) => {
                self.open = true;
                Ok(())
            }
            other => Err(Error::new_spanned(
                other,
                "expected a bool; write `auth = false`",
            )),
        }
    }

    fn grant(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let hint = "write the types of roles, as in `grant(\"public\", \"authenticated\")`";
        let mut complaints = Complaints::default();
        for value in list(key, hint, input)? {
            let Expr::Lit(ExprLit {
                lit: Lit::Str(role),
                ..
            }) = &value
            else {
                complaints.add(Error::new_spanned(
                    value,
                    format!("expected a string; {hint}"),
                ));
                continue;
            };
            if !is_role_type(&role.value()) {
                let complaint = "a role type is made of lower-case letters, digits, `_` and `-`; \
                                 write it as in `grant(\"public\")`";
                complaints.add(Error::new(role.span(), complaint));
            } else if self.grants.contains(role) {
                let complaint = "this role stands here twice; remove one";
                complaints.add(Error::new(role.span(), complaint));
            } else {
                self.grants.push(role.clone());
            }
        }
        complaints.done()
    }

    fn policies(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let hint = "write the policies, as in `policies(is_owner)`";
        self.policies.extend(list(key, hint, input)?);
        Ok(())
    }

    /// `auth = false` asks no role, so whatever depends on roles contradicts it.
    fn check(&self, complaints: &mut Complaints) {
        if !self.open {
            return;
        }
        for key in self.keys.iter().filter(|key| *key != "auth") {
            let reason = if key == "grant" {
                "`auth = false` opens the handler to everyone, there is nothing to grant"
            } else {
                "policies are asked after the roles, and `auth = false` asks no role"
            };
            let complaint = format!("{reason}; remove `{key}(..)` or `auth = false`");
            complaints.add(Error::new(key.span(), complaint));
        }
    }
}

/// The values in the parentheses behind an option.
fn list(key: &Ident, hint: &str, input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    if !input.peek(token::Paren) {
        return Err(Error::new(
            key.span(),
            format!("expected `{key}(..)`; {hint}"),
        ));
    }
    let content;
    let parentheses = syn::parenthesized!(content in input);
    let values = Punctuated::<Expr, Token![,]>::parse_terminated(&content)?;
    if values.is_empty() {
        return Err(Error::new(
            parentheses.span.join(),
            format!("`{key}()` is empty; {hint}"),
        ));
    }
    Ok(values.into_iter().collect())
}

/// Types of roles come from their names, in whatever alphabet, by Strapi's `snakeCase`.
fn is_role_type(text: &str) -> bool {
    let allowed = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || "_-".contains(c);
    (1..=255).contains(&text.chars().count()) && text.chars().all(allowed)
}
