//! Findings in words: what, and where.

use crate::model::source::Source;
use crate::model::vendored::Destination;
use crate::model::verification::Finding;
use crate::report::context::{package_name, registry_name};

/// A finding, told.
pub(super) struct Told {
    /// The stable name in JSON.
    pub(super) code: &'static str,
    /// One word for the margin.
    pub(super) verb: &'static str,
    /// The package, as its id spec, where it is known.
    pub(super) package: Option<String>,
    /// The folder in the vendored tree.
    pub(super) directory: Option<String>,
    /// The file, below the folder.
    pub(super) path: Option<String>,
    /// The sentence.
    pub(super) message: String,
}

/// The finding in words; `folder` is the vendored tree.
pub(super) fn told(finding: &Finding, folder: &str) -> Told {
    let code = finding.code();
    let (verb, message) = sentence(finding, folder);
    let (package, directory, path) = facts(finding);
    Told { code, verb, package, directory, path, message }
}

type Facts = (Option<String>, Option<String>, Option<String>);

fn facts(finding: &Finding) -> Facts {
    let some = |text: &String| Some(text.clone());
    match finding {
        Finding::NotReplaced { .. }
        | Finding::NoAllowList
        | Finding::NoTree { .. }
        | Finding::TreeIsLink { .. }
        | Finding::TreeIsNoFolder { .. }
        | Finding::TreeOutside { .. }
        | Finding::Interrupted { .. }
        | Finding::LineEndings { .. } => (None, None, None),
        Finding::NotAllowed { id }
        | Finding::Shared { other: id, .. }
        | Finding::AllowedChecksumDiffers { id, .. }
        | Finding::ChecksumMissing { id }
        | Finding::NotVendored { id }
        | Finding::StubNeeded { id, .. }
        | Finding::ArchiveRefused { id, .. }
        | Finding::SourceNotAllowed { id } => (Some(id.to_string()), None, None),
        Finding::ArchiveDiffers { id, file, .. } => (Some(id.to_string()), None, some(file)),
        Finding::IndexDiffers { path, .. } => (None, None, Some(format!("index/{path}"))),
        Finding::NotLocked { allowed } => (some(allowed), None, None),
        Finding::DirectoryNotLocked { directory, package } => (package.clone(), some(directory), None),
        Finding::NoPackage { directory, .. }
        | Finding::NoList { directory, .. }
        | Finding::NothingListed { directory } => (None, some(directory), None),
        Finding::PackageTwice { package, second, .. } => (some(package), some(second), None),
        Finding::Stray { path, .. } => (None, None, some(path)),
        Finding::PackageHashDiffers { directory, id, .. }
        | Finding::TreeDiffers { directory, id, .. }
        | Finding::NotFromArchive { directory, id, .. } => (Some(id.to_string()), some(directory), None),
        Finding::FileEdited { directory, path }
        | Finding::FileNotListed { directory, path }
        | Finding::FileMissing { directory, path }
        | Finding::NotAFile { directory, path, .. } => (None, some(directory), some(path)),
        Finding::Collision { directory, second, .. } => (None, directory.clone(), some(second)),
    }
}

/// A source as a reader knows it.
fn source_name(source: &Source) -> String {
    match source {
        Source::Registry(registry) => registry_name(registry),
        Source::Git(_) | Source::Local | Source::Other(_) => source.to_string(),
    }
}

fn destination(source: &Source, to: &Destination) -> String {
    match (to, source) {
        (Destination::Itself, Source::Git(_)) => "the repository".to_owned(),
        (Destination::Itself, Source::Registry(_) | Source::Local | Source::Other(_)) => "the registry".to_owned(),
        (Destination::Folder(place), _) => place.path.to_string(),
        (Destination::Elsewhere(address), _) => address.clone(),
    }
}

