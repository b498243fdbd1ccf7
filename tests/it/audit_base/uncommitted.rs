//! What a change has built and no commit of its repository has is told: of none of it a review of the change shows a line.

use super::*;

/// What the change does as well, as it is told.
fn told(change: &Change) -> Vec<String> {
    change.finish();
    let document = change.world.json(&["--base", "base"], 0);
    let also = document["also"].as_array().unwrap();
    also.iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect()
}

/// Makes a folder a repository of somebody else's.
fn commit_theirs(project: &Project, folder: &camino::Utf8Path) {
    git(project, folder.as_str(), &["init", "--quiet", "--initial-branch=base"]);
    git(project, folder.as_str(), &["add", "-A"]);
    git(project, folder.as_str(), &["commit", "--quiet", "-m", "theirs"]);
}

/// A workspace with the member `util` below a base, and a package `hot` beside the repository.
fn with_member() -> Change {
    let world = World::new().dep("old", "1").dep_toml("util = { path = \"util\" }");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.project.write("util/Cargo.toml", MEMBER).write("util/src/lib.rs", "");
    world.project.write(".gitignore", "target\nnode_modules\n");
    world.project.write("../hot/Cargo.toml", HOT).write("../hot/src/lib.rs", "").write("../hot/build.rs", "");
    world.policy("");
    world.lock();
    Change::commit(world)
}

const MEMBER: &str = "[package]\nname = \"util\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
const HOT: &str = "[package]\nname = \"hot\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
const NOWHERE: &str = "which is in no commit of this repository";

/// A lock file says nothing of where the code of a local package lies.
#[test]
fn a_target_whose_source_lies_elsewhere_is_told() {
    for target in ["[lib]\npath = \"../../hot/src/lib.rs\"\n", "build = \"../../hot/build.rs\"\n"] {
        let change = with_member();
        assert_eq!(told(&change), [""; 0]);
        let manifest = if target.starts_with('[') {
            format!("{MEMBER}\n{target}")
        } else {
            MEMBER.replace("edition", &format!("{target}edition"))
        };
        change.world.project.write("util/Cargo.toml", manifest);
        let outside = change.world.project.outside().join("hot");
        let all = told(&change);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].starts_with("builds util from ") && all[0].ends_with(NOWHERE), "{all:?}");
        let document = change.world.json(&[], 0);
        let warning = &package(&document, "util")["warnings"][0];
        assert_eq!(warning["code"], "outside-workspace");
        let path = camino::Utf8PathBuf::from(warning["path"].as_str().unwrap());
        assert!(path.canonicalize_utf8().unwrap().starts_with(outside.canonicalize_utf8().unwrap()), "{path}");
        let verified: Value =
            serde_json::from_str(&change.world.project.sequester(&["verify", "--format", "json"]).stdout).unwrap();
        let all = verified["outside"].as_array().unwrap();
        assert!(all.iter().any(|one| one["id"] == "util@0.1.0"), "{verified:#}");
        // What the base has is not the change's, whatever else a manifest says.
        change.git(&["branch", "--force", "base", "HEAD"]);
        change.edit("util/Cargo.toml", "version = \"0.1.0\"", "version = \"0.1.0\"\ndescription = \"text\"");
        assert_eq!(told(&change), [""; 0]);
    }
}

/// Its name and version are what the base has locked.
#[test]
fn a_package_that_moves_out_is_told() {
    for (place, comes_along) in [("../util", false), ("third", true)] {
        let change = with_member();
        let project = &change.world.project;
        let other = project.outside().join("util");
        project.write("../util/Cargo.toml", MEMBER).write("../util/src/lib.rs", "");
        if comes_along {
            commit_theirs(project, &other);
            change.git(&["submodule", "--quiet", "add", other.as_str(), "third"]);
            change.finish();
            change.git(&["branch", "--force", "base", "HEAD"]);
        }
        change.edit("Cargo.toml", "path = \"util\"", &format!("path = \"{place}\""));
        let all = told(&change);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].starts_with("builds util from ") && all[0].ends_with(NOWHERE), "{all:?}");
        assert!(all[0].contains(place.trim_start_matches("../")), "{all:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_what_git_has_is_told() {
    let link = |change: &Change, to: &str, at: &str| {
        let place = change.world.project.path(at);
        std::fs::remove_dir_all(&place).or_else(|_| std::fs::remove_file(&place)).ok();
        std::os::unix::fs::symlink(to, place).unwrap();
    };
    let lib = "util/src/lib.rs";
    for (at, to) in
        [("util/src", "../../hot/src"), (lib, "../../../hot/src/lib.rs"), ("util/build.rs", "../../hot/build.rs")]
    {
        let change = with_member();
        link(&change, to, at);
        let all = told(&change);
        let sentence =
            format!("brings or alters the link {at} to {to}: what lies there is in no commit of this repository");
        assert_eq!(all, [sentence], "{at}");
        assert_eq!(codes(&package(&change.world.json(&[], 0), "util")["warnings"]), ["outside-workspace"], "{at}");
        change.git(&["branch", "--force", "base", "HEAD"]);
        change.world.project.write("src/lib.rs", "pub fn changed() {}");
        assert_eq!(told(&change), [""; 0]);
    }
    // Within the repository: to what git has, to what it was told to pass over, to nothing.
    let change = with_member();
    change.world.project.write("shared/lib.rs", "").write("node_modules/hot/lib.rs", "");
    link(&change, "../../shared/lib.rs", lib);
    link(&change, "util", "again");
    link(&change, ".", "here");
    assert_eq!(told(&change), [""; 0]);
    let extra = "util/src/extra.rs";
    for to in ["../../node_modules/hot/lib.rs", "../../generated/lib.rs"] {
        link(&change, to, extra);
        let all = told(&change);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].starts_with(&format!("brings or alters the link {extra} to {to}:")), "{all:?}");
    }
}

