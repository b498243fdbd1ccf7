//! Small questions about pieces of syntax: where one stands, which texts and words are in it, whether it is there in tests alone.

#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item};

use super::constant::{Scope, constant, plain};
use super::scan::Flat;

/// The most pieces that a name is put together from.
const MOST_PIECES: usize = 200;

pub(super) fn line(span: proc_macro2::Span) -> u32 {
    u32::try_from(span.start().line).unwrap_or(u32::MAX).max(1)
}

/// The line of a path's first name.
pub(super) fn line_of_path(path: &syn::Path) -> u32 {
    path.segments.first().map_or(1, |segment| line(segment.ident.span()))
}

/// The line of the first name or literal in an expression.
pub(super) fn line_of(expression: &Expr) -> u32 {
    struct First(Option<u32>);
    impl<'a> Visit<'a> for First {
        fn visit_ident(&mut self, name: &'a proc_macro2::Ident) {
            self.0 = self.0.or_else(|| Some(line(name.span())));
        }
        fn visit_lit(&mut self, literal: &'a syn::Lit) {
            self.0 = self.0.or_else(|| Some(line(literal.span())));
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            if self.0.is_none() {
                visit::visit_expr(self, expression);
            }
        }
    }
    let mut first = First(None);
    first.visit_expr(expression);
    first.0.unwrap_or(1)
}

/// The texts in an expression.
pub(super) struct Texts(pub(super) Vec<String>);

impl<'a> Visit<'a> for Texts {
    fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
        self.0.push(text.value());
    }
}

pub(super) fn flatten(tokens: &TokenStream, flat: &mut Vec<(Flat, u32)>) {
    for token in tokens.clone() {
        let at = line(token.span());
        match token {
            TokenTree::Ident(name) => {
                flat.push((Flat::Name(plain(&name)), at));
            }
            TokenTree::Punct(mark) => flat.push((Flat::Mark(mark.as_char()), at)),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<Expr>(&literal.to_string()).ok();
                let text = text.and_then(|one| constant(&one, &Scope::new())).map(|one| one.text).unwrap_or_default();
                flat.push((Flat::Text(text), at));
            }
            TokenTree::Group(group) => {
                if let Some(name) = pasted(&group) {
                    flat.push((Flat::Name(name), at));
                    continue;
                }
                flat.push((Flat::Mark('('), at));
                flatten(&group.stream(), flat);
                flat.push((Flat::Mark(')'), at));
            }
        }
    }
}

/// The name that `[<Com mand>]` is put together to.
pub(super) fn pasted(group: &proc_macro2::Group) -> Option<String> {
    if group.delimiter() != proc_macro2::Delimiter::Bracket {
        return None;
    }
    let inside: Vec<String> = group.stream().into_iter().take(MOST_PIECES).map(|token| token.to_string()).collect();
    match inside.as_slice() {
        [begin, pieces @ .., end] if begin == "<" && end == ">" => {
            Some(pieces.iter().map(|piece| piece.trim_matches('"')).collect())
        }
        _ => None,
    }
}

/// The names of a path, that of its own type before them: `<std::process::Command>::new`.
pub(super) fn written(path: &syn::ExprPath) -> Vec<String> {
    let own = match path.qself.as_ref().filter(|own| own.position == 0).map(|own| &*own.ty) {
        Some(syn::Type::Path(own)) => Some(&own.path),
        _ => None,
    };
    let segments = own.into_iter().chain([&path.path]).flat_map(|path| &path.segments);
    segments.map(|segment| plain(&segment.ident)).collect()
}

pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && matches!(&attribute.meta, syn::Meta::List(list) if {
                    let condition = list.tokens.to_string().replace(' ', "");
                    condition == "test" || condition.starts_with("all(test,") || condition == "all(test)"
                })
    })
}

pub(super) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
