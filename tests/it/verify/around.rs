//! Where each source leads. Each attack first shows that stock cargo builds the altered code, then that no form of `verify` lets it pass:
//! which sources must be replaced follows from the lock file, never from the configuration under test.

use cargo_sequester::door::gather::lock_file;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums};
use sha2::{Digest as _, Sha256};

use super::scene::{codes, json};
use crate::support::{Package, Project, TestRegistry};

/// `app` prints what a package of a second registry (`own`) and one of a git repository (`forked`) say.
struct Vendored {
    project: Project,
    _registry: TestRegistry,
    url: String,
    repository: String,
}

const GENUINE: &str = "pub fn say() { println!(\"genuine\"); }\n";
const ALTERED: &str = "pub fn say() { println!(\"altered\"); }\n";

impl Vendored {
    /// Vendored by this program, verified and committed; `None` with a printed line where there is no git. `reference` is what the
    /// manifest asks the repository for.
    fn new(reference: &str) -> Option<Self> {
        let registry = TestRegistry::new();
        let url = registry.url();
        Package::new("own", "1.0.0").file("src/lib.rs", GENUINE).publish(&registry);
        let project =
            Project::new().registry("mine", &registry).dep_toml("own = { version = \"1\", registry = \"mine\" }");
        let folder = project.outside().join("repository");
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(
            folder.join("Cargo.toml"),
            "[package]\nname = \"forked\"\nversion = \"0.4.0\"\nedition = \"2021\"\n",
        )
        .unwrap();
        std::fs::write(folder.join("src/lib.rs"), GENUINE).unwrap();
        if git(&project, &folder, &["init", "-q", "-b", "main", "."]).is_none() {
            eprintln!("skipped: there is no git");
            return None;
        }
        git(&project, &folder, &["add", "."])?;
        git(&project, &folder, &["commit", "-q", "-m", "First"])?;
        for name in ["feat/x", "av/v+t", "odd#1%2f"] {
            git(&project, &folder, &["branch", name])?;
            git(&project, &folder, &["tag", &format!("tag-{name}")])?;
        }
        let repository = format!("file://{folder}");
        let project = project.dep_toml(&format!("forked = {{ git = \"{repository}\"{reference} }}"));
        project.write("src/main.rs", "fn main() { own::say(); forked::say(); }\n");
        std::fs::remove_file(project.path("src/lib.rs")).unwrap();
        let project = project.policy(&format!(
            "[sources]\nallow-git = [{{ url = \"{repository}\" }}]\n[registries.mine]\nindex = \"{url}\"\nmin-publish-age = \"0\"\n"
        ));
        project.lock_with_cargo();
        project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
        let vendored = Self { project, _registry: registry, url, repository };
        json(&vendored.project, &[], 0);
        vendored.project.write(".gitignore", "target\n");
        let root = vendored.project.root();
        git(&vendored.project, &root, &["init", "-q", "."])?;
        git(&vendored.project, &root, &["add", "-A", "."])?;
        git(&vendored.project, &root, &["commit", "-q", "-m", "State"])?;
        Some(vendored)
    }

    /// The name below `[source]` that `vendor` gave to the source of this package.
    fn section(&self, package: &str) -> String {
        let header = |line: &&str| line.starts_with("[source.\"") && (package == "own") == line.contains(&self.url);
        let config = self.project.read(".cargo/config.toml");
        let line = config.lines().find(header).unwrap_or_else(|| panic!("{config}"));
        line.to_owned()
    }

    /// The configuration with the section of a package's source as `change` makes it.
    fn with_section(&self, package: &str, change: impl Fn(&str) -> String) -> String {
        let (config, header) = (self.project.read(".cargo/config.toml"), self.section(package));
        let start = config.find(&header).unwrap();
        let end = start + config[start..].find("\"sequestered\"\n").unwrap() + "\"sequestered\"\n".len();
        format!("{}{}{}", &config[..start], change(&config[start..end]), &config[end..])
    }

