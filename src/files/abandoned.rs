//! What killed runs left: files and folders under names that are ours alone. They are told from those of a run that is at work by their
//! age, without a lock, which some file systems of a network do not have or wait for without end.

use std::fs::Metadata;
use std::io;
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use tempfile::{NamedTempFile, TempDir};

/// How many letters `tempfile` puts behind a prefix.
const LETTERS: usize = 6;
/// No run keeps a temporary folder that long without making anything in it.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What each temporary place of ours is for, and what its name begins with.
macro_rules! errands {
    ($($(#[$about:meta])* $errand:ident => $prefix:literal,)*) => {
        /// What a temporary place of ours is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Errand {
            $($(#[$about])* $errand,)*
        }

        impl Errand {
            const ALL: &[Self] = &[$(Self::$errand),*];

            const fn prefix(self) -> &'static str {
                match self {
                    $(Self::$errand => $prefix,)*
                }
            }
        }
    };
}

errands! {
    /// A copy of the advisories for one run.
    Advisories => "sequester-advisories-",
    /// A question to a cargo.
    Ask => "sequester-ask-",
    /// What a cargo is told of registries.
    Cargo => "sequester-cargo-",
    /// The configuration that a commit has.
    Config => "sequester-config-",
    /// A repository's packages.
    Git => "sequester-git-",
    /// A cargo's home.
    Home => "sequester-home-",
    /// The index of a local registry.
    Index => "sequester-index-",
    /// A manifest to look at.
    Manifest => "sequester-manifest-",
    /// The manifests of a workspace.
    Manifests => "sequester-manifests-",
    /// The advisories of a node of the team registry, which lasts: it has to [keep](keep) them.
    Node => "sequester-node-",
    /// The repository of a policy.
    Policy => "sequester-policy-",
    /// A build that is cut off from all else.
    Sealed => "sequester-sealed-",
    /// A copy of the project in which a cargo tries something.
    Try => "sequester-try-",
}

impl Errand {
    /// Others go by the ending of a file's name.
    const fn ending(self) -> &'static str {
        if matches!(self, Self::Cargo) { ".toml" } else { "" }
    }

    fn is_of(self, name: &str) -> bool {
        let letters = name.strip_prefix(self.prefix()).and_then(|rest| rest.strip_suffix(self.ending()));
        letters
            .is_some_and(|letters| letters.len() == LETTERS && letters.bytes().all(|one| one.is_ascii_alphanumeric()))
    }
}

/// Makes a folder in the system's place for temporary ones; it goes with the value. Its name tells what it is for.
///
/// # Errors
/// It cannot be made.
pub(crate) fn temporary_folder(errand: Errand) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix(errand.prefix()).suffix(errand.ending()).tempdir()?;
    sweep(folder.path());
    Ok(folder)
}

/// Makes a file there, likewise.
///
/// # Errors
/// It cannot be made.
pub(crate) fn temporary_file(errand: Errand) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(errand.prefix()).suffix(errand.ending()).tempfile()?;
    sweep(file.path());
    Ok(file)
}

/// Says that a temporary folder is in use still, for a run that lasts: anything made in it dates it. Where that fails, as on a full disk, it
/// goes with the next attempt.
#[cfg(any(feature = "serve", test))]
pub(crate) fn keep(folder: &TempDir) {
    let _ = tempfile::Builder::new().prefix("kept-").tempfile_in(folder);
}

/// Removes what killed runs left beside what was made, whatever it was for: the run that comes next may have another errand.
fn sweep(made: &std::path::Path) {
    let Some((made, folder)) = Utf8Path::from_path(made).and_then(|made| Some((made, made.parent()?))) else { return };
    let Ok(now) = made.metadata().and_then(|made| made.modified()) else { return };
    remove_abandoned(folder, |name| Errand::ALL.iter().any(|errand| errand.is_of(name)), now, A_DAY);
}

/// Removes what is older than `age` by the folder's own clock, which says `now`, belongs to this user and has such a name. What cannot be
/// removed stays for the next run.
pub(super) fn remove_abandoned(folder: &Utf8Path, is_ours: impl Fn(&str) -> bool, now: SystemTime, age: Duration) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten().filter(|entry| is_ours(entry.file_name())) {
        let path = entry.path();
        // Of the name itself: a link is nobody's debris.
        let Ok(found) = path.symlink_metadata() else { continue };
        let lies = found.modified().ok().and_then(|modified| now.duration_since(modified).ok());
        if !is_own(&found) || lies.is_none_or(|lies| lies <= age) {
            continue;
        }
        if found.is_file() {
            let _ = std::fs::remove_file(path);
        } else if found.is_dir() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[cfg(unix)]
fn is_own(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Here the place for temporary files is the user's own.
#[cfg(not(unix))]
fn is_own(_found: &Metadata) -> bool {
    true
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use crate::files::abandoned::{Errand, keep, sweep};

    #[test]
    fn whatever_a_killed_run_left_goes_with_the_next_temporary_place_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let made = at("sequester-ask-j1K2l3");
        let now = File::create_new(&made).unwrap().metadata().unwrap().modified().unwrap();
        let dated = |name: &str, days: u64| {
            let times = std::fs::FileTimes::new().set_modified(now - Duration::from_secs(days * 24 * 3600));
            File::open(at(name)).or_else(|_| File::create_new(at(name))).unwrap().set_times(times).unwrap();
        };
        let debris =
            ["sequester-index-a1B2c3", "sequester-try-a1B2c3", "sequester-cargo-a1B2c3.toml", "sequester-node-a1B2c3"];
        let young = ["sequester-index-d4E5f6", "sequester-cargo-d4E5f6.toml"];
        let others = [
            "sequester-report-a1B2c3",
            "sequester-index-a1B2c",
            "sequester-index-a1B2c-",
            "sequester-index-a1B2c3.toml",
            "sequester-cargo-a1B2c3",
            "index-a1B2c3",
        ];
        std::fs::create_dir_all(at(debris[0]).join("below/it")).unwrap();
        std::fs::create_dir(at(young[0])).unwrap();
        for name in debris.iter().chain(&others) {
            dated(name, 2);
        }
        for name in young {
            dated(name, 0);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(at(young[0]), at("sequester-try-g7H8i9")).unwrap();
        sweep(&made);
        for name in debris {
            assert!(!at(name).exists(), "{name}");
        }
        for name in young.iter().chain(&others) {
            assert!(at(name).exists(), "{name}");
        }
        assert!(cfg!(not(unix)) || at("sequester-try-g7H8i9").exists());
    }

    #[test]
    fn what_lasts_is_kept_as_long_as_it_says_so() {
        let place = tempfile::tempdir().unwrap();
        let [kept, left] =
            [(); 2].map(|()| tempfile::Builder::new().prefix(Errand::Node.prefix()).tempdir_in(&place).unwrap());
        let long_ago = place.path().metadata().unwrap().modified().unwrap() - Duration::from_secs(3 * 24 * 3600);
        for folder in [&kept, &left] {
            File::open(folder.path()).unwrap().set_modified(long_ago).unwrap();
        }
        keep(&kept);
        let made = tempfile::Builder::new().prefix(Errand::Ask.prefix()).tempdir_in(&place).unwrap();
        sweep(made.path());
        assert_eq!((kept.path().exists(), left.path().exists()), (true, false));
        assert_eq!(kept.path().read_dir().unwrap().count(), 0);
    }
}
