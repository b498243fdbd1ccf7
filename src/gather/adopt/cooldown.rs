//! `cooldown.toml` of cargo-cooldown: ages, and releases or crates that it lets through earlier.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::foreign::{ForeignFile, is_crate, take_registry};
use crate::gather::toml_tree::{self, Node, Table, Value};
use crate::model::adoption::{Adopted, AdoptedOverride, AdoptedRegistry, NotTaken, Vouched};
use crate::model::age::Age;
use crate::model::policy::Setting;
use crate::model::source::Registry;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;
const NAME: &str = "cooldown.toml";

/// The file and its age, where there is a `cooldown.toml` in `root` that has one: `registry.global-min-publish-age` (from its release
/// 0.3.1) or `cooldown_minutes` (before). It is not our file, so whatever else it holds, or however broken it is, is no error.
#[must_use]
pub fn cooldown_age(root: &Utf8Path) -> Option<(Utf8PathBuf, Age)> {
    let path = root.join(NAME);
    let table = toml_tree::read(&path, SIZE_LIMIT).ok()?;
    let current = table.find(&["registry", "global-min-publish-age"]).ok().flatten().and_then(age);
    let age = current.or_else(|| minutes(table.get("cooldown_minutes")?))?;
    Some((path, age))
}

pub(super) fn read(root: &Utf8Path, adopted: &mut Adopted) {
    let Some(file) = ForeignFile::read(root, NAME, SIZE_LIMIT, adopted) else { return };
    for (key, entry) in file.table.iter() {
        match key {
            "cooldown_minutes" => general(&file, entry, &[key], minutes(entry), adopted),
            "registry" => {
                let table = file.table(entry, &[key], adopted);
                for (inner, entry) in table.into_iter().flat_map(Table::iter) {
                    let keys = [key, inner];
                    if inner == "global-min-publish-age" {
                        general(&file, entry, &keys, age(entry), adopted);
                    } else {
                        file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart);
                    }
                }
            }
            "registries" => {
                let table = file.table(entry, &[key], adopted);
                for (name, entry) in table.into_iter().flat_map(Table::iter) {
                    registry(&file, name, entry, adopted);
                }
            }
            "allow" => {
                let table = file.table(entry, &[key], adopted);
                for (inner, entry) in table.into_iter().flat_map(Table::iter) {
                    allow(&file, inner, entry, adopted);
                }
            }
            _ => file.leave(adopted, entry.line, &[key], NotTaken::NoCounterpart),
        }
    }
}

fn minutes(node: &Node) -> Option<Age> {
    let Value::Integer(Some(minutes)) = node.value else { return None };
    Some(Age::minutes(u32::try_from(minutes).ok()?))
}

fn age(node: &Node) -> Option<Age> {
    node.value.as_text()?.parse().ok()
}

fn general(file: &ForeignFile, entry: &Node, keys: &[&str], age: Option<Age>, adopted: &mut Adopted) {
    match age {
        None => file.leave(adopted, entry.line, keys, NotTaken::UnknownForm),
        Some(Age::ZERO) => file.leave(adopted, entry.line, keys, NotTaken::NoHold),
        Some(value) => adopted.ages.push(Setting { value, origin: file.origin(entry.line, keys) }),
    }
}

fn registry(file: &ForeignFile, name: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["registries", name];
    let Some(table) = file.table(entry, &keys, adopted) else { return };
    let Some(age) = table.get("min-publish-age").and_then(age) else {
        return file.leave(adopted, entry.line, &keys, NotTaken::UnknownForm);
    };
    let registry = match (table.text("index"), name) {
        (Some(index), _) => Registry::meant(index).ok(),
        (None, "crates-io") => Some(Registry::CratesIo),
        (None, _) => None,
    };
    match registry {
        Some(Registry::CratesIo) if age == Age::ZERO => file.leave(adopted, entry.line, &keys, NotTaken::NoHold),
        Some(registry) => {
            let value = AdoptedRegistry { name: name.to_owned(), registry, min_publish_age: age };
            take_registry(adopted, value, file.origin(entry.line, &keys));
        }
        None => file.leave(adopted, entry.line, &keys, NotTaken::UnknownForm),
    }
}

fn allow(file: &ForeignFile, kind: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["allow", kind];
    if !matches!(kind, "exact" | "package") {
        return file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart);
    }
    for node in file.list(entry, &keys, adopted) {
        let origin = file.origin(node.line, &keys);
        let table = node.value.as_table();
        let name = table.and_then(|table| table.text("crate")).filter(|name| is_crate(name)).map(str::to_owned);
        let (Some(table), Some(crate_name)) = (table, name) else {
            adopted.leave(origin, NotTaken::UnknownForm);
            continue;
        };
        if kind == "exact" {
            match table.text("version").and_then(|version| Version::parse(version).ok()) {
                Some(version) => {
                    let value = Vouched { crate_name, version, how: "lets it through".to_owned() };
                    adopted.vouched.push(Setting { value, origin });
                }
                None => adopted.leave(origin, NotTaken::UnknownForm),
            }
            continue;
        }
        let earlier = ["minutes", "minimum_release_age"].iter().find_map(|key| minutes(table.get(key)?));
        let current = table.get("min-publish-age").and_then(age);
        let known = adopted.overrides.iter().any(|one| one.value.crate_name == crate_name);
        match current.or(earlier) {
            Some(_) if known => adopted.leave(origin, NotTaken::Repeated),
            Some(min_publish_age) => {
                adopted.overrides.push(Setting { value: AdoptedOverride { crate_name, min_publish_age }, origin });
            }
            None => adopted.leave(origin, NotTaken::UnknownForm),
        }
    }
}