    /// What stock cargo's build of this checkout prints, from the cache of nobody.
    fn printed(&self, offline: bool) -> String {
        let mut command = self.project.command(env!("CARGO"));
        command.args(["run", "-q", "--locked"]).env("CARGO_HOME", self.project.outside().join("empty"));
        if offline {
            command.arg("--offline");
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// No form of `verify` lets it pass; the codes of the plain one.
    #[track_caller]
    fn refused(&self, expected: &[&str]) {
        for arguments in [&[][..], &["--deep"], &["--base", "HEAD"]] {
            let document = json(&self.project, arguments, 1);
            assert_eq!(codes(&document), expected, "{arguments:?} {document:#}");
            assert_ne!(document["summary"]["taken_from"]["vendored"], 2, "{document:#}");
        }
        let said = self.project.sequester(&["verify"]).expect_code(1);
        assert!(!said.stdout.contains("Verified"), "{}", said.stdout);
    }
}

fn git(project: &Project, folder: &camino::Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut command = project.command("git");
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]);
    let output = command.args(arguments).current_dir(folder).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A second folder with the package's code altered and its hash put right.
fn altered_copy(project: &Project, package: &str) {
    let listed = project.read(&format!("vendor/{package}/{VENDOR_CHECKSUMS_FILE}"));
    let mut listed = VendorChecksums::parse(listed.as_bytes()).unwrap();
    for path in listed.files.keys() {
        let bytes = std::fs::read(project.path(&format!("vendor/{package}/{path}"))).unwrap();
        project.write(&format!("third-party/{package}/{path}"), bytes);
    }
    project.write(&format!("third-party/{package}/src/lib.rs"), ALTERED);
    listed.files.insert("src/lib.rs".to_owned(), Checksum::from_bytes(Sha256::digest(ALTERED).into()));
    project.write(&format!("third-party/{package}/{VENDOR_CHECKSUMS_FILE}"), listed.to_canonical_json());
}

#[test]
fn another_folder_for_a_second_registry_or_a_repository() {
    for package in ["own", "forked"] {
        let Some(vendored) = Vendored::new("") else { return };
        assert_eq!(vendored.printed(true), "genuine\ngenuine\n");
        altered_copy(&vendored.project, package);
        let config = vendored.with_section(package, |section| section.replace("\"sequestered\"", "\"third\""));
        vendored
            .project
            .write(".cargo/config.toml", format!("{config}\n[source.third]\ndirectory = \"third-party\"\n"));
        assert!(vendored.printed(true).contains("altered"), "cargo builds the other folder");
        vendored.refused(&["not-replaced"]);
        let document = json(&vendored.project, &[], 1);
        let taken: Vec<_> = document["packages"].as_array().unwrap().iter().map(|one| &one["taken_from"]).collect();
        assert_eq!(taken.iter().filter(|from| **from == "elsewhere").count(), 1, "{document:#}");
        let said = vendored.project.sequester(&["verify"]).expect_code(1);
        assert!(
            said.stdout.contains("1 of them taken from there") && said.stdout.contains("third-party"),
            "{}",
            said.stdout
        );
    }
}

#[test]
fn a_folder_for_cargos_home_or_for_a_member_alone() {
    let Some(vendored) = Vendored::new("") else { return };
    altered_copy(&vendored.project, "own");
    let section = vendored.with_section("own", |_| String::new());
    vendored.project.write(".cargo/config.toml", section);
    let third = vendored.project.path("third-party");
    let text = format!(
        "[source.mine]\nregistry = \"{}\"\nreplace-with = \"third\"\n[source.third]\ndirectory = \"{third}\"\n",
        vendored.url
    );
    std::fs::write(vendored.project.cargo_home().join("config.toml"), text).unwrap();
    vendored.project.cargo(&["run", "-q", "--locked", "--offline"]).expect_code(0);
    vendored.refused(&["not-replaced"]);
}

#[test]
fn the_section_of_a_source_deleted() {
    for package in ["own", "forked"] {
        let Some(vendored) = Vendored::new("") else { return };
        vendored.project.write(".cargo/config.toml", vendored.with_section(package, |_| String::new()));
        // Cargo does not notice, since it does not look: what is vendored is no longer what it builds.
        vendored
            .project
            .write(&format!("vendor/{package}/src/lib.rs"), "compile_error!(\"the vendored tree is used\");");
        assert_eq!(vendored.printed(false), "genuine\ngenuine\n", "cargo builds what it downloads");
        vendored.project.write(&format!("vendor/{package}/src/lib.rs"), GENUINE);
        vendored.refused(&["not-replaced"]);
    }
}

#[test]
fn the_section_the_entry_and_the_folder_deleted_together() {
    for package in ["own", "forked"] {
        let Some(vendored) = Vendored::new("") else { return };
        let config = vendored.with_section(package, |_| String::new());
        let entry = format!("#{package}@");
        let without: String =
            config.lines().filter(|line| !line.contains(&entry)).map(|line| format!("{line}\n")).collect();
        assert_ne!(without, config);
        vendored.project.write(".cargo/config.toml", without);
        std::fs::remove_dir_all(vendored.project.path(&format!("vendor/{package}"))).unwrap();
        vendored.printed(false);
        vendored.refused(&["not-allowed", "not-replaced", "not-vendored"]);
    }
}

#[test]
fn all_sources_led_to_another_folder_are_held_against_the_allow_list() {
    let Some(vendored) = Vendored::new("") else { return };
    altered_copy(&vendored.project, "own");
    altered_copy(&vendored.project, "forked");
    let config = vendored.project.read(".cargo/config.toml");
    vendored.project.write(".cargo/config.toml", config.replace("\"vendor\"", "\"third-party\""));
    assert_eq!(vendored.printed(true), "altered\naltered\n");
    let document = json(&vendored.project, &[], 1);
    assert_eq!(codes(&document), ["tree-differs"], "{document:#}");
}

#[test]
fn build_output_that_is_committed_is_run_whatever_the_sources_say() {
    let Some(vendored) = Vendored::new("") else { return };
    let genuine = vendored.project.read(&format!("vendor/own/{VENDOR_CHECKSUMS_FILE}"));
    altered_copy(&vendored.project, "own");
    for file in ["src/lib.rs", VENDOR_CHECKSUMS_FILE] {
        let text = vendored.project.read(&format!("third-party/own/{file}"));
        vendored.project.write(&format!("vendor/own/{file}"), text);
    }
    assert!(vendored.printed(true).contains("altered"));
    vendored.project.write("vendor/own/src/lib.rs", GENUINE);
    vendored.project.write(&format!("vendor/own/{VENDOR_CHECKSUMS_FILE}"), genuine);
    std::fs::remove_dir_all(vendored.project.path("third-party")).unwrap();
    assert!(vendored.printed(true).contains("altered"), "cargo takes the finished unit for fresh");
    // On this machine it is nobody's business but the user's; in the repository it is.
    json(&vendored.project, &[], 0);
    git(&vendored.project, &vendored.project.root(), &["add", "-f", "target"]).unwrap();
    let document = json(&vendored.project, &[], 1);
    assert_eq!(document["ways_around"][0]["code"], "build-output", "{document:#}");
    let said = vendored.project.sequester(&["verify", "--sealed", "run", "-q"]).expect_code(1);
    assert!(!said.stdout.contains("altered"), "{}", said.stdout);
    git(&vendored.project, &vendored.project.root(), &["rm", "-rq", "--cached", "target"]).unwrap();
    let said = vendored.project.sequester(&["verify", "--sealed", "run", "-q"]).expect_code(0);
    assert_eq!(said.stdout, "genuine\ngenuine\n", "sealed, the output of other builds is not looked at");
}

#[test]
fn another_registry_by_the_same_name_in_a_closer_configuration() {
    let Some(vendored) = Vendored::new("") else { return };
    let other = TestRegistry::new();
    Package::new("own", "1.0.0").file("src/lib.rs", ALTERED).publish(&other);
    let (project, lock) = (&vendored.project, vendored.project.read("Cargo.lock"));
    project.write("src/.cargo/config.toml", format!("[registries.mine]\nindex = \"{}\"\n", other.url()));
    let mut command = project.command(env!("CARGO"));
    let output = command.args(["run", "-q"]).current_dir(project.path("src")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("altered"), "cargo asks the other one: {}", String::from_utf8_lossy(&output.stderr));
    project.write("Cargo.lock", lock);
    for arguments in [&[][..], &["--deep"], &["--base", "HEAD"]] {
        let document = json(project, arguments, 1);
        assert_eq!(document["ways_around"][0]["code"], "source-override", "{document:#}");
        assert_eq!(document["ways_around"][0]["key"], "registries.mine.index", "{document:#}");
    }
    // The same address again is the same registry.
    project.write("src/.cargo/config.toml", format!("[registries.mine]\nindex = \"{}\"\n", vendored.url));
    json(project, &[], 0);
}

#[test]
fn only_packages_of_another_registry_and_nothing_vendored_is_no_proof() {
    let registry = TestRegistry::new();
    Package::new("own", "1.0.0").publish(&registry);
    let project = Project::new().registry("mine", &registry).dep_toml("own = { version = \"1\", registry = \"mine\" }");
    let project = project.policy(&format!("[sources]\nallow-registries = [\"{}\"]\n", registry.url()));
    project.lock_with_cargo();
    let document = json(&project, &[], 1);
    assert_eq!(codes(&document), ["no-allow-list", "no-tree", "not-replaced"]);
    assert_eq!(document["summary"]["taken_from"]["registry"], 1);
    let said = project.sequester(&["verify"]).expect_code(1);
    assert!(!said.stdout.contains("Verified"), "{}", said.stdout);
}

#[test]
fn references_with_slashes_plus_and_number_signs_lead_into_the_folder() {
    // The offline build from an empty home is the judge: it succeeds only from the folder.
    for reference in
        [", branch = \"feat/x\"", ", branch = \"av/v+t\"", ", tag = \"tag-odd#1%2f\"", ", rev = \"refs/heads/feat/x\""]
    {
        let Some(vendored) = Vendored::new(reference) else { return };
        assert_eq!(vendored.printed(true), "genuine\ngenuine\n", "{reference}");
        let lock = lock_file::read(&vendored.project.path("Cargo.lock")).unwrap();
        assert!(lock.packages.iter().any(|package| package.id.source.to_string().contains(&vendored.repository)));
        // Encoded as the lock file has it, it names another reference, and cargo goes to the repository.
        let config = vendored.project.read(".cargo/config.toml");
        let mut wrong = config.clone();
        for (plain, encoded) in
            [("feat/x", "feat%2Fx"), ("av/v+t", "av%2Fv%2Bt"), ("refs/heads/feat/x", "refs%2Fheads%2Ffeat%2Fx")]
        {
            wrong = wrong.replace(&format!("\"{plain}\""), &format!("\"{encoded}\""));
        }
        if wrong != config {
            vendored.project.write(".cargo/config.toml", wrong);
            assert_eq!(codes(&json(&vendored.project, &[], 1)), ["not-replaced"], "{reference}");
        }
    }
}

#[test]
fn a_git_dependency_is_derived_again_from_its_commit() {
    let Some(vendored) = Vendored::new("") else { return };
    let document = json(&vendored.project, &["--deep"], 0);
    assert_eq!(document["summary"]["derived"], 2, "{document:#}");
    // Offline too, from the repository that cargo has; the checkout that lies beside it is not believed.
    let checkouts = vendored.project.cargo_home().join("git/checkouts");
    let checked_out = super::scene::find(&checkouts, "lib.rs").unwrap();
    std::fs::write(&checked_out, ALTERED).unwrap();
    assert_eq!(json(&vendored.project, &["--deep", "--offline"], 0)["summary"]["derived"], 2);
    // Tree, list and allow-list altered together.
    altered_copy(&vendored.project, "forked");
    for file in ["src/lib.rs", VENDOR_CHECKSUMS_FILE] {
        let text = vendored.project.read(&format!("third-party/forked/{file}"));
        vendored.project.write(&format!("vendor/forked/{file}"), text);
    }
    let listed = vendored.project.read(&format!("vendor/forked/{VENDOR_CHECKSUMS_FILE}"));
    let digest = VendorChecksums::parse(listed.as_bytes()).unwrap().tree_digest().to_string();
    let config = vendored.project.read(".cargo/config.toml");
    let entry = config.lines().find(|line| line.contains("#forked@")).unwrap();
    let at = entry.find("tree = \"").unwrap() + "tree = \"".len();
    let forged = format!("{}{digest}{}", &entry[..at], &entry[at + 64..]);
    vendored.project.write(".cargo/config.toml", config.replace(entry, &forged));
    std::fs::remove_dir_all(vendored.project.path("third-party")).unwrap();
    assert!(vendored.printed(true).contains("altered"));
    json(&vendored.project, &[], 0);
    for arguments in [&["--deep"][..], &["--base", "HEAD"], &["--deep", "--offline"]] {
        let document = json(&vendored.project, arguments, 1);
        assert_eq!(codes(&document), ["not-from-archive"], "{arguments:?} {document:#}");
        assert!(document["findings"][0]["message"].as_str().unwrap().contains("src/lib.rs"), "{document:#}");
    }
    // A repository that cannot be reached leaves the package unproven, by name.
    std::fs::rename(vendored.project.outside().join("repository"), vendored.project.outside().join("gone")).unwrap();
    let document = json(&vendored.project, &["--deep"], 2);
    assert_eq!(document["blockers"][0]["code"], "git-tree", "{document:#}");
    assert!(document["blockers"][0]["package"].as_str().unwrap().contains("forked"), "{document:#}");
}

#[test]
fn a_git_dependency_of_a_git_dependency_is_derived_again_too() {
    let project = Project::new();
    let repository = |name: &str, manifest: &str, code: &str| {
        let folder = project.outside().join(name);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        let package = format!("[package]\nname = \"{name}\"\nversion = \"0.4.0\"\nedition = \"2021\"\n{manifest}");
        std::fs::write(folder.join("Cargo.toml"), package).unwrap();
        std::fs::write(folder.join("src/lib.rs"), code).unwrap();
        git(&project, &folder, &["init", "-q", "-b", "main", "."])?;
        git(&project, &folder, &["add", "."])?;
        git(&project, &folder, &["commit", "-q", "-m", "First"])?;
        Some(format!("file://{folder}"))
    };
    let Some(inner) = repository("inner", "", GENUINE) else {
        eprintln!("skipped: there is no git");
        return;
    };
    let depends = format!("[dependencies]\ninner = {{ git = \"{inner}\" }}\n");
    let outer = repository("outer", &depends, "pub fn say() { inner::say(); }\n").unwrap();
    let project = project.dep_toml(&format!("outer = {{ git = \"{outer}\" }}"));
    project.write("src/main.rs", "fn main() { outer::say(); }\n");
    std::fs::remove_file(project.path("src/lib.rs")).unwrap();
    let project =
        project.policy(&format!("[sources]\nallow-git = [{{ url = \"{inner}\" }}, {{ url = \"{outer}\" }}]\n"));
    project.lock_with_cargo();
    project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    assert_eq!(json(&project, &["--deep"], 0)["summary"]["derived"], 2);
    // The inner tree, its list and its allow-list entry, altered together.
    let list = format!("vendor/inner/{VENDOR_CHECKSUMS_FILE}");
    let before = VendorChecksums::parse(project.read(&list).as_bytes()).unwrap().tree_digest().to_string();
    project.write("vendor/inner/src/lib.rs", ALTERED);
    let hash = |text: &str| Checksum::from_bytes(Sha256::digest(text.as_bytes()).into()).to_string();
    project.write(&list, project.read(&list).replace(&hash(GENUINE), &hash(ALTERED)));
    let after = VendorChecksums::parse(project.read(&list).as_bytes()).unwrap().tree_digest().to_string();
    project.write(".cargo/config.toml", project.read(".cargo/config.toml").replace(&before, &after));
    assert_eq!(project.cargo(&["run", "-q", "--offline", "--locked"]).expect_code(0).stdout, "altered\n");
    json(&project, &[], 0);
    let document = json(&project, &["--deep"], 1);
    assert_eq!(codes(&document), ["not-from-archive"], "{document:#}");
}
