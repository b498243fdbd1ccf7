//! At the prompt: completion, the manual, help with examples, colours, words that were meant, and a few words for the prompt itself.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use cargo_sequester::door::cli::EXAMPLES;

use crate::audit::{NOW, World};
use crate::support::{Advisory, Outcome, Package};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-sequester");
const VARIABLE: &str = "CARGO_SEQUESTER_COMPLETE";
const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

/// Locks `cc` and `serde` of old, one of them hit by an advisory, and `twice` in two versions.
fn world() -> World {
    let world = World::new().dep("cc", "1").dep("serde", "1").dep("twice", "1");
    let world = world.dep_toml("twice-again = { package = \"twice\", version = \"2\" }");
    for (name, version) in [("cc", "1.2.2"), ("serde", "1.0.1"), ("twice", "1.0.0"), ("twice", "2.0.0")] {
        Package::new(name, version).publish(&world.registry);
    }
    world.lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0901", "cc"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0902", "elsewhere"));
    world
}

/// What a shell gets for these words, of which the last is not finished.
fn complete(world: &World, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = world.project.command(PROGRAM);
    command.env(VARIABLE, shell).env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string()).env("_CLAP_IFS", "\n");
    let output = command.arg("--").args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_shell_has_its_script() {
    let world = World::new();
    for shell in SHELLS {
        let script = world.project.run(PROGRAM, &["completions", shell]).expect_code(0).stdout;
        assert!(script.contains(VARIABLE) && script.contains("cargo-sequester"), "{shell}: {script}");
        assert!(!complete(&world, shell, &["cargo-sequester", "aud"]).is_empty(), "{shell}");
    }
    assert!(world.project.run(PROGRAM, &["completions", "tcsh"]).expect_code(2).stderr.contains("tcsh"));
}

#[test]
fn verbs_options_crates_and_advisories_are_completed() {
    let world = world();
    world.registry.forget_requests();
    let of = |words: &[&str]| complete(&world, "bash", words);
    assert_eq!(of(&["cargo-sequester", "aud"]), ["audit"]);
    // Only a shell that tells the last word by itself asks so.
    assert!(complete(&world, "fish", &["cargo", "sequester", "expl"])[0].starts_with("explain"));
    assert_eq!(of(&["cargo-sequester", "audit", "--form"]), ["--format"]);
    assert!(of(&["cargo-sequester", "audit", "--format", ""]).contains(&"gitlab".to_owned()));
    assert_eq!(of(&["cargo-sequester", "explain", "s"]), ["serde"]);
    assert_eq!(of(&["cargo-sequester", "approve", "cc@"]), ["cc@1.2.2"]);
    // The name alone would not do.
    assert_eq!(of(&["cargo-sequester", "update", "tw"]), ["twice@1.0.0", "twice@2.0.0"]);
    // Bash breaks words at `@`, and wants the last piece.
    assert_eq!(of(&["cargo-sequester", "explain", "twice", "@", "2"]), ["2.0.0"]);
    assert_eq!(of(&["cargo-sequester", "explain", "twice", "@"]), ["1.0.0", "2.0.0"]);
    assert_eq!(of(&["cargo-sequester", "approve", "cc", "--id", "RUST"]), ["RUSTSEC-2026-0901"]);
    assert_eq!(of(&["cargo-sequester", "diff", "twice", ""]).iter().filter(|word| !word.starts_with('-')).count(), 2);
    assert_eq!(of(&["cargo-sequester", "diff", "twice", "2"]), ["2.0.0"]);
    assert_eq!(of(&["cargo-sequester", "log", "--kind", "rev"]), ["revoked"]);
    world.project.write("rustup/toolchains/stable/lib/rustlib/x86_64-unknown-none/lib/x", "");
    world.project.write("rustup/toolchains/stable/lib/rustlib/etc/x", "");
    let mut targets = world.project.command(PROGRAM);
    targets.env(VARIABLE, "bash").env("_CLAP_COMPLETE_INDEX", "3").env("_CLAP_IFS", " ");
    targets.env("RUSTUP_HOME", world.project.path("rustup").as_str());
    let output = targets.args(["--", "cargo-sequester", "sbom", "--target", ""]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "all x86_64-unknown-none");
    // Members are nobody's to approve.
    assert!(of(&["cargo-sequester", "explain", "ap"]).is_empty());
    assert!(world.registry.requested_paths().is_empty(), "{:?}", world.registry.requested_paths());
}

