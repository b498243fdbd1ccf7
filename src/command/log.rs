//! `log`: verifies and lists the audit trail. It writes nothing.

use camino::Utf8Path;
use semver::Version;

use super::outcome::{CommandError, Outcome};
use super::output;
use super::record::PolicyText;
use super::spec::Spec;
use crate::cli::{Cli, HumanOrJson, Log};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::policy_file::{self, PolicyFile};
use crate::gather::{self, clock, workspace};
use crate::model::last_word::Today;
use crate::model::package::CrateId;
use crate::model::trail::{Selection, Trail};
use crate::policy::last_word::{event_of, last_word};
use crate::project::{nearest_policy, relative, trail};
use crate::report::log::{self, LogReport};
use crate::report::vsa::{self, Stating, VsaError};

pub(super) fn run(cli: &Cli, arguments: &Log, environment: &Environment) -> Result<Outcome, CommandError> {
    let policy = if let Some(policy) = &arguments.policy {
        environment.current_dir().join(policy)
    } else {
        let manifest = arguments.manifest_path.as_ref().map(|path| environment.current_dir().join(path));
        let config = CargoConfig::load(environment.current_dir(), environment)?;
        nearest_policy(&workspace::locate(environment, &config, manifest.as_deref())?.root)
    };
    let trail = gather::trail::read(&trail::folder(&policy))?;
    if let Some(spec) = &arguments.vsa {
        let named = Spec::parse(spec)?;
        let (crate_id, version) = named.release().ok_or_else(|| CommandError::NoVersion { spec: spec.clone() })?;
        return state(cli, arguments, (&policy, &trail), (&crate_id, &version), environment);
    }
    let heads = (!arguments.expect_head.is_empty()).then(|| trail.check_heads(&arguments.expect_head));
    let selection = selection(arguments)?;
    let report = LogReport { trail: &trail, selection: &selection, heads: heads.as_ref() };
    output::print(cli, |out| match (arguments.format, arguments.verify) {
        (HumanOrJson::Json, _) => log::json(&report, out),
        (HumanOrJson::Human, true) => log::verification(&report, out),
        (HumanOrJson::Human, false) => log::human(&report, output::verbosity(cli), out),
    })?;
    Ok(if report.is_whole() { Outcome::Approved } else { Outcome::Held })
}

/// `--vsa`: the trail's last word on one release.
fn state(
    cli: &Cli,
    arguments: &Log,
    (policy, trail): (&Utf8Path, &Trail),
    (crate_id, version): (&CrateId, &Version),
    environment: &Environment,
) -> Result<Outcome, CommandError> {
    let now = arguments.now.unwrap_or_else(clock::now);
    let rules = PolicyText::read(&relative(policy, environment))?;
    let then = event_of(trail, crate_id, version).and_then(|id| trail.rules_at(id));
    let then = then.and_then(|text| policy_file::parse(text, policy).ok());
    let today =
        Today { now, rules: Some((&rules.policy, &rules.approvals)), then: then.as_ref().map(PolicyFile::policy) };
    let word = last_word(trail, crate_id, version, &today);
    let word = word.map_err(|why| VsaError::of(why, format!("{}@{version}", crate_id.name)))?;
    let verifier_id = arguments.verifier_id.as_deref().unwrap_or_default();
    let stating = Stating { verifier_id, policy_uri: arguments.policy_uri.as_deref(), now };
    output::print(cli, |out| vsa::write(&vsa::statement(&word, &stating), out))?;
    let why: Vec<String> = word.against.iter().map(vsa::against).collect();
    if !why.is_empty() {
        output::aside(cli, format!("note: FAILED, since {}\n", why.join(", and ")).as_bytes());
    }
    Ok(Outcome::Approved)
}

fn selection(arguments: &Log) -> Result<Selection, CommandError> {
    let spec = arguments.spec.as_deref().map(Spec::parse).transpose()?;
    let version = spec.as_ref().map(Spec::whole_version).transpose()?.flatten();
    Ok(Selection {
        crate_name: spec.as_ref().and_then(Spec::crate_name).map(Into::into),
        version,
        kinds: arguments.kind.iter().copied().collect(),
        since: arguments.since,
        until: arguments.until,
    })
}
