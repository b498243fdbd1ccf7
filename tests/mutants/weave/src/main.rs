//! Weaves many mutants into one source tree, so that one build holds them all and a file says which of them is alive.
//!
//! `weave list ROOT FILE...` prints the mutants of these files.
//!
//! `weave MUTANTS.json LEFT-OUT.json ROOT`: rewrites the files below ROOT that `cargo mutants --list --json` names, and prints as JSON where in
//! the new text each mutant stands, so that an error of the compiler can be laid at the door of the mutant that makes it. A mutant is
//! known by its place in the list. Those of LEFT-OUT are not woven; what cannot be woven at all is named too.

#![allow(clippy::unwrap_used, reason = "a script for our own sources: it may stop where it does not understand them")]

mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::{LineColumn, Span};
use serde_json::{Value, json};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

struct Mutant {
    id: usize,
    genre: String,
    span: Range<usize>,
    replacement: String,
}

/// A stretch of the text that is rewritten.
enum Rewriting {
    /// An expression: for each mutant what it would be, and otherwise what it was.
    Choice(Vec<(usize, String)>),
    /// Something that is written in between: before and after a mutant's own text.
    Insertion(Vec<(usize, String)>),
    /// A body that gives an iterator of a type that has no name: for this mutant, one of nothing.
    Emptied(usize),
}

struct Node {
    range: Range<usize>,
    rewriting: Rewriting,
}

enum Piece {
    Text(String),
    Begin(usize),
    End(usize),
}

/// Where each line begins.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Lines are counted from one, columns from nought, in characters.
    fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.starts[line - 1];
        start + self.text[start..].char_indices().nth(column).map_or(self.text.len() - start, |(at, _)| at)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let at = |place: LineColumn| self.offset(place.line, place.column);
        at(span.start())..at(span.end())
    }
}

struct Weaver<'t> {
    lines: &'t Lines<'t>,
    mutants: &'t [Mutant],
    woven: BTreeSet<usize>,
    nodes: Vec<Node>,
}

impl Weaver<'_> {
    fn of_genre(&self, genre: &str) -> impl Iterator<Item = &Mutant> {
        self.mutants.iter().filter(move |one| one.genre == genre)
    }

    fn text(&self, range: Range<usize>) -> &str {
        &self.lines.text[range]
    }

    fn push(&mut self, range: Range<usize>, rewriting: Rewriting) {
        let ids: Vec<usize> = match &rewriting {
            Rewriting::Choice(variants) | Rewriting::Insertion(variants) => {
                variants.iter().map(|(id, _)| *id).collect()
            }
            Rewriting::Emptied(id) => vec![*id],
        };
        if !ids.is_empty() {
            self.woven.extend(ids);
            self.nodes.push(Node { range, rewriting });
        }
    }

    fn body(&mut self, block: &syn::Block) {
        let inside = self.lines.range(block.brace_token.span.join());
        let open = inside.start + 1;
        // A function inside a function has its own values; it is seen first.
        let own: Vec<&Mutant> = self
            .of_genre("FnValue")
            .filter(|one| inside.start <= one.span.start && one.span.end <= inside.end && !self.woven.contains(&one.id))
            .collect();
        if let [only] = own.as_slice()
            && only.replacement == "::std::iter::empty()"
        {
            let id = only.id;
            return self.push(open..inside.end - 1, Rewriting::Emptied(id));
        }
        let variants = own.iter().map(|one| (one.id, format!("return {};", one.replacement))).collect();
        self.push(open..open, Rewriting::Insertion(variants));
    }
}

