//! `deny.toml` of cargo-deny: advisories, sources, banned crates and allowed licences.

use camino::Utf8Path;
use semver::{Op, VersionReq};

use super::foreign::{ForeignFile, fits, plain, quoted, with_req};
use crate::gather::toml_tree::{Node, Table, Value};
use crate::model::adoption::{Adopted, AdoptedLicenses, LevelKey, NotTaken};
use crate::model::policy::{Level, Setting};
use crate::model::source::Registry;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;
/// Where cargo-deny looks.
const NAMES: [&str; 3] = ["deny.toml", ".deny.toml", ".cargo/deny.toml"];

pub(super) fn read(root: &Utf8Path, adopted: &mut Adopted) {
    let Some(name) = NAMES.into_iter().find(|name| std::fs::symlink_metadata(root.join(name)).is_ok()) else { return };
    let Some(file) = ForeignFile::read(root, name, SIZE_LIMIT, adopted) else { return };
    for (section, entry) in file.table.iter() {
        let read: fn(&ForeignFile, &str, &Node, &mut Adopted) = match section {
            "advisories" => advisories,
            "sources" => sources,
            "bans" => bans,
            "licenses" => licenses,
            _ => {
                file.leave(adopted, entry.line, &[section], NotTaken::NoCounterpart);
                continue;
            }
        };
        if let Some(table) = file.table(entry, &[section], adopted) {
            table.iter().for_each(|(key, entry)| read(&file, key, entry, adopted));
        }
    }
}

fn advisories(file: &ForeignFile, key: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["advisories", key];
    let said = entry.value.as_text().map(String::as_str);
    let mut level = |of: LevelKey| {
        let level = match said {
            Some("deny" | "all") => Some(Level::Reject),
            Some("warn") => Some(Level::Warn),
            Some("allow" | "none") => Some(Level::Allow),
            Some(_) | None => None,
        };
        match level {
            Some(level) => {
                adopted.levels.push(Setting { value: (of, level), origin: file.origin(entry.line, &keys) });
            }
            // `workspace` and `transitive` ask who depends on the crate, which a level here does not.
            None => file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart),
        }
    };
    match key {
        "version" => {}
        "unmaintained" => level(LevelKey::Unmaintained),
        "unsound" => level(LevelKey::Unsound),
        "notice" => level(LevelKey::Notice),
        "yanked" => level(LevelKey::Yanked),
        "vulnerability" if said == Some("deny") => {}
        "vulnerability" => file.leave(adopted, entry.line, &keys, NotTaken::AlwaysRefused),
        "db-urls" if entry.value.as_list().is_some_and(|urls| urls.iter().all(|url| is_rustsec(&url.value))) => {}
        "ignore" => {
            for node in file.list(entry, &keys, adopted) {
                let (id, reason) = match &node.value {
                    Value::Text(id) => (Some(id.as_str()), None),
                    Value::Table(table) => (table.text("id"), table.text("reason").map(plain)),
                    Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::List(_) => {
                        (None, None)
                    }
                };
                let origin = file.origin(node.line, &keys);
                match id.filter(|id| is_advisory(id)) {
                    Some(id) => adopted.ignores.push(Setting { value: (id.to_owned(), reason), origin }),
                    // A crate whose yanked releases are to be overlooked.
                    None => adopted.leave(origin, NotTaken::NoCounterpart),
                }
            }
        }
        _ => file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart),
    }
}

fn is_rustsec(url: &Value) -> bool {
    url.as_text().is_some_and(|url| {
        url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase().ends_with("/rustsec/advisory-db")
    })
}

fn is_advisory(id: &str) -> bool {
    let ignore = format!("[[advisories.ignore]]\nid = {}\nreason = \"-\"\nuntil = 2026-01-01\n", quoted(id));
    !id.contains(char::is_lowercase) && fits(&ignore)
}

fn sources(file: &ForeignFile, key: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["sources", key];
    match key {
        "unknown-registry" | "unknown-git" => {
            if entry.value.as_text().is_none_or(|level| level != "deny") {
                file.leave(adopted, entry.line, &keys, NotTaken::AlwaysRefused);
            }
        }
        "allow-registry" => {
            for node in file.list(entry, &keys, adopted) {
                let origin = file.origin(node.line, &keys);
                let registry = node.value.as_text().and_then(|text| Registry::meant(text).ok());
                match registry {
                    Some(Registry::CratesIo) => {}
                    Some(value) if fits(&format!("[sources]\nmirrors = [{}]\n", quoted(&value.to_string()))) => {
                        adopted.allow_registries.push(Setting { value, origin });
                    }
                    Some(_) | None => adopted.leave(origin, NotTaken::UnknownForm),
                }
            }
        }
        "allow-git" | "private" => {
            for node in file.list(entry, &keys, adopted) {
                let origin = file.origin(node.line, &keys);
                let rule = |url: &str| format!("[sources]\nallow-git = [{{ url = {} }}]\n", quoted(url));
                match node.value.as_text().filter(|url| plain(url) == **url && fits(&rule(url))) {
                    Some(url) => adopted.allow_git.push(Setting { value: url.clone(), origin }),
                    None => adopted.leave(origin, NotTaken::UnknownForm),
                }
            }
        }
        _ => file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart),
    }
}

