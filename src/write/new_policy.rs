//! The text of a project's first `sequester.toml`: every section with its values, what they mean, and where they are from.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::policy_file::{NewApproval, NewIgnore, approval_entry, ignore_entry};
use crate::model::adoption::{Adopted, Baseline, LevelKey};
use crate::model::approval::Approval;
use crate::model::policy::{Level, Origin, Policy, RUSTSEC_DB, Setting};
use crate::model::signal::{SignalLevel, SignalPolicy};

/// What a new policy is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPolicy<'a> {
    /// The day on which it is written.
    pub day: Date,
    /// What other tools' files say, with at most one age and one level of a kind.
    pub adopted: &'a Adopted,
    /// Where advisories are fetched from, if not from RustSec's own archive.
    pub db: Option<&'a str>,
    /// What lets it pass today.
    pub baseline: &'a Baseline,
}

/// The whole text, ended by a line feed. The strict reader accepts it.
#[must_use]
pub(crate) fn new_policy(new: &NewPolicy<'_>) -> String {
    let defaults = Policy::default();
    let mut text = Text::default();
    text.comment(&format!(
        "What `cargo sequester` lets this project build; begun by `cargo sequester init` on {}.",
        new.day
    ));
    text.comment("A value that is written here and not taken from elsewhere is the default. A key that does not exist is an error.");
    quarantine(&mut text, new, &defaults);
    signals(&mut text, &defaults.signals);
    registries(&mut text, new.adopted);
    advisories(&mut text, new, &defaults);
    sources(&mut text, new);
    text.header("bans", &["Crates that are never used: \"name\", or \"name@\" and a requirement."]);
    text.list("deny", &new.adopted.deny, Clone::clone);
    text.header(
        "licenses",
        &["Licences that releases may have, as SPDX ids. An empty list judges none. They are read from vendored sources and verified archives; `audit --fetch` gets what is missing."],
    );
    text.list("allow", &new.adopted.licenses, Clone::clone);
    for Setting { value, origin } in &new.adopted.license_exceptions {
        text.array_header("licenses.exception", origin);
        text.line(&format!("crate = {}", quoted(&value.crate_name)), None);
        if let Some(version) = &value.version {
            text.line(&format!("version = {}", quoted(version)), None);
        }
        let ids: Vec<String> = value.allow.iter().map(|id| quoted(id)).collect();
        text.line(&format!("allow = [{}]", ids.join(", ")), None);
    }
    approvals(&mut text, &new.baseline.approvals);
    text.0
}

fn quarantine(text: &mut Text, new: &NewPolicy<'_>, defaults: &Policy) {
    let quarantine = &defaults.quarantine;
    text.header(
        "quarantine",
        &["How old a release must be, counted from its publication: most malware is found within days."],
    );
    let age = new.adopted.ages.first();
    let value = age.map_or(quarantine.min_publish_age.value, |age| age.value);
    text.line(&format!("min-publish-age = \"{value}\""), age.map(|age| &age.origin));
    text.comment("How old a crate must be, counted from its first release.");
    text.line(&format!("new-crate-age = \"{}\"", quarantine.new_crate_age), None);
    text.comment("How old a release must be that shows a sign of a takeover; see [signals].");
    text.line(&format!("signal-age = \"{}\"", quarantine.signal_age), None);
    text.comment("Whether what is found inside a release, where cargo's cache has its archive, holds it as long.");
    text.line(&format!("inspect = {}", quarantine.inspect), None);
    text.header(
        "quarantine.security-fix",
        &["A release that an advisory names as the fix may come earlier, at this age."],
    );
    text.line(&format!("enabled = {}", quarantine.security_fix), None);
    text.line(&format!("min-publish-age = \"{}\"", quarantine.security_fix_age), None);
    for Setting { value, origin } in &new.adopted.overrides {
        text.array_header("override", origin);
        text.line(&format!("crates = [{}]", quoted(&value.crate_name)), None);
        text.line(&format!("min-publish-age = \"{}\"", value.min_publish_age), None);
        text.line(&format!("reason = {}", quoted(&format!("taken over from {}", place(origin)))), None);
    }
    if new.adopted.overrides.is_empty() {
        text.example(
            "Another age for some crates; a reason is required where it is shorter.",
            &["[[override]]", "crates = [\"windows-*\"]", "min-publish-age = \"14 days\""],
        );
    }
}