/// Though the base has the submodule, and no package of it.
#[test]
fn a_target_whose_source_lies_in_a_submodule_is_told() {
    let change = with_member();
    let project = &change.world.project;
    let other = project.outside().join("hot");
    commit_theirs(project, &other);
    change.git(&["submodule", "--quiet", "add", other.as_str(), "third"]);
    change.finish();
    change.git(&["branch", "--force", "base", "HEAD"]);
    project.write("util/Cargo.toml", format!("{MEMBER}\n[lib]\npath = \"../third/src/lib.rs\"\n"));
    let all = told(&change);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("builds util from ") && all[0].ends_with(NOWHERE), "{all:?}");
    assert_eq!(codes(&package(&change.world.json(&[], 0), "util")["warnings"]), ["other-repository"]);
}

/// What a package manager of another language, or a cache, puts there is in no commit.
#[test]
fn a_package_that_git_does_not_track_is_told() {
    let change = with_member();
    let project = &change.world.project;
    project.write("node_modules/hot/Cargo.toml", HOT).write("node_modules/hot/src/lib.rs", "");
    let manifest =
        project.read("Cargo.toml").replace("[dependencies]", "[dependencies]\nhot = { path = \"node_modules/hot\" }");
    project.write("Cargo.toml", &manifest);
    project.cargo(&["update", "--workspace"]).expect_code(0);
    let sentence = format!("builds hot from node_modules/hot/Cargo.toml, {NOWHERE}");
    assert_eq!(told(&change), [sentence]);
    change.git(&["branch", "--force", "base", "HEAD"]);
    project.write("src/lib.rs", "pub fn changed() {}");
    assert_eq!(told(&change), [""; 0]);
    // A source that the change takes out of git and leaves to whoever puts it there.
    change.git(&["rm", "-q", "--cached", "util/src/lib.rs"]);
    project.write(".gitignore", "target\nnode_modules\nutil/src\n");
    assert_eq!(told(&change), [format!("builds util from util/src/lib.rs, {NOWHERE}")]);
}

/// Of what another repository has, a review of this one shows an address and a commit, whether a manifest leads to it or a build script.
#[test]
fn a_submodule_that_a_change_brings_or_moves_is_told() {
    let change = Change::new();
    let project = &change.world.project;
    let other = project.outside().join("other");
    std::fs::create_dir_all(other.join("src")).unwrap();
    std::fs::write(other.join("Cargo.toml"), "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
        .unwrap();
    std::fs::write(other.join("src/lib.rs"), "").unwrap();
    commit_theirs(project, &other);
    let told = |code: i32| {
        let document = change.world.json(&["--base", "base"], code);
        let also = document["also"].as_array().unwrap().clone();
        also.iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let commit = || git(project, other.as_str(), &["rev-parse", "HEAD"]);
    let sentence = |place: &str| {
        format!(
            "brings the submodule {place} or moves it, to {}: what lies there is another repository's, and nobody has judged it",
            commit()
        )
    };
    // The manifest asks for it, and the lock file has it.
    change.git(&["submodule", "--quiet", "add", other.as_str(), "third/other"]);
    change.append("Cargo.toml", "other = { path = \"third/other\" }");
    project.cargo(&["update", "--workspace"]).expect_code(0);
    change.finish();
    let built = format!("builds other from third/other/Cargo.toml, {NOWHERE}");
    assert_eq!(told(0), [sentence("third/other"), built]);
    let document = change.world.json(&[], 0);
    assert_eq!(codes(&package(&document, "other")["warnings"]), ["other-repository"]);
    let verified: Value = serde_json::from_str(&project.sequester(&["verify", "--format", "json"]).stdout).unwrap();
    let outside = verified["outside"].as_array().unwrap();
    assert!(
        outside.iter().any(|one| one["message"].as_str().unwrap().contains("another repository's")),
        "{verified:#}"
    );
    // What the base has is not the change's, and another commit of it is.
    change.git(&["branch", "--force", "base", "HEAD"]);
    project.write("src/lib.rs", "pub fn changed() {}");
    change.finish();
    assert_eq!(told(0), [""; 0]);
    git(project, other.as_str(), &["commit", "--quiet", "--allow-empty", "-m", "moved"]);
    git(project, project.path("third/other").as_str(), &["fetch", "--quiet"]);
    git(project, project.path("third/other").as_str(), &["checkout", "--quiet", &commit()]);
    change.finish();
    assert_eq!(told(0), [sentence("third/other")]);
    // What is taken away brings nothing; what stands in the place of a folder of the repository does.
    let manifest = project.read("Cargo.toml").replace("other = { path = \"third/other\" }", "");
    project.write("Cargo.toml", manifest);
    project.cargo(&["update", "--workspace"]).expect_code(0);
    change.git(&["rm", "-rqf", "third/other"]);
    project.write("third/plain/file", "");
    change.finish();
    assert_eq!(told(0), [""; 0]);
    change.git(&["branch", "--force", "base", "HEAD"]);
    change.git(&["rm", "-rqf", "third/plain"]);
    change.git(&["submodule", "--quiet", "add", other.as_str(), "third/plain"]);
    change.finish();
    assert_eq!(told(0), [sentence("third/plain")]);
}
