//! What each table of a policy file says.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::fault::{Fault, liftable};
use super::grammar;
use super::reader::{At, TableReader};
use crate::gather::toml_tree::{shown, shown_key};
use crate::model::approval::{Approval, Approvals};
use crate::model::license::{Clarification, LicenseException, LicenseFile, LicensePolicy, ReleasesOf};
use crate::model::party::{Party, one_line};
use crate::model::policy::{
    AdvisoryPolicy, AgeOverride, Ban, GitRule, Ignore, Origin, Quarantine, RegistryPolicy, Setting, SourcePolicy,
};
use crate::model::signal::SignalPolicy;
use crate::model::source::Registry;
use crate::model::verdict::ReasonCode;

/// What cargo calls crates.io in its configuration.
const CRATES_IO: &str = "crates-io";

/// The registries of the file, by identity.
#[derive(Default)]
pub(super) struct Registries(BTreeMap<Registry, RegistryPolicy>);

impl Registries {
    pub(super) fn get(&self, registry: &Registry) -> Option<&RegistryPolicy> {
        self.0.get(registry)
    }

    pub(super) fn into_policies(self) -> BTreeMap<Registry, RegistryPolicy> {
        self.0
    }

    /// A name of `[registries]`, `crates-io`, or an address.
    pub(super) fn resolve(&self, text: &str) -> Result<Registry, Fault> {
        if text.contains("://") {
            return grammar::registry_address(text);
        }
        let named = self.0.iter().find(|(_, policy)| policy.name == text).map(|(registry, _)| registry.clone());
        named
            .or_else(|| (text == CRATES_IO).then_some(Registry::CratesIo))
            .ok_or_else(|| Fault::UnknownRegistry(shown(text)))
    }
}

pub(super) fn registries(root: &mut TableReader<'_, '_>, path: &Utf8Path) -> Registries {
    let mut registries = Registries::default();
    let Some(table) = root.table("registries") else {
        return registries;
    };
    table.each_named(|name, mut table| {
        let index = table.required("index", grammar::registry_address);
        let age = table.age("min-publish-age");
        let key = table.path("min-publish-age");
        let api = table.parsed("api", grammar::web_address);
        if let Some(At { line, value }) = index {
            if let Some(known) = registries.0.get(&value) {
                table.fault(line, "index", Fault::SameRegistry(shown_key(&known.name)));
            } else if name == CRATES_IO && value != Registry::CratesIo {
                table.fault(line, "index", Fault::ReservedName);
            } else {
                let min_publish_age = age.map(|age| setting(age, path, key));
                let api = api.map(|api| api.value.into_boxed_str());
                registries.0.insert(value, RegistryPolicy { name: name.to_owned(), min_publish_age, api });
            }
        }
        table.finish();
    });
    registries
}

pub(super) fn sources(root: &mut TableReader<'_, '_>, registries: &Registries) -> SourcePolicy {
    let mut sources = SourcePolicy::default();
    let Some(mut table) = root.table("sources") else {
        return sources;
    };
    let resolved = |text: &str| registries.resolve(text);
    sources.allow_registries = table.list("allow-registries", resolved).unwrap_or_default();
    sources.mirrors = table.list("mirrors", resolved).unwrap_or_default();
    table.each_table("allow-git", |mut rule| {
        let url = rule.required("url", grammar::git_address);
        let rev = rule.parsed("rev", grammar::commit);
        let reason = rule.parsed("reason", grammar::prose);
        if let Some(url) = url {
            let (rev, reason) = (rev.map(|rev| rev.value), reason.map(|reason| reason.value));
            sources.allow_git.push(GitRule { url: url.value, rev, reason });
        }
        rule.finish();
    });
    table.finish();
    sources
}

