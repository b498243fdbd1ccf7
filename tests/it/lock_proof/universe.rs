//! The crates that the generated projects choose from, as index lines in two local registries: cargo reads them offline, and needs no
//! archive as long as it only resolves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::source::Registry;
use serde_json::{Value, json};

/// The address of the second registry, which nobody asks.
pub const OTHER: &str = "sparse+http://127.0.0.1:1/index/";

/// A crate with its versions, and the features that it has.
pub struct Crate {
    pub name: &'static str,
    pub versions: &'static [&'static str],
    pub features: &'static [&'static str],
}

const fn one(name: &'static str, versions: &'static [&'static str], features: &'static [&'static str]) -> Crate {
    Crate { name, versions, features }
}

/// The crates of crates.io that manifests may ask for.
pub const CRATES: [Crate; 10] = [
    one("aa", &["1.0.0", "1.1.0", "1.2.0", "2.0.0"], &["std", "extra", "weak", "strong"]),
    one("bb", &["1.0.0", "1.1.0", "2.0.0"], &["std"]),
    one("cc", &["1.0.0", "1.1.0"], &["fast", "dd"]),
    one("dd", &["1.0.0", "1.1.0"], &[]),
    one("ee", &["0.1.0", "0.1.1", "0.2.0"], &[]),
    one("ff", &["1.0.0"], &["more"]),
    one("gg", &["1.0.0", "1.1.0-pre.1"], &[]),
    one("ii", &["1.0.0"], &["two"]),
    one("jj", &["1.0.0"], &[]),
    one("kk", &["1.0.0", "1.0.1"], &["o"]),
];

fn dep(name: &str, req: &str) -> Value {
    json!({"name": name, "req": req, "features": [], "optional": false, "default_features": true, "target": null, "kind": "normal"})
}

fn with(mut value: Value, more: &Value) -> Value {
    for (key, one) in more.as_object().unwrap() {
        value[key] = one.clone();
    }
    value
}

fn line(name: &str, version: &str, deps: &[Value], features: &Value, links: Option<&str>) -> String {
    let line = json!({
        "name": name, "vers": version, "deps": deps, "cksum": checksum(name, version), "features": features,
        "yanked": false, "links": links, "v": 2,
    });
    line.to_string()
}

/// A digest of its own for every release.
pub fn checksum(name: &str, version: &str) -> String {
    let seed = name.bytes().chain(version.bytes()).fold(7_u64, |seed, byte| seed.wrapping_mul(131) ^ u64::from(byte));
    format!("{seed:016x}").repeat(4)
}

fn crates_io() -> Vec<(&'static str, String)> {
    let optional = json!({"optional": true});
    let mut lines = Vec::new();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        let deps = [
            dep("bb", "^1"),
            with(dep("cc", "^1"), &optional),
            with(dep("gg", "^1"), &json!({"optional": true, "target": "cfg(windows)"})),
        ];
        let features = json!({"default": ["std"], "std": ["bb/std"], "extra": ["dep:cc"], "weak": ["cc?/fast"], "strong": ["cc/fast"]});
        lines.push(("aa", line("aa", version, &deps, &features, None)));
    }
    let deps = [dep("bb", "^2"), with(dep("cc", "^1"), &optional)];
    let features = json!({"std": [], "extra": ["cc"], "weak": ["std"], "strong": ["cc/dd"]});
    lines.push(("aa", line("aa", "2.0.0", &deps, &features, None)));
    for version in ["1.0.0", "1.1.0"] {
        lines.push(("bb", line("bb", version, &[], &json!({"std": []}), None)));
        let deps = [with(dep("dd", "^1"), &optional), with(dep("ee", "^0.1"), &json!({"default_features": false}))];
        lines.push(("cc", line("cc", version, &deps, &json!({"fast": ["dd"]}), None)));
        lines.push((
            "dd",
            line("dd", version, &[with(dep("ee", ">=0.1"), &json!({"kind": "build"}))], &json!({}), None),
        ));
    }
    lines.push(("bb", line("bb", "2.0.0", &[], &json!({"std": []}), Some("bee"))));
    for version in ["0.1.0", "0.1.1", "0.2.0"] {
        lines.push(("ee", line("ee", version, &[], &json!({}), None)));
    }
    let deps = [
        with(dep("gg", "^1"), &json!({"target": "cfg(windows)"})),
        with(dep("jj", "^1"), &json!({"kind": "dev"})),
        with(dep("aa", ">=1, <3"), &json!({"optional": true, "features": ["extra"], "default_features": false})),
    ];
    lines.push(("ff", line("ff", "1.0.0", &deps, &json!({"more": ["aa/strong"]}), None)));
    for version in ["1.0.0", "1.1.0-pre.1"] {
        lines.push(("gg", line("gg", version, &[], &json!({}), None)));
    }
    let deps = [
        with(dep("b1", "^1"), &json!({"package": "bb"})),
        with(dep("b2", "^2"), &json!({"package": "bb", "optional": true})),
    ];
    lines.push(("ii", line("ii", "1.0.0", &deps, &json!({"two": ["dep:b2"]}), None)));
    lines.push(("jj", line("jj", "1.0.0", &[], &json!({}), Some("bee"))));
    for version in ["1.0.0", "1.0.1"] {
        let deps = [with(dep("oo", "^1"), &json!({"registry": OTHER, "optional": true}))];
        lines.push(("kk", line("kk", version, &deps, &json!({"o": ["dep:oo"]}), None)));
    }
    lines
}

fn other() -> Vec<(&'static str, String)> {
    let crates_io = json!({"registry": "https://github.com/rust-lang/crates.io-index"});
    let mut lines = Vec::new();
    for version in ["1.0.0", "1.1.0"] {
        lines.push(("oo", line("oo", version, &[with(dep("bb", "^1"), &crates_io)], &json!({}), None)));
        lines.push(("aa", line("aa", version, &[dep("oo", "^1")], &json!({"std": [], "extra": []}), None)));
        lines.push(("bb", line("bb", version, &[], &json!({"std": []}), None)));
    }
    lines
}

/// The registries on disk, and as the proof reads them.
pub struct Universe {
    pub folder: Utf8PathBuf,
    pub index: BTreeMap<CrateId, IndexFact>,
}

impl Universe {
    /// Writes them below `folder`.
    pub fn write(folder: &Utf8Path) -> Self {
        let mut index = BTreeMap::new();
        let registries =
            [("crates-io", Registry::CratesIo, crates_io()), ("other", Registry::parse(OTHER).unwrap(), other())];
        for (name, registry, lines) in registries {
            let mut files: BTreeMap<&str, String> = BTreeMap::new();
            for (name, line) in lines {
                writeln!(files.entry(name).or_default(), "{line}").unwrap();
            }
            for (krate, text) in files {
                let path = folder.join(name).join("index/2").join(krate);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &text).unwrap();
                let history = History::from_lines(krate, text, Standing::Confirmed);
                let id = CrateId { registry: registry.clone(), name: krate.into() };
                index.insert(id, IndexFact::Read(Arc::new(history)));
            }
        }
        Self { folder: folder.to_owned(), index }
    }

    /// What cargo's configuration says of them.
    pub fn config(&self) -> String {
        let folder = &self.folder;
        format!(
            "[registries.other]\nindex = {OTHER:?}\n\n[source.crates-io]\nreplace-with = \"local\"\n\n[source.local]\nlocal-registry = \
             \"{folder}/crates-io\"\n\n[source.other-origin]\nregistry = {OTHER:?}\nreplace-with = \"local-other\"\n\n\
             [source.local-other]\nlocal-registry = \"{folder}/other\"\n"
        )
    }
}
