//! What names stand for at a place of a file: texts, programs and paths that lead up.

#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

use std::collections::{BTreeSet, HashMap, HashSet};

use syn::Expr;
use syn::visit::{self, Visit};

use super::constant::{Constant, Scope, TOOL, constant, plain};
use super::imports::Facts;
use super::known::is_tool_variable;
use super::pieces::written;
use super::words::Said;

pub(super) struct Meanings {
    /// What names stand for at this place.
    known: Scope,
    /// What names stood for before the functions that stand around this place changed that, the innermost last.
    changed: Vec<Vec<(String, Option<Constant>)>>,
    /// The programs that names stand for.
    programs: HashMap<String, Said>,
    /// Names of paths that lead up from where they start.
    ups: HashSet<String>,
}

/// The longest chain of calls that is followed back to its start.
const LONGEST_CHAIN: usize = 200;

impl Meanings {
    /// Those that hold in the whole file.
    pub(super) fn of(known: Scope) -> Self {
        Self { known, changed: vec![Vec::new()], programs: HashMap::new(), ups: HashSet::new() }
    }

    pub(super) const fn known(&self) -> &Scope {
        &self.known
    }

    pub(super) fn get(&self, name: &str) -> Option<&Constant> {
        self.known.get(name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Constant> {
        self.known.values()
    }

    /// A function begins.
    pub(super) fn begin(&mut self) {
        self.changed.push(Vec::new());
    }

    /// It ends: gives each of its names the meaning that it had outside, and tells what they came to.
    pub(super) fn end(&mut self) -> Vec<Constant> {
        let changed = self.changed.pop().unwrap_or_default();
        let names: BTreeSet<&String> = changed.iter().map(|(name, _)| name).collect();
        let values = names.into_iter().filter_map(|name| self.known.get(name).cloned()).collect();
        for (name, before) in changed.into_iter().rev() {
            match before {
                Some(value) => self.known.insert(name, value),
                None => self.known.remove(&name),
            };
        }
        values
    }

    /// Lets a name stand for something from here on.
    pub(super) fn set(&mut self, name: String, value: Option<Constant>) {
        let before = match value {
            Some(value) => self.known.insert(name.clone(), value),
            None => self.known.remove(&name),
        };
        if let Some(changed) = self.changed.last_mut() {
            changed.push((name, before));
        }
    }

    /// Lets a name stand for a program.
    pub(super) fn set_program(&mut self, name: String, program: Said) {
        self.programs.insert(name, program);
    }

    /// Lets a name stand for a path that leads up.
    pub(super) fn set_up(&mut self, name: String) {
        self.ups.insert(name);
    }

    /// What an expression comes to, as far as that is written.
    pub(super) fn constant(&self, expression: &Expr) -> Option<Constant> {
        constant(expression, &self.known)
    }

    pub(super) fn said(&self, expression: Option<&Expr>) -> Said {
        let Some(expression) = expression else { return Said::Unknown };
        match self.constant(expression) {
            Some(value) => Said::Text(value.text),
            None if self.names_tool(expression) => Said::Tool,
            None => Said::Unknown,
        }
    }

    /// Whether an expression is made of a variable that build tools set.
    pub(super) fn names_tool(&self, expression: &Expr) -> bool {
        struct Finder<'s>(bool, &'s Scope);
        impl<'a> Visit<'a> for Finder<'_> {
            fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
                self.0 |= is_tool_variable(&text.value());
            }
            fn visit_macro(&mut self, called: &'a syn::Macro) {
                let text = syn::parse2::<syn::LitStr>(called.tokens.clone());
                self.0 |= text.is_ok_and(|text| is_tool_variable(&text.value()));
            }
            fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
                let name = path.path.get_ident().map(plain).unwrap_or_default();
                self.0 |= self.1.get(&name).is_some_and(|value| value.text == TOOL);
            }
        }
        let mut finder = Finder(false, &self.known);
        finder.visit_expr(expression);
        finder.0
    }

    /// Whether an expression is a path that leads up from where it starts, as far as that is written.
    pub(super) fn leads_up(&self, expression: &Expr) -> bool {
        struct Finder<'s>(bool, &'s HashSet<String>);
        impl<'a> Visit<'a> for Finder<'_> {
            fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
                self.0 |= text.value().split(['/', '\\']).any(|part| part == "..");
            }
            fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
                self.0 |= path.path.get_ident().is_some_and(|name| self.1.contains(&plain(name)));
            }
            fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
                self.0 |= matches!(plain(&call.method).as_str(), "parent" | "ancestors");
                visit::visit_expr_method_call(self, call);
            }
        }
        let mut finder = Finder(false, &self.ups);
        finder.visit_expr(expression);
        finder.0
    }

    /// The program that a chain of calls begins with: `Command::new("git").arg(…)`, or a name that stands for such.
    pub(super) fn program(&self, mut expression: &Expr, facts: &Facts) -> Option<Said> {
        for _ in 0..LONGEST_CHAIN {
            expression = match expression {
                Expr::MethodCall(call) => &call.receiver,
                Expr::Reference(inner) => &inner.expr,
                Expr::Paren(inner) => &inner.expr,
                Expr::Path(path) => return self.programs.get(&plain(path.path.get_ident()?)).cloned(),
                Expr::Call(call) => {
                    let Expr::Path(path) = &*call.func else { return None };
                    let resolved = facts.resolved(&written(path));
                    let ends = |end: [&str; 2]| resolved.ends_with(&end.map(str::to_owned));
                    return ends(["Command", "new"]).then(|| self.said(call.args.first()));
                }
                _ => return None,
            };
        }
        None
    }
}
