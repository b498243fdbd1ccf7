//! `log`: verifies and lists the audit trail. It writes nothing.

use super::outcome::{CommandError, Outcome};
use super::output;
use super::spec::Spec;
use crate::cli::{Cli, HumanOrJson, Log};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::{self, clock, workspace};
use crate::model::trail::Selection;
use crate::project::{nearest_policy, trail};
use crate::report::log::{self, LogReport};
use crate::report::vsa;

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
        let stating = vsa::Stating {
            verifier_id: arguments.verifier_id.as_deref().unwrap_or_default(),
            policy_uri: arguments.policy_uri.as_deref(),
            now: arguments.now.unwrap_or_else(clock::now),
        };
        let statement = vsa::statement(&trail, &crate_id, &version, &stating)?;
        output::print(cli, |out| vsa::write(&statement, out))?;
        return Ok(Outcome::Approved);
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