pub(super) fn quarantine(root: &mut TableReader<'_, '_>, path: &Utf8Path) -> Quarantine {
    let mut quarantine = Quarantine::default();
    let Some(mut table) = root.table("quarantine") else {
        return quarantine;
    };
    if let Some(age) = table.age("min-publish-age") {
        quarantine.min_publish_age = setting(age, path, table.path("min-publish-age"));
    }
    if let Some(age) = table.age("new-crate-age") {
        quarantine.new_crate_age = age.value;
    }
    if let Some(age) = table.age("signal-age") {
        quarantine.signal_age = age.value;
    }
    if let Some(inspect) = table.boolean("inspect") {
        quarantine.inspect = inspect;
    }
    if let Some(mut fix) = table.table("security-fix") {
        if let Some(enabled) = fix.boolean("enabled") {
            quarantine.security_fix = enabled;
        }
        if let Some(age) = fix.age("min-publish-age") {
            quarantine.security_fix_age = age.value;
        }
        fix.finish();
    }
    table.finish();
    quarantine
}

/// `[signals]`.
pub(super) fn signals(root: &mut TableReader<'_, '_>) -> SignalPolicy {
    let mut policy = SignalPolicy::default();
    let Some(mut table) = root.table("signals") else {
        return policy;
    };
    for (key, level) in [
        ("young-dependency", &mut policy.young_dependency),
        ("young-dependency-new-line", &mut policy.young_dependency_new_line),
        ("dormant-growth", &mut policy.dormant_growth),
        ("first-build-script-input", &mut policy.first_build_script_input),
        ("look-alike", &mut policy.look_alike),
        ("yank-lure", &mut policy.yank_lure),
        ("publisher-change", &mut policy.publisher_change),
        ("trusted-publishing-lost", &mut policy.trusted_publishing_lost),
    ] {
        if let Some(At { value, .. }) = table.parsed(key, grammar::signal_level) {
            *level = value;
        }
    }
    for (key, age) in [
        ("young-dependency-age", &mut policy.young_dependency_age),
        ("dormant-growth-gap", &mut policy.dormant_growth_gap),
        ("dormant-growth-window", &mut policy.dormant_growth_window),
        ("look-alike-age", &mut policy.look_alike_age),
    ] {
        if let Some(At { value, .. }) = table.age(key) {
            *age = value;
        }
    }
    policy.look_alike_known = table.list("look-alike-known", grammar::crate_name).unwrap_or_default();
    table.finish();
    policy
}

/// `[[override]]`, in the file's order.
pub(super) fn overrides(
    root: &mut TableReader<'_, '_>,
    path: &Utf8Path,
    quarantine: &Quarantine,
    registries: &Registries,
) -> Vec<AgeOverride> {
    let mut overrides = Vec::new();
    root.each_table("override", |mut table| {
        overrides.extend(age_override(&mut table, path, quarantine, registries));
        table.finish();
    });
    overrides
}

fn age_override(
    table: &mut TableReader<'_, '_>,
    path: &Utf8Path,
    quarantine: &Quarantine,
    registries: &Registries,
) -> Option<AgeOverride> {
    let crates = table.required_list("crates", grammar::glob);
    let has_registry = table.has("registry");
    let registry = table.parsed("registry", |text| registries.resolve(text));
    let age = table.required_age("min-publish-age");
    let reason = table.parsed("reason", grammar::prose);
    let has_reason = table.has("reason");
    // Where the registry is named but wrong, it must not be taken for crates.io.
    let registry = match registry {
        Some(registry) => registry.value,
        None if has_registry => return None,
        None => Registry::CratesIo,
    };
    let age = age?;
    let own = registries.get(&registry).and_then(|policy| policy.min_publish_age.as_ref());
    let otherwise = own.unwrap_or(&quarantine.min_publish_age).value;
    if age.value < otherwise && !has_reason {
        table.missing("reason", Fault::ReasonRequired { age: age.value, otherwise });
    }
    let min_publish_age = setting(age, path, table.path("min-publish-age"));
    Some(AgeOverride { crates: crates?, registry, min_publish_age, reason: reason.map(|reason| reason.value) })
}

