//! The age in `cooldown.toml`, the file of another tool (`cargo-cooldown`), for whoever moves over from it.

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links};
use crate::gather::toml_tree::{self, Table, Value};
use crate::model::age::Age;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The file and its age, where there is a `cooldown.toml` in `root` that has one: `registry.global-min-publish-age` (from its release
/// 0.3.1) or `cooldown_minutes` (before). It is not our file, so whatever else it holds, or however broken it is, is no error.
#[must_use]
pub fn cooldown_age(root: &Utf8Path) -> Option<(Utf8PathBuf, Age)> {
    let path = root.join("cooldown.toml");
    let table = toml_tree::parse(&regular::text(&path, Links::Followed, SIZE_LIMIT).ok()?).ok()?;
    let age = current(&table).or_else(|| earlier(&table))?;
    Some((path, age))
}

fn current(table: &Table) -> Option<Age> {
    let Value::Table(registry) = &table.get("registry")?.node.value else {
        return None;
    };
    let Value::Text(age) = &registry.get("global-min-publish-age")?.node.value else {
        return None;
    };
    age.parse().ok()
}

fn earlier(table: &Table) -> Option<Age> {
    let Value::Integer(minutes) = table.get("cooldown_minutes")?.node.value else {
        return None;
    };
    Some(Age::minutes(minutes?.try_into().ok()?))
}
