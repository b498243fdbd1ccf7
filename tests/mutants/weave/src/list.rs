//! What the mutants of a file are, where cargo-mutants is not at hand: its kinds, in the form of `cargo mutants --list --json`.

use proc_macro2::Span;
use quote::ToTokens as _;
use serde_json::{Value, json};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

struct Lister<'f> {
    file: &'f str,
    /// What encloses the place, innermost last.
    inside: Vec<String>,
    function: Vec<String>,
    found: Vec<Value>,
}

impl Lister<'_> {
    fn push(&mut self, genre: &str, span: Span, replacement: &str, what: &str) {
        let place = |at: proc_macro2::LineColumn| json!({ "line": at.line, "column": at.column + 1 });
        let function = self.function.last().cloned().unwrap_or_default();
        let (start, end) = (place(span.start()), place(span.end()));
        self.found.push(json!({
            "file": self.file, "genre": genre, "replacement": replacement, "span": { "start": start, "end": end },
            "function": { "function_name": function },
            "name": format!("{}:{}:{}: {what} in {function}", self.file, start["line"], start["column"]),
        }));
    }

    fn values(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let span = first.span().join(last.span()).unwrap_or_else(|| first.span());
        let kinds = match &signature.output {
            syn::ReturnType::Default => vec!["()".to_owned()],
            syn::ReturnType::Type(_, kind) => values(kind),
        };
        for one in kinds {
            self.push("FnValue", span, &one, &format!("replace the value with {one}"));
        }
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        let path = self.inside.last().map_or_else(|| name.clone(), |outer| format!("{outer}::{name}"));
        self.function.push(path);
        visit(self);
        self.function.pop();
    }
}

/// Values that a function of this type could give in the place of its own.
fn values(kind: &syn::Type) -> Vec<String> {
    let all =
        |form: &str, inner: &syn::Type| values(inner).iter().map(|one| form.replace("{}", one)).collect::<Vec<_>>();
    let default = || vec!["Default::default()".to_owned()];
    match kind {
        syn::Type::Tuple(tuple) if tuple.elems.is_empty() => vec!["()".to_owned()],
        syn::Type::Tuple(tuple) => tuple
            .elems
            .iter()
            .fold(vec![String::new()], |heads, one| {
                let tails: Vec<_> = values(one).into_iter().take(2).collect();
                heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}, "))).collect()
            })
            .into_iter()
            .map(|one| format!("({one})"))
            .collect(),
        syn::Type::Reference(reference) => match &*reference.elem {
            syn::Type::Path(path) if path.path.is_ident("str") => vec!["\"\"".into(), "\"xyzzy\"".into()],
            syn::Type::Slice(_) => vec!["Vec::leak(Vec::new())".into()],
            other => all("Box::leak(Box::new({}))", other),
        },
        syn::Type::ImplTrait(_) => {
            let text = kind.to_token_stream().to_string();
            if text.contains("Iterator") { vec!["::std::iter::empty()".into()] } else { Vec::new() }
        }
        syn::Type::Never(_) => Vec::new(),
        syn::Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return default() };
            let arguments: Vec<&syn::Type> = match &last.arguments {
                syn::PathArguments::AngleBracketed(all) => all
                    .args
                    .iter()
                    .filter_map(|one| if let syn::GenericArgument::Type(kind) = one { Some(kind) } else { None })
                    .collect(),
                _ => Vec::new(),
            };
            match (last.ident.to_string().as_str(), arguments.as_slice()) {
                ("bool", _) => vec!["true".into(), "false".into()],
                ("String", _) => vec!["String::new()".into(), "\"xyzzy\".into()".into()],
                ("u8" | "u16" | "u32" | "u64" | "usize", _) => vec!["0".into(), "1".into()],
                ("i8" | "i16" | "i32" | "i64" | "isize", _) => vec!["0".into(), "1".into(), "-1".into()],
                ("Option", [inner]) => [vec!["None".to_owned()], all("Some({})", inner)].concat(),
                ("Result", [inner, ..]) => all("Ok({})", inner),
                ("Vec", [inner]) => [vec!["vec![]".to_owned()], all("vec![{}]", inner)].concat(),
                ("Box", [inner]) => all("Box::new({})", inner),
                ("Arc", [inner]) => all("Arc::new({})", inner),
                ("BTreeSet", [inner]) => {
                    [vec!["BTreeSet::new()".to_owned()], all("BTreeSet::from_iter([{}])", inner)].concat()
                }
                ("BTreeMap", [_, _]) => vec!["BTreeMap::new()".into()],
                ("Ordering", _) => vec![
                    "std::cmp::Ordering::Less".into(),
                    "std::cmp::Ordering::Equal".into(),
                    "std::cmp::Ordering::Greater".into(),
                ],
                _ => default(),
            }
        }
        _ => default(),
    }
}

