//! The files of other tools: what is taken over, what is named instead, and that neither can break anything.

use cargo_sequester::door::gather::adopt;
use cargo_sequester::door::gather::cargo_config::CargoConfig;
use cargo_sequester::door::model::adoption::NotTaken::{self, AlwaysRefused, NoCounterpart, OtherDigest, UnknownForm};
use cargo_sequester::door::model::adoption::{Adopted, LevelKey};
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::policy::{Level, Origin, Setting};
use cargo_sequester::door::policy::baseline::settled;

use crate::support::Project;

fn read(project: &Project) -> Adopted {
    let config = CargoConfig::load(&project.root(), &project.environment()).unwrap();
    adopt::read(&project.root(), &config).unwrap()
}

/// `key` and line of everything that was not taken over.
fn left(adopted: &Adopted) -> Vec<(String, u32, NotTaken)> {
    let place = |one: &Setting<NotTaken>| match &one.origin {
        Origin::File { line, key, .. } => (key.clone(), *line, one.value.clone()),
        Origin::Default | Origin::Flag | Origin::Environment(_) => (one.origin.to_string(), 0, one.value.clone()),
    };
    adopted.left.iter().map(place).collect()
}

fn values<T: Clone>(settings: &[Setting<T>]) -> Vec<T> {
    settings.iter().map(|one| one.value.clone()).collect()
}

#[test]
fn cargos_own_ages_are_taken_from_the_project_alone() {
    let project = Project::new().config(
        "[registry]\nglobal-min-publish-age = \"10 days\"\n[registries.mine]\nindex = \"sparse+https://registry.example.org/\"\nmin-publish-age = \"0\"\n[registries.crates-io]\nmin-publish-age = \"0\"",
    );
    let adopted = read(&project);
    assert_eq!(values(&adopted.ages), [Age::days(10)]);
    assert_eq!(adopted.ages[0].origin.to_string(), "`registry.global-min-publish-age` in .cargo/config.toml:2");
    assert_eq!((adopted.registries.len(), adopted.registries[0].value.name.as_str()), (1, "mine"));
    // crates.io cannot be made a trusted registry unseen.
    assert_eq!(left(&adopted), [("registries.crates-io.min-publish-age".to_owned(), 7, NotTaken::NoHold)]);

    let machine = Project::new().env("CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE", "1 day");
    let adopted = read(&machine);
    assert!(adopted.ages.is_empty());
    assert_eq!(left(&adopted)[0].2, NotTaken::MachineOnly);
}

#[test]
fn cooldown_converts() {
    let project = Project::new();
    project.write(
        "cooldown.toml",
        "[registry]\nglobal-min-publish-age = \"14 days\"\n[registries.mine]\nindex = \"sparse+https://registry.example.org/\"\nmin-publish-age = \"0\"\n\
         [cooldown]\nlockfile-baseline = \"floor\"\n[[allow.exact]]\ncrate = \"serde\"\nversion = \"1.0.0\"\n\
         [[allow.package]]\ncrate = \"tokio\"\nminutes = 60\n[[allow.package]]\ncrate = \"../x\"\nminutes = 60\n[allow.global]\nminutes = 5\n",
    );
    let adopted = read(&project);
    assert_eq!(values(&adopted.ages), [Age::days(14)]);
    assert_eq!(adopted.registries[0].value.min_publish_age, Age::ZERO);
    assert_eq!(
        (adopted.overrides[0].value.crate_name.as_str(), adopted.overrides[0].value.min_publish_age),
        ("tokio", Age::minutes(60))
    );
    assert_eq!(adopted.vouched[0].value.crate_name, "serde");
    let expected = [
        ("allow.global", 17, NotTaken::NoCounterpart),
        ("allow.package", 14, NotTaken::UnknownForm),
        ("cooldown", 6, NotTaken::NoCounterpart),
    ];
    assert_eq!(left(&adopted), expected.map(|(key, line, why)| (key.to_owned(), line, why)));

    project.write("cooldown.toml", "cooldown_minutes = 0\n");
    assert_eq!(left(&read(&project)), [("cooldown_minutes".to_owned(), 1, NotTaken::NoHold)]);
    project.write("cooldown.toml", "cooldown_minutes = 1440\n");
    assert_eq!(values(&read(&project).ages), [Age::days(1)]);
}

