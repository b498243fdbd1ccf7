//! A project by hand, what the proof says of it, and cargo's own word.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::lock_proof::{Discord, Proof, Unproven};
use cargo_sequester::door::model::manifest::DependencySource;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};
use sha2::{Digest as _, Sha256};

use super::Ground;

/// The package `app` in `ws`, and what lies beside it.
pub(super) struct Example {
    pub(super) ground: Ground,
    pub(super) folder: Utf8PathBuf,
    _outer: tempfile::TempDir,
}

impl Example {
    /// With this after the head of its manifest, and the lock file that cargo writes for it.
    pub(super) fn new(rest: &str) -> Self {
        let example = Self::unlocked(rest);
        example.lock();
        example
    }

    pub(super) fn unlocked(rest: &str) -> Self {
        let outer = tempfile::Builder::new().prefix("sequester-proof-").tempdir().unwrap();
        let ground = Ground::new(Utf8Path::from_path(outer.path()).unwrap());
        let example = Self { folder: ground.top.join("ws"), ground, _outer: outer };
        example.put(".cargo/config.toml", &example.ground.universe.config());
        example.package("", "app", "0.1.0", rest);
        for (name, version) in [("bb", "1.1.0"), ("bb", "1.5.0"), ("bb", "2.5.0")] {
            example.package(&format!("../{name}-{version}"), name, version, "[features]\nstd = []\n[workspace]\n");
        }
        example
    }

    /// Below `ws`, or beside it.
    pub(super) fn put(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn package(&self, folder: &str, name: &str, version: &str, rest: &str) {
        let folder = Utf8Path::new(folder);
        let head = format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n");
        self.put(folder.join("Cargo.toml").as_str(), &format!("{head}{rest}"));
        self.put(folder.join("src/lib.rs").as_str(), "");
    }

    pub(super) fn manifest(&self, rest: &str) {
        self.package("", "app", "0.1.0", rest);
    }

    pub(super) fn lock(&self) {
        let lock = self.said(&["generate-lockfile", "--offline"], |refused| {
            assert_eq!(refused, None);
            Some(std::fs::read_to_string(self.folder.join("Cargo.lock")).unwrap())
        });
        self.put("Cargo.lock", &lock.unwrap());
    }

    /// What comes of this command of cargo, which was perhaps asked by an earlier run on the same files.
    pub(super) fn said(
        &self,
        arguments: &[&str],
        then: impl FnOnce(Option<String>) -> Option<String>,
    ) -> Option<String> {
        let mut hash = Sha256::new();
        self.files(&self.ground.top, &mut hash);
        let name = format!("{}-{}", Checksum::from_bytes(hash.finalize().into()), arguments[0]);
        self.ground.said(&name, || then(self.ground.cargo(&self.folder, arguments)))
    }

    /// All but cargo's homes, with their paths.
    pub(super) fn files(&self, folder: &Utf8Path, hash: &mut Sha256) {
        let mut all: Vec<_> = folder.read_dir_utf8().unwrap().map(Result::unwrap).collect();
        all.sort_unstable_by(|one, other| one.path().cmp(other.path()));
        for entry in all.iter().filter(|entry| !entry.file_name().starts_with("home-")) {
            hash.update(entry.file_name());
            if entry.path().is_dir() {
                self.files(entry.path(), hash);
            } else {
                hash.update(std::fs::read_to_string(entry.path()).unwrap().replace(self.ground.top.as_str(), "@TOP@"));
            }
        }
    }

    pub(super) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.folder.join("Cargo.lock")).unwrap();
        assert!(text.contains(from), "{text}");
        self.put("Cargo.lock", &text.replace(from, to));
    }

    pub(super) fn proof(&self, members: &[&str]) -> Proof {
        self.ground.prove(&self.folder, members).unwrap()
    }

    pub(super) fn cargo_takes_it(&self) -> bool {
        self.said(&["update", "--workspace", "--locked", "--offline"], |refused| refused).is_none()
    }

    #[track_caller]
    pub(super) fn is_answered(&self) {
        assert_eq!(self.proof(&[""]), Proof::Answered);
        assert!(self.cargo_takes_it());
    }

    /// In this and nothing else.
    #[track_caller]
    pub(super) fn is_broken(&self, mut discords: Vec<Discord>) {
        discords.sort();
        assert_eq!(self.proof(&[""]), Proof::Broken(discords));
        assert!(!self.cargo_takes_it());
    }

    /// For this reason and no other.
    #[track_caller]
    pub(super) fn is_unproven(&self, why: &Unproven, cargo_takes_it: bool) {
        assert_eq!(self.proof(&[""]), Proof::Unproven(vec![why.clone()]));
        assert_eq!(self.cargo_takes_it(), cargo_takes_it);
    }

    pub(super) fn with(self, folder: &str, name: &str, rest: &str) -> Self {
        self.with_version(folder, name, "0.1.0", rest)
    }

    pub(super) fn with_version(self, folder: &str, name: &str, version: &str, rest: &str) -> Self {
        self.package(folder, name, version, rest);
        self
    }

    #[track_caller]
    pub(super) fn proof_and_cargo_agree(&self) {
        assert_eq!(self.proof(&[""]) == Proof::Answered, self.cargo_takes_it());
    }

    pub(super) fn there(&self, path: &str) -> Utf8PathBuf {
        self.ground.top.join(path)
    }
}

pub(super) fn of(source: Source, name: &str, version: &str) -> PackageId {
    PackageId { name: name.into(), version: version.parse().unwrap(), source }
}

pub(super) fn crates_io(name: &str, version: &str) -> PackageId {
    of(Source::Registry(Registry::CratesIo), name, version)
}

pub(super) fn local(name: &str, version: &str) -> PackageId {
    of(Source::Local, name, version)
}

pub(super) fn app() -> PackageId {
    local("app", "0.1.0")
}

pub(super) fn unanswered(
    by: PackageId,
    name: &str,
    req: &str,
    from: DependencySource,
    instead: &[PackageId],
) -> Discord {
    Discord::Unanswered { by, name: name.into(), req: Some(req.to_owned()), from, instead: instead.to_vec() }
}

pub(super) const FROM_CRATES_IO: DependencySource = DependencySource::Registry(Registry::CratesIo);
