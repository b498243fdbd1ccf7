//! F1, F2: what comes from outside does nothing in any format, through the whole program.

use super::*;

const FORMATS: [&str; 5] = ["human", "json", "sarif", "github", "markdown"];

/// Everything that a terminal or a CI service could obey.
fn assert_harmless(format: &str, outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        for character in text.chars() {
            let bidi = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let control = character.is_control() && character != '\n';
            assert!(!bidi && !control, "{format}: {character:?} in {text:?}");
        }
        for line in text.lines() {
            let command = line.starts_with("::")
                && !["::error", "::warning", "::notice"].iter().any(|known| line.starts_with(known));
            assert!(!command && !line.trim_start().starts_with("##vso["), "{format}: {line}");
            assert!(
                !line.contains("::set-output") || format != "github" || !line.starts_with("::set-output"),
                "{line}"
            );
        }
        assert!(!text.contains("\n::error::pwned"), "{format}: {text}");
    }
}

#[test]
fn f1_f2_titles_of_advisories_are_text() {
    let world = World::new().dep("bad", "1");
    Package::new("bad", "1.0.0").publish(&world.registry);
    world.lock();
    let title = "x\u{1b}]8;;https://evil.example\u{7}click\u{1b}[2K\r\u{202e}desrever ::error::pwned ##vso[task.setvariable]%0A::error::pwned <img src=x> [a](javascript:b)";
    world.advisories.add(
        &Advisory::new("RUSTSEC-2026-0002", "bad")
            .title(title)
            .line("url = \"https://example.org/\\u001b[31m\\n::error::pwned\""),
    );
    for format in FORMATS {
        let outcome = world.audit(&["--format", format]);
        assert_ne!(outcome.code, 0, "{format}");
        assert!(outcome.stdout.contains("RUSTSEC-2026-0002"), "{format}: {outcome:?}");
        assert_harmless(format, &outcome);
    }
}

#[test]
fn f1_f2_names_in_the_lock_file_are_text() {
    let world = World::new();
    world.lock();
    let lock = world.project.read("Cargo.lock");
    let names =
        ["a\\u001b[2Jb", "a\\n::error::pwned", "\\u202egnp", "a%0A::error::pwned", "../../etc/passwd", "a\\u0007"];
    for name in names {
        let entry = format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
            "0".repeat(64)
        );
        world.project.write("Cargo.lock", format!("{lock}{entry}"));
        for format in FORMATS {
            let outcome = world.audit(&["--format", format]).expect_code(2);
            assert_harmless(format, &outcome);
        }
    }
}

#[test]
fn f1_sources_and_versions_in_the_lock_file_are_text() {
    let world = World::new();
    world.lock();
    let lock = world.project.read("Cargo.lock");
    let sources = [
        "git+https://x\\u001b[2J/y#0123",
        "wild\\n::error::pwned",
        "sparse+https://127.0.0.1:1/\\u202e/",
        "registry+https://a b/",
    ];
    for source in sources {
        world.project.write(
            "Cargo.lock",
            format!("{lock}\n[[package]]\nname = \"bad\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n"),
        );
        for format in FORMATS {
            let outcome = world.audit(&["--format", format, "--offline"]);
            assert_ne!(outcome.code, 0, "{source} {format}: {outcome:?}");
            assert_harmless(format, &outcome);
        }
    }
}

#[test]
fn f1_what_the_policy_says_is_text() {
    let world = World::new();
    world.lock();
    world.project.write("sequester.toml", "\"a\\u001b[2J\\n::error::pwned\" = 1\n");
    for format in FORMATS {
        assert_harmless(format, &world.audit(&["--format", format]).expect_code(2));
    }
    let outcome = world.audit(&["--policy", "x\u{1b}[2J\n::error::pwned"]).expect_code(2);
    assert_harmless("human", &outcome);
}
