//! `cargo sequester incident`: did we ever have it? In real git repositories, with real builds.

mod drill;
mod history;
mod hostile;
mod words;

use serde_json::Value;

use crate::audit::World;
use crate::support::{Outcome, Package};

/// Long before every rule's age.
pub const OLD: &str = "2024-01-01T00:00:00Z";

impl World {
    pub fn incident(&self, arguments: &[&str]) -> Outcome {
        self.project.sequester(&[&["incident"], arguments].concat())
    }

    /// The result as JSON, valid by the published schema.
    pub fn found(&self, arguments: &[&str], code: i32) -> Value {
        let outcome = self.incident(&[arguments, &["--format", "json"]].concat()).expect_code(code);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/incident-v1.schema.json");
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        assert_eq!(document["complete"], code != 2, "{document:#}");
        document
    }
}

/// A repository on `main` that locks `bad` 1.0.0.
pub fn with_bad() -> World {
    let world = World::new().dep("bad", "1");
    Package::new("bad", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    world.project.write(".gitignore", "/target\n");
    world.repository();
    world
}

/// A lock file of format 4 that has this release beside `app`.
pub fn lock_with(name: &str, version: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"{name}\",\n]\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
        "ab".repeat(32)
    )
}

/// The kinds and names of the tips of one entry.
pub fn tips(locked: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    locked["tips"].as_array().unwrap().iter().map(|tip| (text(&tip["kind"]), text(&tip["name"]))).collect()
}

/// The codes of what could not be looked at.
pub fn gaps(document: &Value) -> Vec<&str> {
    document["gaps"].as_array().unwrap().iter().map(|gap| gap["code"].as_str().unwrap()).collect()
}