/// `let` in a condition stands in the way of whoever would put parentheses around it.
fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'a> Visit<'a> for Weaver<'_> {
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        visit::visit_item_fn(self, item);
        self.body(&item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        visit::visit_impl_item_fn(self, item);
        self.body(&item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        visit::visit_trait_item_fn(self, item);
        if let Some(block) = &item.default {
            self.body(block);
        }
    }

    fn visit_expr_binary(&mut self, expr: &'a syn::ExprBinary) {
        visit::visit_expr_binary(self, expr);
        if has_let(&expr.left) || has_let(&expr.right) {
            return;
        }
        let (all, op) = (self.lines.range(expr.span()), self.lines.range(expr.op.span()));
        let variants: Vec<_> = self
            .of_genre("BinaryOperator")
            .filter(|one| one.span == op)
            .map(|one| {
                let (left, right) = (self.text(all.start..op.start), self.text(op.end..all.end));
                (one.id, format!("{left}{}{right}", one.replacement))
            })
            .collect();
        self.push(all, Rewriting::Choice(variants));
    }

    fn visit_expr_unary(&mut self, expr: &'a syn::ExprUnary) {
        visit::visit_expr_unary(self, expr);
        let (all, inner) = (self.lines.range(expr.span()), self.lines.range(expr.expr.span()));
        let variants: Vec<_> = self
            .of_genre("UnaryOperator")
            .filter(|one| one.span.start == all.start)
            .map(|one| (one.id, self.text(inner.clone()).to_owned()))
            .collect();
        self.push(all, Rewriting::Choice(variants));
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        visit::visit_arm(self, arm);
        let all = self.lines.range(arm.span());
        let deleted: Vec<_> =
            self.of_genre("MatchArm").filter(|one| one.span.start == all.start).map(|one| one.id).collect();
        let Some((_, guard)) = &arm.guard else {
            let end = self.lines.range(arm.pat.span()).end;
            self.push(end..end, Rewriting::Insertion(deleted.into_iter().map(|id| (id, String::new())).collect()));
            return;
        };
        if has_let(guard) {
            return;
        }
        let range = self.lines.range(guard.span());
        let replaced = self.of_genre("MatchArmGuard").filter(|one| one.span == range);
        let mut variants: Vec<_> = replaced.map(|one| (one.id, one.replacement.clone())).collect();
        variants.extend(deleted.into_iter().map(|id| (id, "false".to_owned())));
        self.push(range, Rewriting::Choice(variants));
    }

    fn visit_expr_struct(&mut self, expr: &'a syn::ExprStruct) {
        visit::visit_expr_struct(self, expr);
        let all = self.lines.range(expr.span());
        let mut variants = Vec::new();
        for field in &expr.fields {
            let range = self.lines.range(field.span());
            let rest = self.lines.text[range.end..].chars().take_while(|one| one.is_whitespace() || *one == ',');
            let end = range.end + rest.map(char::len_utf8).sum::<usize>();
            for one in self.of_genre("StructField").filter(|one| one.span.start == range.start) {
                variants.push((one.id, format!("{}{}", self.text(all.start..range.start), self.text(end..all.end))));
            }
        }
        self.push(all, Rewriting::Choice(variants));
    }
}