#[test]
fn another_project_is_completed_where_the_words_name_it() {
    let world = world();
    let lock = world.project.path("Cargo.lock");
    let elsewhere = World::new();
    let words = ["cargo-sequester", "explain", "--lockfile", lock.as_str(), "s"];
    assert_eq!(complete(&elsewhere, "bash", &words), ["serde"]);
    let manifest = world.project.path("Cargo.toml");
    let words = ["cargo-sequester", "explain", "--manifest-path", manifest.as_str(), "s"];
    assert_eq!(complete(&elsewhere, "bash", &words), ["serde"]);
    assert!(complete(&elsewhere, "bash", &["cargo-sequester", "explain", "s"]).is_empty());
}

#[test]
fn where_anything_is_wrong_nothing_is_offered_and_nothing_said() {
    let world = world();
    for lock in ["<<<<<<< conflict", "", "version = 99", "\0"] {
        world.project.write("Cargo.lock", lock);
        assert!(complete(&world, "bash", &["cargo-sequester", "explain", ""]).iter().all(|word| word.starts_with('-')));
    }
    world.project.write("sequester.toml", "nonsense");
    assert!(complete(&world, "bash", &["cargo-sequester", "approve", "cc", "--id", "R"]).is_empty());
    assert!(complete(&world, "tcsh", &["cargo-sequester", "aud"]).is_empty());
}

/// F3: a shell puts a candidate on the command line as it is.
#[test]
fn a_name_that_a_shell_would_obey_is_not_offered() {
    let world = world();
    let lock = world.project.read("Cargo.lock");
    for name in ["x$(reboot)", "x;reboot", "x`reboot`", "-x", "x y"] {
        world.project.write("Cargo.lock", lock.replace("name = \"serde\"", &format!("name = {name:?}")));
        for shell in SHELLS {
            for word in complete(&world, shell, &["cargo-sequester", "explain", ""]) {
                assert!(
                    !word.contains("reboot") && !word.contains("x y") && !word.starts_with("-x"),
                    "{shell}: {word}"
                );
            }
        }
    }
}

/// Whoever can set a variable in CI must not make a run end well that judges nothing.
#[test]
fn the_variable_alone_changes_nothing() {
    let world = world();
    for shell in SHELLS {
        let mut command = world.project.command(PROGRAM);
        let output = command.env(VARIABLE, shell).args(["sequester", "audit", "--now", NOW]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{shell}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("RUSTSEC-2026-0901"));
    }
    assert_eq!(world.project.run(PROGRAM, &["--", "cargo-sequester", "aud"]).code, 2);
}

/// Runs a shell's own completion; `None` where the shell is not installed.
fn in_shell(world: &World, shell: &str, script: &str) -> Option<Outcome> {
    let folder = Utf8Path::new(PROGRAM).parent().unwrap();
    let mut command: Command = world.project.command(shell);
    command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin")).arg("-c").arg(script).stdin(Stdio::null());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: {shell}: {error}");
            return None;
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Outcome {
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        code: output.status.code().unwrap_or(-1),
    })
}