#[expect(clippy::too_many_lines, reason = "one sentence for each finding")]
fn sentence(finding: &Finding, folder: &str) -> (&'static str, String) {
    let at = |directory: &String, path: &String| format!("{folder}/{directory}/{path}");
    match finding {
        Finding::NotReplaced { source, to, by, start } => {
            let decided = by.as_ref().map(|origin| format!(": {origin} decides it")).unwrap_or_default();
            let start = start.as_ref().map(|start| format!(", started in {start},")).unwrap_or_default();
            let message = format!(
                "cargo{start} takes {} from {}, not from {folder}{decided}",
                source_name(source),
                destination(source, to)
            );
            ("Around", message)
        }
        Finding::NoAllowList => {
            ("Absent", "there is no allow-list: .cargo/config.toml has no `[sequester]` table".to_owned())
        }
        Finding::NoTree { path } => ("Absent", format!("there are no vendored sources at {path}")),
        Finding::TreeIsLink { path } => ("Link", format!("{path} is, or is reached by, a symbolic link")),
        Finding::TreeIsNoFolder { path } => ("Stray", format!("{path} is no folder")),
        Finding::TreeOutside { path } => ("Outside", format!("{path} is no folder below the workspace root")),
        Finding::Interrupted { run } => (
            "Interrupted",
            format!("{run} was killed while it wrote: {folder} and the allow-list may not belong together"),
        ),
        Finding::NotAllowed { id } => {
            ("Unlisted", format!("{} is in the lock file and not in the allow-list", package_name(id)))
        }
        Finding::NotLocked { allowed } => {
            ("Left over", format!("{allowed} is in the allow-list and not in the lock file"))
        }
        Finding::AllowedChecksumDiffers { id, allowed } => {
            let allowed = allowed.map_or_else(|| "none".to_owned(), |checksum| checksum.to_string());
            let name = package_name(id);
            ("Differs", format!("{name}: the checksum of the allow-list ({allowed}) is not the lock file's"))
        }
        Finding::ChecksumMissing { id } => {
            ("Unproven", format!("{} has no checksum in the lock file", package_name(id)))
        }
        Finding::NotVendored { id } => ("Missing", format!("{} has no folder in {folder}", package_name(id))),
        Finding::DirectoryNotLocked { directory, package } => {
            let package = package.as_deref().unwrap_or("no package");
            ("Left over", format!("{folder}/{directory} holds {package}, which the lock file does not take from there"))
        }
        Finding::NoPackage { directory, cause } => ("Stray", format!("{folder}/{directory} is no package: {cause}")),
        Finding::PackageTwice { package, first, second } => (
            "Twice",
            format!("{package} is in {folder}/{first} and in {folder}/{second}; cargo takes one without a word"),
        ),
        Finding::Shared { one, other } => (
            "Shared",
            format!("{one} and {other} have one name and version; cargo takes both from one place in {folder}"),
        ),
        Finding::Stray { path, what } => ("Stray", format!("{folder}/{path} is {what}, not the folder of a package")),
        Finding::NoList { directory, cause } => {
            ("Unproven", format!("{folder}/{directory}/.cargo-checksum.json is of no use: {cause}"))
        }
        Finding::NothingListed { directory } => {
            ("Unproven", format!("{folder}/{directory}/.cargo-checksum.json lists no file, so cargo checks none"))
        }
        Finding::PackageHashDiffers { directory, id, found } => {
            let found = found.map_or_else(|| "no package hash".to_owned(), |hash| format!("the package hash {hash}"));
            ("Differs", format!("{folder}/{directory} names {found}, not the lock file's for {}", package_name(id)))
        }
        Finding::TreeDiffers { directory, files_match: true, .. } => {
            let list = format!("{folder}/{directory}/.cargo-checksum.json");
            ("Differs", format!("{list} is not the recorded one, although the files are"))
        }
        Finding::TreeDiffers { directory, id, files_match: false } => {
            let name = package_name(id);
            ("Differs", format!("{folder}/{directory} is not the tree that the allow-list records for {name}"))
        }
        Finding::FileEdited { directory, path } => ("Edited", at(directory, path)),
        Finding::FileNotListed { directory, path } => {
            ("Unlisted", format!("{} is not in the list of its package's files", at(directory, path)))
        }
        Finding::FileMissing { directory, path } => ("Missing", at(directory, path)),
        Finding::NotAFile { directory, path, what } => ("Stray", format!("{} is {what}", at(directory, path))),
        Finding::Collision { directory, first, second } => {
            let within = directory.as_ref().map_or_else(|| folder.to_owned(), |name| format!("{folder}/{name}"));
            ("Collision", format!("{within}: `{first}` and `{second}` are one name on some systems"))
        }
        Finding::LineEndings { files, example } => {
            let which = if *files == 1 { "1 file differs" } else { &format!("{files} files differ") };
            ("Line ends", format!("{which} in line endings alone, as git converts them: {folder}/{example} and so on"))
        }
        Finding::NotFromArchive { id, directory, paths, more } => {
            let mut which = paths.join(", ");
            if *more > 0 {
                which = format!("{which} and {more} more");
            }
            if paths.is_empty() {
                "the recorded digest".clone_into(&mut which);
            }
            let origin = match &id.source {
                Source::Git(_) => "cargo makes of the locked commit of",
                Source::Registry(_) | Source::Local | Source::Other(_) => "is in the archive of",
            };
            ("Forged", format!("{folder}/{directory} is not what {origin} {}: {which}", package_name(id)))
        }
        Finding::ArchiveDiffers { id, file, found } => {
            let found = found.map_or_else(|| "cannot be read".to_owned(), |found| format!("has the digest {found}"));
            ("Differs", format!("{folder}/{file} {found}: it is not the archive of {}", package_name(id)))
        }
        Finding::StubNeeded { id, platforms } if platforms.is_empty() => {
            ("Stub", format!("{} is a stub, and no platform is recorded that does without it", package_name(id)))
        }
        Finding::StubNeeded { id, platforms } => {
            ("Stub", format!("{} is a stub, and {} needs it whole", package_name(id), platforms.join(" or ")))
        }
        Finding::IndexDiffers { path, cause } => ("Differs", format!("{folder}/index/{path}: {cause}")),
        Finding::ArchiveRefused { id, cause } => {
            ("Refused", format!("the archive of {} must not be used: {cause}", package_name(id)))
        }
        Finding::SourceNotAllowed { id } => {
            ("Rejected", format!("{} comes from a source that the policy does not allow", package_name(id)))
        }
    }
}
