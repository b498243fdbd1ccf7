//! Texts that are put together from pieces while compiling or at the first step: what they come to, and from what.

#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

use std::collections::HashMap;

use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{BinOp, Expr, ExprClosure, ExprMethodCall, Lit, Pat, Token};

/// A name without the mark of raw ones.
pub(super) fn plain(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or_else(|| name.clone(), str::to_owned)
}

/// A text and the pieces that it was put together from; one that is written whole has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) text: String,
    pub(super) pieces: Vec<String>,
}

/// The most bytes of a text that is put together, and the most pieces.
const MOST: usize = 4096;

/// What a name stands for that holds a variable of build tools: no text.
pub(super) const TOOL: &str = "\u{0}tool";

/// What names in reach stand for.
pub(super) type Scope = HashMap<String, Constant>;

impl Constant {
    pub(super) fn whole(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { pieces: vec![text.clone()], text }
    }

    fn of(pieces: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all = Self::default();
        for piece in pieces {
            all.push(&piece)?;
        }
        Some(all)
    }

    /// Adds another at the end; `None` where that is more than anybody writes.
    pub(super) fn push(&mut self, other: &Self) -> Option<()> {
        self.text.push_str(&other.text);
        self.pieces.extend(other.pieces.iter().cloned());
        (self.text.len() <= MOST && self.pieces.len() <= MOST).then_some(())
    }

    /// The same letters, each through `change`.
    fn each(&self, change: impl Fn(u32) -> Option<u32>) -> Option<Self> {
        let letters = self.text.chars().map(|letter| change(u32::from(letter)).and_then(char::from_u32));
        let text: String = letters.collect::<Option<_>>()?;
        let pieces = text.chars().map(String::from).collect();
        Some(Self { text, pieces })
    }

    /// Whether it says something that no single piece of it says.
    pub(super) fn hides(&self, is_telling: impl Fn(&str) -> bool) -> bool {
        self.pieces.len() > 1 && is_telling(&self.text) && !self.pieces.iter().any(|piece| is_telling(piece))
    }
}

/// The text that an expression is, where that can be told without running anything.
pub(super) fn constant(expression: &Expr, scope: &Scope) -> Option<Constant> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(Constant::whole(text.value())),
            Lit::ByteStr(text) => Some(Constant::whole(String::from_utf8_lossy(&text.value()).into_owned())),
            Lit::CStr(text) => Some(Constant::whole(text.value().to_string_lossy().into_owned())),
            Lit::Char(letter) => Some(Constant::whole(letter.value())),
            Lit::Byte(byte) => Some(Constant::whole(char::from(byte.value()))),
            Lit::Int(number) => char::from_u32(number.base10_parse().ok()?).map(Constant::whole),
            _ => None,
        },
        Expr::Reference(inner) => constant(&inner.expr, scope),
        Expr::Paren(inner) => constant(&inner.expr, scope),
        Expr::Group(inner) => constant(&inner.expr, scope),
        Expr::Cast(inner) => constant(&inner.expr, scope),
        Expr::Try(inner) => constant(&inner.expr, scope),
        Expr::Unary(inner) => constant(&inner.expr, scope),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(only, None)] => constant(only, scope),
            _ => None,
        },
        Expr::Path(path) => scope.get(&plain(path.path.get_ident()?)).filter(|known| known.text != TOOL).cloned(),
        Expr::Array(array) if array.elems.len() <= MOST => {
            Constant::of(array.elems.iter().map(|one| constant(one, scope)).collect::<Option<Vec<_>>>()?)
        }
        Expr::Binary(sum) if matches!(sum.op, BinOp::Add(_)) => {
            Constant::of([constant(&sum.left, scope)?, constant(&sum.right, scope)?])
        }
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return None };
            let last = plain(&path.path.segments.last()?.ident);
            let makes =
                ["from", "new", "from_utf8", "from_utf8_lossy", "from_utf8_unchecked", "from_iter", "Some", "Ok"];
            makes.contains(&&*last).then(|| constant(call.args.first()?, scope)).flatten()
        }
        Expr::Macro(called) => of_macro(&called.mac, scope),
        Expr::MethodCall(call) => method(call, scope),
        _ => None,
    }
}

/// The text that a call of one of the standard library's macros is.
pub(super) fn of_macro(called: &syn::Macro, scope: &Scope) -> Option<Constant> {
    let name = plain(&called.path.segments.last()?.ident);
    if !matches!(name.as_str(), "concat" | "vec" | "format" | "format_args") {
        return None;
    }
    let tokens: &TokenStream = &called.tokens;
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()).ok()?;
    match name.as_str() {
        "concat" | "vec" => Constant::of(arguments.iter().map(|one| constant(one, scope)).collect::<Option<Vec<_>>>()?),
        "format" | "format_args" => {
            let mut arguments = arguments.iter();
            let form = constant(arguments.next()?, scope)?.text;
            let mut all = Constant::default();
            let mut rest = form.as_str();
            while let Some(at) = rest.find('{') {
                let (before, from) = rest.split_at(at);
                let (inside, behind) = from.get(1..)?.split_once('}')?;
                if !before.is_empty() {
                    all.push(&Constant::whole(before))?;
                }
                let value = if inside.is_empty() {
                    constant(arguments.next()?, scope)?
                } else {
                    scope.get(inside).filter(|known| known.text != TOOL)?.clone()
                };
                all.push(&value)?;
                rest = behind;
            }
            if !rest.is_empty() {
                all.push(&Constant::whole(rest))?;
            }
            Some(all)
        }
        _ => None,
    }
}

