//! What a change does beside what it locks is told, and refused where cargo builds something else by it or the audit trail is spoiled.

use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::model::checksum::Checksum;

use super::*;

/// Puts text before all else of cargo's configuration.
fn prepend(change: &Change, text: &str) {
    let config = change.world.project.read(".cargo/config.toml");
    change.world.project.write(".cargo/config.toml", format!("{text}\n{config}"));
}

/// The change itself is judged by the base's way to the index, and all that comes after it would be judged by the change's.
#[test]
fn another_way_to_the_index_is_refused_and_a_weaker_check_is_told() {
    let change = Change::new();
    let before = change.world.project.read(".cargo/config.toml");
    let run = |text: &str, code: i32| {
        change.world.project.write(".cargo/config.toml", format!("{before}\n{text}\n"));
        change.finish();
        also(&change.json(code))
    };
    for text in [
        "[http]\nproxy = \"http://127.0.0.1:1\"",
        "[http]\nproxy = \"127.0.0.1:1\"",
        "[http]\ncainfo = \"evil.pem\"",
        "[http]\nproxy-cainfo = \"evil.pem\"",
    ] {
        assert_eq!(run(text, 1), expected(&[("index-way", true)]), "{text}");
    }
    for text in [
        "[http]\ncheck-revoke = false",
        "[http]\nssl-version = \"tlsv1.0\"",
        "[http]\nssl-version = { min = \"tlsv1.0\" }",
        "[net]\ngit-fetch-with-cli = true",
        "[net.ssh]\nknown-hosts = [\"example.org ssh-ed25519 AAAA\"]",
    ] {
        assert_eq!(run(text, 0), expected(&[("fetch-check", false)]), "{text}");
    }
    let ordinary = "[http]\ncheck-revoke = true\nproxy = \"\"\nmultiplexing = false\ntimeout = 60\n[net]\ngit-fetch-with-cli = false\nretry = 5\n";
    assert_eq!(run(ordinary, 0), []);
    let password = "[http]\nproxy = \"ana:s3cret@127.0.0.1:1\"";
    assert_eq!(run(password, 1), expected(&[("index-way", true)]));
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    assert!(
        text.contains("sets `http.proxy` = `127.0.0.1:1` in .cargo/config.toml:") && !text.contains("s3cret"),
        "{text}"
    );
    // What is to be done is said of the very setting.
    let help = "help: take `http.proxy` out of the change: a machine that needs it has it in its own `$CARGO_HOME/config.toml`, or in CARGO_HTTP_PROXY\n";
    assert!(text.contains(help), "{text}");
    let both = "[http]\nproxy = \"http://127.0.0.1:1\"\nproxy-cainfo = \"evil.pem\"";
    assert_eq!(run(both, 1), expected(&[("index-way", true), ("index-way", true)]));
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    let help = "take `http.proxy` and `http.proxy-cainfo` out of the change: a machine that needs it has it in its own `$CARGO_HOME/config.toml`, or in CARGO_HTTP_PROXY and CARGO_HTTP_PROXY_CAINFO";
    assert!(text.contains(help), "{text}");
    // What the base has already is nothing new, and another one is.
    change.world.project.write(".cargo/config.toml", format!("{before}\n[http]\ncainfo = \"company.pem\"\n"));
    change.world.project.write("company.pem", "");
    change.finish();
    change.git(&["branch", "--force", "base"]);
    change.world.project.write(".cargo/config.toml", format!("{before}\n[http]\ncainfo = \"evil.pem\"\n"));
    change.finish();
    let outcome = change.world.audit(&["--base", "base", "--offline", "--format", "json"]);
    assert_eq!(also(&document(&outcome)), expected(&[("index-way", true)]));
    change.world.project.write(".cargo/config.toml", format!("{before}\n[http]\ncainfo = \"company.pem\"\n"));
    change.finish();
    let outcome = change.world.audit(&["--base", "base", "--offline", "--format", "json"]);
    assert_eq!(also(&document(&outcome)), []);
}

