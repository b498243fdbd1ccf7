//! `deny.toml` of cargo-deny: banned crates and allowed licences.

use semver::{Op, VersionReq};

use super::document::{Document, fits, quoted, text};
use crate::gather::toml_tree::{Entry, Node, Table, Value};
use crate::model::adoption::{Adopted, NotTaken};
use crate::model::policy::Setting;

/// One key of `[bans]`.
pub(super) fn bans(file: &Document, key: &str, entry: &Entry, adopted: &mut Adopted) {
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
            match (text(table, "crate"), text(table, "name")) {
                (Some(spec), _) => of_spec(spec),
                (None, Some(name)) => with_req(name, text(table, "version").map(VersionReq::parse)),
                (None, None) => None,
            }
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::List(_) => None,
    };
    known.filter(|ban| fits(&format!("[bans]\ndeny = [{}]\n", quoted(ban)))).ok_or(NotTaken::UnknownForm)
}

/// Whether a key is set to something other than nothing.
fn is_said(table: &Table, key: &str) -> bool {
    table.get(key).is_some_and(|entry| match &entry.node.value {
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

/// As `[bans] deny` writes it.
pub(super) fn with_req(name: &str, req: Option<Result<VersionReq, semver::Error>>) -> Option<String> {
    match req {
        None => Some(name.to_owned()),
        Some(Ok(req)) if req == VersionReq::STAR => Some(name.to_owned()),
        Some(Ok(req)) => Some(format!("{name}@{req}")),
        Some(Err(_)) => None,
    }
}

/// One key of `[licenses]`.
pub(super) fn licenses(file: &Document, key: &str, entry: &Entry, adopted: &mut Adopted) {
    let keys = ["licenses", key];
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
                    // An id with an exception (`… WITH …`), or a name that is no SPDX id.
                    Some(_) => adopted.leave(origin, NotTaken::NoCounterpart),
                    None => adopted.leave(origin, NotTaken::UnknownForm),
                }
            }
        }
        _ => file.leave(adopted, entry.line, &keys, NotTaken::NoCounterpart),
    }
}
