//! What the generated projects do not come to: examples by hand, each with all that the proof says of it, and with cargo's own word.

use cargo_sequester::door::model::lock_proof::{Discord, Proof, Unproven};
use cargo_sequester::door::model::manifest::DependencySource;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};

use super::example::{Example, FROM_CRATES_IO, app, crates_io, local, of, unanswered};
use super::universe::OTHER;

#[test]
fn what_is_not_satisfied_is_told_with_what_there_is_instead() {
    let example = Example::new("[dependencies]\nbb = \"1\"\nold = { package = \"bb\", version = \"2\" }\n");
    example.is_answered();
    example.manifest("[dependencies]\nbb = \"=1.0.0\"\nold = { package = \"bb\", version = \"2\" }\n");
    let there = [crates_io("bb", "1.1.0"), crates_io("bb", "2.0.0")];
    example.is_broken(vec![
        unanswered(app(), "bb", "=1.0.0", FROM_CRATES_IO, &there),
        Discord::Unasked { by: app(), on: crates_io("bb", "1.1.0") },
        Discord::Unreached(crates_io("bb", "1.1.0")),
    ]);
    // Another dependency's locked release does not stand for this one, though it satisfies.
    example.manifest("[dependencies]\nbb = \"1\"\nold = { package = \"bb\", version = \"2\" }\ngg = \"1\"\n");
    example.is_broken(vec![unanswered(app(), "gg", "^1", FROM_CRATES_IO, &[])]);
}

#[test]
fn what_a_package_is_not_locked_with_does_not_stand_for_what_it_asks() {
    let example = Example::new("[dependencies]\naa = \"1\"\nbb = \"1\"\n");
    example.edit(" \"aa\",\n \"bb\",\n", " \"aa\",\n");
    example.is_broken(vec![unanswered(app(), "bb", "^1", FROM_CRATES_IO, &[crates_io("bb", "1.1.0")])]);
}

#[test]
fn a_member_that_is_not_locked_is_named_with_its_manifest() {
    let example = Example::new("");
    example.package("", "app", "0.1.1", "");
    let manifest = example.there("ws/Cargo.toml");
    let version = "0.1.1".parse().unwrap();
    example.is_broken(vec![Discord::NotLocked { name: "app".into(), version, manifest }, Discord::Unexplained(app())]);
}

#[test]
fn two_manifests_of_one_name_and_version_are_for_cargo_to_tell() {
    let one = "[dependencies]\none = { path = \"../one\", package = \"same\" }\n";
    let example =
        Example::unlocked(one).with("../one", "same", "[workspace]\n").with("../two", "same", "[workspace]\n");
    example.lock();
    example.is_answered();
    example.manifest(&format!("{one}two = {{ path = \"../two\", package = \"same\" }}\n"));
    let [one, other] = ["one", "two"].map(|folder| example.there(folder).join("Cargo.toml"));
    example.is_unproven(&Unproven::TwoManifests { name: "same".into(), one, other }, false);
}

#[test]
fn features_that_there_are_not_are_told_with_who_asks_and_of_whom() {
    let example = Example::new("[dependencies]\naa = \"1\"\n");
    let no_feature =
        |by: PackageId, of: PackageId, feature: &str| Discord::NoFeature { by, of, feature: feature.into() };
    example.manifest("[dependencies]\naa = { version = \"1\", features = [\"none\"] }\n");
    example.is_broken(vec![no_feature(app(), crates_io("aa", "1.2.0"), "none")]);
    example.manifest("[dependencies]\naa = \"1\"\n[features]\nx = [\"aa/none\"]\n");
    example.is_broken(vec![no_feature(app(), crates_io("aa", "1.2.0"), "none")]);
    example.manifest("[dependencies]\naa = \"1\"\n[features]\nx = [\"x\"]\n");
    example.is_broken(vec![no_feature(app(), app(), "x")]);
    example.manifest("[dependencies]\naa = \"1\"\n[features]\nx = [\"y\"]\ny = [\"x\"]\n");
    example.is_answered();
}

#[test]
fn features_that_turn_on_what_there_is_not_are_for_cargo_to_tell() {
    let example = Example::new("[dependencies]\naa = \"1\"\n");
    for odd in ["none", "dep:none", "dep:aa", "none/std", "aa?/std", "aa/std/more"] {
        example.manifest(&format!(
            "[dependencies]\naa = \"1\"\n[features]\na = []\nx = [\"aa/std\", {odd:?}]\ny = [\"none\"]\n"
        ));
        example.is_unproven(&Unproven::OddFeature { of: app(), feature: "x".into() }, false);
    }
    example.manifest("[dependencies]\naa = \"1\"\n[features]\na = []\nx = [\"aa/std\", \"a\"]\n");
    example.is_answered();
}