#[test]
fn settings_by_which_cargo_builds_something_else_are_refused() {
    for (what, text, code) in [
        ("at the start", "paths = [\"elsewhere\"]\n", "paths"),
        ("at the start", "[patch.crates-io]\nold = { path = \"elsewhere\" }\n", "config-patch"),
        ("at the start", "[alias]\nsequester = \"version\"\n", "sequester-alias"),
        (
            "at the end",
            "[source.elsewhere]\nregistry = \"https://github.com/rust-lang/crates.io-index\"\n",
            "source-override",
        ),
    ] {
        let change = Change::new();
        if what == "at the start" {
            prepend(&change, text);
        } else {
            change.append(".cargo/config.toml", text);
        }
        // Cargo itself refuses two names for one place; what it would do is told all the same.
        change.finish();
        let outcome = change.world.audit(&["--base", "base", "--format", "json"]);
        if code == "source-override" {
            assert_ne!(outcome.code, 0, "{outcome:?}");
            continue;
        }
        // With a patch cargo does not take the lock file either, so that nothing is decided; the patch is told all the same.
        let code_of_run = if code == "config-patch" { 2 } else { 1 };
        let document = document(&outcome.expect_code(code_of_run));
        assert_eq!(also(&document), expected(&[(code, true)]), "{text}: {document:#}");
        let text = change.world.audit(&["--base", "base"]).expect_code(code_of_run).stdout;
        assert!(text.contains("Also this change sets") && text.contains(".cargo/config.toml:"), "{text}");
    }
}

#[test]
fn what_else_cargo_runs_or_locks_is_told() {
    let change = Change::new();
    change.append(".cargo/config.toml", "[build]\nrustc-wrapper = \"wrapper\"\n\n[env]\nHARMLESS = \"1\"");
    change.world.project.write("tools/Cargo.lock", "version = 4\n");
    let document = change.json(0);
    let found = also(&document);
    for code in ["program", "env-table", "other-lock-file"] {
        assert!(found.contains(&(code.to_owned(), false)), "{code}: {document:#}");
    }
    let text = change.world.audit(&["--base", "base"]).expect_code(0).stdout;
    assert!(text.contains("brings or alters tools/Cargo.lock"), "{text}");
    for format in ["github", "markdown", "sarif"] {
        let told = change.world.audit(&["--base", "base", "--format", format]).expect_code(0).stdout;
        assert!(told.contains("rustc-wrapper"), "{format}: {told}");
    }
}

#[test]
fn a_patch_in_the_manifest_is_told() {
    let change = Change::new();
    change.append("Cargo.toml", "[patch.crates-io]\nother = { path = \"other\" }");
    change
        .world
        .project
        .write("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    change.world.project.write("other/src/lib.rs", "");
    change.world.project.cargo(&["update", "--workspace"]).expect_code(0);
    let document = change.json(0);
    assert_eq!(also(&document), expected(&[("manifest-patch", false)]), "{document:#}");
}

#[test]
fn what_the_base_has_is_not_the_changes() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    let change = Change { world };
    prepend(&change, "paths = []\n\n[build]\nrustflags = [\"-g\"]\n\n[target.'cfg(all())']\nrunner = \"run\"\n");
    change.world.project.write("tools/Cargo.lock", "version = 4\n").write("aside.toml", "paths = [\"elsewhere\"]\n");
    let change = Change::commit(change.world);
    prepend(&change, "# Nothing else has changed.\n");
    assert_eq!(also(&change.json(0)), []);
    change.world.project.write("tools/Cargo.lock", "version = 3\n");
    assert_eq!(also(&change.json(0)), expected(&[("other-lock-file", false)]));
    change.world.project.write("tools/Cargo.lock", "version = 4\n");
    // A workspace of its own that nothing locks any more; what lies beside a member, and what goes with its workspace, locked nothing.
    let git = |words: &[&str]| change.world.project.run("git", words).expect_code(0);
    git(&["rm", "-qf", "tools/Cargo.lock"]);
    assert_eq!(also(&change.json(0)), []);
    change.world.project.write("tools/Cargo.toml", "[package]\nname = \"tools\"\nversion = \"0.1.0\"\n\n[workspace]\n");
    assert_eq!(also(&change.json(0)), expected(&[("lock-file-gone", false)]));
    let told = change.world.audit(&["--base", "base"]).expect_code(0).stdout;
    assert!(told.contains("takes away tools/Cargo.lock: what another workspace is built from"), "{told}");
    git(&["reset", "-q", "--hard"]);
    prepend(&change, "# Nothing else has changed.\n");
    std::fs::remove_file(change.world.project.path("tools/Cargo.toml")).ok();
    // The file was there, and nobody read it.
    prepend(&change, "include = [\"../aside.toml\"]\n");
    let document = change.json(1);
    assert_eq!(also(&document), expected(&[("paths", true)]), "{document:#}");
}

