//! Cargo itself obeys the file.

use super::wanted;
use crate::support::{Package, Project, TestRegistry};
use cargo_sequester::door::model::allow_list::AllowList;
use cargo_sequester::door::model::source::{GitSource, Registry};
use cargo_sequester::door::write::cargo_config::{Location, Replaced, Wanted, spliced};

#[test]
fn cargo_takes_the_sources_from_the_directory_that_the_file_names() {
    let project = Project::new().dep("bar", "1");
    for odd in ["third party/ve\"ndor", "vendor"] {
        project.write(
            &format!("{odd}/bar/Cargo.toml"),
            "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
        );
        project.write(&format!("{odd}/bar/src/lib.rs"), "");
        let zeros = "0".repeat(64);
        project
            .write(&format!("{odd}/bar/.cargo-checksum.json"), format!("{{\"files\":{{}},\"package\":\"{zeros}\"}}"));
        let allow = AllowList::default();
        let wanted = Wanted { location: Location::Directory(odd), ..wanted(&allow) };
        let config = spliced(Some(b"\xef\xbb\xbf# top\r\n[net]\r\noffline = true"), &wanted).unwrap();
        project.write(".cargo/config.toml", std::str::from_utf8(&config).unwrap());
        let _ = std::fs::remove_file(project.root().join("Cargo.lock"));
        project.cargo(&["build", "--offline"]).expect_code(0);
        std::fs::remove_dir_all(project.root().join(odd)).unwrap();
        project.cargo(&["metadata", "--format-version", "1"]).expect_code(101);
    }
}

/// A vendored package, without a list of files.
fn vendored(project: &Project, folder: &str, package: &str) {
    let manifest = "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    project.write(&format!("{folder}/Cargo.toml"), manifest);
    project.write(&format!("{folder}/src/lib.rs"), "");
    project.write(&format!("{folder}/.cargo-checksum.json"), format!("{{\"files\":{{}},\"package\":{package}}}"));
}

fn lock(project: &Project, source: &str, checksum: &str) {
    let bar = format!("[[package]]\nname = \"bar\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n{checksum}");
    let app = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"bar\",\n]\n";
    project.write("Cargo.lock", format!("version = 4\n\n{app}\n{bar}"));
}

/// Writes the configuration for these sources; with `also`, which is there before.
fn replace(project: &Project, also: &str, replaced: &[Replaced]) {
    let allow = AllowList::default();
    let wanted = Wanted { replaced, ..wanted(&allow) };
    let config = spliced(Some(also.as_bytes()), &wanted).unwrap();
    project.write(".cargo/config.toml", config);
}

#[test]
fn cargo_takes_another_registrys_packages_from_there_too() {
    let address = "sparse+https://r.example.org/index/";
    let zeros = "0".repeat(64);
    let replaced = [Replaced::Registry(Registry::parse(address).unwrap())];
    for also in ["", "[source.team]\nregistry = \"sparse+https://r.example.org/index/\"\n"] {
        let project = Project::new().dep_toml("bar = { version = \"1\", registry = \"mine\" }");
        vendored(&project, "vendor/bar", &format!("\"{zeros}\""));
        lock(&project, address, &format!("checksum = \"{zeros}\"\n"));
        let also = format!("[registries.mine]\nindex = \"{address}\"\n{also}");
        replace(&project, &also, &[]);
        project.cargo(&["check", "--offline", "--locked"]).expect_code(101);
        replace(&project, &also, &replaced);
        project.cargo(&["check", "--offline", "--locked"]).expect_code(0);
    }
}

#[test]
fn cargo_takes_a_git_dependency_from_there_too() {
    let commit = "0123456789012345678901234567890123456789";
    for (wish, query) in [("", ""), (", branch = \"main\"", "?branch=main"), (", tag = \"v1\"", "?tag=v1")] {
        let project = Project::new().dep_toml(&format!("bar = {{ git = \"https://g.example.org/x\"{wish} }}"));
        vendored(&project, "vendor/bar", "null");
        lock(&project, &format!("git+https://g.example.org/x{query}#{commit}"), "");
        let git = GitSource {
            url: "https://g.example.org/x".into(),
            reference: query.strip_prefix('?').map(Into::into),
            commit: Some(commit.into()),
        };
        replace(&project, "", &[Replaced::Git(git)]);
        project.cargo(&["check", "--offline", "--locked"]).expect_code(0);
    }
}

#[test]
fn cargo_takes_crates_from_the_local_registry_that_the_file_names() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").publish(&registry);
    let project = Project::new().dep("bar", "1").crates_io(&registry);
    project.lock_with_cargo();
    project.write("registry/index/3/b/bar", registry.index_file("bar").unwrap());
    project.write("registry/bar-1.0.0.crate", registry.archive("bar", "1.0.0").unwrap());
    let allow = AllowList::default();
    let wanted = Wanted { location: Location::LocalRegistry("registry"), ..wanted(&allow) };
    project.write(".cargo/config.toml", spliced(None, &wanted).unwrap());
    project.cargo(&["check", "--offline", "--locked"]).expect_code(0);
}