/// One key of `[bans]`.
fn bans(file: &ForeignFile, key: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["bans", key];
    if key != "deny" {
        return file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart);
    }
    for node in file.list(entry, &keys, adopted) {
        let origin = file.origin(node.line, &keys);
        match ban(node) {
            Ok(value) => adopted.deny.push(Setting { value, origin }),
            Err(why) => adopted.leave(origin, why),
        }
    }
}

fn ban(node: &Node) -> Result<String, NotTaken> {
    let known = match &node.value {
        Value::Text(spec) => of_spec(spec),
        Value::Table(table) => {
            // A ban with exceptions, or one of several versions at once, says less than a ban.
            if is_said(table, "wrappers") || is_said(table, "deny-multiple-versions") {
                return Err(NotTaken::NoCounterpart);
            }
            match (table.text("crate"), table.text("name")) {
                (Some(spec), _) => of_spec(spec),
                (None, Some(name)) => with_req(name, table.text("version").map(VersionReq::parse)),
                (None, None) => None,
            }
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::List(_) => None,
    };
    known.filter(|ban| fits(&format!("[bans]\ndeny = [{}]\n", quoted(ban)))).ok_or(NotTaken::UnknownForm)
}

/// Whether a key is set to something other than nothing.
fn is_said(table: &Table, key: &str) -> bool {
    table.get(key).is_some_and(|entry| match &entry.value {
        Value::List(list) => !list.is_empty(),
        Value::Boolean(value) => *value,
        Value::Text(_) | Value::Integer(_) | Value::Float | Value::Datetime(_) | Value::Table(_) => true,
    })
}

/// `name`, `name@1.2.3` for that version alone, or `name:` and a requirement.
fn of_spec(spec: &str) -> Option<String> {
    if let Some((name, version)) = spec.split_once('@') {
        let exact = VersionReq::parse(version).map(|mut req| {
            if let Some(first) = req.comparators.first_mut() {
                first.op = Op::Exact;
            }
            req
        });
        return with_req(name, Some(exact));
    }
    match spec.split_once(':') {
        Some((name, req)) => with_req(name, Some(VersionReq::parse(req))),
        None => with_req(spec, None),
    }
}

/// One key of `[licenses]`.
fn licenses(file: &ForeignFile, key: &str, entry: &Node, adopted: &mut Adopted) {
    let keys = ["licenses", key];
    let said = entry.value.as_text().map(String::as_str);
    match key {
        "version" => {}
        "allow" => {
            for node in file.list(entry, &keys, adopted) {
                let origin = file.origin(node.line, &keys);
                let list = |id: &str| format!("[licenses]\nallow = [{}]\n", quoted(id));
                match node.value.as_text() {
                    Some(id) if fits(&list(id)) => {
                        adopted.licenses.push(Setting { value: id.clone(), origin });
                    }
                    // A name that is no SPDX id.
                    Some(_) => adopted.leave(origin, NotTaken::NoCounterpart),
                    None => adopted.leave(origin, NotTaken::UnknownForm),
                }
            }
        }
        "exceptions" => {
            for node in file.list(entry, &keys, adopted) {
                let origin = file.origin(node.line, &keys);
                match license_exception(node) {
                    Some(value) => adopted.license_exceptions.push(Setting { value, origin }),
                    None => adopted.leave(origin, NotTaken::UnknownForm),
                }
            }
        }
        "clarify" => {
            for node in file.list(entry, &keys, adopted) {
                adopted.leave(file.origin(node.line, &keys), NotTaken::OtherDigest);
            }
        }
        // What no list names is refused here too.
        "unlicensed" | "copyleft" | "default" if said == Some("deny") => {}
        "allow-osi-fsf-free" if said == Some("neither") => {}
        "unlicensed" | "copyleft" | "default" | "allow-osi-fsf-free" => {
            file.leave(adopted, entry.line, &keys, NotTaken::AlwaysRefused);
        }
        // The project's own packages are never judged.
        "private" if entry.value.as_table().is_some_and(|table| is_said(table, "ignore")) => {}
        _ => file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart),
    }
}

/// `{ crate = "ring@0.17", allow = ["OpenSSL"] }`, or the older form with `name` and `version`.
fn license_exception(node: &Node) -> Option<AdoptedLicenses> {
    let table = node.value.as_table()?;
    let spec = match (table.text("crate"), table.text("name")) {
        (Some(spec), _) => of_spec(spec)?,
        (None, Some(name)) => with_req(name, table.text("version").map(VersionReq::parse))?,
        (None, None) => return None,
    };
    let (crate_name, version) = match spec.split_once('@') {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (spec, None),
    };
    let allow: Option<Vec<String>> =
        table.get("allow")?.value.as_list()?.iter().map(|one| one.value.as_text().cloned()).collect();
    let taken = AdoptedLicenses { crate_name, version, allow: allow? };
    let version = taken.version.as_ref().map(|version| format!("version = {}\n", quoted(version)));
    let ids: Vec<String> = taken.allow.iter().map(|id| quoted(id)).collect();
    let policy = format!(
        "[licenses]\nallow = [\"MIT\"]\n[[licenses.exception]]\ncrate = {}\n{}allow = [{}]\n",
        quoted(&taken.crate_name),
        version.unwrap_or_default(),
        ids.join(", ")
    );
    fits(&policy).then_some(taken)
}