/// The text from `range`, with what is rewritten in it. `nodes` are in order, the outer before the inner.
fn render(text: &str, range: Range<usize>, nodes: &[Node], pieces: &mut Vec<Piece>) {
    let (mut at, mut rest) = (range.start, nodes);
    while let Some((node, others)) = rest.split_first() {
        let inner =
            others.iter().take_while(|one| one.range.start < node.range.end && one.range.end <= node.range.end).count();
        let (inside, after) = others.split_at(inner);
        pieces.push(Piece::Text(text[at..node.range.start].to_owned()));
        match &node.rewriting {
            Rewriting::Choice(variants) => {
                pieces.push(Piece::Text("(".to_owned()));
                for (id, variant) in variants {
                    pieces.push(Piece::Begin(*id));
                    pieces.push(Piece::Text(format!("if crate::mutants::on({id}) {{ {variant} }} else ")));
                    pieces.push(Piece::End(*id));
                }
                pieces.push(Piece::Text("{ ".to_owned()));
                render(text, node.range.clone(), inside, pieces);
                pieces.push(Piece::Text(" })".to_owned()));
                at = node.range.end;
                rest = after;
            }
            Rewriting::Emptied(id) => {
                pieces.push(Piece::Text(" let all = {".to_owned()));
                render(text, node.range.clone(), inside, pieces);
                pieces.push(Piece::Text("}; ".to_owned()));
                pieces.push(Piece::Begin(*id));
                pieces.push(Piece::Text(format!("Iterator::filter(all, |_| !crate::mutants::on({id}))")));
                pieces.push(Piece::End(*id));
                pieces.push(Piece::Text(" ".to_owned()));
                at = node.range.end;
                rest = after;
            }
            Rewriting::Insertion(variants) => {
                for (number, (id, variant)) in variants.iter().enumerate() {
                    pieces.push(Piece::Begin(*id));
                    pieces.push(Piece::Text(match (variant.is_empty(), number) {
                        (true, 0) => format!(" if !crate::mutants::on({id})"),
                        (true, _) => format!(" && !crate::mutants::on({id})"),
                        (false, _) => format!(" if crate::mutants::on({id}) {{ {variant} }}"),
                    }));
                    pieces.push(Piece::End(*id));
                }
                at = node.range.start;
                rest = others;
            }
        }
    }
    pieces.push(Piece::Text(text[at..range.end].to_owned()));
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, root, files @ ..] = arguments.as_slice()
        && word == "list"
    {
        let all: Vec<Value> = files
            .iter()
            .flat_map(|file| list::list(file, &std::fs::read_to_string(format!("{root}/{file}")).unwrap()))
            .collect();
        serde_json::to_writer(std::io::stdout(), &all).unwrap();
        return;
    }
    let [list, left_out, root] = arguments.as_slice() else { panic!("weave MUTANTS.json LEFT-OUT.json ROOT") };
    let list: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(list).unwrap()).unwrap();
    let left_out: BTreeSet<usize> = serde_json::from_str(&std::fs::read_to_string(left_out).unwrap()).unwrap();
    let mut files: BTreeMap<&str, Vec<(usize, &Value)>> = BTreeMap::new();
    for (id, one) in list.iter().enumerate() {
        files.entry(one["file"].as_str().unwrap()).or_default().push((id, one));
    }
    let (mut places, mut unwoven) = (Vec::new(), Vec::new());
    for (file, listed) in files {
        let path = format!("{root}/{file}");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = Lines::of(&text);
        let at = |place: &Value| lines.offset(number(&place["line"]), number(&place["column"]) - 1);
        let mutants: Vec<_> = listed
            .iter()
            .filter(|(id, _)| !left_out.contains(id))
            .map(|(id, one)| Mutant {
                id: *id,
                genre: one["genre"].as_str().unwrap().to_owned(),
                span: at(&one["span"]["start"])..at(&one["span"]["end"]),
                replacement: one["replacement"].as_str().unwrap().to_owned(),
            })
            .collect();
        let mut weaver = Weaver { lines: &lines, mutants: &mutants, woven: BTreeSet::new(), nodes: Vec::new() };
        weaver.visit_file(&syn::parse_file(&text).unwrap());
        unwoven.extend(mutants.iter().map(|one| one.id).filter(|id| !weaver.woven.contains(id)));
        let mut nodes = weaver.nodes;
        nodes.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
        let mut pieces = Vec::new();
        render(&text, 0..text.len(), &nodes, &mut pieces);
        let mut woven = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => woven.push_str(&text),
                Piece::Begin(id) => places.push(json!({ "id": id, "file": file, "start": woven.len(), "end": 0 })),
                Piece::End(id) => {
                    places.iter_mut().rev().find(|one| one["id"] == id).unwrap()["end"] = woven.len().into()
                }
            }
        }
        std::fs::write(path, woven).unwrap();
    }
    serde_json::to_writer(std::io::stdout(), &json!({ "places": places, "unwoven": unwoven })).unwrap();
}