#[test]
fn a_forged_event_is_refused_before_it_spoils_the_trail() {
    let at = "2026-11-01T00:00:00Z";
    let elsewhen: Timestamp = "2019-05-05T00:00:00Z".parse().unwrap();
    let invented = Some(Checksum::from_bytes([7; 32]));
    let cases: [(&str, &str, ReleaseRecord); 7] = [
        (
            "another that was replaced and never was",
            "trail-unknown-release",
            ReleaseRecord { replaced: Some("7.7.7".parse().unwrap()), ..record("old", "1.0.0") },
        ),
        ("a release that does not exist", "trail-unknown-release", record("old", "9.9.9")),
        ("a crate that does not exist", "trail-unknown-release", record("nothing", "1.0.0")),
        ("another pubtime", "trail-contradiction", ReleaseRecord { pubtime: Some(elsewhen), ..record("old", "1.0.0") }),
        ("another checksum", "trail-contradiction", ReleaseRecord { checksum: invented, ..record("old", "1.0.0") }),
        (
            "an invented checksum of a crate that is not locked",
            "trail-contradiction",
            ReleaseRecord { checksum: invented, ..record("later", "1.0.0") },
        ),
        (
            "a registry that nobody named",
            "trail-unconfirmed",
            ReleaseRecord {
                crate_id: CrateId {
                    registry: Registry::parse("sparse+https://127.0.0.1:1/index/").unwrap(),
                    name: "old".into(),
                },
                ..record("old", "1.0.0")
            },
        ),
    ];
    for (what, code, release) in cases {
        let change = Change::new();
        Package::new("later", "1.0.0").publish(&change.world.registry);
        forge(&change, &event(at, vec![release]));
        let document = change.json(1);
        assert!(also(&document).iter().all(|(found, fails)| found == code && *fails), "{what}: {document:#}");
        assert!(!also(&document).is_empty(), "{what}: {document:#}");
        let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
        assert!(text.contains("Also this change adds to the audit trail 2026"), "{what}: {text}");
    }
}

/// That those which name it as their parent name nothing then is no second fault.
#[test]
fn an_event_that_is_gone_is_told_once() {
    let change = Change::new();
    let first = event("2026-11-01T00:00:00Z", vec![record("old", "1.0.0")]);
    let id = EventId::of(&first.to_bytes().unwrap());
    forge(&change, &first);
    forge(&change, &Event { parents: [id].into(), ..event("2026-11-02T00:00:00Z", vec![record("old", "1.0.0")]) });
    change.finish();
    change.git(&["branch", "--force", "base", "HEAD"]);
    let name = first.file_name(id).to_string();
    std::fs::remove_file(change.world.project.path(&format!(".sequester/trail/{name}"))).unwrap();
    let document = change.json(1);
    assert_eq!(document["trail_truncated"], serde_json::json!([name]));
    assert_eq!(also(&document), expected(&[]), "{document:#}");
}

