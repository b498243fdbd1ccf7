//! What a file says of the names in it: imports, functions of other languages, constants.

#![expect(clippy::wildcard_enum_match_arm, reason = "only these variants mean something here")]

use std::collections::HashMap;

use syn::UseTree;
use syn::visit::{self, Visit};

use super::constant::{Scope, constant, plain};
use super::words::Names;

/// What a whole file says of the names in it.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) network: Vec<String>,
    pub(super) foreign: Vec<String>,
    pub(super) encoder: bool,
    /// What a name was imported as, from its root on.
    pub(super) imported: HashMap<String, Vec<String>>,
    pub(super) constants: Scope,
}

impl Facts {
    fn take_use(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(plain(&path.ident));
                self.take_use(&path.tree, before);
                before.pop();
            }
            UseTree::Name(name) => self.import(&plain(&name.ident), &plain(&name.ident), before),
            UseTree::Rename(name) => self.import(&plain(&name.rename), &plain(&name.ident), before),
            UseTree::Group(group) => group.items.iter().for_each(|one| self.take_use(one, before)),
            UseTree::Glob(_) => {}
        }
    }

    fn import(&mut self, as_name: &str, name: &str, before: &[String]) {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.to_owned());
        }
        self.encoder |=
            path.iter().any(|one| matches!(one.as_str(), "base64" | "hex" | "data_encoding" | "Engine" | "bs58"));
        let known_as = if as_name == "self" { path.last().cloned().unwrap_or_default() } else { as_name.to_owned() };
        self.means(known_as, path);
    }

    /// Notes what a name stands for. Names count for the whole file; of several meanings the one from elsewhere counts, which `use m::X` of
    /// a module of the file's own would hide.
    fn means(&mut self, name: String, path: Vec<String>) {
        let is_elsewhere = |path: &[String]| {
            matches!(path.first().map(String::as_str), Some("std" | "core" | "libc" | "nix" | "tokio" | "async_std"))
                || path.first().is_some_and(|root| self.network.contains(root))
        };
        if path.as_slice() != [name.clone()] && !self.imported.get(&name).is_some_and(|known| is_elsewhere(known)) {
            self.imported.insert(name, path);
        }
    }

    /// A name for a type.
    fn alias(&mut self, name: &proc_macro2::Ident, of: &syn::Type) {
        if let syn::Type::Path(of) = of {
            let path = of.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            self.means(plain(name), path);
        }
    }

    /// The path from its root on.
    pub(super) fn resolved(&self, path: &[String]) -> Vec<String> {
        let mut resolved = path.to_vec();
        // An import may stand on another; nobody needs more than a few.
        for _ in 0..4 {
            let Some(known) = resolved.first().and_then(|first| self.imported.get(first)) else { break };
            if known.first() == resolved.first() {
                break;
            }
            resolved = known.iter().chain(resolved.iter().skip(1)).cloned().collect();
        }
        // What a module of its own passes on, and what a trait's implementation names: `m::X`, `<S as N>::T`.
        let passed_on = (1..resolved.len()).rev().find_map(|at| {
            let known = self.imported.get(resolved.get(at)?)?;
            (known.len() > 1 && !self.imported.contains_key(resolved.first()?)).then_some((at, known))
        });
        if let Some((at, known)) = passed_on.filter(|_| resolved.first().is_some_and(|root| !is_known_root(root))) {
            resolved = known.iter().chain(resolved.iter().skip(at + 1)).cloned().collect();
        }
        if resolved.len() > 2 && matches!(resolved.first().map(String::as_str), Some("std" | "core" | "alloc")) {
            resolved.remove(0);
        }
        resolved
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names { network: &self.network, foreign: &self.foreign, encoder: self.encoder }
    }
}

/// Roots of paths that are what they say.
fn is_known_root(root: &str) -> bool {
    matches!(root, "std" | "core" | "alloc" | "libc" | "nix" | "winapi" | "tokio" | "async_std")
}

impl<'a> Visit<'a> for Facts {
    fn visit_item_type(&mut self, item: &'a syn::ItemType) {
        self.alias(&item.ident, &item.ty);
        visit::visit_item_type(self, item);
    }

    fn visit_impl_item_type(&mut self, item: &'a syn::ImplItemType) {
        self.alias(&item.ident, &item.ty);
        visit::visit_impl_item_type(self, item);
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.take_use(&item.tree, &mut Vec::new());
    }

    fn visit_item_extern_crate(&mut self, item: &'a syn::ItemExternCrate) {
        if let Some((_, name)) = &item.rename {
            self.import(&plain(name), &plain(&item.ident), &[]);
        }
    }

    fn visit_foreign_item_fn(&mut self, item: &'a syn::ForeignItemFn) {
        let renamed = item.attrs.iter().find_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("link_name") => {
                constant(&pair.value, &Scope::new()).map(|name| name.text)
            }
            _ => None,
        });
        let name = plain(&item.sig.ident);
        if let Some(linked) = renamed {
            self.imported.insert(name, vec!["libc".to_owned(), linked]);
        } else {
            self.foreign.push(name);
        }
    }

    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        if let Some(value) = constant(&item.expr, &self.constants) {
            self.constants.insert(plain(&item.ident), value);
        }
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        if let Some(value) = constant(&item.expr, &self.constants) {
            self.constants.insert(plain(&item.ident), value);
        }
        visit::visit_item_static(self, item);
    }
}
