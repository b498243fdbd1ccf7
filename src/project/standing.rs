//! With a base: whether what is judged, and judged by, is where and what the base has. What the base has elsewhere or not at all could
//! not be held against it, so that its absence is a finding and never "nothing to protect".

use camino::{Utf8Path, Utf8PathBuf};

use super::base::BaseCommit;
use super::error::ProjectError;
use super::subject::{POLICY_FILE, Subject};
use super::trail;
use crate::files::names::TRAIL_FOLDER;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::model::loosening::{Loosening, LooseningKind};

/// Cargo's own configuration, which can lengthen ages.
const CONFIGURATION: [&str; 2] = [".cargo/config.toml", ".cargo/config"];

/// What the change has otherwise than the base, as far as that is what the judge stands on.
///
/// # Errors
/// A judged file is not what git would commit of it, or git cannot tell.
pub(super) fn standing(
    base: &BaseCommit,
    subject: &Subject,
    policy: &Utf8Path,
    environment: &Environment,
) -> Result<Vec<Loosening>, ProjectError> {
    let trail = trail::folder(policy);
    let mut found = Vec::new();
    links(base, subject, policy, &trail, environment, &mut found)?;
    let lost = base.lost(POLICY_FILE, TRAIL_FOLDER)?;
    rules(base, policy, &lost, &mut found)?;
    manifest_and_lock(base, subject, &mut found)?;
    trails(base, &trail, &lost, &mut found);
    found.dedup();
    Ok(found)
}

fn place(key: String, base: Option<String>, head: Option<String>) -> Loosening {
    Loosening { kind: LooseningKind::Place, key, base, head }
}

/// What lies behind a link is in no commit: merged, it would make the next base have nothing there.
fn links(
    base: &BaseCommit,
    subject: &Subject,
    policy: &Utf8Path,
    trail: &Utf8Path,
    environment: &Environment,
    found: &mut Vec<Loosening>,
) -> Result<(), ProjectError> {
    let above = base.folders_above(&subject.start);
    let configurations = above.iter().flat_map(|folder| CONFIGURATION.map(|name| folder.join(name)));
    // And whatever these include.
    let config = CargoConfig::load(&subject.start, environment)?;
    let included = config.layers().iter().map(|layer| layer.path.clone());
    let configurations = configurations.chain(included);
    let members = subject.workspace.iter().flat_map(|workspace| &workspace.packages);
    let manifests = members.map(|local| local.package.root.join("Cargo.toml"));
    let judged_by = [policy.to_owned(), subject.lock_path.clone(), subject.root.join("Cargo.toml")];
    let inside =
        |paths: Vec<Utf8PathBuf>| -> Vec<Utf8PathBuf> { paths.iter().filter_map(|path| base.inside(path)).collect() };
    let mut files = inside(judged_by.into_iter().chain(configurations).collect());
    let trail: Vec<Utf8PathBuf> = inside(vec![trail.to_owned()]);
    let mut linked = base.links(&files, &trail)?;
    // Members may be linked: cargo reads them so, and what they ask for is read from the lock file.
    files = inside(manifests.collect());
    base.links(&files, &[])?;
    // The shell's own name of the working directory tells a link that the system's no longer shows.
    let named = environment.get("PWD").map(Utf8PathBuf::from);
    let named =
        named.filter(|named| named.canonicalize_utf8().ok() == environment.current_dir().canonicalize_utf8().ok());
    linked.extend(named.and_then(|named| base.link_to(&named)));
    for link in linked {
        let head = if link.path == link.at {
            "a symbolic link".to_owned()
        } else {
            format!("behind the symbolic link {}", link.at)
        };
        let before = base.has(&link.path)?.then(|| "no link".to_owned());
        found.push(place(link.path.into_string(), before, Some(head)));
    }
    Ok(())
}

/// The workspace and its lock file must be the ones that the base would have judged from the same folder.
fn manifest_and_lock(base: &BaseCommit, subject: &Subject, found: &mut Vec<Loosening>) -> Result<(), ProjectError> {
    let Some(head) = base.inside(&subject.lock_path).filter(|_| subject.workspace.is_some()) else { return Ok(()) };
    let theirs = base.lock_file_above(&subject.start)?;
    // One that git does not track is nobody's change, and a first one may come with the first policy: all of it is judged.
    let adopts = found.iter().any(|one| one.kind == LooseningKind::Adoption);
    if theirs.as_ref() == Some(&head) || (theirs.is_none() && adopts) || !base.is_rewritable(&subject.lock_path)? {
        return Ok(());
    }
    let key = "the lock file that is judged".to_owned();
    found.push(place(key, theirs.map(Utf8PathBuf::into_string), Some(head.into_string())));
    Ok(())
}

/// A first policy is adoption where the base has none; where it had one that is gone, it moved.
fn rules(
    base: &BaseCommit,
    policy: &Utf8Path,
    lost: &[Utf8PathBuf],
    found: &mut Vec<Loosening>,
) -> Result<(), ProjectError> {
    let here = base.inside(policy);
    let mut gone = lost.iter().filter(|path| path.file_name() == Some(POLICY_FILE) && Some(*path) != here.as_ref());
    let elsewhere = gone.next().cloned();
    found.extend(
        elsewhere.iter().chain(gone).map(|path| place(path.to_string(), Some("a policy file".to_owned()), None)),
    );
    if let Some(here) = here
        && policy.symlink_metadata().is_ok()
        && base.never_had(&here)?
    {
        let kind = if elsewhere.is_some() { LooseningKind::Place } else { LooseningKind::Adoption };
        let base = elsewhere.map(Utf8PathBuf::into_string);
        found.push(Loosening { kind, key: "policy file".to_owned(), base, head: Some(here.into_string()) });
    }
    Ok(())
}

/// Of the trail that is read each missing event is told; of another one, that it is gone.
fn trails(base: &BaseCommit, trail: &Utf8Path, lost: &[Utf8PathBuf], found: &mut Vec<Loosening>) {
    let here = base.inside(trail);
    let mut told: Vec<&Utf8Path> = Vec::new();
    for folder in lost.iter().filter(|path| path.file_name() != Some(POLICY_FILE)).filter_map(|path| path.parent()) {
        if here.as_deref() != Some(folder) && !told.contains(&folder) {
            told.push(folder);
            found.push(place(
                folder.to_string(),
                Some("an audit trail".to_owned()),
                Some("fewer events of it".to_owned()),
            ));
        }
    }
}
