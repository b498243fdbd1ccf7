//! With a base, where a git dependency cannot be reached: what nobody can see must be asked and locked as the base has it.

use camino::Utf8PathBuf;

use crate::audit::NOW;
use crate::support::registry::TestRegistry;
use crate::support::{Dependency, Outcome, Package, Project};

/// `app` needs `tool` of a git repository that is gone, with its checkout; `tool` has a feature that needs `extra`, and turns on the feature
/// of `leaf` that needs `under`. The lock file is committed as the branch `base`.
struct Gone {
    project: Project,
    repository: Utf8PathBuf,
    /// The lock file that answers with `other` as a dependency more.
    with_other: String,
    /// The one that answers with the feature of `tool`.
    with_extra: String,
    _registry: TestRegistry,
}

impl Gone {
    fn new() -> Self {
        let registry = TestRegistry::new();
        for name in ["under", "extra", "other"] {
            Package::new(name, "1.0.0").publish(&registry);
        }
        Package::new("leaf", "1.0.0")
            .dependency(Dependency::new("under", "1").optional())
            .dependency(Dependency::new("extra", "1").optional())
            .feature("deep", &["dep:under"])
            .feature("deeper", &["dep:extra"])
            .publish(&registry);
        let mirror = format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = {:?}\n",
            registry.url()
        );
        let project = Project::new();
        std::fs::write(project.cargo_home().join("config.toml"), mirror).unwrap();
        let repository = project.outside().join("tool");
        let url = format!("file://{repository}");
        let project = project
            .policy(&format!("[sources]\nmirrors = [{:?}]\nallow-git = [{{ url = {url:?} }}]\n", registry.url()));
        std::fs::create_dir_all(repository.join("src")).unwrap();
        std::fs::write(repository.join("src/lib.rs"), "").unwrap();
        std::fs::write(
            repository.join("Cargo.toml"),
            "[package]\nname = \"tool\"\nversion = \"0.1.0\"\n[dependencies]\nleaf = { version = \"1\", features = [\"deep\"] }\nextra = { version = \"1\", optional = true }\n[features]\nmore = [\"dep:extra\"]\n",
        )
        .unwrap();
        let mut gone =
            Self { project, repository, with_other: String::new(), with_extra: String::new(), _registry: registry };
        for arguments in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "tool"]] {
            crate::audit_base::git(&gone.project, gone.repository.as_str(), arguments);
        }
        gone.write("", "other = \"1\"\n", "");
        gone.with_other = gone.project.lock_with_cargo();
        gone.write(", features = [\"more\"]", "", "");
        gone.with_extra = gone.project.lock_with_cargo();
        gone.write("", "", "");
        gone.project.lock_with_cargo();
        gone.git(&["init", "--quiet", "--initial-branch=work"]);
        gone.commit();
        gone.git(&["branch", "base"]);
        std::fs::rename(&gone.repository, gone.project.outside().join("gone")).unwrap();
        std::fs::remove_dir_all(gone.project.cargo_home().join("git")).unwrap();
        gone
    }

    /// The manifest, with this much more in the dependency, further dependencies, and further tables.
    fn write(&self, more: &str, dependencies: &str, tables: &str) {
        let url = format!("file://{}", self.repository);
        self.project.write(
            "Cargo.toml",
            format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ntool = {{ git = {url:?}{more} }}\n{dependencies}{tables}"),
        );
    }

    fn git(&self, arguments: &[&str]) {
        crate::audit_base::git(&self.project, self.project.root().as_str(), arguments);
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "State"]);
    }

    fn audit(&self) -> Outcome {
        self.project.sequester(&["audit", "--base", "base", "--no-advisories", "--now", NOW])
    }

    #[track_caller]
    fn undecided(&self) {
        self.commit();
        let said = self.audit().expect_code(2);
        assert!(said.stdout.contains("tool"), "{}", said.stdout);
    }
}

/// The lock file with one line taken out or put in.
fn edited(lock: &str, from: &str, to: &str) -> String {
    assert!(lock.contains(from), "{lock}");
    lock.replacen(from, to, 1)
}