/// `[advisories]` with its `[[advisories.ignore]]`.
pub(super) fn advisories(root: &mut TableReader<'_, '_>) -> AdvisoryPolicy {
    let mut policy = AdvisoryPolicy::default();
    let Some(mut table) = root.table("advisories") else {
        return policy;
    };
    if let Some(db) = table.parsed("db", grammar::prose) {
        policy.db = Some(db.value);
    }
    for (key, age) in [("max-age", &mut policy.max_age), ("max-copy-age", &mut policy.max_copy_age)] {
        if let Some(At { value, .. }) = table.age(key) {
            *age = value;
        }
    }
    for (key, level) in [
        ("unsound", &mut policy.unsound),
        ("unmaintained", &mut policy.unmaintained),
        ("notice", &mut policy.notice),
        ("yanked", &mut policy.yanked),
    ] {
        if let Some(At { value, .. }) = table.parsed(key, grammar::level) {
            *level = value;
        }
    }
    table.each_table("ignore", |mut table| {
        if let Some(ignore) = ignore(&mut table) {
            if policy.ignore.iter().any(|other| other.id == ignore.id && other.crate_name == ignore.crate_name) {
                table.fault(ignore.line, "id", Fault::Repeated);
            }
            policy.ignore.push(ignore);
        }
        table.finish();
    });
    table.finish();
    policy
}

fn ignore(table: &mut TableReader<'_, '_>) -> Option<Ignore> {
    let id = table.required("id", grammar::advisory_id);
    let crate_name = table.parsed("crate", grammar::crate_name);
    let reason = table.required("reason", grammar::prose);
    let until = table.required_date("until");
    let justification = table.parsed("justification", grammar::justification);
    Some(Ignore {
        justification: justification.map(|one| one.value),
        id: id?.value.into(),
        crate_name: crate_name.map(|name| name.value),
        reason: reason?.value,
        until: until?.value,
        line: table.line(),
    })
}

/// `[bans] deny`.
pub(super) fn deny(root: &mut TableReader<'_, '_>) -> Vec<Ban> {
    let Some(mut table) = root.table("bans") else {
        return Vec::new();
    };
    let bans = table.list("deny", grammar::ban).unwrap_or_default();
    table.finish();
    bans
}

/// `[licenses]` with its exceptions and clarifications.
pub(super) fn licenses(root: &mut TableReader<'_, '_>) -> LicensePolicy {
    let mut policy = LicensePolicy::default();
    let Some(mut table) = root.table("licenses") else {
        return policy;
    };
    policy.allow = table.list("allow", grammar::license).unwrap_or_default();
    table.each_table("exception", |mut table| {
        let releases = releases_of(&mut table);
        let allow = table.required_list("allow", grammar::license);
        if let (Some(releases), Some(allow)) = (releases, allow) {
            policy.exceptions.push(LicenseException { releases, allow, line: table.line() });
        }
        table.finish();
    });
    table.each_table("clarify", |mut table| {
        let releases = releases_of(&mut table);
        let expression = table.required("expression", grammar::license_expression);
        let files = license_files(&mut table);
        if let (Some(releases), Some(expression), Some(files)) = (releases, expression, files) {
            let expression = expression.value;
            policy.clarify.push(Clarification { releases, expression, files, line: table.line() });
        }
        table.finish();
    });
    // Without a list nothing is judged, and what softens it does nothing.
    if !table.has("allow") {
        for key in ["exception", "clarify"] {
            if table.has(key) {
                table.missing("allow", Fault::NeededBy(key));
                break;
            }
        }
    }
    table.finish();
    policy
}

/// `[sbom.supplier]`.
pub(super) fn supplier(root: &mut TableReader<'_, '_>) -> Option<Party> {
    let mut sbom = root.table("sbom")?;
    let supplier = sbom.table("supplier").and_then(|mut table| {
        let name = table.required("name", grammar::prose);
        let email = table.parsed("email", grammar::email);
        let url = table.parsed("url", grammar::page);
        if !table.has("email") && !table.has("url") {
            table.missing("email", Fault::Unreachable);
        }
        table.finish();
        let name = Some(one_line(&name?.value));
        Some(Party { name, email: email.map(|email| email.value), url: url.map(|url| url.value) })
    });
    sbom.finish();
    supplier
}

