//! Aliases, as cargo reads them. Each attack first shows that stock cargo builds the altered code.

use super::elsewhere::Altered;
use super::scene::{Scene, json};
use super::ways::{append, ways};

#[test]
fn aliases_that_bring_something_of_their_own() {
    let scene = Scene::new();
    // Stock cargo lets a user's alias take the place of a short form, and the alias may carry a configuration.
    scene.project.write("evil/Cargo.toml", scene.project.read("vendor/leaf/Cargo.toml"));
    scene.project.write("evil/src/lib.rs", "pub fn leaf() { /* evil */ }\n");
    let ours = scene.project.read(".cargo/config.toml");
    scene.project.write(".cargo/config.toml", format!("{ours}\n[alias]\nc = \"check --config paths=['evil']\"\n"));
    let said = scene.project.cargo(&["c", "--offline", "--locked"]).expect_code(0);
    assert!(said.stderr.contains("/evil)"), "cargo builds the other folder: {}", said.stderr);
    for (alias, effect) in [
        ("c = \"check --config paths=['evil']\"", Some("fails")),
        ("b = [\"build\", \"--config=x.toml\"]", Some("fails")),
        ("own = \"build -Zunstable-options\"", Some("fails")),
        ("own = [\"-C\", \"elsewhere\", \"build\"]", Some("fails")),
        ("own = \"build --lockfile-path x/Cargo.lock\"", Some("fails")),
        ("own = \"run --manifest-path=../elsewhere/Cargo.toml\"", Some("fails")),
        // A task runner of the repository, as very many have it; but not in the place of a command.
        ("task = \"run --manifest-path task/Cargo.toml --\"", Some("warns")),
        ("r = \"run --manifest-path task/Cargo.toml --\"", Some("fails")),
        ("t = \"task\"\ntask = \"run --manifest-path task/Cargo.toml --\"", Some("fails")),
        ("d = \"t\"\nt = \"d\"", None),
        ("t = \"nextest run\"\nb = \"build --release\"", None),
        // A global option may have a value, and install a manifest.
        ("b = \"--color never zz\"\nzz = \"run --manifest-path task/Cargo.toml\"", Some("fails")),
        ("b = \"install --path task --root x\"", Some("fails")),
        ("own = \"install --path task\"", Some("warns")),
        ("c = \"install ripgrep\"", Some("fails")),
        ("own = \"-vZunstable-options build\"", Some("fails")),
        ("own = \"-qC elsewhere build\"", Some("fails")),
        ("own = \"run --tomorrow x --config y\"", Some("fails")),
        // A point leads into a table.
        ("b = \"x.y\"\nx = { y = \"run --config z\" }", Some("fails")),
        // Behind `--` stand the compiler's words.
        ("b = [\"rustc\", \"--\", \"-Clinker=tools/ld\"]", Some("warns")),
        ("own = \"clippy --all-targets -- -D warnings\"", None),
        ("xtask = \"run --package xtask --bin xtask --target-dir target/xtask --\"", None),
        ("own = \"add --path ../x y\"", None),
        // What stands behind `--` is the program's.
        ("r = \"run -- --config x\"", None),
    ] {
        scene.project.write(".cargo/config.toml", format!("{ours}\n[alias]\n{alias}\n"));
        let document = json(&scene.project, &[], i32::from(effect == Some("fails")));
        assert_eq!(document["ways_around"][0]["effect"].as_str(), effect, "{alias} {document:#}");
    }
    scene.project.write(".cargo/config.toml", &ours);
    let project = scene.project.env("CARGO_ALIAS_B", "build --config x").env("CARGO_ALIAS_FINE", "build");
    assert_eq!(ways(&json(&project, &[], 1), "fails"), ["alias-options CARGO_ALIAS_B"]);
}

#[test]
fn an_alias_that_takes_the_place_of_an_external_command() {
    let altered = Altered::new();
    for name in ["clippy", "fmt", "miri"] {
        let alias =
            format!("\n[alias]\n{name} = [\"run\", \"-q\", \"--config\", \"source.sequestered.directory='tools'\"]\n");
        altered.restore();
        append(&altered.scene.project, ".cargo/config.toml", &alias);
        if name == "fmt" {
            assert_eq!(altered.printed(".", &["fmt", "--offline", "--locked"]), "altered\n", "cargo obeys the alias");
        }
        altered.fails("alias-options");
    }
}

#[test]
fn the_lists_of_several_files_are_one() {
    let altered = Altered::new();
    let project = &altered.scene.project;
    let alias = "\n[alias]\nci = [\"source.sequestered.directory='tools'\"]\n";
    append(project, ".cargo/config.toml", alias);
    project.write("../.cargo/config.toml", "[alias]\nci = [\"run\", \"-q\", \"--config\"]\n");
    assert_eq!(altered.printed(".", &["ci", "--offline", "--locked"]), "altered\n", "cargo joins the two");
    altered.fails("alias-options");
    project.write("../.cargo/config.toml", "[alias]\nci = [\"run\", \"--manifest-path\"]\n");
    altered.fails("alias-options");
}

#[test]
fn a_longer_row_of_aliases_than_any_honest_one() {
    let scene = Scene::new();
    let row: String = (0..40).map(|at| format!("a{at} = \"a{}\"\n", at + 1)).collect();
    append(&scene.project, ".cargo/config.toml", &format!("\n[alias]\n{row}a40 = \"run --config x\"\n"));
    assert_eq!(ways(&json(&scene.project, &[], 1), "fails").len(), 41);
}

#[test]
fn an_alias_that_builds_into_a_folder_that_is_committed() {
    let altered = Altered::new();
    let project = &altered.scene.project;
    altered.build_altered("out");
    append(project, ".cargo/config.toml", "\n[alias]\nci = \"run -q --target-dir out\"\n");
    altered.scene.commit();
    assert_eq!(altered.printed(".", &["ci", "--offline", "--locked"]), "altered\n", "cargo takes what lies there");
    altered.fails("target-dir");
    altered.fails("build-output");
}

#[test]
fn the_folder_of_an_alias_is_one_wherever_cargo_is_started() {
    let altered = Altered::new();
    let project = &altered.scene.project;
    append(project, ".cargo/config.toml", "\n[alias]\nci = \"run -q --target-dir target/ci\"\n");
    json(project, &[], 0);
    altered.build_altered("src/target/ci");
    altered.scene.commit();
    assert_eq!(altered.printed("src", &["ci", "--offline", "--locked"]), "altered\n", "cargo takes what lies there");
    altered.fails("build-output");
}
