//! `supply-chain/` of cargo-vet: exemptions and audits of exact releases, and violations.

use camino::Utf8Path;
use semver::{Version, VersionReq};

use super::foreign::{ENTRIES, ForeignFile, fits, is_crate, plain, quoted, with_req};
use crate::gather::toml_tree::{Node, Table, Value};
use crate::model::adoption::{Adopted, NotTaken, Vouched};
use crate::model::policy::Setting;

/// The largest file that is read, in bytes: stores of large projects have a few mebibytes.
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;

pub(super) fn read(root: &Utf8Path, adopted: &mut Adopted) {
    if let Some(file) = ForeignFile::read(root, "supply-chain/config.toml", SIZE_LIMIT, adopted) {
        for (key, entry) in file.table.iter() {
            match key {
                "cargo-vet" => {}
                "exemptions" => each(&file, key, entry, adopted, exemption),
                _ => file.leave(adopted, entry.line, &[key], NotTaken::NoCounterpart),
            }
        }
    }
    if let Some(file) = ForeignFile::read(root, "supply-chain/audits.toml", SIZE_LIMIT, adopted) {
        let mut differences = 0;
        for (key, entry) in file.table.iter() {
            match key {
                "audits" => each(&file, key, entry, adopted, |table| audit(table, &mut differences)),
                _ => file.leave(adopted, entry.line, &[key], NotTaken::NoCounterpart),
            }
        }
        if let Some(entry) = file.table.get("audits").filter(|_| differences > 0) {
            file.leave(adopted, entry.line, &["audits"], NotTaken::Differences(differences));
        }
    }
}

/// What an entry of the store says.
enum Claim {
    Vouches(Version, String),
    Bans(Option<VersionReq>),
    Difference,
}

/// Reads the lists below the names of crates.
fn each(
    file: &ForeignFile,
    section: &str,
    entry: &Node,
    adopted: &mut Adopted,
    mut read: impl FnMut(&Table) -> Option<Claim>,
) {
    let Some(table) = file.table(entry, &[section], adopted) else { return };
    let mut total = 0;
    for (name, entry) in table.iter() {
        let keys = [section, name];
        if !is_crate(name) {
            file.leave(adopted, entry.line, &keys, NotTaken::UnknownForm);
            continue;
        }
        for node in file.list(entry, &keys, adopted) {
            total += 1;
            if total > ENTRIES {
                return file.leave(adopted, node.line, &[section], NotTaken::TooMany(ENTRIES));
            }
            let origin = file.origin(node.line, &keys);
            let crate_name = name.to_owned();
            match node.value.as_table().and_then(&mut read) {
                Some(Claim::Vouches(version, how)) => {
                    adopted.vouched.push(Setting { value: Vouched { crate_name, version, how }, origin });
                }
                Some(Claim::Bans(req)) => match with_req(name, req.map(Ok)) {
                    Some(value) if fits(&format!("[bans]\ndeny = [{}]\n", quoted(&value))) => {
                        adopted.deny.push(Setting { value, origin });
                    }
                    Some(_) | None => adopted.leave(origin, NotTaken::UnknownForm),
                },
                Some(Claim::Difference) => {}
                None => adopted.leave(origin, NotTaken::UnknownForm),
            }
        }
    }
}

fn exemption(table: &Table) -> Option<Claim> {
    let version = Version::parse(table.text("version")?).ok()?;
    Some(Claim::Vouches(version, format!("exempts it from {}", criteria(table))))
}

fn audit(table: &Table, differences: &mut usize) -> Option<Claim> {
    if let Some(violation) = table.text("violation") {
        return Some(Claim::Bans(Some(VersionReq::parse(violation).ok()?)));
    }
    if table.text("delta").is_some() {
        *differences += 1;
        return Some(Claim::Difference);
    }
    let version = Version::parse(table.text("version")?).ok()?;
    let by = words(table, "who").map(|who| format!(", by {who}")).unwrap_or_default();
    Some(Claim::Vouches(version, format!("audits it as {}{by}", criteria(table))))
}

fn criteria(table: &Table) -> String {
    words(table, "criteria").unwrap_or_else(|| "no criteria".to_owned())
}

/// A string, or a list of strings.
fn words(table: &Table, key: &str) -> Option<String> {
    match &table.get(key)?.value {
        Value::Text(text) => Some(plain(text)),
        Value::List(nodes) => {
            let texts: Vec<_> =
                nodes.iter().take(8).filter_map(|node| node.value.as_text()).map(|one| plain(one)).collect();
            Some(texts.join(", "))
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
    .filter(|text| !text.is_empty())
}