fn replacements(op: &syn::BinOp) -> &'static [&'static str] {
    use syn::BinOp::*;
    match op {
        Eq(_) => &["!="],
        Ne(_) => &["=="],
        And(_) => &["||"],
        Or(_) => &["&&"],
        Lt(_) => &["==", ">", "<="],
        Gt(_) => &["==", "<", ">="],
        Le(_) => &[">"],
        Ge(_) => &["<"],
        Add(_) => &["-", "*"],
        Sub(_) => &["+", "/"],
        Mul(_) => &["+", "/"],
        Div(_) => &["%", "*"],
        Rem(_) => &["/", "+"],
        Shl(_) => &[">>"],
        Shr(_) => &["<<"],
        BitAnd(_) => &["|", "^"],
        BitOr(_) => &["&", "^"],
        BitXor(_) => &["|", "&"],
        AddAssign(_) => &["-=", "*="],
        SubAssign(_) => &["+=", "/="],
        MulAssign(_) => &["+=", "/="],
        DivAssign(_) => &["%=", "*="],
        BitAndAssign(_) => &["|="],
        BitOrAssign(_) => &["&="],
        _ => &[],
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|one| {
        let text = one.to_token_stream().to_string();
        one.path().is_ident("test") || (one.path().is_ident("cfg") && text.contains("test"))
    })
}

impl<'a> Visit<'a> for Lister<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a syn::ItemImpl) {
        let of = item.self_ty.to_token_stream().to_string().replace(' ', "");
        let name = match &item.trait_ {
            Some((_, path, _)) => format!("<impl {} for {of}>", path.to_token_stream().to_string().replace(' ', "")),
            None => of,
        };
        self.inside.push(name);
        visit::visit_item_impl(self, item);
        self.inside.pop();
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        if is_for_tests(&item.attrs) {
            return;
        }
        self.within(item.sig.ident.to_string(), |this| {
            this.values(&item.sig, &item.block);
            visit::visit_item_fn(this, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        if is_for_tests(&item.attrs) || item.sig.ident == "default" {
            return;
        }
        self.within(item.sig.ident.to_string(), |this| {
            this.values(&item.sig, &item.block);
            visit::visit_impl_item_fn(this, item);
        });
    }

    fn visit_expr_binary(&mut self, expr: &'a syn::ExprBinary) {
        let op = expr.op.to_token_stream().to_string();
        for one in replacements(&expr.op) {
            self.push("BinaryOperator", expr.op.span(), one, &format!("replace {op} with {one}"));
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'a syn::ExprUnary) {
        if !matches!(expr.op, syn::UnOp::Deref(_)) {
            self.push("UnaryOperator", expr.op.span(), "", &format!("delete {}", expr.op.to_token_stream()));
        }
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'a syn::ExprMatch) {
        let is_rest = |arm: &syn::Arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none();
        if expr.arms.iter().any(is_rest) {
            for arm in expr.arms.iter().filter(|arm| !is_rest(arm)) {
                self.push("MatchArm", arm.span(), "", &format!("delete match arm {}", arm.pat.to_token_stream()));
            }
        }
        for guard in expr.arms.iter().filter_map(|arm| Some(&*arm.guard.as_ref()?.1)) {
            for one in ["true", "false"] {
                self.push("MatchArmGuard", guard.span(), one, &format!("replace match guard with {one}"));
            }
        }
        visit::visit_expr_match(self, expr);
    }

    fn visit_expr_struct(&mut self, expr: &'a syn::ExprStruct) {
        if expr.rest.is_some() {
            for field in &expr.fields {
                let name = field.member.to_token_stream();
                self.push("StructField", field.span(), "", &format!("delete field {name}"));
            }
        }
        visit::visit_expr_struct(self, expr);
    }
}

/// The mutants of one file.
pub(crate) fn list(file: &str, text: &str) -> Vec<Value> {
    let mut lister = Lister { file, inside: Vec::new(), function: Vec::new(), found: Vec::new() };
    let parsed = syn::parse_file(text).unwrap();
    if !is_for_tests(&parsed.attrs) {
        lister.visit_file(&parsed);
    }
    lister.found
}