fn releases_of(table: &mut TableReader<'_, '_>) -> Option<ReleasesOf> {
    let crate_name = table.required("crate", grammar::crate_name);
    let has_version = table.has("version");
    let version = table.parsed("version", grammar::requirement);
    // Where the version is given but wrong, all releases must not be meant.
    if has_version && version.is_none() {
        return None;
    }
    Some(ReleasesOf { crate_name: crate_name?.value, version: version.map(|version| version.value) })
}

fn license_files(table: &mut TableReader<'_, '_>) -> Option<Vec<LicenseFile>> {
    if !table.has("files") {
        table.missing("files", Fault::Missing);
    }
    let mut files = Vec::new();
    let (line, mut listed) = (table.line(), 0);
    table.each_table("files", |mut file| {
        listed += 1;
        let path = file.required("path", grammar::path_in_archive);
        let digest = file.required("sha256", grammar::file_digest);
        if let (Some(path), Some(digest)) = (path, digest) {
            files.push(LicenseFile { path: path.value, digest: digest.value });
        }
        file.finish();
    });
    if table.has("files") && listed == 0 {
        table.fault(line, "files", Fault::Empty);
    }
    (listed > 0 && files.len() == listed).then_some(files)
}

/// `[[approval]]`, in the file's order.
pub(super) fn approvals(root: &mut TableReader<'_, '_>, registries: &Registries) -> Approvals {
    let mut approvals = Approvals::new();
    root.each_table("approval", |mut table| {
        if let Some(approval) = approval(&mut table, registries) {
            if let Some(first) = approvals.iter().find(|first| same(first, &approval)) {
                table.missing("crate", Fault::Duplicate { line: first.line });
            }
            approvals.push(approval);
        }
        table.finish();
    });
    approvals
}

fn approval(table: &mut TableReader<'_, '_>, registries: &Registries) -> Option<Approval> {
    let crate_name = table.required("crate", grammar::crate_name);
    let has_registry = table.has("registry");
    let registry = table.parsed("registry", |text| registries.resolve(text));
    let version = table.required("version", grammar::version);
    let checksum = table.required("checksum", |text| text.parse().map_err(|_| Fault::Checksum));
    let lifts = table.required_list("lifts", liftable);
    let reason = table.required("reason", grammar::prose);
    let by = table.parsed("by", grammar::prose);
    let at = table.date("at");
    let has_until = table.has("until");
    let until = table.date("until");
    if let Some(lifts) = &lifts {
        if sorted(lifts).windows(2).any(|pair| pair.first() == pair.last()) {
            table.missing("lifts", Fault::Repeated);
        }
        if let Some(lasting) = lifts.iter().find(|code| !code.time_lifts())
            && !has_until
        {
            table.missing("until", Fault::UntilRequired(*lasting));
        }
    }
    if let (Some(At { value: at, .. }), Some(At { line, value: until })) = (&at, &until)
        && until < at
    {
        table.fault(*line, "until", Fault::UntilBeforeAt { at: *at, until: *until });
    }
    // Where the registry is named but wrong, it must not be taken for crates.io.
    let registry = match registry {
        Some(registry) => registry.value,
        None if has_registry => return None,
        None => Registry::CratesIo,
    };
    Some(Approval {
        crate_name: crate_name?.value,
        registry,
        version: version?.value,
        checksum: checksum?.value,
        lifts: lifts?,
        reason: reason?.value,
        by: by.map(|by| by.value),
        at: at.map(|at| at.value),
        until: until.map(|until| until.value),
        line: table.line(),
    })
}

fn same(one: &Approval, other: &Approval) -> bool {
    one.crate_name == other.crate_name
        && one.registry == other.registry
        && one.version == other.version
        && one.checksum == other.checksum
        && sorted(&one.lifts) == sorted(&other.lifts)
}

fn sorted(codes: &[ReasonCode]) -> Vec<ReasonCode> {
    let mut sorted = codes.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The value and where it stands.
fn setting<T>(At { line, value }: At<T>, path: &Utf8Path, key: String) -> Setting<T> {
    Setting { value, origin: Origin::File { path: path.to_owned(), line, key } }
}
