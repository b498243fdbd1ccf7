//! One name and version of two sources: cargo takes both from whatever lies in the one place.

use super::scene::{codes, json};
use crate::support::{Package, Project, TestRegistry};

/// Two registries with a `leaf` 0.1.0 each, and a project that vendors `other` from the first and is allowed to use both.
struct Two {
    project: Project,
    mine: String,
    _registries: [TestRegistry; 2],
}

impl Two {
    fn new() -> Self {
        let (public, private) = (TestRegistry::new(), TestRegistry::new());
        Package::new("other", "1.0.0").publish(&public);
        Package::new("leaf", "0.1.0").file("src/lib.rs", "pub fn leaf() -> u8 { 1 }\n").publish(&public);
        Package::new("leaf", "0.1.0").file("src/lib.rs", "pub fn leaf() -> u8 { 2 }\n").publish(&private);
        let (url, mine) = (public.url(), private.url());
        let project = Project::new().env("CARGO_REGISTRIES_MINE_INDEX", &mine);
        let mirror = format!("[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"{url}\"\n");
        std::fs::write(project.cargo_home().join("config.toml"), mirror).unwrap();
        project.write(
            "sequester.toml",
            format!(
                "[sources]\nmirrors = [\"{url}\"]\n[registries.mine]\nindex = \"{mine}\"\nmin-publish-age = \"0\"\n"
            ),
        );
        Self { project, mine, _registries: [public, private] }
    }

    fn lock(&self, dependencies: &str) {
        self.project.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n{dependencies}\n"
            ),
        );
        let (config, aside) = (self.project.path(".cargo"), self.project.path("aside"));
        let is_there = std::fs::rename(&config, &aside).is_ok();
        self.project.lock_with_cargo();
        if is_there {
            std::fs::rename(&aside, &config).unwrap();
        }
    }
}

#[test]
fn two_sources_of_one_release_are_both_held_against_the_one_folder() {
    for form in [&["vendor"][..], &["--local-registry", "local"]] {
        let two = Two::new();
        let project = &two.project;
        let first = "leaf = \"0.1\"";
        let second = "mine = { package = \"leaf\", version = \"0.1\", registry = \"mine\" }";
        project.write("src/lib.rs", "");
        let vendor = |arguments: &[&str]| project.sequester(&[&["vendor", "--no-advisories"], arguments].concat());
        two.lock(&format!("other = \"1\"\n{first}"));
        vendor(form).expect_code(0);
        let config = project.read(".cargo/config.toml");
        let allowed = config.lines().find(|line| line.starts_with("\"leaf@")).unwrap().to_owned();
        two.lock(&format!("other = \"1\"\n{second}"));
        vendor(form).expect_code(0);

        // What a change could hold that was made by hand: both are locked and allowed, each with its own bytes.
        two.lock(&format!("other = \"1\"\n{first}\n{second}"));
        let config = project.read(".cargo/config.toml");
        let other = config.lines().find(|line| line.contains("#leaf@")).unwrap();
        project.write(".cargo/config.toml", config.replace(other, &format!("{allowed}\n{other}")));
        let refused = vendor(form).expect_code(2);
        assert!(refused.stderr.contains("one name and version"), "{}", refused.stderr);
        let document = json(project, &[], 1);
        let found = codes(&document);
        assert!(found.iter().any(|code| code == "shared"), "{document:#}");
        let genuine = format!("registry+{}", "https://github.com/rust-lang/crates.io-index#leaf@0.1.0");
        let of_the_first = |code: &str| {
            let findings = document["findings"].as_array().unwrap();
            findings.iter().any(|finding| finding["code"] == code && finding["package"] == *genuine)
        };
        if form == ["vendor"] {
            // Of two git repositories, which have no checksums, stock cargo would build this.
            assert!(of_the_first("tree-differs") && of_the_first("package-hash-differs"), "{document:#}");
        } else {
            assert!(of_the_first("archive-differs"), "{document:#}");
        }
        let said = project.sequester(&["verify"]).expect_code(1);
        assert!(said.stdout.contains(&two.mine) && said.stdout.contains("one name and version"), "{}", said.stdout);
    }
}
