//! Manifests that the cargo at hand does not load are refused as stock cargo refuses them, and what it reads in its own way is taken.

use super::{assert_is, everything, project, stock, vendor};
use crate::support::{Package, TestRegistry};

#[test]
fn what_cargo_cannot_load_is_refused_with_its_words() {
    for (features, package, word) in [
        ("", "edition = \"2030\"", "2030"),
        ("cargo-features = [\"edition2099\"]\n", "edition = \"2021\"", "edition2099"),
        ("", "edition = \"2021\"\nresolver = \"9\"", "resolver"),
    ] {
        let registry = TestRegistry::new();
        let manifest = format!("{features}[package]\nname = \"odd\"\nversion = \"1.0.0\"\n{package}\n");
        Package::new("odd", "1.0.0").file("Cargo.toml", &manifest).publish(&registry);
        let project = project(&registry).dep("odd", "1");
        project.lock_with_cargo();
        let fixed = ["vendor", "--locked", "--respect-source-config", "--quiet"];
        project.cargo(&[&fixed[..], &[project.outside().join("stock").as_str()]].concat()).expect_code(101);
        let before = everything(&project);
        let refused = vendor(&project, &[]).expect_code(1);
        assert!(refused.stdout.contains("odd") && refused.stdout.contains(word), "{}", refused.stdout);
        assert!(refused.stdout.contains("help:"), "{}", refused.stdout);
        assert!(!refused.stdout.contains("sequester-manifest-"), "{}", refused.stdout);
        assert_eq!(everything(&project), before);
    }
}

#[test]
fn what_cargo_loads_all_the_same_is_vendored() {
    let registry = TestRegistry::new();
    // Stable for years, and said with a warning.
    let features =
        "cargo-features = [\"edition\"]\n[package]\nname = \"old\"\nversion = \"1.0.0\"\nedition = \"2018\"\n";
    Package::new("old", "1.0.0").file("Cargo.toml", features).publish(&registry);
    let space = "[package]\nname = \"space\"\nversion = \" 1.0.0 \"\nedition = \"2021\"\n";
    Package::new("space", "1.0.0").file("Cargo.toml", space).publish(&registry);
    let project = project(&registry).dep("old", "1").dep("space", "1");
    project.lock_with_cargo();
    let stock_tree = stock(&project, &[]);
    vendor(&project, &[]).expect_code(0);
    assert_is(&stock_tree, &project.path("vendor"));
    project.sequester(&["verify"]).expect_code(0);
}
