//! What stands for what was asked for: patches, other spellings of a source, and what nobody has here.

use cargo_sequester::door::model::lock_proof::{Discord, Proof, Unproven};
use cargo_sequester::door::model::manifest::DependencySource;
use cargo_sequester::door::model::source::{GitSource, Registry, Source};

use super::example::{Example, app, crates_io, local, of};
use super::universe::OTHER;

const BB: &str = "[dependencies]\nbb = \"1\"\n";

/// As `[patch.crates-io]` of the manifest has it.
fn patched(with: &str) -> String {
    format!("{BB}[patch.crates-io]\n{with}\n")
}

#[test]
fn a_patch_stands_for_its_release_or_is_recorded_as_unused() {
    let used = Example::new(&patched("bb = { path = \"../bb-1.5.0\" }"));
    used.is_answered();
    let not_locked = |example: &Example, folder: &str| Discord::PatchNotLocked {
        name: "bb".into(),
        from: DependencySource::Path(example.there(folder)),
        path: example.there("ws/Cargo.toml"),
    };
    // Without it, its package is one that no manifest explains.
    used.manifest(BB);
    let Proof::Broken(discords) = used.proof(&[""]) else { panic!("not broken") };
    assert!(discords.contains(&Discord::Unexplained(local("bb", "1.5.0"))), "{discords:?}");
    assert!(!used.cargo_takes_it());
    // Locked from the registry, while a patch is there.
    let plain = Example::new(BB);
    plain.manifest(&patched("bb = { path = \"../bb-1.5.0\" }"));
    plain.is_broken(vec![not_locked(&plain, "bb-1.5.0")]);
    let same = Example::new(BB);
    same.manifest(&patched("bb = { path = \"../bb-1.1.0\" }"));
    let Proof::Broken(discords) = same.proof(&[""]) else { panic!("not broken") };
    assert!(discords.contains(&not_locked(&same, "bb-1.1.0")), "{discords:?}");
    assert!(!same.cargo_takes_it());

    let unused = Example::new(&patched("bb = { path = \"../bb-2.5.0\" }"));
    unused.is_answered();
    unused.manifest(BB);
    unused.proof_and_cargo_agree();
    unused.manifest(&patched("bb = { path = \"../bb-2.5.0\" }"));
    let entry = "\n[[patch.unused]]\nname = \"bb\"\nversion = \"2.5.0\"\n";
    let lock = std::fs::read_to_string(unused.folder.join("Cargo.lock")).unwrap();
    unused.put("Cargo.lock", &format!("{lock}{entry}"));
    unused.is_broken(vec![Discord::PatchLeftOver(local("bb", "2.5.0"))]);
    unused.put("Cargo.lock", &lock.replace(entry, ""));
    unused.is_broken(vec![not_locked(&unused, "bb-2.5.0")]);
    unused.put("Cargo.lock", &format!("{}{}", lock.replace(entry, ""), entry.replace("2.5.0", "1.1.0")));
    unused.proof_and_cargo_agree();
}

#[test]
fn a_patch_that_cargo_refuses_or_that_is_not_followed_is_for_cargo_to_tell() {
    let odd = |example: &Example| Unproven::OddPatch { name: "bb".into(), path: example.there("ws/Cargo.toml") };
    for with in [
        "bb = \"1\"",
        "bb = { path = \"../bb-1.5.0\", version = \"2\" }",
        "bb = { path = \"../bb-1.5.0\" }\nmore = { package = \"bb\", path = \"../again\" }",
    ] {
        let example = Example::new(BB).with_version("../again", "bb", "1.5.0", "[features]\nstd = []\n[workspace]\n");
        example.manifest(&patched(with));
        let Proof::Unproven(why) = example.proof(&[""]) else { panic!("{with}") };
        assert!(why.contains(&odd(&example)), "{with}: {why:?}");
        assert!(!example.cargo_takes_it(), "{with}");
    }
}

#[test]
fn a_patch_from_another_registry_is_the_release_that_is_locked_from_there() {
    let with = "bb = { version = \"=1.1.0\", registry = \"other\" }";
    let example = Example::new(&patched(with));
    example.is_answered();
    let from = DependencySource::Registry(Registry::parse(OTHER).unwrap());
    let plain = Example::new(BB);
    plain.manifest(&patched(with));
    let path = plain.there("ws/Cargo.toml");
    plain.is_broken(vec![Discord::PatchNotLocked { name: "bb".into(), from, path }]);
}