#[test]
fn bash_completes() {
    let world = world();
    let ask = |words: &str, at: usize, typed: &str| -> Vec<String> {
        let script = format!(
            "source <(cargo-sequester completions bash); COMP_WORDS=({words}); COMP_CWORD={at}; COMP_TYPE=9; \
             _clap_complete_cargo_sequester cargo-sequester '{typed}' x; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let told = in_shell(&world, "bash", &script).unwrap();
        assert_eq!(told.stderr, "");
        told.stdout.lines().map(str::to_owned).collect()
    };
    assert_eq!(ask("cargo-sequester explain se", 2, "se"), ["serde"]);
    assert_eq!(ask("cargo-sequester explain twice @ 1", 4, "1"), ["1.0.0"]);
    assert_eq!(ask("cargo-sequester log --verb", 2, "--verb"), ["--verbose"]);
}

#[test]
fn fish_completes_behind_cargo_too() {
    let world = world();
    for line in ["cargo-sequester explain ser", "cargo sequester explain ser"] {
        let script = format!("cargo-sequester completions fish | source; complete -C '{line}'");
        let Some(told) = in_shell(&world, "fish", &script) else { return };
        let first = told.stdout.lines().next().unwrap_or_default().split('\t').next();
        assert_eq!(first, Some("serde"), "{line}: {} {}", told.stdout, told.stderr);
    }
}

#[test]
fn every_verb_has_a_page_and_pages_are_always_the_same() {
    let world = World::new();
    world.project.run(PROGRAM, &["man", "--out", "pages/man1"]).expect_code(0);
    let page = |name: &str| world.project.read(&format!("pages/man1/{name}.1"));
    let whole = page("cargo-sequester");
    assert!(whole.contains(".TH cargo-sequester 1") && whole.contains(".SH SYNOPSIS"), "{whole}");
    for (verb, _) in EXAMPLES {
        let text = page(&format!("cargo-sequester-{verb}"));
        for section in [".SH SYNOPSIS\n", ".SH OPTIONS\n", ".SH \"EXAMPLES\"\n", ".SH \"EXIT STATUS\"\n"] {
            assert!(text.contains(section), "{verb} lacks {section}: {text}");
        }
        assert!(
            !text.contains(".SH EXTRA") && text.contains(&format!("\"cargo-sequester {}\"", env!("CARGO_PKG_VERSION"))),
            "{text}"
        );
        let printed = world.project.run(PROGRAM, &["man", verb]).expect_code(0).stdout;
        assert_eq!(printed, text);
    }
    let told = world.project.run(PROGRAM, &["man", "--out", "pages/man1"]).expect_code(0).stderr;
    let pages = std::fs::read_dir(world.project.root().join("pages/man1")).unwrap().count();
    assert_eq!(told, format!("       Wrote {pages} pages in pages/man1\n"));
    assert!(pages > EXAMPLES.len());
    assert_eq!(page("cargo-sequester"), whole);
    assert_eq!(world.project.run(PROGRAM, &["man"]).expect_code(0).stdout, whole);
    let refused = world.project.run(PROGRAM, &["man", "frobnicate"]).expect_code(2);
    assert!(refused.stderr.contains("there is no such verb"), "{}", refused.stderr);
    let refused = world.project.run(PROGRAM, &["man", "--out", "/proc/pages"]).expect_code(2);
    assert!(refused.stderr.contains("/proc/pages cannot be written"), "{}", refused.stderr);
}

#[test]
fn long_help_has_what_short_help_has_and_examples() {
    let world = World::new();
    let verbs = world.project.run(PROGRAM, &["--help"]).expect_code(0).stdout;
    let verbs = verbs.split_once("Commands:\n").unwrap().1;
    let verbs = verbs
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: Vec<&str> =
        verbs.filter_map(|line| line.split_whitespace().next()).filter(|verb| *verb != "help").collect();
    assert!(verbs.len() > 12, "{verbs:?}");
    // The columns of the short one are filled up with blanks.
    let words = |text: &str| text.split_whitespace().count();
    for verb in verbs {
        let long = world.project.run(PROGRAM, &["help", verb]).expect_code(0).stdout;
        let is_listed = EXAMPLES.iter().any(|(known, _)| *known == verb);
        assert!(is_listed || long.contains("Examples:"), "`{verb}` has no example: src/cli/examples.rs");
        assert!(long.contains("Examples:\n") && long.contains("Exit codes:"), "{verb}: {long}");
        // Cargo answers for its own help.
        if verb == "cargo" {
            continue;
        }
        let short = world.project.run(PROGRAM, &[verb, "-h"]).expect_code(0).stdout;
        assert!(short.contains("Exit codes:"), "{verb}: {short}");
        assert!(!is_listed || (!short.contains("Examples:") && words(&long) > words(&short)), "{verb}");
    }
}

#[test]
fn a_word_that_was_meant_is_offered() {
    let world = world();
    let told = |arguments: &[&str]| {
        let arguments = [arguments, &["--now", NOW]].concat();
        world.project.sequester(&arguments).expect_code(2).stderr
    };
    assert!(told(&["explain", "sered"]).contains("`sered` is not in the dependency graph; did you mean serde?"));
    assert!(told(&["explain", "Twise"]).contains("did you mean twice?"));
    assert!(!told(&["explain", "nothing-like-it"]).contains("did you mean"));
    let other = told(&["approve", "cc", "--id", "RUSTSEC-2026-0910", "--reason", "x", "--until", "2027-01-01"]);
    assert!(other.contains("did you mean RUSTSEC-2026-0901?"), "{other}");
    assert!(world.project.run(PROGRAM, &["audti"]).expect_code(2).stderr.contains("'audit'"));
}

#[test]
fn a_few_words_for_the_prompt() {
    let world = World::new().dep("old", "1").dep("fresh", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-21T00:00:00Z").publish(&world.registry);
    world.lock();
    world.registry.forget_requests();
    let short = |code: i32| {
        let told = world.project.sequester(&["status", "--short", "--now", NOW]).expect_code(code);
        assert_eq!(told.stderr, "");
        told.stdout
    };
    assert_eq!(short(1), "1 held\n");
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0903", "old"));
    assert_eq!(short(1), "1 rejected, 1 held\n");
    world.policy("[quarantine]\nmin-publish-age = \"0\"\n[[advisories.ignore]]\nid = \"RUSTSEC-2026-0903\"\nreason = \"x\"\nuntil = 2027-01-01\n");
    assert_eq!(short(0), "");
    assert!(world.registry.requested_paths().is_empty(), "{:?}", world.registry.requested_paths());
    world.project.write("sequester.toml", "nonsense = true\n");
    assert_eq!(short(2), "undecided\n");
    // Where there is no project there is nothing to say.
    let mut elsewhere = world.project.command(PROGRAM);
    let output = elsewhere.args(["status", "--short"]).current_dir(world.project.outside()).output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(0), &b""[..], &b""[..]));
}

