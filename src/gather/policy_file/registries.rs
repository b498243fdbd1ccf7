//! `[registries]` and `[sources]`: which registries the policy knows, and what else packages may come from.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::error::Fault;
use super::reader::{At, TableReader};
use super::{grammar, setting};
use crate::model::policy::{GitRule, RegistryPolicy, SourcePolicy};
use crate::model::source::Registry;

/// What cargo calls crates.io in its configuration.
const CRATES_IO: &str = "crates-io";

/// The registries of the file, by identity.
#[derive(Default)]
pub(super) struct Registries(BTreeMap<Registry, RegistryPolicy>);

impl Registries {
    pub(super) fn get(&self, registry: &Registry) -> Option<&RegistryPolicy> {
        self.0.get(registry)
    }

    pub(super) fn into_policies(self) -> BTreeMap<Registry, RegistryPolicy> {
        self.0
    }

    /// A name of `[registries]`, `crates-io`, or an address.
    pub(super) fn resolve(&self, text: &str) -> Result<Registry, Fault> {
        resolve(&self.0, text)
    }
}

/// See [`Registries::resolve`].
pub(super) fn resolve(registries: &BTreeMap<Registry, RegistryPolicy>, text: &str) -> Result<Registry, Fault> {
    if text.contains("://") {
        return grammar::registry_address(text);
    }
    let named = registries.iter().find(|(_, policy)| policy.name == text).map(|(registry, _)| registry.clone());
    named
        .or_else(|| (text == CRATES_IO).then_some(Registry::CratesIo))
        .ok_or_else(|| Fault::UnknownRegistry(grammar::shown(text)))
}

/// `[registries]`.
pub(super) fn registries(root: &mut TableReader<'_, '_>, path: &Utf8Path) -> Registries {
    let mut registries = Registries::default();
    let Some(table) = root.table("registries") else {
        return registries;
    };
    table.each_named(|name, mut table| {
        let index = table.required("index", grammar::registry_address);
        let age = table.age("min-publish-age");
        let key = table.path("min-publish-age");
        if let Some(At { line, value }) = index {
            if let Some(known) = registries.0.get(&value) {
                table.fault(line, "index", Fault::SameRegistry(grammar::shown_key(&known.name)));
            } else if name == CRATES_IO && value != Registry::CratesIo {
                table.fault(line, "index", Fault::ReservedName);
            } else {
                let min_publish_age = age.map(|age| setting(age, path, key));
                registries.0.insert(value, RegistryPolicy { name: name.to_owned(), min_publish_age });
            }
        }
        table.finish();
    });
    registries
}

/// `[sources]`.
pub(super) fn sources(root: &mut TableReader<'_, '_>, registries: &Registries) -> SourcePolicy {
    let mut sources = SourcePolicy::default();
    let Some(mut table) = root.table("sources") else {
        return sources;
    };
    let resolved = |text: &str| registries.resolve(text);
    sources.allow_registries = values(table.list("allow-registries", resolved));
    sources.mirrors = values(table.list("mirrors", resolved));
    table.each_table("allow-git", |mut rule| {
        let url = rule.required("url", grammar::git_address);
        let rev = rule.parsed("rev", grammar::commit);
        let reason = rule.parsed("reason", grammar::prose);
        if let Some(url) = url {
            let (rev, reason) = (rev.map(|rev| rev.value), reason.map(|reason| reason.value));
            sources.allow_git.push(GitRule { url: url.value, rev, reason });
        }
        rule.finish();
    });
    table.finish();
    sources
}

fn values<T>(list: Option<Vec<At<T>>>) -> Vec<T> {
    list.unwrap_or_default().into_iter().map(|at| at.value).collect()
}
