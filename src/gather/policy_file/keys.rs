//! Where each key of a policy stands, for a reader who wants to change it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::files::regular::{self, Links};
use crate::gather::toml_tree::{self, Node, Table, Value};
use crate::model::policy::Origin;

/// The tables of a policy lie no deeper than this.
const DEEPEST: usize = 4;

/// Every key of a policy file, with its tables: `quarantine.min-publish-age`; and every entry of its lists by what it is about:
/// `approval cc@1.2.3`, `advisories.ignore RUSTSEC-2023-0071`, `override a, b`. `None` where the file cannot be read; `named` is what
/// messages call it.
#[must_use]
pub fn keys(path: &Utf8Path, named: &Utf8Path) -> Option<BTreeMap<String, Origin>> {
    let text = regular::text(path, Links::Followed, super::SIZE_LIMIT).ok()?;
    let document = toml_tree::parse(&text).ok()?;
    let mut keys = BTreeMap::new();
    add(&document, "", 0, named, &mut keys);
    Some(keys)
}

fn add(table: &Table, prefix: &str, depth: usize, path: &Utf8Path, keys: &mut BTreeMap<String, Origin>) {
    for (name, entry) in table.iter() {
        let key = format!("{prefix}{name}");
        if let Value::Table(inner) = &entry.node.value
            && depth < DEEPEST
        {
            add(inner, &format!("{key}."), depth + 1, path, keys);
        }
        if let Value::List(nodes) = &entry.node.value {
            for (about, line) in nodes.iter().filter_map(|node| about(&key, node)) {
                let key = format!("{key} {about}");
                keys.insert(key.clone(), Origin::File { path: path.to_owned(), line, key });
            }
        }
        keys.insert(key.clone(), Origin::File { path: path.to_owned(), line: entry.line, key });
    }
}

/// What an entry of a list is about, and its line.
fn about(list: &str, node: &Node) -> Option<(String, u32)> {
    let Value::Table(entry) = &node.value else { return None };
    let text = |key: &str| if let Value::Text(text) = &entry.get(key)?.node.value { Some(text.as_str()) } else { None };
    let about = match list {
        "approval" => format!("{}@{}", text("crate")?, text("version")?),
        "advisories.ignore" => text("id")?.to_owned(),
        "override" => names(&entry.get("crates")?.node),
        _ => return None,
    };
    Some((about, node.line))
}

fn names(list: &Node) -> String {
    let Value::List(nodes) = &list.value else { return String::new() };
    let texts =
        nodes.iter().filter_map(|node| if let Value::Text(text) = &node.value { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join(", ")
}