fn method(call: &ExprMethodCall, scope: &Scope) -> Option<Constant> {
    let of = constant(&call.receiver, scope)?;
    let argument = |at: usize| constant(call.args.get(at)?, scope).map(|one| one.text);
    match plain(&call.method).as_str() {
        "to_string" | "to_owned" | "into" | "as_str" | "as_bytes" | "as_ref" | "unwrap" | "expect" | "into_iter"
        | "iter" | "copied" | "cloned" | "collect" | "chars" | "bytes" | "to_vec" | "into_string" | "into_owned"
        | "clone" | "concat" | "into_bytes" | "as_slice" | "unwrap_or_default" | "trim" => Some(of),
        "join" => {
            let between = argument(0)?;
            let pieces = of.pieces.iter().enumerate().flat_map(|(at, piece)| {
                let between = (at > 0 && !between.is_empty()).then(|| Constant::whole(between.clone()));
                between.into_iter().chain([Constant::whole(piece.clone())])
            });
            Constant::of(pieces.collect::<Vec<_>>())
        }
        "rev" => {
            let text: String = of.text.chars().rev().collect();
            Some(Constant { pieces: text.chars().map(String::from).collect(), text })
        }
        "replace" => {
            let (from, to) = (argument(0)?, argument(1)?);
            let text = of.text.replace(&from, &to);
            let pieces = of.text.split(&from).map(str::to_owned).collect();
            (text.len() <= MOST).then_some(Constant { text, pieces })
        }
        "to_lowercase" | "to_ascii_lowercase" => of.each(|one| Some(char::from_u32(one)?.to_ascii_lowercase().into())),
        "to_uppercase" | "to_ascii_uppercase" => of.each(|one| Some(char::from_u32(one)?.to_ascii_uppercase().into())),
        "map" => match call.args.first()? {
            Expr::Closure(closure) => of.each(step(closure)?),
            // `char::from` and the like
            Expr::Path(_) => Some(of),
            _ => None,
        },
        _ => None,
    }
}

/// What a closure does with each letter, where that is one step with one number.
fn step(closure: &ExprClosure) -> Option<impl Fn(u32) -> Option<u32> + use<>> {
    let name = name(closure.inputs.first()?)?;
    let is_it = move |expression: &Expr| bare(expression).is_some_and(|one| one == name);
    let body = peeled(&closure.body);
    let number = |expression: &Expr| match peeled(expression) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse::<u32>().ok(),
            Lit::Byte(byte) => Some(byte.value().into()),
            _ => None,
        },
        _ => None,
    };
    let (op, by) = match body {
        body if is_it(body) => ('+', 0),
        Expr::Binary(binary) => {
            let op = match binary.op {
                BinOp::BitXor(_) => '^',
                BinOp::Add(_) => '+',
                BinOp::Sub(_) => '-',
                _ => return None,
            };
            if is_it(&binary.left) {
                (op, number(&binary.right)?)
            } else if is_it(&binary.right) && op != '-' {
                (op, number(&binary.left)?)
            } else {
                return None;
            }
        }
        Expr::MethodCall(call) if is_it(&call.receiver) => {
            let op = match plain(&call.method).as_str() {
                "wrapping_add" => '+',
                "wrapping_sub" => '-',
                _ => return None,
            };
            (op, number(call.args.first()?)?)
        }
        _ => return None,
    };
    Some(move |letter: u32| match op {
        '^' => Some(letter ^ by),
        '+' => letter.checked_add(by),
        _ => letter.checked_sub(by),
    })
}

fn name(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(name) => Some(plain(&name.ident)),
        Pat::Reference(inner) => name(&inner.pat),
        Pat::Type(inner) => name(&inner.pat),
        _ => None,
    }
}

/// Without brackets, casts and `char::from`.
fn peeled(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => peeled(&inner.expr),
        Expr::Group(inner) => peeled(&inner.expr),
        Expr::Cast(inner) => peeled(&inner.expr),
        Expr::Unary(inner) => peeled(&inner.expr),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(only, None)] => peeled(only),
            _ => expression,
        },
        Expr::Call(call) if call.args.len() == 1 => call.args.first().map_or(expression, peeled),
        other => other,
    }
}

fn bare(expression: &Expr) -> Option<String> {
    match peeled(expression) {
        Expr::Path(path) => path.path.get_ident().map(plain),
        _ => None,
    }
}

/// The name that a statement adds to, and what it adds: `text.push('c')`, `text += "c"`.
pub(super) fn appended(expression: &Expr, scope: &Scope) -> Option<(String, Constant)> {
    match expression {
        Expr::MethodCall(call)
            if matches!(
                plain(&call.method).as_str(),
                "push" | "push_str" | "extend" | "extend_from_slice" | "write_str"
            ) =>
        {
            Some((bare(&call.receiver)?, constant(call.args.first()?, scope)?))
        }
        Expr::Binary(sum) if matches!(sum.op, BinOp::AddAssign(_)) => {
            Some((bare(&sum.left)?, constant(&sum.right, scope)?))
        }
        _ => None,
    }
}

/// An empty text that pieces may be added to.
pub(super) fn is_empty(expression: &Expr) -> bool {
    match expression {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let names: Vec<String> = path.path.segments.iter().map(|one| plain(&one.ident)).collect();
                matches!(
                    names.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
                    ["String" | "Vec" | "OsString" | "PathBuf", "new" | "with_capacity"]
                )
            }
            _ => false,
        },
        Expr::Macro(called) => called.mac.path.is_ident("vec") && called.mac.tokens.is_empty(),
        _ => false,
    }
}