#[test]
fn an_event_of_another_day_is_refused() {
    let change = Change::new();
    forge(&change, &event("2099-01-01T00:00:00Z", Vec::new()));
    change.finish();
    let outcome = change.world.project.sequester(&["audit", "--base", "base", "--format", "json"]).expect_code(1);
    assert_eq!(also(&document(&outcome)), expected(&[("trail-ahead", true)]));
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_are_no_events_are_refused_and_counted() {
    use std::os::unix::ffi::OsStrExt as _;
    let change = Change::new();
    let folder = change.world.project.path(".sequester/trail");
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..3_000 {
        std::fs::write(folder.join(format!("junk-{number}")), "").unwrap();
    }
    let started = std::time::Instant::now();
    let document = change.json(1);
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(also(&document).len(), 9);
    assert!(document["also"][8]["message"].as_str().unwrap().starts_with("2992 more"), "{document:#}");
    // After a merge all the same, the next run can decide.
    change.git(&["branch", "--force", "base", "HEAD"]);
    change.world.json(&["--base", "base"], 0);
    // A name that is no text is one that nobody can compare.
    std::fs::write(folder.as_std_path().join(std::ffi::OsStr::from_bytes(b"\xff.json")), "").unwrap();
    change.finish();
    change.world.audit(&["--base", "base"]).expect_code(2);
}

#[test]
fn events_that_a_run_wrote_are_nobodys_fault() {
    let change = Change::new();
    Package::new("old", "1.0.1").publish(&change.world.registry);
    Package::new("more", "1.0.0").publish(&change.world.registry);
    change.world.project.sequester(&["update"]).expect_code(0);
    change.world.project.sequester(&["cargo", "add", "more"]).expect_code(0);
    change.world.project.sequester(&["update"]).expect_code(0);
    // One of them names what is not locked any more.
    change.world.project.sequester(&["cargo", "remove", "more"]).expect_code(0);
    change.finish();
    assert!(change.world.project.path(".sequester/trail").read_dir_utf8().unwrap().count() >= 1);
    let outcome = change.world.project.sequester(&["audit", "--base", "base", "--format", "json"]).expect_code(0);
    assert_eq!(also(&document(&outcome)), []);
}

#[test]
fn a_folder_in_the_place_of_crates_io_is_told() {
    let change = Change::new();
    let source = "[source.crates-io]\nreplace-with = \"mine\"\n\n[source.mine]\ndirectory = \"mine\"\n";
    change.world.project.write(".cargo/config.toml", source).write("mine/.gitkeep", "");
    // With its source gone, what the lock file answers cannot be told either.
    let document = change.json(2);
    assert_eq!(also(&document), expected(&[("source-override", true)]), "{document:#}");
}

/// A record of use makes the fix of an advisory needed, which comes early.
#[test]
fn nothing_that_an_advisory_hits_was_in_use_because_a_change_says_so() {
    let change = Change::new();
    Package::new("old", "0.9.0").publish(&change.world.registry);
    let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "old").patched(">=1.0.0"));
    let db = advisories.root();
    let audit = |code: i32| {
        let arguments = ["audit", "--base", "base", "--format", "json", "--now", NOW, "--advisory-db", db.as_str()];
        document(&change.world.project.sequester(&arguments).expect_code(code))
    };
    forge(&change, &event("2026-11-01T00:00:00Z", vec![record("old", "0.9.0")]));
    change.finish();
    let found = audit(1);
    assert_eq!(also(&found), expected(&[("trail-release-not-locked", true)]), "{found:#}");
    // What takes something back says nothing of it.
    std::fs::remove_dir_all(change.world.project.path(".sequester/trail")).unwrap();
    let revoked = Event { kind: Kind::Revoked, ..event("2026-11-01T00:00:00Z", vec![record("old", "0.9.0")]) };
    forge(&change, &revoked);
    change.finish();
    assert_eq!(also(&audit(0)), []);
}

/// Only the list of what is vendored says which tree a release has; an invented one must not stand against the true one later.
#[test]
fn an_invented_tree_stands_in_nobodys_way() {
    let change = Change::new();
    let tree = |digit: u8| ReleaseRecord { tree: Some(Checksum::from_bytes([digit; 32])), ..record("old", "1.0.0") };
    forge(&change, &event("2026-11-01T00:00:00Z", vec![tree(7)]));
    change.finish();
    change.git(&["branch", "--force", "base", "HEAD"]);
    let later = event("2026-11-02T00:00:00Z", vec![tree(8)]);
    forge(&change, &later);
    change.finish();
    let found = change.world.json(&["--base", "base"], 1);
    assert!(also(&found).iter().all(|(code, _)| code != "trail-contradiction"), "{found:#}");
}