#[test]
fn a_folder_whose_manifest_cannot_be_read_is_named_where_something_is_built_from_it() {
    let example = Example::new("").with("../out", "out", "[workspace]\n");
    example.manifest("[dependencies]\nout = { path = \"../out\" }\n");
    example.lock();
    example.is_answered();
    example.put("../out/Cargo.toml", "[package\n");
    let Proof::Unproven(why) = example.proof(&[""]) else { panic!("it cannot be read") };
    let path = example.there("out/Cargo.toml");
    assert!(matches!(&why[..], [Unproven::Unread { path: told, .. }] if *told == path), "{why:?}");
    assert!(!example.cargo_takes_it());
}

#[test]
fn patches_are_told_apart_by_source_name_and_version() {
    let two = "bb = { path = \"../bb-1.5.0\" }\ndd = { path = \"../dd\" }";
    let table = |with: &str| format!("[dependencies]\nbb = \"1\"\ndd = \"1\"\n[patch.crates-io]\n{with}\n");
    let with_dd = |rest: &str| Example::unlocked(rest).with_version("../dd", "dd", "1.5.0", "[workspace]\n");
    let example = with_dd(&table(two));
    example.lock();
    example.is_answered();
    // What is missing is named by itself, whatever stands before it.
    for (before, missing, folder) in
        [("bb = { path = \"../bb-1.5.0\" }\n", "dd", "dd"), ("dd = { path = \"../dd\" }\n", "bb", "bb-1.5.0")]
    {
        let example = with_dd(&table(before));
        example.lock();
        example.is_answered();
        example.manifest(&table(two));
        let (from, path) = (DependencySource::Path(example.there(folder)), example.there("ws/Cargo.toml"));
        example.is_broken(vec![Discord::PatchNotLocked { name: missing.into(), from, path }]);
    }
    // One package may stand for another's in two registries.
    let both = "[dependencies]\nbb = \"1\"\nother = { package = \"bb\", version = \"1\", registry = \"other\" }\n[patch.crates-io]\nbb = { path = \"../bb-1.5.0\" }\n[patch.other]\nbb = { path = \"../bb-1.5.0\" }\n";
    let example = Example::new(both);
    example.is_answered();
}

#[test]
fn what_is_recorded_as_unused_is_exactly_what_is_patched_and_not_used() {
    let with = "bb = { version = \"=1.1.0\", registry = \"other\" }";
    let text = format!("[dependencies]\ngg = \"1\"\n[patch.crates-io]\n{with}\n");
    let example = Example::new(&text);
    example.is_answered();
    let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
    let at = lock.find("[[patch.unused]]").unwrap();
    let (rest, entry) = lock.split_at(at);
    assert!(entry.contains("\"bb\"") && entry.contains("1.1.0"), "{entry}");
    let from = DependencySource::Registry(Registry::parse(OTHER).unwrap());
    let path = example.there("ws/Cargo.toml");
    let missing = || Discord::PatchNotLocked { name: "bb".into(), from: from.clone(), path: path.clone() };
    let other = |version| of(Source::Registry(Registry::parse(OTHER).unwrap()), "bb", version);
    for (recorded, found) in [
        (String::new(), vec![missing()]),
        (entry.replace("1.1.0", "1.0.0"), vec![missing(), Discord::PatchLeftOver(other("1.0.0"))]),
        (format!("{entry}\n{entry}"), vec![Discord::PatchLeftOver(other("1.1.0"))]),
        (format!("{entry}\n{}", entry.replace("1.1.0", "1.0.0")), vec![Discord::PatchLeftOver(other("1.0.0"))]),
    ] {
        example.put("Cargo.lock", &format!("{rest}{recorded}"));
        example.is_broken(found);
    }
    // What has no source and no manifest is forgotten. Where all manifests of its name have one version, it is taken for theirs.
    let one = patched("bb = { path = \"../bb-1.5.0\" }");
    let two = patched("bb = { path = \"../bb-1.5.0\" }\nmore = { package = \"bb\", path = \"../bb-2.5.0\" }");
    for (manifest, name, version, left_over) in [
        (&one, "none", "1.5.0", false),
        (&one, "bb", "9.9.9", true),
        (&one, "bb", "1.5.0", true),
        (&two, "none", "2.5.0", false),
        (&two, "bb", "9.9.9", false),
        (&two, "bb", "1.5.0", true),
        (&two, "bb", "2.5.0", true),
    ] {
        let example = Example::new(manifest);
        example.is_answered();
        let lock = std::fs::read_to_string(example.folder.join("Cargo.lock")).unwrap();
        let entry = format!("[[patch.unused]]\nname = {name:?}\nversion = {version:?}\n");
        example.put("Cargo.lock", &format!("{lock}\n{entry}"));
        if left_over {
            example.is_broken(vec![Discord::PatchLeftOver(local(name, version))]);
        } else {
            example.is_answered();
        }
    }
}

