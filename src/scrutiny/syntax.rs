//! From a source file to its outline, by its structure. Runs in the parser's process alone: a text can be made on which it aborts.

#![expect(clippy::needless_for_each, reason = "it reads as what it does")]
#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, Item, Local, Pat, Stmt, Token};

use super::constant::{Constant, Scope, TOOL, appended, constant, is_empty, of_macro, plain};
use super::imports::Facts;
use super::known::is_telling;
use super::meanings::Meanings;
use super::outline::{Does, Function, MOST, Outline};
use super::pieces::{Texts, attributes_of, flatten, is_test, line, line_of, line_of_path, written};
use super::scan::{Flat, scan};
use super::words::{Names, Said};

/// The outline of a file; `Err` with the line and the parser's words where it is no Rust.
pub(super) fn outline(text: &str, network: &[String]) -> Result<Outline, (u32, String)> {
    let file = syn::parse_file(text).map_err(|error| (line(error.span()), error.to_string()))?;
    let mut facts = Facts { network: network.to_vec(), ..Facts::default() };
    facts.visit_file(&file);
    let meanings = Meanings::of(std::mem::take(&mut facts.constants));
    let mut collector = Collector { facts, functions: vec![Function::default()], open: vec![0], meanings };
    collector.visit_file(&file);
    let mut all: Vec<_> = collector.meanings.values().cloned().collect();
    all.sort_by(|one, other| one.text.cmp(&other.text));
    all.iter().for_each(|value| collector.looked_at(value, 1));
    collector.functions.retain(|function| !function.is_empty());
    Ok(Outline { functions: collector.functions })
}

/// Files that are taken in as what their names say: machine code under one of them is a finding of its own.
const SOURCE_TEXT: [&str; 14] =
    [".md", ".txt", ".rs", ".toml", ".json", ".html", ".css", ".c", ".cc", ".cpp", ".h", ".hpp", ".in", ".sql"];

struct Collector {
    facts: Facts,
    functions: Vec<Function>,
    /// The functions that stand around this place.
    open: Vec<usize>,
    meanings: Meanings,
}

/// The least that a text says.
const SHORTEST: usize = 4;

impl Collector {
    fn current(&mut self) -> (&Facts, &mut Function) {
        let at = self.open.last().copied().unwrap_or_default().min(self.functions.len() - 1);
        (&self.facts, &mut self.functions[at])
    }

    fn within(&mut self, name: String, begun: u32, visit: impl FnOnce(&mut Self)) {
        if self.functions.len() < MOST {
            self.functions.push(Function::named(name));
        }
        self.open.push(self.functions.len() - 1);
        self.meanings.begin();
        visit(self);
        for value in self.meanings.end() {
            self.looked_at(&value, begun);
        }
        self.open.pop();
    }

    fn looked_at(&mut self, value: &Constant, line: u32) {
        let (_, function) = self.current();
        if value.hides(is_telling) {
            function.act(Does::Assembles, line, &value.text);
        }
        if value.pieces.len() > 1 {
            Names::text(&value.text, line, function);
        }
    }

    fn path_called(&mut self, path: &syn::ExprPath, arguments: Option<&Punctuated<Expr, Token![,]>>) {
        let resolved = self.facts.resolved(&written(path));
        let first = self.meanings.said(arguments.and_then(|arguments| arguments.first()));
        let line = line_of_path(&path.path);
        let is_write = matches!(resolved.last().map(String::as_str), Some("write" | "copy" | "rename" | "create"));
        let up = is_write
            && resolved.iter().any(|name| name == "fs" || name == "File")
            && arguments.is_some_and(|all| all.iter().take(2).any(|one| self.meanings.leads_up(one)));
        let (facts, function) = self.current();
        let resolved: Vec<&str> = resolved.iter().map(String::as_str).collect();
        if up {
            function.act(Does::WritesUp, line, &resolved.join("::"));
        }
        facts.names().called(&resolved, &first, line, function);
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            let line = line_of_path(attribute.path());
            if attribute.path().is_ident("doc") {
                continue;
            }
            let name = attribute.path().segments.last().map(|one| plain(&one.ident)).unwrap_or_default();
            let tokens = match &attribute.meta {
                syn::Meta::NameValue(pair) => {
                    constant(&pair.value, &Scope::new()).map(|one| one.text).unwrap_or_default()
                }
                syn::Meta::List(list) => list.tokens.to_string(),
                syn::Meta::Path(_) => String::new(),
            };
            let section = [".init_array", ".ctors", "__mod_init_func", ".CRT$X", ".preinit_array"];
            let is_section = section.iter().any(|one| tokens.contains(one));
            if is_section || matches!(name.as_str(), "ctor" | "dtor") {
                let (_, function) = self.current();
                function.act(Does::BeforeMain, line, if tokens.is_empty() { &name } else { &tokens });
            }
        }
    }

    /// Takes the words of tokens that are no Rust by themselves.
    fn tokens(&mut self, tokens: &TokenStream) {
        let mut flat = Vec::new();
        flatten(tokens, &mut flat);
        let at = self.open.last().copied().unwrap_or_default().min(self.functions.len() - 1);
        let mut function = std::mem::take(&mut self.functions[at]);
        let facts = &self.facts;
        scan(&flat, &|path| facts.resolved(path), &facts.names(), &mut function);
        self.functions[at] = function;
    }
}