fn signals(text: &mut Text, signals: &SignalPolicy) {
    text.header(
        "signals",
        &[
            "Signs of a takeover, from the index alone: \"reason\" holds a release for signal-age, \"warn\" only tells, \"off\" does",
            "neither. It begins to depend on a crate that is younger than this:",
        ],
    );
    let level = |text: &mut Text, key, level: SignalLevel| text.line(&format!("{key} = \"{}\"", level.as_str()), None);
    level(text, "young-dependency", signals.young_dependency);
    text.line(&format!("young-dependency-age = \"{}\"", signals.young_dependency_age), None);
    text.comment("The same of a release that opens a compatibility line, so that no update leads to it:");
    level(text, "young-dependency-new-line", signals.young_dependency_new_line);
    text.comment("After more than this gap without a release, and for as long as the window after it, a compatible release adds a");
    text.comment("dependency that nobody can leave out.");
    level(text, "dormant-growth", signals.dormant_growth);
    text.line(&format!("dormant-growth-gap = \"{}\"", signals.dormant_growth_gap), None);
    text.line(&format!("dormant-growth-window = \"{}\"", signals.dormant_growth_window), None);
    text.comment("A compatible release is the first with a build-dependency or `links`.");
    level(text, "first-build-script-input", signals.first_build_script_input);
    text.comment(
        "A crate younger than this has nearly the name of a locked or well-known one, or the name of a package from",
    );
    text.comment("elsewhere. Time does not lift it. `look-alike-known` names crates of crates.io that are meant.");
    level(text, "look-alike", signals.look_alike);
    text.line(&format!("look-alike-age = \"{}\"", signals.look_alike_age), None);
    text.line("look-alike-known = []", None);
    text.comment("Older compatible releases were yanked around its publication, and no advisory says why. A reason where it is known");
    text.comment("when they were yanked, otherwise a warning.");
    level(text, "yank-lure", signals.yank_lure);
    text.comment("What `--facts` asks the registry, and the audit trail remembers: somebody else published it than the releases before; a");
    text.comment("CI run published the one before, and somebody with a token this one.");
    level(text, "publisher-change", signals.publisher_change);
    level(text, "trusted-publishing-lost", signals.trusted_publishing_lost);
}

fn registries(text: &mut Text, adopted: &Adopted) {
    for Setting { value, origin } in &adopted.registries {
        let name = toml_edit::Key::new(&value.name).to_string();
        text.header(&format!("registries.{name}"), &[&format!("Taken over from {}.", place(origin))]);
        text.line(&format!("index = {}", quoted(&value.registry.to_string())), None);
        text.line(&format!("min-publish-age = \"{}\"", value.min_publish_age), None);
    }
    if adopted.registries.is_empty() {
        text.example(
            "Another registry that packages may come from, with an age of its own; \"0\" trusts it.",
            &[
                "[registries.my-registry]",
                "index = \"sparse+https://registry.example.org/index/\"",
                "min-publish-age = \"0\"",
            ],
        );
    }
}

fn advisories(text: &mut Text, new: &NewPolicy<'_>, defaults: &Policy) {
    let advisories = &defaults.advisories;
    text.header("advisories", &["Where they are fetched from; `git+https://…` and a directory are read too."]);
    text.line(&format!("db = {}", quoted(new.db.unwrap_or(RUSTSEC_DB))), None);
    text.comment(
        "How long a confirmation lasts that the copy is today's, and how old a copy may be that nobody confirmed.",
    );
    text.line(&format!("max-age = \"{}\"", advisories.max_age), None);
    text.line(&format!("max-copy-age = \"{}\"", advisories.max_copy_age), None);
    text.comment(
        "What is made of advisories that are no vulnerabilities, and of yanked releases: reject, warn or allow.",
    );
    let levels: [(LevelKey, Level); 4] = [
        (LevelKey::Unsound, advisories.unsound),
        (LevelKey::Unmaintained, advisories.unmaintained),
        (LevelKey::Notice, advisories.notice),
        (LevelKey::Yanked, advisories.yanked),
    ];
    for (key, default) in levels {
        let adopted = new.adopted.levels.iter().find(|one| one.value.0 == key);
        let level = adopted.map_or(default, |one| one.value.1);
        text.line(&format!("{} = \"{level}\"", key.as_str()), adopted.map(|one| &one.origin));
    }
    if !new.baseline.ignores.is_empty() {
        text.0.push('\n');
        text.comment(
            "Advisories that hit releases locked already. Each counts again after its day: update, or decide anew.",
        );
    }
    for (position, ignore) in new.baseline.ignores.iter().enumerate() {
        if position > 0 {
            text.0.push('\n');
        }
        text.0.push_str(&ignore_entry(&NewIgnore {
            id: ignore.id.to_string(),
            crate_name: ignore.crate_name.as_ref().map(ToString::to_string),
            reason: ignore.reason.clone(),
            until: ignore.until,
            justification: ignore.justification,
        }));
    }
}