/// A package of a repository that nobody has here: of its source alone something can be told.
#[test]
fn a_repository_is_the_one_that_is_asked_for_in_the_same_form() {
    let locked = |version: u8, reference: &str| {
        let source = format!("git+https://git.example.org/tool{reference}#{COMMIT}");
        let head = if version > 2 { format!("version = {version}\n\n") } else { String::new() };
        let edge = if version > 1 { String::from("tool") } else { format!("tool 0.1.0 ({source})") };
        format!(
            "{head}[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n {edge:?},\n]\n\n[[package]]\nname = \"tool\"\nversion = \"0.1.0\"\nsource = {source:?}\n"
        )
    };
    let example = Example::unlocked("");
    for (version, asked, reference, fits) in [
        (4, "", "", true),
        (4, ".git", "", true),
        (4, "/", "", true),
        (4, "-other", "", false),
        (4, "\", branch = \"master", "?branch=master", true),
        (4, "\", branch = \"next", "?branch=next", true),
        (4, "\", branch = \"next", "?branch=master", false),
        (4, "\", tag = \"v1", "?tag=v1", true),
        (4, "\", tag = \"v1", "?branch=v1", false),
        (4, "\", tag = \"v1", "?tag=v2", false),
        (4, "\", rev = \"0123456", "?rev=0123456", true),
        (4, "\", rev = \"0123456", "", false),
        (3, "\", branch = \"master", "", false),
        (3, "", "?branch=master", false),
        (2, "\", branch = \"master", "", true),
        (2, "", "?branch=master", true),
        (2, "", "", true),
        (2, "\", branch = \"next", "", false),
        (2, "", "?branch=next", false),
        (2, "\", branch = \"next", "?branch=next", true),
        (1, "\", branch = \"master", "", true),
    ] {
        let asked_for = format!("[dependencies]\ntool = {{ git = \"https://git.example.org/tool{asked}\" }}\n");
        example.manifest(&asked_for);
        example.put("Cargo.lock", &locked(version, reference));
        let said = match example.proof(&[""]) {
            Proof::Answered => panic!("nobody knows what it asks"),
            Proof::Broken(discords) => {
                assert!(discords.iter().any(|one| matches!(one, Discord::Unanswered { by, .. } if *by == app())));
                false
            }
            Proof::Unproven(why) => {
                assert!(matches!(&why[..], [Unproven::NoManifest(id)] if *id.name == *"tool"), "{why:?}");
                true
            }
        };
        assert_eq!(said, fits, "{version}: {asked_for} {reference}");
    }
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOOL: &str = "git+https://git.example.org/tool#0123456789abcdef0123456789abcdef01234567";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A lock file of `name version source`, each with what it is locked with.
fn lock_of(entries: &[(&str, &[&str])]) -> String {
    entries.iter().fold(String::from("version = 4\n"), |text, (id, edges)| {
        let mut words = id.split(' ');
        let mut word = || words.next();
        let (name, version, source) = (word().unwrap(), word().unwrap(), word());
        let source = source.map(|source| format!("source = {source:?}\n")).unwrap_or_default();
        let edges: String = edges.iter().map(|edge| format!(" {edge:?},\n")).collect();
        format!("{text}\n[[package]]\nname = {name:?}\nversion = {version:?}\n{source}dependencies = [\n{edges}]\n")
    })
}

/// A registry that nobody has here, by its index in a repository.
#[test]
fn a_registry_is_one_in_every_spelling_that_cargo_takes_for_one() {
    let example = Example::unlocked("");
    for (asked, locked, fits) in [
        ("https://git.example.org/index", "registry+https://git.example.org/index", true),
        ("https://git.example.org/index", "registry+https://git.example.org/index.git", true),
        ("https://git.example.org/index.git", "registry+https://git.example.org/index", true),
        ("https://git.example.org/index", "registry+https://git.example.org/other", false),
        ("https://git.example.org/index", "sparse+https://git.example.org/index/", false),
        ("sparse+https://git.example.org/index/", "sparse+https://git.example.org/index/", true),
        ("sparse+https://git.example.org/index/", "sparse+https://git.example.org/other/", false),
    ] {
        example.manifest(&format!("[dependencies]\ntool = {{ version = \"0.1\", registry-index = {asked:?} }}\n"));
        example.put("Cargo.lock", &lock_of(&[("app 0.1.0", &["tool"]), (&format!("tool 0.1.0 {locked}"), &[])]));
        let proof = example.proof(&[""]);
        let open =
            matches!(&proof, Proof::Unproven(why) if matches!(&why[..], [Unproven::NoLine(id)] if *id.name == *"tool"));
        assert_eq!(open, fits, "{asked} {locked}: {proof:?}");
        assert_eq!(matches!(proof, Proof::Broken(_)), !fits, "{asked} {locked}");
    }
}

/// `tool` comes from a repository that nobody has here. What it is locked with is reached, with features that nobody knows.
#[test]
fn what_something_unknown_leads_to_may_have_what_it_can_ask_and_nothing_else() {
    let tool = of(
        Source::Git(GitSource {
            url: "https://git.example.org/tool".into(),
            reference: None,
            commit: Some(COMMIT.into()),
        }),
        "tool",
        "0.1.0",
    );
    let unknown = Proof::Unproven(vec![Unproven::NoManifest(tool)]);
    let app = "[dependencies]\ntool = { git = \"https://git.example.org/tool\" }\n";
    let patch_dd = format!("{app}dd = \"1\"\n[patch.crates-io]\ndd = {{ path = \"../dd\" }}\n");
    let patch_cc = format!("{app}[patch.crates-io]\ncc = {{ path = \"../cc\" }}\n");
    let example = Example::unlocked(app).with_version("../dd", "dd", "1.5.0", "[workspace]\n").with_version(
        "../cc",
        "cc",
        "1.5.0",
        "[features]\nfast = []\n[workspace]\n",
    );
    let registry = |name: &str, version: &str| format!("{name} {version} {CRATES_IO}");
    let (aa, bb, cc, dd, ee) = (
        registry("aa", "1.2.0"),
        registry("bb", "1.1.0"),
        registry("cc", "1.1.0"),
        registry("dd", "1.1.0"),
        registry("ee", "0.1.1"),
    );
    let tool_entry = format!("tool 0.1.0 {TOOL}");
    let id = |text: &str| {
        let (name, rest) = text.split_once(' ').unwrap();
        crates_io(name, rest.split(' ').next().unwrap())
    };
    let proof = |manifest: &str, entries: &[(&str, &[&str])]| {
        example.manifest(manifest);
        example.put("Cargo.lock", &lock_of(entries));
        example.proof(&[""])
    };
    let head: [(&str, &[&str]); 2] = [("app 0.1.0", &["tool"]), (&tool_entry, &["aa"])];
    let all = |rest: &[(&str, &[&str])]| -> Proof {
        let entries: Vec<(&str, &[&str])> = head.iter().copied().chain(rest.iter().copied()).collect();
        proof(app, &entries)
    };
    // As it is locked where nobody asks for more, and with a feature's dependency.
    assert_eq!(all(&[(&aa, &["bb"]), (&bb, &[])]), unknown);
    assert_eq!(all(&[(&aa, &["bb", "cc"]), (&bb, &[]), (&cc, &["ee"]), (&ee, &[])]), unknown);
    // Nothing that it has asks for this, in this version, or from there.
    let unasked = |on: &str| Discord::Unasked { by: id(&aa), on: id(on) };
    let broken = |mut discords: Vec<Discord>| {
        discords.sort();
        Proof::Broken(discords)
    };
    let found = all(&[(&aa, &["bb", "dd"]), (&bb, &[]), (&dd, &["ee"]), (&ee, &[])]);
    assert_eq!(found, broken(vec![unasked(&dd), Discord::Unreached(id(&dd)), Discord::Unreached(id(&ee))]));
    let old = registry("bb", "2.0.0");
    let found = all(&[(&aa, &["bb 1.1.0", "bb 2.0.0"]), (&bb, &[]), (&old, &[])]);
    assert_eq!(found, broken(vec![unasked(&old), Discord::Unreached(id(&old))]));
    let elsewhere = format!("cc 1.1.0 {OTHER}");
    let locked: &[(&str, &[&str])] = &[(&aa, &["bb", "cc"]), (&bb, &[]), (&elsewhere, &[])];
    let other = of(Source::Registry(Registry::parse(OTHER).unwrap()), "cc", "1.1.0");
    let beside = vec![Discord::Unasked { by: id(&aa), on: other.clone() }, Discord::Unreached(other)];
    assert_eq!(all(locked), broken(beside.clone()));
    // Nor does a patch of another package stand for it.
    let mut entries = vec![("app 0.1.0", &["dd", "tool"] as &[&str]), head[1], ("dd 1.5.0", &[])];
    entries.extend(locked);
    assert_eq!(proof(&patch_dd, &entries), broken(beside));
    // Its own does.
    let entries: [(&str, &[&str]); 5] = [head[0], head[1], (&aa, &["bb", "cc"]), (&bb, &[]), ("cc 1.5.0", &[])];
    assert_eq!(proof(&patch_cc, &entries), unknown);
    // What is reached in this way stands on its line.
    let first = registry("bb", "1.0.0");
    let both = format!("{app}bb = \"=1.1.0\"\n");
    let entries: [(&str, &[&str]); 4] =
        [("app 0.1.0", &["bb 1.1.0", "tool"]), (&tool_entry, &["bb 1.0.0"]), (&first, &[]), (&bb, &[])];
    assert_eq!(proof(&both, &entries), broken(vec![Discord::SameLine { one: id(&first), other: id(&bb) }]));
}