#[test]
fn a_package_is_reached_by_every_feature_of_a_member_and_by_what_is_asked_of_another() {
    let optional = "[dependencies]\naa = { version = \"1\", optional = true }\n";
    for features in
        ["[features]\nx = [\"dep:aa\"]\n", "[features]\nx = [\"aa/std\"]\n", "[features]\nx = [\"aa?/std\"]\n", ""]
    {
        let example = Example::new(&format!("{optional}{features}"));
        example.is_answered();
        // Of a package outside only what is asked.
        example.package("../out", "out", "0.1.0", &format!("{optional}{features}[workspace]\n"));
        example.manifest("[dependencies]\nout = { path = \"../out\" }\n");
        example.lock();
        example.is_answered();
        let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
        assert!(!lock.contains("\"aa\""), "{lock}");
        let feature = if features.is_empty() { "aa" } else { "x" };
        example.manifest(&format!("[dependencies]\nout = {{ path = \"../out\", features = [{feature:?}] }}\n"));
        let out = local("out", "0.1.0");
        example.is_broken(vec![unanswered(out.clone(), "aa", "^1", FROM_CRATES_IO, &[])]);
        example.lock();
        example.is_answered();
        example.manifest("[dependencies]\nout = { path = \"../out\" }\n");
        example.is_broken(vec![
            Discord::Unasked { by: out, on: crates_io("aa", "1.2.0") },
            Discord::Unreached(crates_io("aa", "1.2.0")),
            Discord::Unreached(crates_io("bb", "1.1.0")),
        ]);
    }
}

#[test]
fn a_dependency_s_feature_turns_its_own_on_unless_it_is_weak() {
    let out = "[dependencies]\naa = { version = \"1\", optional = true }\ngg = { version = \"1\", optional = true }\n[features]\naa = [\"dep:aa\", \"dep:gg\"]\nstrong = [\"aa/std\"]\nweak = [\"aa?/std\"]\n[workspace]\n";
    let asking = |feature: &str| format!("[dependencies]\nout = {{ path = \"../out\", features = [{feature:?}] }}\n");
    let example = Example::unlocked(&asking("strong")).with("../out", "out", out);
    example.lock();
    example.is_answered();
    example.manifest(&asking("weak"));
    example.is_broken(vec![
        Discord::Unasked { by: local("out", "0.1.0"), on: crates_io("gg", "1.0.0") },
        Discord::Unreached(crates_io("gg", "1.0.0")),
    ]);
    example.lock();
    example.is_answered();
    example.manifest(&asking("strong"));
    example.is_broken(vec![unanswered(local("out", "0.1.0"), "gg", "^1", FROM_CRATES_IO, &[])]);
    // Also where nothing else of it is optional.
    let out = "[dependencies]\naa = { version = \"1\", optional = true }\ncc = \"1\"\n[features]\naa = [\"dep:aa\", \"cc/fast\"]\nstrong = [\"aa/std\"]\n[workspace]\n";
    let example = Example::unlocked(&asking("strong")).with("../out", "out", out);
    example.lock();
    example.is_answered();
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    assert!(lock.contains("\"dd\""), "{lock}");
    // A feature with the name of a dependency that is always there is another thing.
    let out = "[dependencies]\nbb = \"1\"\ngg = { version = \"1\", optional = true }\n[features]\nbb = [\"dep:gg\"]\nstrong = [\"bb/std\"]\n[workspace]\n";
    let example = Example::unlocked(&asking("strong")).with("../out", "out", out);
    example.lock();
    example.is_answered();
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    assert!(!lock.contains("\"gg\""), "{lock}");
}

#[test]
fn what_only_cargo_follows_counts_where_something_is_built_from_it() {
    let example = Example::new("").with("../out", "out", "[workspace]\n");
    let odd = "[dependencies]\ngg = { version = \"1\", artifact = \"bin\" }\n[workspace]\n";
    for manifest in [
        "[dependencies]\nout = { path = \"../out\" }\n",
        "[dependencies]\nodd = { path = \"../out\", package = \"out\", optional = true }\n",
    ] {
        example.package("../out", "out", "0.1.0", "[workspace]\n");
        example.manifest(manifest);
        example.lock();
        example.is_answered();
        example.package("../out", "out", "0.1.0", odd);
        let Proof::Unproven(why) = example.proof(&[""]) else { panic!("it is not followed") };
        assert!(matches!(&why[..], [Unproven::Unfollowed(_)]), "{why:?}");
        assert!(!example.cargo_takes_it());
    }
}

#[test]
fn default_features_are_asked_for_where_they_are_wanted_and_there() {
    let out =
        "[dependencies]\naa = { version = \"1\", optional = true }\n[features]\ndefault = [\"dep:aa\"]\n[workspace]\n";
    let example = Example::new("").with("../out", "out", out);
    let (with, without) = (
        "[dependencies]\nout = { path = \"../out\" }\n",
        "[dependencies]\nout = { path = \"../out\", default-features = false }\n",
    );
    example.manifest(with);
    example.lock();
    example.is_answered();
    example.manifest(without);
    example.is_broken(vec![
        Discord::Unasked { by: local("out", "0.1.0"), on: crates_io("aa", "1.2.0") },
        Discord::Unreached(crates_io("aa", "1.2.0")),
        Discord::Unreached(crates_io("bb", "1.1.0")),
    ]);
    example.lock();
    example.is_answered();
    example.manifest(with);
    example.is_broken(vec![unanswered(local("out", "0.1.0"), "aa", "^1", FROM_CRATES_IO, &[])]);
}

