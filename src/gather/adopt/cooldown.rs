//! `cooldown.toml` of cargo-cooldown: ages, and releases or crates that it lets through earlier.

use camino::Utf8Path;
use semver::Version;

use super::cargo::is_registry;
use super::document::{Document, fits, quoted, text};
use crate::gather::toml_tree::{Entry, Node, Table, Value};
use crate::model::adoption::{Adopted, AdoptedOverride, AdoptedRegistry, NotTaken, Vouched};
use crate::model::age::Age;
use crate::model::policy::Setting;
use crate::model::source::Registry;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

pub(super) fn read(root: &Utf8Path, adopted: &mut Adopted) {
    let Some(file) = Document::read(root, "cooldown.toml", SIZE_LIMIT, adopted) else { return };
    for (key, entry) in file.table.iter() {
        match key {
            "cooldown_minutes" => general(&file, entry, &[key], minutes(&entry.node), adopted),
            "registry" => {
                let table = file.table(entry, &[key], adopted);
                for (inner, entry) in table.into_iter().flat_map(Table::iter) {
                    let keys = [key, inner];
                    if inner == "global-min-publish-age" {
                        general(&file, entry, &keys, age(&entry.node), adopted);
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

fn general(file: &Document, entry: &Entry, keys: &[&str], age: Option<Age>, adopted: &mut Adopted) {
    match age {
        None => file.leave(adopted, entry.line, keys, NotTaken::UnknownForm),
        Some(Age::ZERO) => file.leave(adopted, entry.line, keys, NotTaken::NoHold),
        Some(value) => adopted.ages.push(Setting { value, origin: file.origin(entry.line, keys) }),
    }
}

fn registry(file: &Document, name: &str, entry: &Entry, adopted: &mut Adopted) {
    let keys = ["registries", name];
    let Some(table) = file.table(entry, &keys, adopted) else { return };
    let Some(age) = table.get("min-publish-age").and_then(|entry| age(&entry.node)) else {
        return file.leave(adopted, entry.line, &keys, NotTaken::UnknownForm);
    };
    let registry = match (text(table, "index"), name) {
        (Some(index), _) => Registry::meant(index).ok(),
        (None, "crates-io") => Some(Registry::CratesIo),
        (None, _) => None,
    };
    match registry {
        Some(Registry::CratesIo) if age == Age::ZERO => file.leave(adopted, entry.line, &keys, NotTaken::NoHold),
        Some(registry) if adopted.registries.iter().any(|one| one.value.registry == registry) => {
            file.leave(adopted, entry.line, &keys, NotTaken::Repeated);
        }
        Some(registry) if is_registry(name, &registry) => {
            let value = AdoptedRegistry { name: name.to_owned(), registry, min_publish_age: age };
            adopted.registries.push(Setting { value, origin: file.origin(entry.line, &keys) });
        }
        Some(_) | None => file.leave(adopted, entry.line, &keys, NotTaken::UnknownForm),
    }
}

fn allow(file: &Document, kind: &str, entry: &Entry, adopted: &mut Adopted) {
    let keys = ["allow", kind];
    if !matches!(kind, "exact" | "package") {
        return file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart);
    }
    for node in file.list(entry, &keys, adopted) {
        let origin = file.origin(node.line, &keys);
        let table = node.value.as_table();
        let name = table.and_then(|table| text(table, "crate")).filter(|name| is_crate(name)).map(str::to_owned);
        let (Some(table), Some(crate_name)) = (table, name) else {
            adopted.leave(origin, NotTaken::UnknownForm);
            continue;
        };
        if kind == "exact" {
            match text(table, "version").and_then(|version| Version::parse(version).ok()) {
                Some(version) => {
                    let value = Vouched { crate_name, version, how: "lets it through".to_owned() };
                    adopted.vouched.push(Setting { value, origin });
                }
                None => adopted.leave(origin, NotTaken::UnknownForm),
            }
            continue;
        }
        let earlier = ["minutes", "minimum_release_age"].iter().find_map(|key| minutes(&table.get(key)?.node));
        let current = table.get("min-publish-age").and_then(|entry| age(&entry.node));
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

/// Whether this can be a crate's name.
pub(super) fn is_crate(name: &str) -> bool {
    !name.contains('@') && fits(&format!("[bans]\ndeny = [{}]\n", quoted(name)))
}
