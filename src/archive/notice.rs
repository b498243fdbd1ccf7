//! What a crate holds that a person may want to know of, though nothing forbids it.

use std::fmt;

use super::entry_path::is_windows_device;
use super::walk::Member;

/// One observation; the text is the path below the package's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// A `.cargo-checksum.json` of its own: left out, ours is written instead.
    ChecksumFile(Box<str>),
    /// A `.cargo-ok`: left out, as cargo does.
    CargoOk(Box<str>),
    /// A cargo configuration: it would count for a cargo that runs in this folder.
    CargoConfig(Box<str>),
    /// A file of a git repository: left out, as cargo does, where the folder is spelled `.git`.
    GitDirectory(Box<str>),
    /// A `rust-toolchain` file: it would count for a cargo that runs in this folder.
    Toolchain(Box<str>),
    /// The same file twice, with the same bytes.
    RepeatedFile(Box<str>),
    /// A file whose name differs only in case, or in how its letters are composed, from another's that has the same bytes.
    Twin(Box<str>),
    /// A name that Windows keeps for a device: the file cannot be made there.
    WindowsDevice(Box<str>),
    /// A directory without a file in it: left out, as neither git nor a list of checksums can hold one.
    EmptyDirectory(Box<str>),
    /// A set-user-id, set-group-id or sticky bit: dropped.
    SpecialMode(Box<str>),
}

impl Notice {
    /// What the name and mode of a file or directory give away.
    pub(super) fn of(path: &str, member: &Member) -> impl Iterator<Item = Self> {
        let lower = path.to_ascii_lowercase();
        let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let in_cargo = folder == ".cargo" || folder.ends_with("/.cargo");
        let by_name = match name {
            ".cargo-checksum.json" if folder.is_empty() => Some(Self::ChecksumFile(path.into())),
            ".cargo-ok" => Some(Self::CargoOk(path.into())),
            "config" | "config.toml" if in_cargo => Some(Self::CargoConfig(path.into())),
            "rust-toolchain" | "rust-toolchain.toml" => Some(Self::Toolchain(path.into())),
            _ if lower.split('/').any(|part| part == ".git") => Some(Self::GitDirectory(path.into())),
            _ => None,
        };
        let device = path.split('/').any(is_windows_device).then(|| Self::WindowsDevice(path.into()));
        let special = (member.mode & 0o7000 != 0).then(|| Self::SpecialMode(path.into()));
        by_name.into_iter().chain(device).chain(special)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, says) = match self {
            Self::ChecksumFile(path) => (path, "is not used"),
            Self::CargoOk(path) => (path, "is left out"),
            Self::CargoConfig(path) => (path, "configures a cargo that runs in its folder"),
            Self::GitDirectory(path) => (path, "belongs to a git repository"),
            Self::Toolchain(path) => (path, "chooses the toolchain of a cargo that runs in its folder"),
            Self::RepeatedFile(path) => (path, "is in the archive twice, with the same bytes"),
            Self::Twin(path) => (path, "is one file with another of the same bytes on some systems"),
            Self::WindowsDevice(path) => (path, "has the name of a device on Windows, where it cannot be made"),
            Self::EmptyDirectory(path) => (path, "is an empty directory and is left out"),
            Self::SpecialMode(path) => (path, "has a set-id or sticky bit, which is dropped"),
        };
        write!(f, "`{}` {says}", path.escape_debug())
    }
}