#[test]
fn dependencies_for_development_count_for_members_alone() {
    let example = Example::new("[dev-dependencies]\ngg = \"1\"\n");
    example.is_answered();
    let example = example.with("../out", "out", "[dev-dependencies]\ngg = \"1\"\n[workspace]\n");
    example.manifest("[dependencies]\nout = { path = \"../out\" }\n");
    example.lock();
    example.is_answered();
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    assert!(!lock.contains("\"gg\""), "{lock}");
}

#[test]
fn a_circle_is_one_unless_it_is_for_development() {
    let example = Example::unlocked("[dependencies]\nout = { path = \"../out\" }\n");
    example.package("../out", "out", "0.1.0", "[dependencies]\napp = { path = \"../ws\" }\n[workspace]\n");
    let entry = |name: &str, on: &str| {
        format!("[[package]]\nname = {name:?}\nversion = \"0.1.0\"\ndependencies = [\n {on:?},\n]\n")
    };
    example.put("Cargo.lock", &format!("version = 4\n\n{}\n{}", entry("app", "out"), entry("out", "app")));
    let Proof::Broken(discords) = example.proof(&[""]) else { panic!("a circle") };
    assert!(matches!(&discords[..], [Discord::Circle(id)] if matches!(&*id.name, "app" | "out")), "{discords:?}");
    assert!(!example.cargo_takes_it());
    example.manifest("[dev-dependencies]\nout = { path = \"../out\" }\n");
    example.is_answered();
    // Two ways to one package are none.
    example.manifest("[dependencies]\naa = \"1\"\nbb = \"1\"\n");
    example.lock();
    example.is_answered();
}

#[test]
fn one_library_is_linked_once() {
    let example = Example::new("[dependencies]\nbb = \"2\"\n");
    example.is_answered();
    let jj = Example::new("[dependencies]\njj = \"1\"\n");
    let entry = std::fs::read_to_string(jj.folder.join("Cargo.lock")).unwrap();
    let entry = entry[entry.find("[[package]]\nname = \"jj\"").unwrap()..].to_owned();
    example.manifest("[dependencies]\nbb = \"2\"\njj = \"1\"\n");
    example.edit(" \"bb\",\n", " \"bb\",\n \"jj\",\n");
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    example.put("Cargo.lock", &format!("{lock}\n{entry}"));
    let (one, other) = (crates_io("bb", "2.0.0"), crates_io("jj", "1.0.0"));
    example.is_broken(vec![Discord::SameLinks { links: "bee".into(), one, other }]);
}

#[test]
fn two_on_one_line_are_named_in_their_order() {
    let example = Example::new("[dependencies]\naa = \"1\"\nbb = \"=1.0.0\"\n");
    let newer = Example::new("[dependencies]\nbb = \"1\"\n");
    let text = std::fs::read_to_string(newer.folder.join("Cargo.lock")).unwrap();
    let entry = &text[text.find("[[package]]\nname = \"bb\"").unwrap()..];
    example.manifest("[dependencies]\naa = \"1\"\nbb = \"=1.0.0\"\nnew = { package = \"bb\", version = \"=1.1.0\" }\n");
    example.edit(" \"aa\",\n \"bb\",\n", " \"aa\",\n \"bb 1.0.0\",\n \"bb 1.1.0\",\n");
    example.edit("dependencies = [\n \"bb\",\n]", "dependencies = [\n \"bb 1.0.0\",\n]");
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    example.put("Cargo.lock", &format!("{lock}\n{entry}"));
    let (one, other) = (crates_io("bb", "1.0.0"), crates_io("bb", "1.1.0"));
    example.is_broken(vec![Discord::SameLine { one, other }]);
}

#[test]
fn another_registry_is_another_source() {
    let other = || Source::Registry(Registry::parse(OTHER).unwrap());
    let from_other = DependencySource::Registry(Registry::parse(OTHER).unwrap());
    let example = Example::new("[dependencies]\nbb = \"1\"\n");
    example.manifest("[dependencies]\nbb = { version = \"1\", registry = \"other\" }\n");
    example.is_broken(vec![
        unanswered(app(), "bb", "^1", from_other, &[crates_io("bb", "1.1.0")]),
        Discord::Unasked { by: app(), on: crates_io("bb", "1.1.0") },
        Discord::Unreached(crates_io("bb", "1.1.0")),
    ]);
    example.lock();
    example.is_answered();
    example.manifest("[dependencies]\nbb = \"1\"\n");
    let locked = of(other(), "bb", "1.1.0");
    example.is_broken(vec![
        unanswered(app(), "bb", "^1", FROM_CRATES_IO, std::slice::from_ref(&locked)),
        Discord::Unasked { by: app(), on: locked.clone() },
        Discord::Unreached(locked),
    ]);
    // What its lines ask without a registry is its own.
    example.manifest("[dependencies]\naa = { version = \"1\", registry = \"other\" }\nbb = \"1\"\n");
    example.lock();
    example.is_answered();
}
