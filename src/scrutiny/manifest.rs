//! What an archive's manifest says of its targets and of itself, for those who look inside. Its dependencies are `archive`'s business.

#![expect(clippy::option_option, reason = "absent and empty are two things")]

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::known::host_of;

/// A manifest's targets, and what else is compared with the archive.
#[derive(Clone, Debug, Default)]
pub(super) struct Manifest {
    /// The build script as the manifest names it; `Some(None)` where it says that there is none.
    pub(super) build: Option<Option<String>>,
    pub(super) lib: Option<String>,
    pub(super) proc_macro: bool,
    /// The paths of all other targets that are named.
    pub(super) others: Vec<String>,
    pub(super) license: Option<String>,
    pub(super) license_file: Option<String>,
    pub(super) readme: Option<String>,
    pub(super) description: Option<String>,
    /// The hosts of its homepage, repository and documentation.
    pub(super) hosts: Vec<String>,
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Vec<String>,
    /// The names under which it knows its dependencies, of every kind.
    pub(super) dependencies: BTreeSet<String>,
    /// Names that source uses for crates whose own name is the second.
    pub(super) renamed: Vec<(String, String)>,
}

impl Manifest {
    /// Reads what is there. The archive was only opened because its manifest is one; what is of another kind than cargo's is left out.
    pub(super) fn read(text: &[u8]) -> Self {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let table: Table = text.parse().unwrap_or_default();
        let package = table.get("package").or_else(|| table.get("project")).and_then(Value::as_table);
        let Some(package) = package else { return Self::default() };
        let word = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
        let words = |key: &str| package.get(key).and_then(Value::as_array).map(|list| texts(list));
        let build = match package.get("build") {
            Some(Value::String(path)) => Some(Some(tidy(path))),
            Some(Value::Boolean(false)) => Some(None),
            _ => None,
        };
        let lib = table.get("lib").and_then(Value::as_table);
        let flag = |key: &str| lib.and_then(|lib| lib.get(key)).and_then(Value::as_bool);
        let kinds =
            lib.and_then(|lib| lib.get("crate-type").or_else(|| lib.get("crate_type"))).and_then(Value::as_array);
        let by_kind = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("proc-macro")));
        let named = |kind: &str| {
            let targets = table.get(kind).and_then(Value::as_array).into_iter().flatten();
            targets.filter_map(|target| target.get("path")?.as_str().map(tidy)).collect::<Vec<_>>()
        };
        let (mut dependencies, mut renamed) = (BTreeSet::new(), Vec::new());
        let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
        let tables = targets.filter_map(|(_, inner)| inner.as_table()).chain([&table]);
        for one in tables {
            for kind in ["dependencies", "build-dependencies", "build_dependencies"] {
                for (name, value) in one.get(kind).and_then(Value::as_table).into_iter().flatten() {
                    dependencies.insert(name.clone());
                    if let Some(package) = value.get("package").and_then(Value::as_str) {
                        renamed.push((name.replace('-', "_"), package.replace('-', "_")));
                    }
                }
            }
        }
        Self {
            build,
            lib: lib.and_then(|lib| lib.get("path")?.as_str()).map(tidy),
            proc_macro: flag("proc-macro").or(flag("proc_macro")).unwrap_or(false) || by_kind,
            others: ["bin", "example", "test", "bench"].into_iter().flat_map(named).collect(),
            license: word("license"),
            license_file: word("license-file").map(|path| tidy(&path)),
            readme: word("readme").map(|path| tidy(&path)),
            description: word("description"),
            hosts: ["homepage", "repository", "documentation"]
                .into_iter()
                .filter_map(|key| host_of(&word(key)?))
                .collect(),
            include: words("include").filter(|list| !list.is_empty()),
            exclude: words("exclude").unwrap_or_default(),
            dependencies,
            renamed,
        }
    }
}

impl Manifest {
    /// The build script that cargo looks for.
    pub(super) fn build_path(&self) -> Option<&str> {
        match &self.build {
            Some(path) => path.as_deref(),
            None => Some("build.rs"),
        }
    }
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `./src/x.rs` and `src\x.rs` are `src/x.rs`.
fn tidy(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix("./").map_or_else(|| path.clone(), str::to_owned)
}