#[test]
fn a_program_that_the_change_can_bring_along_is_refused() {
    for (text, code) in [
        ("[build]\nrustc = \"tools/rustc\"\n", "program"),
        ("[build]\nrustc-wrapper = \"tools/wrapper\"\n", "program"),
        ("[target.'cfg(all())']\nrunner = \"tools/run\"\n", "runner"),
        ("[build]\nrustflags = [\"-Clinker=tools/ld\"]\n", "flags"),
        ("[build]\nrustflags = \"-C linker=tools/ld\"\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-fuse-ld=tools/ld\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink_arg=-fuse-ld=tools/ld\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-args=-s -Btools/bin\"]\n", "flags"),
        ("[build]\nrustflags = [\"--extern\", \"serde=tools/serde.rlib\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Zcodegen_backend=tools/x.so\"]\n", "flags"),
        ("[build]\nrustflags = [\"@more\"]\n", "flags"),
        ("[target.'cfg(all())']\nrustdocflags = [\"--test-runtool\", \"tools/run\"]\n", "flags"),
        ("[alias]\nfast = \"rustc -- -Clinker=tools/ld\"\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-B\", \"-Clink-arg=tools\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-args=-Wl,-plugin,x.so\"]\n", "flags"),
        ("[build]\nrustflags = [\"-C\", \"link-arg=-wrapper\", \"-C\", \"link-arg=sh,x\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=x.o\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-specs=x y.specs\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=--specs=nosys.specs\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-B.\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-args=-Wl,-O1 --specs=x.specs\"]\n", "flags"),
        ("[build]\ntarget = [\"x86_64-unknown-linux-gnu\", \"spec.json\"]\n", "program"),
        ("[profile.dev.package.old]\nrustflags = [\"-Clinker=tools/ld\"]\n", "flags"),
        ("[profile.release]\nbuild-override = { codegen-backend = \"tools/x.so\" }\n", "program"),
        ("[target.'cfg(all())']\nrunner = \"sh run\"\n", "runner"),
        ("[target.'cfg(all())']\nrunner = [\"Python3.12.exe\", \"-m\", \"run\"]\n", "runner"),
        ("[target.'cfg(all())']\nrunner = \"qemu-arm tools/run\"\n", "runner"),
        ("[registry]\nglobal-credential-providers = [\"cargo:token\", \"sh token\"]\n", "credential-provider"),
        ("[registries.x]\ncredential-provider = \"cargo:token-from-stdout sh token\"\n", "credential-provider"),
        ("[credential-alias]\nmine = [\"tools/token\"]\n", "credential-provider"),
        ("[host.x86_64-unknown-linux-gnu]\nlinker = \"tools/ld\"\n", "program"),
        ("[env]\nCC = \"tools/cc\"\n", "env-table"),
        ("[env]\nCC = \"sh cc\"\n", "env-table"),
        ("[env]\nTARGET_CXX = { value = \"cxx\", relative = true }\n", "env-table"),
    ] {
        let change = Change::new();
        change.append(".cargo/config.toml", text);
        let document = change.json(1);
        assert!(also(&document).contains(&(code.to_owned(), true)), "{text}: {document:#}");
    }
    // However much is said before that.
    let harmless = "\"-Ctarget-cpu=native\", ".repeat(20);
    let change = Change::new();
    change.append(".cargo/config.toml", &format!("[build]\nrustflags = [{harmless}\"-Clinker=tools/ld\"]\n"));
    let document = change.json(1);
    assert!(also(&document).contains(&("flags".to_owned(), true)), "{document:#}");
    assert!(document.to_string().contains("-Ctarget-cpu=native …"), "{document:#}");
}

/// What projects really set.
#[test]
fn what_the_machine_has_is_told_and_refuses_nothing() {
    for (text, code) in [
        ("[build]\nrustc-wrapper = \"sccache\"\n", "program"),
        ("[build]\nrustflags = [\"-Clink-arg=-fuse-ld=lld\", \"-Ctarget-cpu=native\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-Wl,-rpath,$ORIGIN/../lib\", \"--remap-path-prefix=/a=b\"]\n", "flags"),
        ("[build]\nrustflags = [\"-L\", \"native=/usr/local/lib\", \"-Clink-arg=-Tlink/memory.x\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=/STACK:8000000\", \"-Clink-arg=/DEFAULTLIB:x.lib\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-framework\", \"-Clink-arg=Foundation\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-args=-Wl,-Bstatic\", \"-Clink-arg=/usr/lib/x.a\"]\n", "flags"),
        ("[build]\nrustflags = [\"-Clink-arg=-Wl,-Bsymbolic\"]\n", "flags"),
        ("[profile.dev]\ncodegen-backend = \"cranelift\"\n", "program"),
        ("[target.'cfg(all())']\nrunner = \"qemu-aarch64 -L /usr/aarch64-linux-gnu\"\n", "runner"),
        ("[target.'cfg(all())']\nrunner = [\"probe-rs\", \"run\", \"--chip\", \"STM32F4\"]\n", "runner"),
        ("[env]\nCC = \"clang\"\nFIXTURES = { value = \"tests/fixtures\", relative = true }\n", "env-table"),
    ] {
        let change = Change::new();
        change.append(".cargo/config.toml", text);
        let document = change.json(0);
        assert!(also(&document).contains(&(code.to_owned(), false)), "{text}: {document:#}");
    }
}
