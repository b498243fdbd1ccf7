//! What would cure a problem, as lines that can be followed or pasted.

use semver::{Version, VersionReq};

use super::audit::{AuditReport, Problem, Severity, problems};
use super::context::{Context, registry_name};
use super::way_out::{TEXT, WayOut};
use super::words::eligible;
use super::{escape, notice};
use crate::model::evaluation::{Detour, Fix, FixStanding, Judgement, Notice};
use crate::model::license::{LicenseGap, LicenseLack};
use crate::model::package::{Line, LockedChecksum, Package, PackageId};
use crate::model::policy::JudgedBy;
use crate::model::source::{GitSource, Registry, Source};
use crate::model::verdict::{Reason, ReasonCode};

/// The one command that moves whatever can be moved away from a problem, where any can; then no problem has a line of its own for it.
#[must_use]
pub(crate) fn fix_line(report: &AuditReport<'_>) -> Option<WayOut> {
    if !problems(report).iter().any(|problem| can_move(problem, report)) {
        return None;
    }
    let command = report.context().command("fix", "")?;
    Some(WayOut::to("to move what is held or vulnerable, and nothing else", command))
}

/// Every way out of a problem but another release, where one command makes all the moves.
#[must_use]
pub(crate) fn beside_fix(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<WayOut> {
    let detour = detour(problem, report).map(|detour| WayOut::words(by_detour(detour, &problem.package.id)));
    let mut all: Vec<WayOut> = detour.into_iter().chain(others(problem, report)).collect();
    all.retain(WayOut::is_printable);
    all
}

/// Every way out of a problem, the best first. No line leads to a release that is not approved.
#[must_use]
pub(crate) fn cures(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<WayOut> {
    let mut all: Vec<WayOut> = moved(problem, report).into_iter().collect();
    all.extend(others(problem, report));
    all.retain(WayOut::is_printable);
    all
}

/// Every way out but another release.
fn others(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<WayOut> {
    let id = &problem.package.id;
    let decided = report.evaluation.blockers.is_empty();
    let mut cures: Vec<WayOut> = edited(problem.judgement, report.packages).filter(|_| decided).into_iter().collect();
    if problem.severity == Severity::Malicious && !can_move(problem, report) && decided {
        cures.push(WayOut::words(
            "no approved release from before it was found that every requirement accepts: remove the crate, or what pulls it in",
        ));
    }
    for reason in problem.reasons {
        cures.extend(for_reason(reason, id, report));
    }
    if decided && !can_move(problem, report) && problem.severity != Severity::Malicious {
        let advisories = problem.reasons.iter().filter_map(|reason| {
            let Reason::Advisory { advisory, .. } = reason else { return None };
            Some(&**advisory)
        });
        cures.extend(advisories.map(|advisory| ignored(advisory, problem, report)));
    }
    cures.extend(exempted(problem, report));
    let registry = matches!(id.source, Source::Registry(_));
    if cures.is_empty() && !can_move(problem, report) && registry && problem.severity == Severity::Rejected && decided {
        cures.push(WayOut::words(format!(
            "no approved release was found that every requirement accepts: {}",
            without(problem, report).join(", or ")
        )));
    }
    cures
}

/// A person's approval, where that lifts all that stands against the release.
fn exempted(problem: &Problem<'_>, report: &AuditReport<'_>) -> Option<WayOut> {
    let liftable = problem.reasons.iter().all(|reason| reason.code().an_approval_lifts());
    let bytes_known = matches!(problem.package.checksum, LockedChecksum::Known(_));
    if !liftable || !bytes_known || !report.evaluation.blockers.is_empty() {
        return None;
    }
    let spec = unique_spec(&problem.package.id, report)?;
    let lifts = |code| report.approvals_by_change(problem.package).any(|approval| approval.lifts.contains(&code));
    if problem.reasons.iter().all(|reason| lifts(reason.code())) {
        return Some(WayOut::words(
            "this change approves it already: that counts once the base has it, or as said of the change above",
        ));
    }
    let dated = !problem.reasons.iter().all(Reason::time_lifts);
    approval(&spec, dated, report)
}

/// The command that exempts a release. Where time does not lift what it lifts, it needs a last day.
fn approval(spec: &str, dated: bool, report: &AuditReport<'_>) -> Option<WayOut> {
    let until = if dated { format!(" --until {}", report.context().last_day()) } else { String::new() };
    let command = report.context().command("approve", &format!("{spec} --reason \"{TEXT}\"{until}"))?;
    Some(WayOut::to(format!("to exempt it after looking inside{}", merged(report)), command))
}

/// What a decision in a change needs beside being made.
const fn merged(report: &AuditReport<'_>) -> &'static str {
    match report.judged_by {
        JudgedBy::Base { .. } => ", which whoever merges the change has to agree to",
        JudgedBy::File(_) | JudgedBy::Defaults => "",
    }
}

/// What to do about an advisory from which no approved release leads away.
fn ignored(advisory: &str, problem: &Problem<'_>, report: &AuditReport<'_>) -> WayOut {
    let id = &problem.package.id;
    if report.ignored_by_change(advisory, &id.name) {
        return WayOut::words(format!(
            "this change ignores {advisory} already: that counts once the base has it, or as said of the change above"
        ));
    }
    let why = match (out_of_reach(problem), problem.judgement.fixes.is_empty()) {
        (Some(version), _) => {
            let whose = if problem.judgement.if_edited.is_some() { "" } else { " of a package from elsewhere" };
            format!("{version} is an approved fix, and a requirement{whose} does not accept it: ")
        }
        (None, true) => "no approved release was found that every requirement accepts: ".to_owned(),
        (None, false) => "until a fix is approved: ".to_owned(),
    };
    let ways = [without(problem, report), vec![format!("ignore {advisory} until a day{}", merged(report))]].concat();
    let command = unique_spec(id, report).and_then(|spec| ignoring(&spec, advisory, &report.context()));
    WayOut::to_or(format!("{why}{}", ways.join(", or ")), command)
}

/// The command that ignores an advisory for one crate until a day.
#[must_use]
pub(crate) fn ignoring(spec: &str, advisory: &str, context: &Context<'_>) -> Option<String> {
    let until = context.last_day();
    let advisory = escape::shell_word(advisory);
    context.command("approve", &format!("{spec} --id {advisory} --reason \"{TEXT}\" --until {until}"))
}

/// What nothing but the workspace's own manifests keeps from taking a release's place, and where they say so.
#[must_use]
pub(crate) fn edited(judgement: &Judgement, packages: &[Package]) -> Option<WayOut> {
    let (version, id) = (judgement.if_edited.as_ref()?, &judgement.id);
    let crate_id = id.crate_id()?;
    let written = packages.iter().filter_map(|package| package.local.as_ref()).flat_map(|local| &local.written);
    let in_the_way =
        written.filter(|one| one.crate_id == crate_id && one.req.matches(&id.version) && !one.req.matches(version));
    let asks: Vec<(&VersionReq, &Line)> = in_the_way.map(|one| (&one.req, &one.at)).collect();
    Some(edit(&id.name, version, &asks))
}

/// That a requirement is to be changed, and where it stands as far as that is known.
#[must_use]
pub(crate) fn edit(name: &str, version: &Version, asks: &[(&VersionReq, &Line)]) -> WayOut {
    let mut places: Vec<String> = asks.iter().map(|(req, at)| format!("`{req}` in {at}")).collect();
    places.sort();
    places.dedup();
    let place = if places.is_empty() { "the requirement on it".to_owned() } else { places.join(" and ") };
    WayOut::words(format!("change {place}: {name} {version} is approved"))
}

/// How to get away from a release for which none can stand in: by what the reader can edit, which is the project's own manifests.
fn without(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<String> {
    let asks = report.packages.iter().filter(|package| package.dependencies.contains(&problem.position));
    let by: Vec<&PackageId> = asks.map(|package| &package.id).collect();
    if by.iter().any(|id| id.source == Source::Local) {
        return vec!["do without the crate".to_owned()];
    }
    let way = report.names(&problem.judgement.path);
    vec![match way.get(1) {
        Some(first) if way.len() > 2 => format!("do without {first}, which brings it in"),
        Some(_) | None => "do without the crate".to_owned(),
    }]
}

/// The newest approved release that could stand in. Before the run is decided none is known to be approved, and for what is not locked
/// there is nothing to move.
fn target<'a>(problem: &Problem<'a>, report: &AuditReport<'_>) -> Option<&'a semver::Version> {
    if !report.evaluation.blockers.is_empty() || report.packages.get(problem.position).is_none() {
        return None;
    }
    problem.judgement.newest_approved.as_ref().filter(|version| **version != problem.package.id.version)
}

/// Whether a move of this package, or of those that ask for it, leads away from a problem.
fn can_move(problem: &Problem<'_>, report: &AuditReport<'_>) -> bool {
    target(problem, report).is_some() || detour(problem, report).is_some()
}

/// A way out over the packages that ask for this one, where none leads from it alone.
fn detour<'a>(problem: &Problem<'a>, report: &AuditReport<'_>) -> Option<&'a Detour> {
    let is_locked = report.packages.get(problem.position).is_some();
    problem.judgement.detour.as_ref().filter(|_| report.evaluation.blockers.is_empty() && is_locked)
}

fn by_detour(detour: &Detour, id: &PackageId) -> String {
    let moves: Vec<String> = detour.moves.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    let (are, do_without, take) = if moves.len() == 1 { ("is", "does", "takes") } else { ("are", "do", "take") };
    let moves = moves.join(" and ");
    match &detour.to {
        None => format!("{moves} {are} approved and {do_without} without {}", id.name),
        Some(to) => format!("{moves} {are} approved and {take} {} {to}, which is approved too", id.name),
    }
}

/// An approved fix that no requirement accepts: else it would stand in.
fn out_of_reach<'a>(problem: &Problem<'a>) -> Option<&'a semver::Version> {
    let approved = |fix: &&'a Fix| matches!(fix.standing, FixStanding::Approved(_));
    problem.judgement.fixes.iter().filter(approved).map(|fix| &fix.version).max()
}

/// Moving to another release.
fn moved(problem: &Problem<'_>, report: &AuditReport<'_>) -> Option<WayOut> {
    if let Some(detour) = detour(problem, report).filter(|_| target(problem, report).is_none()) {
        let command = report.context().command("fix", "");
        return Some(WayOut::to_or(by_detour(detour, &problem.package.id), command));
    }
    let version = target(problem, report)?;
    let spec = update_spec(&problem.package.id, report)?;
    let command = report.context().command("update", &format!("{spec} --precise {version}"));
    Some(match command {
        Some(command) => WayOut::run(command),
        None => WayOut::words(format!("have its project lock {version} in its place")),
    })
}

/// What a reason asks for beside another release; most ask for nothing else.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new reason has no way out of its own until somebody knows one")]
fn for_reason(reason: &Reason, id: &PackageId, report: &AuditReport<'_>) -> Option<WayOut> {
    match reason {
        Reason::Malicious { .. } => {
            let words = "neither time nor an approval lifts this, and where it was built its code may have run; to find those places";
            let spec = format!("{}@{}", id.name, id.version);
            Some(WayOut::to_or(words, report.context().command("incident", &spec)))
        }
        Reason::ChecksumMismatch { .. } => {
            Some(WayOut::to_or("do not build it before you know which change brought this checksum", history(report)))
        }
        Reason::ChecksumMissing => {
            Some(WayOut::to_or("find the last lock file that had its checksum", history(report)))
        }
        Reason::SourceNotAllowed => allowed_source(&id.source, report),
        Reason::Denied { .. } => {
            Some(WayOut::words("remove the crate, or what pulls it in; or change `deny` under [bans]"))
        }
        Reason::AdvisoryUnreadable { advisory: Some(advisory), .. } => {
            if report.ignored_by_change(advisory, &id.name) {
                return None;
            }
            let command = ignoring(&unique_spec(id, report)?, advisory, &report.context())?;
            Some(WayOut::to(format!("read it, update this tool, or ignore it until a day{}", merged(report)), command))
        }
        Reason::AdvisoryUnreadable { advisory: None, .. } => Some(WayOut::words(
            "look at the file, and get the advisory database anew; nobody can ignore what it may say",
        )),
        Reason::Inspection { .. } => {
            let command = report.context().command("inspect", &unique_spec(id, report)?)?;
            Some(WayOut::to("to see all that stands out inside", command))
        }
        Reason::LicenseUnknown { gap } => look_inside(gap, report),
        Reason::LicenseNotAllowed { lack, .. } => listed(lack, id, report.judged_by),
        Reason::PubtimeChanged { .. } => {
            Some(WayOut::words("ask the registry's operators why a published fact changed; nothing here lifts this"))
        }
        _ => None,
    }
}

/// The run that learns licences.
#[must_use]
pub(crate) fn look_inside(gap: &LicenseGap, report: &AuditReport<'_>) -> Option<WayOut> {
    if *gap != LicenseGap::NotAtHand {
        return None;
    }
    if report.situation.is_offline() {
        return Some(WayOut::words("to look inside, its archive is needed, and this run may ask no registry for it"));
    }
    let command = report.context().command("audit", "--fetch")?;
    Some(WayOut::to("to look inside, get its archive", command))
}

/// The entry of the policy that allows a licence to one release alone, or says what its licence files are.
#[must_use]
pub(crate) fn listed(lack: &LicenseLack, id: &PackageId, judged_by: JudgedBy<'_>) -> Option<WayOut> {
    let file = policy_of(judged_by);
    let release = format!("crate = {}, version = {}", toml_string(&id.name), toml_string(&format!("={}", id.version)));
    match lack {
        LicenseLack::Unlisted { licenses } => {
            let licenses: Vec<String> = licenses.iter().map(|one| toml_string(one)).collect();
            Some(WayOut::edit(
                format!("to allow it to this release alone, add to `exception` under [licenses] of {file}"),
                format!("{{ {release}, allow = [{}] }}", licenses.join(", ")),
            ))
        }
        LicenseLack::FileAlone { path, digest: Some(digest) } => Some(WayOut::edit(
            format!("once you have read it, say what it is: add to `clarify` under [licenses] of {file}"),
            format!(
                "{{ {release}, expression = \"{TEXT}\", files = [{{ path = {}, sha256 = \"{digest}\" }}] }}",
                toml_string(path)
            ),
        )),
        LicenseLack::FileAlone { digest: None, .. } | LicenseLack::Malformed { .. } | LicenseLack::Unstated => None,
    }
}

/// The changes of the lock file, where a repository has them.
fn history(report: &AuditReport<'_>) -> Option<String> {
    let path = escape::shell_word(report.locked.as_str());
    report.situation.repository.then(|| format!("git log -p -- {path}"))
}

/// The entry of the policy that would name the source.
fn allowed_source(source: &Source, report: &AuditReport<'_>) -> Option<WayOut> {
    let file = policy_file(report);
    match source {
        Source::Git(GitSource { url, commit: Some(commit), .. }) => Some(WayOut::edit(
            format!("to allow this one commit, add to `allow-git` under [sources] of {file}"),
            format!("{{ url = {}, rev = {} }}", toml_string(url), toml_string(commit)),
        )),
        Source::Git(_) => Some(WayOut::words("have the lock file pin a commit: `cargo update`")),
        Source::Registry(registry @ (Registry::Sparse(_) | Registry::Git(_))) => Some(named_registry(registry, &file)),
        Source::Registry(Registry::CratesIo) | Source::Local | Source::Other(_) => None,
    }
}

/// The entry of the policy that names a registry.
#[must_use]
pub(crate) fn named_registry(registry: &Registry, file: &str) -> WayOut {
    WayOut::edit(
        format!("to allow this registry, add to `allow-registries` under [sources] of {file}"),
        toml_string(&registry.to_string()),
    )
}

/// What can be done about a notice, where that is something to paste or to ask for.
#[must_use]
pub(crate) fn of_notice(notice: &Notice, report: &AuditReport<'_>) -> Option<WayOut> {
    let Notice::PubtimesMissing { registry, from, .. } = notice else { return None };
    if *registry == Registry::CratesIo {
        return Some(WayOut::words(match from {
            Some(from) => format!("ask who runs {from} to pass `pubtime` on; single releases can be approved"),
            None => "ask who runs the registry why; single releases can be approved".to_owned(),
        }));
    }
    let file = policy_file(report);
    Some(match report.policy.registries.get(registry) {
        Some(known) => WayOut::edit(
            format!(
                "to trust this registry whatever the age of its releases, set under [registries.{}] of {file}",
                known.name
            ),
            "min-publish-age = \"0\"".to_owned(),
        ),
        None => WayOut::edit(
            format!("to trust this registry whatever the age of its releases, add at the end of {file}"),
            format!(
                "[registries.{}]\nindex = {}\nmin-publish-age = \"0\"",
                registry_key(registry),
                toml_string(&registry.to_string())
            ),
        ),
    })
}

/// A name for a registry that has none yet, from its host.
fn registry_key(registry: &Registry) -> String {
    let name = registry_name(registry);
    let host = name.split("://").nth(1).unwrap_or(&name).split('/').next().unwrap_or_default();
    host.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

/// The policy file that a reader edits: with a base, the change's own.
#[must_use]
pub(crate) fn policy_file(report: &AuditReport<'_>) -> String {
    policy_of(report.judged_by)
}

fn policy_of(judged_by: JudgedBy<'_>) -> String {
    match judged_by {
        JudgedBy::File(file) | JudgedBy::Base { file: Some(file), .. } => file.to_string(),
        JudgedBy::Defaults | JudgedBy::Base { file: None, .. } => "sequester.toml".to_owned(),
    }
}

/// What an advisory's fix is worth now, in a sentence.
#[must_use]
pub(crate) fn fix(fix: &Fix, crate_name: &str, report: &AuditReport<'_>) -> String {
    let Fix { advisory, version, standing } = fix;
    match standing {
        FixStanding::Approved(_) if !report.evaluation.blockers.is_empty() => {
            format!(
                "{advisory} is fixed by {crate_name} {version}; whether that may be used, this run could not decide"
            )
        }
        FixStanding::Approved(basis) => {
            format!(
                "{advisory} is fixed by {crate_name} {version}: approved ({})",
                notice::basis(basis, &report.context())
            )
        }
        FixStanding::Held(reasons) => {
            let codes: Vec<&str> = reasons.iter().map(Reason::code).map(ReasonCode::as_str).collect();
            let until = match reasons.eligible_at() {
                Some(at) => format!("held ({}), eligible {}", codes.join(", "), eligible(report.evaluation.now, at)),
                None => format!("rejected ({})", codes.join(", ")),
            };
            format!("{advisory} is fixed by {crate_name} {version}: {until}")
        }
    }
}

/// The shortest spec by which `cargo update` finds exactly this package, quoted for a shell; `None` for a name that is no crate's,
/// because a line to paste must not be an attacker's.
#[must_use]
pub(crate) fn update_spec(id: &PackageId, report: &AuditReport<'_>) -> Option<String> {
    let same_name = report.packages.iter().filter(|package| package.id.name == id.name).count();
    if same_name <= 1 && is_plain(&id.name) { Some(id.name.to_string()) } else { unique_spec(id, report) }
}

/// The spec that names exactly this release, for commands that decide about it.
#[must_use]
pub(crate) fn unique_spec(id: &PackageId, report: &AuditReport<'_>) -> Option<String> {
    if !is_plain(&id.name) {
        return None;
    }
    let same = |other: &PackageId| other.name == id.name && other.version == id.version;
    let same_release = report.packages.iter().filter(|package| same(&package.id)).count();
    let crates_io = matches!(id.source, Source::Registry(Registry::CratesIo));
    let spec = if same_release <= 1 && crates_io { format!("{}@{}", id.name, id.version) } else { id.to_string() };
    Some(escape::shell_word(&spec))
}

/// Whether a name is one that crates.io could have: nothing that a shell or an option parser reads otherwise.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A text as a TOML string.
#[must_use]
pub(crate) fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
