//! `[quarantine]` and `[[override]]`: how long releases are held.

use camino::Utf8Path;

use super::error::Fault;
use super::reader::TableReader;
use super::registries::Registries;
use super::{grammar, setting};
use crate::model::policy::{AgeOverride, Quarantine};
use crate::model::source::Registry;

/// `[quarantine]`.
pub(super) fn quarantine(root: &mut TableReader<'_, '_>, path: &Utf8Path) -> Quarantine {
    let mut quarantine = Quarantine::default();
    let Some(mut table) = root.table("quarantine") else {
        return quarantine;
    };
    if let Some(age) = table.age("min-publish-age") {
        quarantine.min_publish_age = setting(age, path, table.path("min-publish-age"));
    }
    if let Some(age) = table.age("new-crate-age") {
        quarantine.new_crate_age = age.value;
    }
    if let Some(age) = table.age("signal-age") {
        quarantine.signal_age = age.value;
    }
    if let Some(mut fix) = table.table("security-fix") {
        if let Some(enabled) = fix.boolean("enabled") {
            quarantine.security_fix = enabled;
        }
        if let Some(age) = fix.age("min-publish-age") {
            quarantine.security_fix_age = age.value;
        }
        fix.finish();
    }
    table.finish();
    quarantine
}

/// `[[override]]`, in the file's order.
pub(super) fn overrides(
    root: &mut TableReader<'_, '_>,
    path: &Utf8Path,
    quarantine: &Quarantine,
    registries: &Registries,
) -> Vec<AgeOverride> {
    let mut overrides = Vec::new();
    root.each_table("override", |mut table| {
        overrides.extend(one(&mut table, path, quarantine, registries));
        table.finish();
    });
    overrides
}

fn one(
    table: &mut TableReader<'_, '_>,
    path: &Utf8Path,
    quarantine: &Quarantine,
    registries: &Registries,
) -> Option<AgeOverride> {
    let crates = table.required_list("crates", grammar::glob);
    let has_registry = table.has("registry");
    let registry = table.parsed("registry", |text| registries.resolve(text));
    let age = table.required_age("min-publish-age");
    let reason = table.parsed("reason", grammar::prose);
    let has_reason = table.has("reason");
    // Where the registry is named but wrong, it must not be taken for crates.io.
    let registry = match registry {
        Some(registry) => registry.value,
        None if has_registry => return None,
        None => Registry::CratesIo,
    };
    let age = age?;
    let own = registries.get(&registry).and_then(|policy| policy.min_publish_age.as_ref());
    let otherwise = own.unwrap_or(&quarantine.min_publish_age).value;
    if age.value < otherwise && !has_reason {
        table.missing("reason", Fault::ReasonRequired { age: age.value, otherwise });
    }
    let min_publish_age = setting(age, path, table.path("min-publish-age"));
    Some(AgeOverride { crates: crates?, registry, min_publish_age, reason: reason.map(|reason| reason.value) })
}
