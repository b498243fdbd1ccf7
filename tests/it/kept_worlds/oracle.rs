//! Stock cargo over an index from which everything is left out that is not admitted, but for what is to stay: that is on it as yanked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::world::{Release, World};
use crate::support::{Project, TestRegistry};

/// A package of crates.io in a lock file.
pub type Locked = (String, String);

/// The packages of crates.io that a lock file has.
pub fn packages(lock: &str) -> BTreeSet<Locked> {
    let lock: toml::Table = toml::from_str(lock).unwrap();
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let of_registry = packages.filter(|package| package.get("source").is_some());
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    of_registry.map(|package| (text(package, "name"), text(package, "version"))).collect()
}

/// The same project without us.
pub struct Oracle<'w> {
    world: &'w World,
    project: Project,
    /// By name, each release with its line.
    lines: BTreeMap<&'static str, Vec<(&'w Release, Value)>>,
    old_lock: String,
}

impl<'w> Oracle<'w> {
    /// For a project whose lock file is as it was found, over everything that is published.
    pub fn of(world: &'w World, registry: &TestRegistry, asked: &Project) -> Self {
        let mut lines: BTreeMap<&str, Vec<(&Release, Value)>> = BTreeMap::new();
        for release in &world.releases {
            let file = registry.index_file(release.name).unwrap();
            let mut all = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let line = all.find(|line| line["vers"] == release.version).unwrap();
            lines.entry(release.name).or_default().push((release, line));
        }
        let project = Project::new().file("Cargo.toml", asked.read("Cargo.toml"));
        let index = project.outside().join("registry");
        let project = project.config(&format!(
            "[source.crates-io]\nreplace-with = \"local\"\n\n[source.local]\nlocal-registry = \"{index}\"\n"
        ));
        Self { world, project, lines, old_lock: asked.read("Cargo.lock") }
    }

    /// The lock file that a full update leaves where these stay; `None` where cargo finds no way.
    pub fn updated(&self, stay: &BTreeSet<Locked>) -> Option<String> {
        let folder = self.project.outside().join("registry/index/2");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, lines) in &self.lines {
            let mut text = String::new();
            for (release, line) in lines {
                let stays = stay.contains(&(release.name.to_owned(), release.version.to_owned()));
                if stays || self.world.admits(release) {
                    let mut line = line.clone();
                    line["yanked"] = json!(stays || line["yanked"] == true);
                    writeln!(text, "{line}").unwrap();
                }
            }
            std::fs::write(folder.join(name), text).unwrap();
        }
        self.project.write("Cargo.lock", &self.old_lock);
        let others: Vec<String> =
            packages(&self.old_lock).difference(stay).map(|(name, version)| format!("{name}@{version}")).collect();
        let mut words = vec!["update", "--offline", "--quiet"];
        if !stay.is_empty() {
            words.extend(others.iter().map(String::as_str));
            if others.is_empty() {
                words.push("--workspace");
            }
        }
        let outcome = self.project.cargo(&words);
        (outcome.code == 0).then(|| self.project.read("Cargo.lock"))
    }
}