#[test]
fn what_the_base_has_passes_and_what_is_asked_beside_it_too() {
    let gone = Gone::new();
    gone.commit();
    let said = gone.audit().expect_code(0);
    assert!(said.stdout.contains("tool"), "it is told that nobody looked: {}", said.stdout);
    // A dependency more has nothing to do with it.
    gone.write("", "other = \"1\"\n", "");
    gone.project.write("Cargo.lock", &gone.with_other);
    gone.commit();
    gone.audit().expect_code(0);
}

#[test]
fn a_feature_more_is_undecided() {
    for (more, dependencies, tables) in [
        (", features = [\"more\"]", "", ""),
        (", default-features = false", "", ""),
        ("", "", "[features]\nx = [\"tool/more\"]\n"),
        ("", "", "[target.'cfg(windows)'.dependencies]\ntool = { git = \"URL\", features = [\"more\"] }\n"),
    ] {
        let gone = Gone::new();
        let tables = tables.replace("URL", &format!("file://{}", gone.repository));
        gone.write(more, dependencies, &tables);
        gone.undecided();
    }
}

#[test]
fn another_who_asks_is_undecided() {
    let gone = Gone::new();
    let url = format!("file://{}", gone.repository);
    gone.project.write(
        "in/Cargo.toml",
        format!("[package]\nname = \"in\"\nversion = \"0.1.0\"\n[dependencies]\ntool = {{ git = {url:?}, features = [\"more\"] }}\n"),
    );
    gone.project.write("in/src/lib.rs", "");
    gone.write("", "in = { path = \"in\" }\n", "");
    let lock = gone.project.read("Cargo.lock");
    let lock = edited(&lock, " \"tool\",\n", " \"in\",\n \"tool\",\n");
    let entry = "[[package]]\nname = \"in\"\nversion = \"0.1.0\"\ndependencies = [\n \"tool\",\n]\n\n[[package]]\nname = \"leaf\"";
    gone.project.write("Cargo.lock", edited(&lock, "[[package]]\nname = \"leaf\"", entry));
    gone.undecided();
}

#[test]
fn an_edge_less_is_undecided() {
    let gone = Gone::new();
    let lock = gone.project.read("Cargo.lock");
    gone.project.write("Cargo.lock", edited(&lock, "dependencies = [\n \"leaf\",\n]\n", ""));
    gone.commit();
    assert_ne!(gone.audit().code, 0);
}

#[test]
fn a_folder_more_is_undecided() {
    let gone = Gone::new();
    gone.project.write("in/Cargo.toml", "[package]\nname = \"in\"\nversion = \"0.1.0\"\n");
    gone.project.write("in/src/lib.rs", "");
    gone.write("", "in = { path = \"in\" }\n", "");
    let lock = edited(&gone.project.read("Cargo.lock"), " \"tool\",\n", " \"in\",\n \"tool\",\n");
    let entry = "[[package]]\nname = \"in\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"leaf\"";
    gone.project.write("Cargo.lock", edited(&lock, "[[package]]\nname = \"leaf\"", entry));
    gone.undecided();
}

#[test]
fn an_edge_more_is_undecided() {
    let gone = Gone::new();
    gone.project.write("Cargo.lock", &gone.with_extra);
    gone.undecided();
}

#[test]
fn what_something_unseen_turned_on_is_not_left_out_of_a_release() {
    let gone = Gone::new();
    let lock = edited(&gone.project.read("Cargo.lock"), "dependencies = [\n \"under\",\n]\n", "");
    let at = lock.find("[[package]]\nname = \"under\"").unwrap();
    gone.project.write("Cargo.lock", lock[..at].trim_end());
    gone.undecided();
}

#[test]
fn what_nothing_of_the_base_led_to_is_undecided() {
    let gone = Gone::new();
    let lock = edited(&gone.project.read("Cargo.lock"), " \"under\",\n", " \"extra\",\n \"under\",\n");
    let at = gone.with_extra.find("[[package]]\nname = \"extra\"").unwrap();
    let entry = &gone.with_extra[at..];
    let entry = &entry[..entry.find("\n\n").unwrap()];
    let leaf = "[[package]]\nname = \"leaf\"";
    gone.project.write("Cargo.lock", edited(&lock, leaf, &format!("{entry}\n\n{leaf}")));
    gone.undecided();
}
