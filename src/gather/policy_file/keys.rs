//! Where each key of a policy stands, for a reader who wants to change it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::files::regular::{self, Links};
use crate::gather::toml_tree::{self, Table, Value};
use crate::model::policy::Origin;

/// The tables of a policy lie no deeper than this.
const DEEPEST: usize = 4;

/// Every key of a policy file, with its tables: `quarantine.min-publish-age`. `None` where the file cannot be read;
/// `named` is what messages call it.
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
        keys.insert(key.clone(), Origin::File { path: path.to_owned(), line: entry.line, key });
    }
}