fn sources(text: &mut Text, new: &NewPolicy<'_>) {
    text.header(
        "sources",
        &["Registries that packages may come from beside crates.io, by the addresses of their indexes."],
    );
    text.list("allow-registries", &new.adopted.allow_registries, ToString::to_string);
    text.comment(
        "Git repositories that packages may come from: one commit with `rev`, otherwise everything below the address.",
    );
    let rules =
        new.adopted.allow_git.iter().map(|one| (format!("{{ url = {} }}", quoted(&one.value)), Some(&one.origin)));
    let pinned = new.baseline.git.iter().map(|rule| {
        let rev = rule.rev.iter().map(|rev| format!(", rev = {}", quoted(rev)));
        let reason = rule.reason.iter().map(|reason| format!(", reason = {}", quoted(reason)));
        (format!("{{ url = {}{} }}", quoted(&rule.url), rev.chain(reason).collect::<String>()), None)
    });
    text.lines_of("allow-git", rules.chain(pinned));
    text.comment("Registries that may stand in for crates.io.");
    text.list("mirrors", &new.adopted.mirrors, ToString::to_string);
}

fn approvals(text: &mut Text, approvals: &[Approval]) {
    if approvals.is_empty() {
        return;
    }
    text.0.push('\n');
    text.comment(
        "Releases that were locked already and are too young, each until the day it matures. These entries lapse by",
    );
    text.comment("themselves; `cargo sequester approve --prune` removes them then.");
    for (position, approval) in approvals.iter().enumerate() {
        if position > 0 {
            text.0.push('\n');
        }
        text.0.push_str(&approval_entry(&NewApproval {
            crate_name: approval.crate_name.to_string(),
            registry: approval.registry.clone(),
            version: approval.version.clone(),
            checksum: approval.checksum,
            lifts: approval.lifts.clone(),
            reason: approval.reason.clone(),
            by: approval.by.clone(),
            at: approval.at.unwrap_or(Date::MIN),
            until: approval.until,
        }));
    }
}

/// A file and line, or whatever else a setting is from.
fn place(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line, .. } => format!("{path}:{line}"),
        origin @ (Origin::Default | Origin::Flag | Origin::Environment(_)) => origin.to_string(),
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// Paths come from outside: nothing in one may end the comment.
    fn comment(&mut self, text: &str) {
        let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let _ = writeln!(self.0, "# {text}");
    }

    fn header(&mut self, name: &str, comments: &[&str]) {
        let _ = writeln!(self.0, "\n[{name}]");
        for text in comments {
            self.comment(text);
        }
    }

    fn array_header(&mut self, name: &str, origin: &Origin) {
        self.0.push('\n');
        self.comment(&format!("Taken over from {}.", place(origin)));
        let _ = writeln!(self.0, "[[{name}]]");
    }

    fn line(&mut self, line: &str, origin: Option<&Origin>) {
        self.0.push_str(line);
        match origin {
            Some(origin) => {
                self.0.push(' ');
                self.comment(&format!("from {}", place(origin)));
            }
            None => self.0.push('\n'),
        }
    }

    fn list<T>(&mut self, key: &str, settings: &[Setting<T>], text: impl Fn(&T) -> String) {
        self.lines_of(key, settings.iter().map(|one| (quoted(&text(&one.value)), Some(&one.origin))));
    }

    fn lines_of<'a>(&mut self, key: &str, values: impl Iterator<Item = (String, Option<&'a Origin>)>) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return self.line(&format!("{key} = []"), None);
        }
        self.line(&format!("{key} = ["), None);
        values.for_each(|(value, origin)| self.line(&format!("    {value},"), origin));
        self.line("]", None);
    }

    fn example(&mut self, meaning: &str, lines: &[&str]) {
        self.0.push('\n');
        self.comment(meaning);
        for line in lines {
            self.comment(line);
        }
    }
}