#[test]
fn each_form_that_is_not_known_is_named_with_its_line() {
    let project = Project::new();
    let one = "sparse+https://one.example.org/";
    project.write(
        "cooldown.toml",
        format!(
            "cooldown_minutes = \"soon\"\nregistries = {{ mine = {{ index = \"{one}\", min-publish-age = \"1 day\" }}, again = {{ index = \"{one}\", min-publish-age = \"2 days\" }}, \
             ageless = {{ index = \"sparse+https://two.example.org/\" }}, nowhere = {{ min-publish-age = \"1 day\" }}, crates-io = {{ min-publish-age = \"0\" }}, text = 1 }}\n\
             [registry]\nglobal-min-publish-age = 7\nother = 1\n[allow]\nexact = [{{ crate = \"a\" }}, {{ crate = \"b\", version = \"1\" }}]\n\
             package = [\n{{ crate = \"c\" }},\n{{ crate = \"d\", minutes = 60 }},\n{{ crate = \"d\", min-publish-age = \"2 days\" }},\n]\n"
        ),
    );
    project.write(
        "deny.toml",
        "bans = 1\n[advisories]\nvulnerability = \"warn\"\nsevere = 1\nignore = [\n1,\n]\n[licenses]\nallow = [\n1,\n]\n[sources]\nallow-git = [\n\"nowhere\",\n\"https://git.example.org/a \",\n]\n",
    );
    project.write(
        "supply-chain/audits.toml",
        "[[audits.\"no crate\"]]\nversion = \"1.0.0\"\n[[audits.a]]\nviolation = \"one\"\n[[audits.a]]\nversion = \"1\"\ncriteria = 1\n",
    );
    let adopted = read(&project);
    assert_eq!(adopted.registries.len(), 1);
    assert_eq!(values(&adopted.overrides)[0].min_publish_age, Age::minutes(60));
    let mut named = left(&adopted);
    named.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let expected = [
        ("advisories.ignore", 6, NoCounterpart),
        ("advisories.severe", 4, NoCounterpart),
        ("advisories.vulnerability", 3, AlwaysRefused),
        ("allow.exact", 7, UnknownForm),
        ("allow.exact", 7, UnknownForm),
        ("allow.package", 9, UnknownForm),
        ("allow.package", 11, NotTaken::Repeated),
        ("audits.\"no crate\"", 1, UnknownForm),
        ("audits.a", 3, UnknownForm),
        ("audits.a", 5, UnknownForm),
        ("bans", 1, UnknownForm),
        ("cooldown_minutes", 1, UnknownForm),
        ("licenses.allow", 10, UnknownForm),
        ("registries.ageless", 2, UnknownForm),
        ("registries.crates-io", 2, NotTaken::NoHold),
        ("registries.mine", 2, NotTaken::Repeated),
        ("registries.nowhere", 2, UnknownForm),
        ("registries.text", 2, UnknownForm),
        ("registry.global-min-publish-age", 4, UnknownForm),
        ("registry.other", 5, NoCounterpart),
        ("sources.allow-git", 14, UnknownForm),
        ("sources.allow-git", 15, UnknownForm),
    ];
    assert_eq!(named, expected.map(|(key, line, why)| (key.to_owned(), line, why)));
}

#[test]
fn of_several_levels_the_strictest_holds_and_exceptions_from_no_list_are_left_out() {
    let project = Project::new();
    let level = |level: Level| Setting {
        value: (LevelKey::Yanked, level),
        origin: Origin::File { path: format!("{level}.toml").into(), line: 1, key: "yanked".to_owned() },
    };
    project.write("deny.toml", "[licenses]\nexceptions = [{ crate = \"ring\", allow = [\"OpenSSL\"] }]\n");
    let mut adopted = read(&project);
    assert_eq!(adopted.license_exceptions.len(), 1);
    adopted.levels = vec![level(Level::Warn), level(Level::Reject), level(Level::Allow), level(Level::Reject)];
    let adopted = settled(adopted, None);
    assert_eq!(values(&adopted.levels), [(LevelKey::Yanked, Level::Reject)]);
    assert!(adopted.license_exceptions.is_empty());
    let whys: Vec<_> = left(&adopted).into_iter().map(|(_, _, why)| why).collect();
    let laxer = || NotTaken::Laxer(Level::Reject);
    assert_eq!(whys, [laxer(), laxer(), NotTaken::Repeated, NoCounterpart]);
}

