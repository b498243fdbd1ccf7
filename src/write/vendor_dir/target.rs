//! Which folder may be the vendor folder: one below the workspace, reached without a link, that belongs to nobody else.

use std::fs;
use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::error::{TargetFault, VendorDirError};
use crate::files::names::{PROJECT_FOLDER, STAGE_MARK};

/// A checked path.
#[derive(Clone, Debug)]
pub(super) struct Target {
    root: Utf8PathBuf,
    path: Utf8PathBuf,
    relative: String,
}

/// Folders that nothing may be vendored into, nor anywhere below them.
const TAKEN: [&str; 5] = [".git", ".cargo", PROJECT_FOLDER, "src", "target"];

impl Target {
    /// Takes a relative path from the root. The root itself may be reached through a link; nothing below it may.
    pub(super) fn of(root: &Utf8Path, path: &Utf8Path) -> Result<Self, VendorDirError> {
        let real = root.canonicalize_utf8().map_err(|source| VendorDirError::io(root, source))?;
        let fault = |fault| VendorDirError::Target { path: path.to_owned(), fault };
        let below = match path.strip_prefix(root).or_else(|_| path.strip_prefix(&real)) {
            Ok(below) => below,
            Err(_) if path.is_relative() => path,
            Err(_) => return Err(fault(TargetFault::Outside)),
        };
        let mut parts = Vec::new();
        for component in below.components() {
            match component {
                Utf8Component::Normal(part) => parts.push(part),
                Utf8Component::CurDir => {}
                // A `..` after a link leads elsewhere than its text says; nobody needs one here.
                Utf8Component::ParentDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {
                    return Err(fault(TargetFault::Outside));
                }
            }
        }
        // Some file systems do not tell upper case from lower case.
        let first = parts.first().ok_or_else(|| fault(TargetFault::Taken))?.to_ascii_lowercase();
        if TAKEN.contains(&first.as_str()) || parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err(fault(TargetFault::Taken));
        }
        let target = Self { path: real.join(parts.join("/")), root: real, relative: parts.join("/") };
        target.check()?;
        Ok(target)
    }

    /// Looks at what is there now.
    pub(super) fn check(&self) -> Result<(), VendorDirError> {
        let fault = |fault| VendorDirError::Target { path: self.relative.clone().into(), fault };
        let mut path = self.root.clone();
        for part in self.relative.split('/') {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(source) => return Err(VendorDirError::io(&path, source)),
                Ok(found) if found.is_symlink() => return Err(fault(TargetFault::Link)),
                Ok(found) if !found.is_dir() => return Err(fault(TargetFault::NotAFolder)),
                Ok(_) => {}
            }
        }
        if fs::symlink_metadata(path.join("Cargo.toml")).is_ok() {
            return Err(fault(TargetFault::Package));
        }
        Ok(())
    }

    pub(super) fn root(&self) -> &Utf8Path {
        &self.root
    }

    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    pub(super) fn relative(&self) -> &str {
        &self.relative
    }

    /// The folder that holds it.
    pub(super) fn above(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(&self.root)
    }

    /// What a stage's name begins with, beside the target.
    pub(super) fn stage_prefix(&self) -> String {
        format!(".{}{STAGE_MARK}", self.path.file_name().unwrap_or_default())
    }

    /// The stage of the run with this id.
    pub(super) fn stage(&self, id: &str, inside: bool) -> Utf8PathBuf {
        if inside { self.path.join(format!("{STAGE_MARK}{id}")) } else { self.above().join(self.stage_prefix() + id) }
    }
}
