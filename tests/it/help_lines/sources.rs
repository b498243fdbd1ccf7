//! The commands that stand in the source as text: an error far from the command line cannot fit its way out to the run, so each of these is
//! listed with the scene or test that provokes it, or with why none does.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

/// A command in a source file, and what shows that it works.
const KNOWN: &[(&str, &str, &str)] = &[
    ("write/new_policy.rs", "cargo sequester approve --prune", "the words of a comment in the file that `init` writes"),
    ("write/new_policy.rs", "cargo sequester init", "the words of a comment in the file that `init` writes"),
    (
        "write/vendor_dir/error.rs",
        "cargo sequester vendor",
        "vendor_dir::journal tests make the error; the command is walked in `vendored_sources_that_were_altered`",
    ),
    (
        "write/vendor_dir/error.rs",
        "cargo sequester vendor {elsewhere}",
        "vendor_dir::targets makes the error, with a folder of the same form",
    ),
    (
        "write/vendor_dir/error.rs",
        "cargo sequester vendor third-party/vendor",
        "vendor_dir::targets makes the error; the folder is an example",
    ),
    ("cli/examples.rs", "cargo sequester {words}", "help_lines::examples runs each"),
    ("command/audit.rs", "cargo sequester cargo generate-lockfile", "several_locks provokes it and runs the command"),
    ("command/init.rs", "cargo sequester cargo generate-lockfile", "init::writing provokes it and runs the command"),
    ("command/man.rs", "cargo sequester --help", "prompt:: provokes it and runs `--help`"),
    ("command/approve.rs", "cargo sequester approve --help", "cannot be provoked: the command line is refused before"),
    ("command/outcome.rs", "cargo sequester update --workspace", "cargo_verb:: runs it after an external command"),
    (
        "command/outcome.rs",
        "cargo sequester audit",
        "of `cargo install`: about another folder, which is yet to be fetched",
    ),
    (
        "command/outcome.rs",
        "cargo sequester audit -v",
        "approve::refused provokes it; `audit` is walked in every scene",
    ),
    (
        "command/outcome.rs",
        "cargo sequester cargo install --locked --path .",
        "of `cargo install`: about another folder, which is yet to be fetched",
    ),
    ("command/outcome.rs", "cargo sequester cargo build", "cargo_verb::packaging provokes it and runs the command"),
    (
        "command/outcome.rs",
        "cargo sequester cargo {again} --no-verify",
        "cargo_verb::packaging provokes it and runs the command",
    ),
    ("command/outcome.rs", "cargo sequester cargo tree", "explain provokes it; cargo_verb::stuck runs it"),
    ("command/outcome.rs", "cargo sequester inspect {release}", "diff:: provokes it; inspect:: runs it with a release"),
    ("command/outcome.rs", "cargo sequester log", "log_verb provokes it and runs `log`"),
    ("command/outcome.rs", "cargo sequester log {spec}", "approve::refused provokes it; words:: runs `log` of a crate"),
    ("command/outcome.rs", "cargo sequester audit", "walked in `an_adoption`, whose policy is there already"),
    (
        "command/status.rs",
        "cargo sequester update -n",
        "provoked by no test, being a cause among others; update::unblock runs the command where cargo finds no way",
    ),
    (
        "command/update.rs",
        "cargo sequester vendor --format json",
        "vendor::rerun provokes it; vendor:: runs the command",
    ),
    ("command/vendoring/place.rs", "cargo sequester vendor", "the name of this run in a journal"),
    ("gather/allow_list.rs", "cargo sequester vendor", "allow-list of another version: no test provokes it"),
    (
        "gather/crate_files/wanted.rs",
        "cargo sequester update",
        "an archive that is gone: crate_files provokes it, `update` is walked",
    ),
    ("gather/lock_file.rs", "cargo sequester cargo generate-lockfile", "walked in `no_lock_file`"),
    ("gather/policy_file/fault.rs", "cargo sequester init", "policy_file:: provokes it; init:: runs the command"),
    (
        "gather/vendor_tree/files.rs",
        "cargo sequester vendor",
        "verify::tree provokes it; the command is walked in `vendored_sources_that_were_altered`",
    ),
    ("model/vendoring.rs", "cargo sequester audit", "plan:: provokes it; `audit` is walked in every scene"),
    (
        "project/error.rs",
        "cargo sequester audit --base REF",
        "approve::refused provokes it; REF is for the reader to say",
    ),
    (
        "project/error.rs",
        "cargo sequester audit --now {now}",
        "approve::refused provokes it; audit::time runs the command",
    ),
    ("report/audit/github.rs", "cargo sequester could not decide", "a title, no command"),
    ("gather/lock_file.rs", "cargo sequester cargo", "audit::surroundings provokes it and runs `generate-lockfile`"),
    (
        "gather/lock_file.rs",
        "cargo sequester update --workspace",
        "audit::surroundings provokes it and runs the command",
    ),
    (
        "report/change.rs",
        "cargo sequester approve",
        "audit_base::also runs it as the way out, and `cargo sequester revoke` behind it",
    ),
    (
        "report/change.rs",
        "cargo sequester revoke",
        "audit_base::also runs it as the way out, behind `cargo sequester approve`",
    ),
    ("report/markdown.rs", "cargo sequester audit", "an example in a test"),
    ("report/markdown.rs", "cargo sequester audit</code>", "an example in a test"),
    ("report/markdown.rs", "cargo sequester {}", "an example in a test"),
    ("report/reason.rs", "cargo sequester audit --fetch", "licenses:: runs it"),
    ("report/reason.rs", "cargo sequester inspect", "walked in `a_release_with_something_inside`"),
    ("report/notice.rs", "cargo sequester update {spec}", "walked in `an_approval_that_waits_for_its_update`"),
    ("report/verify/remedy.rs", "cargo sequester vendor", "walked in `vendored_sources_that_were_altered`"),
    ("report/verify.rs", "cargo sequester audit asks cargo as well", "words, no command"),
    (
        "report/verify.rs",
        "cargo sequester update --workspace",
        "verify:: provokes it; walked in `a_lock_file_that_does_not_answer`",
    ),
    ("report/verify.rs", "cargo sequester vendor", "walked in `vendored_sources_that_were_altered`"),
    (
        "report/verify.rs",
        "cargo sequester vendor --local-registry {folder}",
        "verify::local_registry provokes it; vendor:: runs the command",
    ),
    ("report/verify.rs", "cargo sequester vendor {folder}", "verify:: provokes it; vendor::layout runs the command"),
    ("report/assess/requirements.rs", "cargo sequester sbom", "sbom:: runs it"),
    ("report/assess/requirements.rs", "cargo sequester inspect", "inspect:: runs it with a release"),
    ("report/assess/requirements.rs", "cargo sequester incident", "incident:: runs it with a release"),
    ("report/vsa.rs", "cargo sequester log", "log_verb provokes it and runs `log`"),
    (
        "report/vsa.rs",
        "cargo sequester log --verify",
        "log_verb runs the command; a broken trail in `--vsa` is provoked by no test",
    ),
    (
        "report/vsa.rs",
        "cargo sequester vendor",
        "provoked by no test; the command is walked in `vendored_sources_that_were_altered`",
    ),
    ("report/way_out.rs", "cargo sequester", "where commands are made"),
    ("report/way_out.rs", "cargo sequester {}", "where commands are made"),
    ("report/way_out.rs", "cargo sequester {}{more}", "where commands are made"),
    ("report/assess/json.rs", "cargo sequester assess --format json", "the title of a published schema"),
    (
        "cli/incident.rs",
        "cargo sequester incident 'time@<0.3.47' RUSTSEC-2026-0009",
        "the help of `incident`; an example",
    ),
    (
        "cli/incident.rs",
        "cargo sequester incident ./bad-releases.txt --format markdown",
        "the help of `incident`; an example",
    ),
    ("cli/incident.rs", "cargo sequester incident arrayref@0.3.10", "the help of `incident`; an example"),
    ("report/incident/json.rs", "cargo sequester incident --format json", "the title of a published schema"),
    ("command/inspect.rs", "cargo sequester update", "of a project without a lock file; update:: runs it"),
    ("gather/policy_file/reference.rs", "cargo sequester approve", "a page of keys; approve:: runs it"),
    (
        "gather/policy_file/reference.rs",
        "cargo sequester approve NAME --id ID --until DATE --reason TEXT",
        "a page of keys; approve:: runs it",
    ),
    ("report/audit/json.rs", "cargo sequester audit --format json", "the title of a published schema"),
    ("report/diff/json.rs", "cargo sequester diff --format json", "the title of a published schema"),
    ("report/backtest/json.rs", "cargo sequester backtest --format json", "the title of a published schema"),
    ("report/explain/json.rs", "cargo sequester explain --format json", "the title of a published schema"),
    ("report/inspect/json.rs", "cargo sequester inspect --format json", "the title of a published schema"),
    (
        "report/refusal.rs",
        "cargo sequester explain {spec}",
        "for whoever keeps a policy elsewhere: the team registry's tests provoke it; explain:: runs the command",
    ),
    (
        "report/refusal.rs",
        "cargo sequester incident {spec}",
        "the team registry's `stock_cargo` provokes it; incident:: runs the command",
    ),
    (
        "report/team/page.rs",
        "cargo sequester incident {spec}",
        "the team registry's `stock_cargo` provokes it; incident:: runs the command",
    ),
    (
        "report/team/page.rs",
        "cargo sequester explain {spec}",
        "on the page of a held release, for whoever has the policy; explain:: runs the command",
    ),
    (
        "report/team/page.rs",
        "cargo sequester approve {spec} --reason",
        "the team registry's `pages` provoke it; approve:: runs the command",
    ),
    (
        "report/team/page.rs",
        "cargo sequester audit --post</code> in CI does that.</p>",
        "words on a page; the team registry's `posted` runs the command",
    ),
    (
        "gather/bom_file.rs",
        "cargo sequester sbom --out FILE",
        "documents:: provokes it and runs the command; FILE is for the reader to say",
    ),
    ("serve/tokens.rs", "cargo sequester serve --new-token", "the team registry's tests run it"),
    ("report/log.rs", "cargo sequester log --format json", "the title of a published schema"),
    ("report/status/json.rs", "cargo sequester status --format json", "the title of a published schema"),
    ("report/update/json.rs", "cargo sequester fix --format json", "the title of a published schema"),
    ("report/update/json.rs", "cargo sequester update --format json", "the title of a published schema"),
    ("report/vendored.rs", "cargo sequester vendor --format json", "the title of a published schema"),
    ("report/verify/json.rs", "cargo sequester verify --format json", "the title of a published schema"),
];

