//! Below `--help`: commands that can be typed as they stand. A test runs each of them.

use clap::Command;

/// A verb, and for each example what it does and the words behind `cargo sequester`.
pub const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "audit",
        &[
            ("Judge the lock file of this workspace", "audit"),
            ("Judge what a change adds, by the rules of its base", "audit --base origin/main"),
            ("The same for the change's reviewer", "audit --base origin/main --format markdown"),
            ("For GitHub's code scanning", "audit --format sarif > sequester.sarif"),
        ],
    ),
    (
        "status",
        &[
            ("What is held, until when, and what is newer", "status"),
            ("What becomes eligible in the next two weeks", "status --until \"14 days\""),
            ("A few words for a prompt, from what is on this machine", "status --short"),
        ],
    ),
    (
        "update",
        &[
            ("Move everything to the newest approved releases", "update"),
            ("Say what would move, as the body of a pull request", "update --dry-run --format markdown"),
            ("Move one crate", "update cc"),
            ("Move one crate to one release", "update cc --precise 1.2.2"),
        ],
    ),
    ("fix", &[("Say what would make `audit` pass", "fix --dry-run"), ("Do it", "fix")]),
    (
        "cargo",
        &[
            ("Add a dependency, and see approved releases only", "cargo add cc"),
            ("Build what is approved", "cargo build"),
        ],
    ),
    (
        "vendor",
        &[("Write the approved sources into `vendor`", "vendor"), ("Somewhere else", "vendor third-party/vendor")],
    ),
    (
        "explain",
        &[
            ("A crate: what is locked, and each of its releases", "explain cc"),
            ("One release: every fact, and what would cure it", "explain cc@1.2.3"),
        ],
    ),
    (
        "verify",
        &[
            ("Prove that what is vendored is what is locked and approved", "verify"),
            ("Derive every package again from its archive", "verify --deep"),
        ],
    ),
    (
        "approve",
        &[
            ("Exempt one release after looking inside", "approve cc@1.2.3 --reason \"read the diff from 1.2.2\""),
            ("Take out exemptions that are over or unused", "approve --prune"),
        ],
    ),
    (
        "diff",
        &[
            ("What the newest held release changes", "diff cc"),
            ("Two releases", "diff cc 1.2.2 1.2.3"),
            ("Only which files, and how much", "diff cc 1.2.2 1.2.3 --stat"),
        ],
    ),
    (
        "assess",
        &[
            ("By the secure supply chain consumption framework", "assess --standard s2c2f"),
            ("By SLSA's dependency track, for machines", "assess --standard slsa-dependency --format json"),
        ],
    ),
    (
        "inspect",
        &[
            ("What stands out inside one release", "inspect cc@1.2.3"),
            ("Inside everything that is held", "inspect --held"),
        ],
    ),
    (
        "sbom",
        &[
            ("A bill of materials in CycloneDX", "sbom --out bom.cdx.json"),
            ("In SPDX", "sbom --format spdx --out bom.spdx.json"),
        ],
    ),
    ("vex", &[("What is known to be vulnerable, and what of it counts", "vex --out vex.json")]),
    ("report", &[("Everything on one page", "report --out report.html")]),
    ("backtest", &[("What the policy would have done in the last two years", "backtest")]),
    ("revoke", &[("Take an approval back", "revoke cc@1.2.3")]),
    (
        "log",
        &[
            ("What was decided and done, newest first", "log"),
            ("About one crate", "log cc"),
            ("Recompute every id and name what was altered", "log --verify"),
        ],
    ),
    (
        "init",
        &[("Show the policy and the baseline that would be written", "init --dry-run"), ("Write them", "init --yes")],
    ),
    ("completions", &[("Write the script of a shell", "completions zsh > _cargo-sequester")]),
    ("man", &[("Write every page", "man --out man1"), ("Print the page of one verb", "man audit")]),
    #[cfg(feature = "serve")]
    (
        "serve",
        &[("Check a configuration", "serve --check --config serve.toml"), ("Make a token for CI", "serve --new-token")],
    ),
];

/// The verb with its examples below `--help`, before what stands below `-h`.
pub(super) fn with_examples(verb: Command) -> Command {
    let Some((_, examples)) = EXAMPLES.iter().find(|(name, _)| *name == verb.get_name()) else { return verb };
    let lines: Vec<String> =
        examples.iter().map(|(what, words)| format!("  {what}\n    $ cargo sequester {words}")).collect();
    let examples = format!("Examples:\n{}", lines.join("\n"));
    let below = [verb.get_after_long_help(), verb.get_after_help()].into_iter().flatten().map(ToString::to_string);
    let parts: Vec<String> = std::iter::once(examples).chain(below).collect();
    verb.after_long_help(parts.join("\n\n"))
}
