//! `sbom` and `vex`: what the project has, and what is said of vulnerabilities in it, as documents for others' tools. Two documents, because
//! the one must not have what the other says.

use std::collections::BTreeMap;

use camino::Utf8Path;
use jiff::Timestamp;

use super::outcome::{CommandError, Outcome};
use super::{output, request};
use crate::cli::{self, Cli, SbomFormat, VexFormat};
use crate::files::Replacement;
use crate::files::regular::{self, Links};
use crate::gather::crate_files::download_address;
use crate::gather::environment::Environment;
use crate::gather::{bom_file, lock_file, target};
use crate::model::bom::Bom;
use crate::model::checksum::Hashed;
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::package::{LockedChecksum, Package};
use crate::model::source::{Registry, Source};
use crate::model::vendoring::TargetPlatform;
use crate::policy::bom::{Known, Wanted, bom, crates_io_download};
use crate::policy::evaluate;
use crate::policy::vex::{knows_advisories, vex};
use crate::project::{Assessment, Project, Purpose, Request, manifest_file};
use crate::report::print::{Tone, line};
use crate::report::sbom::{cyclonedx, gaps, spdx, vex as written};

/// The variable by which reproducible builds set the moment, in seconds since 1970.
const MOMENT: &str = "SOURCE_DATE_EPOCH";

pub(super) fn sbom(cli: &Cli, arguments: &cli::Sbom, environment: &Environment) -> Result<Outcome, CommandError> {
    let made = assess(cli, &arguments.document, environment)?;
    let bom = bill(&made, &arguments.document, environment)?;
    tell(cli, &bom)?;
    let text = output::text(|out| match arguments.format {
        SbomFormat::Cyclonedx => cyclonedx::write(&bom, cyclonedx::Version::V1_7, out),
        SbomFormat::Cyclonedx16 => cyclonedx::write(&bom, cyclonedx::Version::V1_6, out),
        SbomFormat::Spdx => spdx::write(&bom, out),
    })?;
    deliver(cli, &arguments.document, &text)
}

pub(super) fn vex_verb(cli: &Cli, arguments: &cli::Vex, environment: &Environment) -> Result<Outcome, CommandError> {
    let made = assess(cli, &arguments.document, environment)?;
    if !knows_advisories(made.facts()) {
        return Err(CommandError::Usage(
            "without advisories nothing can be said of vulnerabilities\nhelp: run without `--no-advisories`, where the advisory database can be read",
        ));
    }
    let bom = bill(&made, &arguments.document, environment)?;
    let vex = vex(&bom, made.facts(), made.evaluation(), &made.rules().policy);
    let link = arguments.sbom.as_deref().map(bom_file::read).transpose()?;
    if let (Some(path), Some(link)) = (&arguments.sbom, &link)
        && let Some(missing) = vex.statements.iter().find(|one| !link.references.contains_key(&one.purl))
    {
        return Err(CommandError::NotInBom { path: path.clone(), purl: missing.purl.clone() });
    }
    let text = output::text(|out| match arguments.format {
        VexFormat::Openvex => written::openvex(&vex, out),
        VexFormat::Cyclonedx => written::cyclonedx(&vex, link.as_ref(), cyclonedx::Version::V1_7, out),
    })?;
    deliver(cli, &arguments.document, &text)
}

fn assess(cli: &Cli, arguments: &cli::Document, environment: &Environment) -> Result<Assessment, CommandError> {
    let mut asked = request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge);
    if let (None, Some(text)) = (asked.judge.now, environment.get(MOMENT)) {
        let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        asked.judge.now = Some(seconds.ok_or_else(|| CommandError::SourceDate(text.to_owned()))?);
    }
    let project = Project::open(Request { fetch: arguments.fetch, ..asked }, environment)?;
    Ok(Assessment::of(project, std::collections::BTreeSet::new())?)
}

fn bill(made: &Assessment, arguments: &cli::Document, environment: &Environment) -> Result<Bom, CommandError> {
    let (facts, subject) = (made.facts(), made.subject());
    let targets: Vec<TargetPlatform> = if arguments.target.iter().any(|triple| triple == "all") {
        Vec::new()
    } else {
        arguments.target.iter().map(|triple| target::read(triple, environment)).collect::<Result<_, _>>()?
    };
    let (contents, own) = made.gathered().contents();
    let downloads: BTreeMap<usize, String> =
        facts.packages.iter().enumerate().filter_map(|(at, package)| Some((at, download(made, package)?))).collect();
    // A bill of materials must not say what is vulnerable, and must not change with what is found out: it is judged as if nobody knew.
    let unaware = Facts { advisories: AdvisoryFact::Skipped, ..facts.clone() };
    let rules = made.rules();
    let evaluation = evaluate(&unaware, &rules.policy, &rules.approvals, made.moment());
    let by_default = made.gathered().built_by_default();
    let known = Known {
        facts,
        evaluation: &evaluation,
        fixes: made.evaluation(),
        approvals: &made.rules().approvals,
        licenses: &made.rules().policy.licenses,
        trail: made.trail(),
        contents: &contents,
        own: &own,
        by_default: by_default.as_deref(),
        downloads: &downloads,
    };
    let bytes = regular::read(&subject.lock_path, Links::Followed, lock_file::MAX_BYTES)
        .map_err(|cause| CommandError::LockRead { path: subject.lock_path.clone(), cause })?;
    let is_root =
        |package: &Package| package.local.as_ref().is_some_and(|local| local.member && local.root == subject.root);
    let wanted = Wanted {
        created: made.evaluation().now,
        author: arguments.author.clone(),
        supplier: arguments.supplier.clone().or_else(|| made.rules().policy.supplier.clone()),
        lock: Hashed::of(bytes).checksum(),
        targets: &targets,
        without_dev: arguments.no_dev,
        name: &arguments.name,
        file: subject.workspace.as_ref().and_then(|_| manifest_file(&subject.root)),
        root: facts.packages.iter().position(is_root),
    };
    Ok(bom(&known, &wanted))
}

/// Where its registry offers a release.
fn download(made: &Assessment, package: &Package) -> Option<String> {
    let (Source::Registry(registry), LockedChecksum::Known(checksum)) = (&package.id.source, &package.checksum) else {
        return None;
    };
    match registry {
        // Whatever stood in for it here.
        Registry::CratesIo => crates_io_download(package),
        Registry::Sparse(_) | Registry::Git(_) => {
            let config = made.reached().configs.get(registry)?;
            Some(download_address(config, &package.id, *checksum))
        }
    }
}

/// What the document cannot say, and what would let it.
fn tell(cli: &Cli, bom: &Bom) -> Result<(), CommandError> {
    let notes = gaps(bom);
    if cli.quiet || notes.is_empty() {
        return Ok(());
    }
    output::print_aside(cli, |out| notes.iter().try_for_each(|note| line(out, Tone::Caution, "Note", note)))
}

fn deliver(cli: &Cli, arguments: &cli::Document, text: &[u8]) -> Result<Outcome, CommandError> {
    match &arguments.out {
        None => output::report(cli, text)?,
        Some(path) => {
            write(path, text).map_err(|cause| CommandError::NotWritten { path: path.clone(), cause })?;
            output::wrote(cli, path.as_str())?;
        }
    }
    Ok(Outcome::Approved)
}

fn write(path: &Utf8Path, text: &[u8]) -> std::io::Result<()> {
    Replacement::of(path).write(text)
}