#[test]
fn of_several_ages_the_longest_holds_and_the_command_line_before_all() {
    let project = Project::new().config("[registry]\nglobal-min-publish-age = \"10 days\"");
    project.write("cooldown.toml", "cooldown_minutes = 1440\n");
    let adopted = settled(read(&project), None);
    assert_eq!(
        (values(&adopted.ages), left(&adopted)[0].2.clone()),
        (vec![Age::days(10)], NotTaken::Shorter(Age::days(10)))
    );
    let adopted = settled(read(&project), Some(Age::days(3)));
    assert_eq!((values(&adopted.ages), adopted.left.len()), (vec![Age::days(3)], 2));
}

#[test]
fn deny_converts() {
    let project = Project::new();
    let text = r#"[graph]
targets = []
[advisories]
version = 2
db-urls = ["https://github.com/RustSec/advisory-db"]
yanked = "deny"
unmaintained = "workspace"
unsound = "all"
ignore = [
    "RUSTSEC-2026-0001",
    { id = "RUSTSEC-2026-0002", reason = "we do not parse it" },
    "yanked-crate@0.1.1",
    { crate = "a-crate@0.1.1", reason = "x" },
]
[licenses]
allow = ["MIT", "Apache-2.0 WITH LLVM-exception", "Proprietary"]
confidence-threshold = 0.8
exceptions = [{ crate = "ring@0.17.8", allow = ["OpenSSL"] }, { name = "old-form", version = "<2", allow = ["ISC"] }, { crate = "none" }]
clarify = [{ crate = "webpki", expression = "ISC", license-files = [{ path = "LICENSE", hash = 0x001c7e6c }] }]
private = { ignore = true }
unlicensed = "deny"
copyleft = "warn"
[bans]
multiple-versions = "warn"
deny = [
    "openssl-sys",
    "exact@1.2.3",
    "range:<1.2",
    { crate = "table@0.3.0", reason = "x", use-instead = "other" },
    { name = "old", version = "<0.2" },
    { name = "wrapped", wrappers = ["one"] },
    "not a name",
]
[sources]
unknown-registry = "warn"
unknown-git = "deny"
allow-registry = ["https://github.com/rust-lang/crates.io-index", "sparse+https://registry.example.org/index/", "nonsense"]
allow-git = ["https://git.example.org/team/tool"]
private = ["https://git.example.org/inner"]
[sources.allow-org]
github = ["team"]
"#;
    project.write("deny.toml", text);
    let adopted = read(&project);
    assert_eq!(values(&adopted.levels), [(LevelKey::Unsound, Level::Reject), (LevelKey::Yanked, Level::Reject)]);
    assert_eq!(
        values(&adopted.ignores),
        [
            ("RUSTSEC-2026-0001".to_owned(), None),
            ("RUSTSEC-2026-0002".to_owned(), Some("we do not parse it".to_owned()))
        ]
    );
    assert_eq!(values(&adopted.licenses), ["MIT", "Apache-2.0 WITH LLVM-exception"]);
    let exceptions = values(&adopted.license_exceptions);
    let exceptions: Vec<_> =
        exceptions.iter().map(|one| (&*one.crate_name, one.version.as_deref(), one.allow.join(" "))).collect();
    assert_eq!(
        exceptions,
        [("ring", Some("=0.17.8"), "OpenSSL".to_owned()), ("old-form", Some("<2"), "ISC".to_owned())]
    );
    assert_eq!(values(&adopted.deny), ["openssl-sys", "exact@=1.2.3", "range@<1.2", "table@=0.3.0", "old@<0.2"]);
    assert_eq!(values(&adopted.allow_git), ["https://git.example.org/team/tool", "https://git.example.org/inner"]);
    assert_eq!(adopted.allow_registries.len(), 1);
    let mut named: Vec<_> = left(&adopted).into_iter().map(|(key, line, why)| (line, key, why)).collect();
    named.sort_by_key(|(line, ..)| *line);
    let expected = [
        (1, "graph", NoCounterpart),
        (7, "advisories.unmaintained", NoCounterpart),
        (12, "advisories.ignore", NoCounterpart),
        (13, "advisories.ignore", NoCounterpart),
        (16, "licenses.allow", NoCounterpart),
        (17, "licenses.confidence-threshold", NoCounterpart),
        (18, "licenses.exceptions", UnknownForm),
        (19, "licenses.clarify", OtherDigest),
        (22, "licenses.copyleft", AlwaysRefused),
        (24, "bans.multiple-versions", NoCounterpart),
        (31, "bans.deny", NoCounterpart),
        (32, "bans.deny", UnknownForm),
        (35, "sources.unknown-registry", AlwaysRefused),
        (37, "sources.allow-registry", UnknownForm),
        (40, "sources.allow-org", NoCounterpart),
    ];
    assert_eq!(named, expected.map(|(line, key, why)| (line, key.to_owned(), why)));
}