fn files(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension() == Some("rs") {
            found.push(path);
        }
    }
}

/// Every command of ours in the text of a program, comments aside: up to the end of what a reader would paste.
fn commands(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("cargo sequester ") {
            let rest = &line[at..];
            let end = rest.find(['`', '"', '\\', ',', ';', ')', '&']).unwrap_or(rest.len());
            found.insert(rest[..end].trim_end().to_owned());
        }
    }
    found
}

#[test]
fn every_command_in_the_source_is_known_to_work() {
    let root = Utf8PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(&root.join("src"), &mut paths);
    let found: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|path| {
            let name = path.strip_prefix(root.join("src")).unwrap().as_str().replace('\\', "/");
            commands(&std::fs::read_to_string(path).unwrap()).into_iter().map(move |command| (name.clone(), command))
        })
        .collect();
    let known: BTreeSet<(String, String)> =
        KNOWN.iter().map(|(file, command, _)| ((*file).to_owned(), (*command).to_owned())).collect();
    let new: Vec<_> =
        found.difference(&known).map(|(file, command)| format!("(\"{file}\", \"{command}\", \"\"),")).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty(), "say what shows that these work:\n{}", new.join("\n"));
    assert!(gone.is_empty(), "these are no longer in the source: {gone:#?}");
}