impl<'a> Visit<'a> for Collector {
    fn visit_item(&mut self, item: &'a Item) {
        if is_test(attributes_of(item)) {
            return;
        }
        match item {
            Item::Static(item) => self.attributes(&item.attrs),
            Item::Fn(item) => self.attributes(&item.attrs),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.within(plain(&item.sig.ident), line(item.sig.ident.span()), |inner| visit::visit_item_fn(inner, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.within(plain(&item.sig.ident), line(item.sig.ident.span()), |inner| {
                visit::visit_impl_item_fn(inner, item);
            });
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        self.within(plain(&item.sig.ident), line(item.sig.ident.span()), |inner| {
            visit::visit_trait_item_fn(inner, item);
        });
    }

    fn visit_item_macro(&mut self, item: &'a syn::ItemMacro) {
        match &item.ident {
            Some(name) => {
                self.within(format!("{name}!"), line_of_path(&item.mac.path), |inner| inner.tokens(&item.mac.tokens));
            }
            None => self.visit_macro(&item.mac),
        }
    }

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        let name = called.path.segments.last().map(|one| plain(&one.ident)).unwrap_or_default();
        let at = line_of_path(&called.path);
        let texts = |tokens: &TokenStream| {
            let parsed = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()).ok();
            parsed.and_then(|all| constant(all.first()?, &Scope::new())).map(|one| one.text)
        };
        match name.as_str() {
            "include_bytes" | "include_str" => {
                let file = texts(&called.tokens).unwrap_or_default();
                let is_text = SOURCE_TEXT.iter().any(|end| file.ends_with(end));
                if !is_text {
                    self.current().1.act(Does::Embeds, at, &format!("{name}!({file:?})"));
                }
                return;
            }
            "asm" | "global_asm" | "naked_asm" => {
                self.current().1.act(Does::Assembly, at, &format!("{name}!"));
                return;
            }
            "env" | "option_env" => {
                let first = texts(&called.tokens).map_or(Said::Unknown, Said::Text);
                let (facts, function) = self.current();
                facts.names().called(&["env", "var"], &first, at, function);
                return;
            }
            _ => {}
        }
        if matches!(name.as_str(), "cmd" | "run_cmd" | "run_fun" | "spawn") {
            let mut flat = Vec::new();
            flatten(&called.tokens, &mut flat);
            let first = flat.into_iter().find_map(|(word, _)| match word {
                Flat::Text(text) if !text.is_empty() => Some(Said::Text(text)),
                _ => None,
            });
            let (facts, function) = self.current();
            facts.names().called(&["duct", "cmd"], &first.unwrap_or(Said::Unknown), at, function);
        }
        self.current().1.call(&format!("{name}!"));
        if let Some(value) = of_macro(called, self.meanings.known()) {
            self.looked_at(&value, at);
        }
        if let Ok(arguments) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(called.tokens.clone()) {
            arguments.iter().for_each(|one| self.visit_expr(one));
        } else if let Ok(statements) = Block::parse_within.parse2(called.tokens.clone()) {
            statements.iter().for_each(|one| self.visit_stmt(one));
        } else {
            self.tokens(&called.tokens);
        }
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Expr(expression, _) = statement
            && let Some((name, value)) = appended(expression, self.meanings.known())
            && let Some(mut known) = self.meanings.get(&name).cloned()
        {
            let _ = known.push(&value);
            self.meanings.set(name, Some(known));
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_local(&mut self, local: &'a Local) {
        visit::visit_local(self, local);
        let pattern = match &local.pat {
            Pat::Type(typed) => &*typed.pat,
            other => other,
        };
        let (Pat::Ident(name), Some(init)) = (pattern, &local.init) else { return };
        let value = if is_empty(&init.expr) {
            Some(Constant::default())
        } else {
            let known = self.meanings.constant(&init.expr);
            known.or_else(|| self.meanings.names_tool(&init.expr).then(|| Constant::whole(TOOL)))
        };
        let name = plain(&name.ident);
        if let Some(value) = &value {
            let at = line_of(&init.expr);
            let value = value.clone();
            self.looked_at(&value, at);
        }
        if let Some(program) = self.meanings.program(&init.expr, &self.facts) {
            self.meanings.set_program(name.clone(), program);
        }
        if self.meanings.leads_up(&init.expr) {
            self.meanings.set_up(name.clone());
        }
        self.meanings.set(name, value);
    }

    fn visit_expr_for_loop(&mut self, looped: &'a syn::ExprForLoop) {
        if let (Pat::Ident(name), true) = (&*looped.pat, self.meanings.leads_up(&looped.expr)) {
            self.meanings.set_up(plain(&name.ident));
        }
        visit::visit_expr_for_loop(self, looped);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if matches!(expression, Expr::MethodCall(_) | Expr::Binary(_) | Expr::Array(_) | Expr::Call(_))
            && let Some(value) = self.meanings.constant(expression)
            && value.text != TOOL
        {
            self.looked_at(&value, line_of(expression));
        }
        visit::visit_expr(self, expression);
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            self.path_called(path, Some(&call.args));
            call.args.iter().for_each(|one| self.visit_expr(one));
        } else {
            visit::visit_expr_call(self, call);
        }
    }

    /// A path that is no call may be one that is called later.
    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if path.path.segments.len() > 1
            || self.facts.imported.contains_key(&path.path.require_ident().map(plain).unwrap_or_default())
        {
            self.path_called(path, None);
        }
        let of_name = path.path.get_ident().and_then(|name| self.meanings.get(&plain(name)));
        if let Some(value) = of_name.filter(|value| value.text.len() >= SHORTEST && value.text != TOOL).cloned() {
            let at = line_of_path(&path.path);
            Names::text(&value.text, at, self.current().1);
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        let (name, at) = (plain(&call.method), line(call.method.span()));
        match name.as_str() {
            "arg" | "args" => {
                if let Some(program) = self.meanings.program(&call.receiver, &self.facts) {
                    let mut texts = Texts(Vec::new());
                    call.args.iter().for_each(|one| texts.visit_expr(one));
                    for text in texts.0 {
                        Names::argument(&program, &text, at, self.current().1);
                    }
                }
            }
            "compiler" | "archiver" | "linker" | "program" => {
                if let Said::Text(program) = self.meanings.said(call.args.first())
                    && program.contains(['/', '\\'])
                {
                    self.current().1.act(Does::RunsPath, at, &program);
                }
            }
            "post" | "put" | "request" | "get" | "send_to" | "connect" => {
                if let Said::Text(address) =
                    self.meanings.said(call.args.iter().find(|one| self.meanings.constant(one).is_some()))
                {
                    Names::text(&address, at, self.current().1);
                }
            }
            "pop" => {
                if let Expr::Path(path) = &*call.receiver
                    && let Some(path) = path.path.get_ident()
                {
                    self.meanings.set_up(plain(path));
                }
            }
            _ => {}
        }
        let (facts, function) = self.current();
        facts.names().method(&name, at, function);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
        let at = line(text.span());
        Names::text(&text.value(), at, self.current().1);
    }

    fn visit_lit_byte_str(&mut self, text: &'a syn::LitByteStr) {
        let at = line(text.span());
        Names::text(&String::from_utf8_lossy(&text.value()), at, self.current().1);
    }

    fn visit_lit_cstr(&mut self, text: &'a syn::LitCStr) {
        let at = line(text.span());
        Names::text(&text.value().to_string_lossy(), at, self.current().1);
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {
        // Documentation is an attribute too, and says what it likes.
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    fn acts(text: &str) -> Vec<String> {
        let outline = outline(text, &["ureq".to_owned()]).unwrap();
        let mut all: Vec<String> = outline
            .functions
            .iter()
            .flat_map(|function| {
                function.acts.iter().map(|act| format!("{} {:?} {}", function.name, act.does, act.words))
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn calls_are_known_through_imports() {
        assert_eq!(acts("fn f() { std::env::vars().count(); }"), ["f ReadsEnvironment env::vars"]);
        assert_eq!(
            acts("use std::env as e; fn f() { e::var(\"A_TOKEN\"); }"),
            ["f ReadsSecretVariable env::var(\"A_TOKEN\")"]
        );
        assert_eq!(
            acts("use std::{net::TcpStream as T}; fn f() { T::connect(x); }"),
            ["f Connects net::TcpStream::connect"]
        );
        assert_eq!(acts("use ureq::get as g; fn f() { g(x); }"), ["f Connects ureq::get"]);
        assert_eq!(acts("fn f() { let v = std::env::vars; v(); }"), ["f ReadsEnvironment env::vars"]);
        assert_eq!(
            acts(
                "extern \"C\" { #[link_name = \"system\"] fn tidy(a: *const u8) -> i32; } fn f() { unsafe { tidy(x) }; }"
            ),
            ["f RunsUnknown libc::system"]
        );
        assert_eq!(
            acts("extern \"C\" { fn execvp(a: *const u8) -> i32; } fn f() { unsafe { execvp(x) }; }"),
            ["f RunsUnknown execvp"]
        );
    }

    #[test]
    fn programs_are_told_apart() {
        let of = |program: &str| acts(&format!("fn f() {{ std::process::Command::new({program}); }}")).join("; ");
        assert!(of("\"git\"").contains("RunsTool"), "{}", of("\"git\""));
        assert!(of("\"curl\"").contains("Connects"));
        assert!(of("\"powershell.exe\"").contains("RunsShell"));
        assert!(of("\"./helper\"").contains("RunsPath"));
        assert!(of("path").contains("RunsUnknown"));
        assert!(of("std::env::var(\"RUSTC\").unwrap()").contains("RunsTool"));
        assert_eq!(acts("use clap::Command; fn f() { Command::new(\"curl\"); }"), ["f FetchingWords curl"]);
    }

    #[test]
    fn texts_are_put_together() {
        for text in [
            "fn f() { let a = [104u8, 116, 116, 112, 115, 58, 47, 47, 120]; }",
            "fn f() { let a = ['h', 't', 't', 'p', ':', '/', '/'].iter().collect::<String>(); }",
            "fn f() { let mut a = String::new(); a.push('h'); a.push_str(\"ttp\"); a.push(':'); a.push_str(\"//x\"); }",
            "fn f() { let a = concat!(\"ht\", \"tp:\", \"//x\"); }",
            "fn f() { let a = \"htt\".to_string() + \"p://x\"; }",
            "fn f() { let a = \"htt\"; let b = \"p://x\"; let c = format!(\"{a}{}\", b); }",
            "fn f() { let a: String = \"x//:ptth\".chars().rev().collect(); }",
            "fn f() { let a: String = [9u8, 21, 21, 17, 91, 78, 78].iter().map(|b| (b ^ 0x61) as char).collect(); }",
            "const A: &str = \"htt\"; const B: &str = \"p://\"; fn f() { let c = [A, B].concat(); }",
            "fn f() { let a = \"h.t.t.p:/./x\".replace(\".\", \"\"); }",
        ] {
            assert!(acts(text).iter().any(|act| act.contains("Assembles")), "{text}: {:?}", acts(text));
        }
        for text in [
            "fn f() { let a = concat!(\"https://example.org/\", \"x\"); }",
            "fn f() { let a = format!(\"{}://{}\", scheme, host); }",
            "fn f() { let a = [1, 2, 3]; }",
        ] {
            assert!(!acts(text).iter().any(|act| act.contains("Assembles")), "{text}: {:?}", acts(text));
        }
    }

    #[test]
    fn macros_hide_nothing() {
        assert_eq!(
            acts("macro_rules! go { ($a:expr) => { std::process::Command::new($a).spawn() } }"),
            ["go! RunsUnknown process::Command::new"]
        );
        assert_eq!(acts("thread_local! { static A: B = { std::env::vars() }; }"), [" ReadsEnvironment env::vars"]);
        assert!(
            acts("fn f() { println!(\"{}\", std::env::vars().count()); }")
                .contains(&"f ReadsEnvironment env::vars".to_owned())
        );
        assert_eq!(
            acts("#[cfg(test)] mod t { fn f() { std::env::vars(); } } #[cfg(windows)] fn g() { std::env::vars(); }"),
            ["g ReadsEnvironment env::vars"]
        );
        assert!(acts("fn f() { let a = include_str!(\"probe.c\"); }").is_empty());
        assert_eq!(acts("#[link_section = \".init_array\"] static A: fn() = b;"), [" BeforeMain .init_array"]);
    }
}