/// Whether a text switches a colour or a weight on; a bar that erases its line does not.
fn has_colours(text: &str) -> bool {
    text.split("\x1b[")
        .skip(1)
        .any(|rest| rest.trim_start_matches(|one: char| one.is_ascii_digit() || one == ';').starts_with('m'))
}

/// What one run prints in this environment, into a pipe or, by `script`, on a terminal.
fn printed(world: &World, variables: &[(&str, &str)], arguments: &[&str], terminal: bool) -> Option<String> {
    let mut command = world.project.command(if terminal { "script" } else { PROGRAM });
    if terminal {
        command.args(["-qec", &format!("{PROGRAM} {}", arguments.join(" ")), "/dev/null"]);
    } else {
        command.args(arguments);
    }
    let output = command.envs(variables.iter().copied()).stdin(Stdio::null()).output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            eprintln!("skipped: script: {error}");
            None
        }
    }
}

#[test]
fn colours_follow_the_environment_and_the_terminal() {
    let world = world();
    let audit = ["audit", "--now", NOW, "--offline"];
    let is_coloured = |variables: &[(&str, &str)], arguments: &[&str], terminal: bool| {
        printed(&world, variables, arguments, terminal).map(|text| has_colours(&text))
    };
    // Into a pipe: only who asks for it.
    assert_eq!(is_coloured(&[("TERM", "xterm")], &audit, false), Some(false));
    assert_eq!(is_coloured(&[("CLICOLOR_FORCE", "1")], &audit, false), Some(true));
    assert_eq!(is_coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &audit, false), Some(false));
    assert_eq!(is_coloured(&[("CLICOLOR_FORCE", "0")], &audit, false), Some(false));
    let never = [&audit[..], &["--color", "never"]].concat();
    assert_eq!(is_coloured(&[("CLICOLOR_FORCE", "1")], &never, false), Some(false));
    // On a terminal: unless somebody does not want it, or the terminal cannot.
    for (variables, expected) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "dumb")][..], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")][..], false),
        (&[("TERM", "xterm"), ("CLICOLOR", "0")][..], false),
        // An empty variable says nothing.
        (&[("TERM", "xterm"), ("NO_COLOR", "")][..], true),
    ] {
        let Some(found) = is_coloured(variables, &audit, true) else { return };
        assert_eq!(found, expected, "{variables:?}");
    }
    // Help too.
    let Some(found) = is_coloured(&[("TERM", "dumb")], &["audit", "--help"], true) else { return };
    assert!(!found);
}