#[test]
fn a_store_of_cargo_vet_converts() {
    let project = Project::new();
    project.write(
        "supply-chain/config.toml",
        "[cargo-vet]\nversion = \"0.10\"\n[imports.example]\nurl = \"https://example.org/audits.toml\"\n[[exemptions.old]]\nversion = \"1.0.0\"\ncriteria = \"safe-to-deploy\"\n",
    );
    project.write(
        "supply-chain/audits.toml",
        "[[audits.bad]]\nviolation = \"<1.2\"\ncriteria = \"safe-to-run\"\n[[audits.good]]\nwho = \"Ana\"\ncriteria = [\"safe-to-deploy\", \"ub-risk-0\"]\nversion = \"2.0.0\"\n\
         [[audits.good]]\ndelta = \"2.0.0 -> 2.1.0\"\ncriteria = \"safe-to-deploy\"\n[[trusted.good]]\nuser-id = 1\n",
    );
    let adopted = read(&project);
    let vouched: Vec<_> =
        adopted.vouched.iter().map(|one| (one.value.crate_name.as_str(), one.value.how.as_str())).collect();
    assert_eq!(
        vouched,
        [("old", "exempts it from safe-to-deploy"), ("good", "audits it as safe-to-deploy, ub-risk-0, by Ana")]
    );
    assert_eq!(values(&adopted.deny), ["bad@<1.2"]);
    assert_eq!(
        left(&adopted),
        [
            ("imports".to_owned(), 3, NotTaken::NoCounterpart),
            ("trusted".to_owned(), 11, NotTaken::NoCounterpart),
            ("audits".to_owned(), 1, NotTaken::Differences(1)),
        ]
    );
}

/// C11 in spirit: nothing in a foreign file stops `init`, takes for ever or fills the memory.
#[test]
fn files_that_cannot_be_read_are_named() {
    let project = Project::new();
    project
        .write("deny.toml", "[advisories\n")
        .write("cooldown.toml", vec![b'#'; 2 * 1024 * 1024])
        .write("supply-chain/audits.toml", [0xff]);
    std::fs::create_dir_all(project.path("supply-chain/config.toml")).unwrap();
    let adopted = read(&project);
    assert!(adopted.files.is_empty());
    let whys: Vec<_> = adopted.left.iter().map(|one| one.value.to_string()).collect();
    assert_eq!(whys.len(), 4, "{whys:?}");
    assert!(whys.iter().all(|why| why.starts_with("cannot be read: ")), "{whys:?}");

    let many = "\"a\", ".repeat(20_000);
    project.write("deny.toml", format!("[bans]\ndeny = [{many}]\n"));
    let adopted = read(&project);
    assert_eq!(adopted.deny.len(), 10_000);
    assert!(adopted.left.iter().any(|one| one.value == NotTaken::TooMany(10_000)));
    assert_eq!(settled(adopted, None).deny.len(), 1);

    #[cfg(unix)]
    {
        // Opening a pipe would wait for ever.
        std::fs::remove_file(project.path("deny.toml")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(project.path("deny.toml")).status().unwrap().success());
        assert!(
            read(&project)
                .left
                .iter()
                .any(|one| one.value == NotTaken::Unreadable("it is a named pipe, not a regular file".to_owned()))
        );
    }
}
