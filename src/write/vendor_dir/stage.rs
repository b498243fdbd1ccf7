//! The new tree while it is being built, and its publication.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::error::VendorDirError;
use super::folder::VendorDir;
use super::journal::{self, Entry, Journal, Method, is_entry_name};
use super::swap::{MARKER, Swap};
use super::{config, tree};
use crate::archive::VendorTree;
use crate::files::names::STAGE_MARK;
use crate::files::sync_tree;
use crate::model::vendored::{VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE};
use crate::write::cargo_config::ConfigFile;
use crate::write::package::write_into;

/// What is to change in the vendor folder. Entries that it names neither way stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Entries that will be written, in the place of what has that name now.
    pub write: BTreeSet<String>,
    /// Entries that will be removed.
    pub remove: BTreeSet<String>,
    /// Whether the folder has to have our `.gitattributes`. One that somebody else wrote stays.
    pub attributes: bool,
}

/// What publishing did.
#[derive(Debug)]
pub struct Applied {
    /// Whether anything in the vendor folder was changed.
    pub tree: bool,
    /// Whether the configuration was changed.
    pub config: bool,
    /// What kept this run from removing what it had replaced; the next run does that. Tree and configuration are the new ones.
    pub left_over: Option<VendorDirError>,
}

/// A tree in the making. Dropped without publishing, it leaves nothing behind.
#[derive(Debug)]
pub struct Stage<'v> {
    vendor: &'v VendorDir,
    changes: Changes,
    id: String,
    /// Where it lies; `None` where nothing is to change.
    path: Option<Utf8PathBuf>,
    inside: bool,
    written: Mutex<BTreeSet<String>>,
}

impl VendorDir {
    /// Begins a new tree. Where there is nothing to change nothing is made, and publishing replaces the configuration alone.
    ///
    /// # Errors
    /// A name is not that of an entry, or the folder for the stage cannot be made.
    pub fn stage(&self, mut changes: Changes) -> Result<Stage<'_>, VendorDirError> {
        if let Some(name) = changes.write.iter().chain(&changes.remove).find(|name| !is_entry_name(name)) {
            return Err(VendorDirError::Name { name: name.clone() });
        }
        let target = self.target.path();
        changes.attributes &= !tree::is_there(&self.join(VENDOR_ATTRIBUTES_FILE));
        changes.remove.retain(|name| tree::is_there(&target.join(name)));
        let id = std::process::id().to_string();
        let mut stage = Stage { vendor: self, changes, id, path: None, inside: false, written: Mutex::default() };
        stage.make_folder()?;
        Ok(stage)
    }
}

impl Stage<'_> {
    fn make_folder(&mut self) -> Result<(), VendorDirError> {
        if self.path.is_some() || self.is_empty() {
            return Ok(());
        }
        let (vendor, target) = (self.vendor, self.vendor.target.path());
        vendor.step(target)?;
        let above = vendor.target.above();
        fs::create_dir_all(above).map_err(|source| VendorDirError::io(above, source))?;
        let is_there = tree::is_there(target);
        if is_there {
            tree::without_mounts(target)?;
        }
        self.inside = is_there
            && !tree::can_rename_between(above, target).map_err(|source| VendorDirError::io(target, source))?;
        let path = vendor.target.stage(&self.id, self.inside);
        fs::create_dir(&path).map_err(|source| VendorDirError::io(&path, source))?;
        self.path = Some(path);
        Ok(())
    }

    /// One entry more that will be written.
    ///
    /// # Errors
    /// The name is not that of an entry, or the folder for the stage cannot be made.
    pub fn also_write(&mut self, name: &str) -> Result<(), VendorDirError> {
        if !is_entry_name(name) {
            return Err(VendorDirError::Name { name: name.to_owned() });
        }
        self.changes.write.insert(name.to_owned());
        self.make_folder()
    }

    /// Where an entry that was written lies until it is published.
    #[must_use]
    pub fn written(&self, name: &str) -> Option<Utf8PathBuf> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.contains(name).then(|| Some(self.path.as_ref()?.join(name))).flatten()
    }

    /// Whether nothing in the folder would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.write.is_empty() && self.changes.remove.is_empty() && !self.changes.attributes
    }

    /// Writes a package's folder. Many threads may do so at once.
    ///
    /// # Errors
    /// The changes do not name it, or something of it could not be written.
    pub fn write(&self, name: &str, package: &VendorTree<'_>, comment: Option<&str>) -> Result<(), VendorDirError> {
        self.add(name, |path| Ok(write_into(path, package, comment)?))
    }

    /// Writes a file directly in the vendor folder.
    ///
    /// # Errors
    /// The changes do not name it, or it could not be written.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), VendorDirError> {
        self.add(name, |path| write_new(path, bytes))
    }

    /// Takes a folder or file from elsewhere, which stays there, such as one that cargo wrote for a git dependency.
    ///
    /// # Errors
    /// The changes do not name it, or something of it could not be linked or copied.
    pub fn copy(&self, name: &str, from: &Utf8Path) -> Result<(), VendorDirError> {
        self.add(name, |path| tree::carry_over(from, path))
    }

    fn add(
        &self,
        name: &str,
        write: impl FnOnce(&Utf8Path) -> Result<(), VendorDirError>,
    ) -> Result<(), VendorDirError> {
        let path = match &self.path {
            Some(path) if self.changes.write.contains(name) => path.join(name),
            Some(_) | None => return Err(VendorDirError::Name { name: name.to_owned() }),
        };
        self.vendor.step(&path)?;
        write(&path)?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(())
    }

    /// Makes the tree and, where one is given, the configuration the project's. Either both are new afterwards or, on an error,
    /// both are old.
    ///
    /// # Errors
    /// Something could not be written, or the configuration was changed since it was read.
    pub fn publish(mut self, config: Option<(&ConfigFile, &[u8])>) -> Result<Applied, VendorDirError> {
        let Some(path) = self.path.take() else {
            let config = config.map(|(file, bytes)| self.vendor.publish_config(file, bytes));
            return Ok(Applied { tree: false, config: config.transpose()?.unwrap_or(false), left_over: None });
        };
        let published = self.publish_tree(&path, config);
        let root = self.vendor.target.root();
        if published.is_err() && !tree::is_there(&journal::path(root)) {
            // Without a journal nothing of the stage will ever be needed. The first error is the one to tell.
            let _ = tree::remove(&path);
            let _ = config::discard(root, &self.id);
        }
        published
    }

    fn publish_tree(&self, path: &Utf8Path, config: Option<(&ConfigFile, &[u8])>) -> Result<Applied, VendorDirError> {
        let (target, root) = (&self.vendor.target, self.vendor.target.root());
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = self.changes.write.difference(&written).next() {
            return Err(VendorDirError::NotStaged { name: name.clone() });
        }
        drop(written);
        let mut entries = self.entries();
        if self.changes.attributes {
            write_new(&path.join(VENDOR_ATTRIBUTES_FILE), VENDOR_ATTRIBUTES.as_bytes())?;
            entries.push(Entry { name: VENDOR_ATTRIBUTES_FILE.to_owned(), old: false, new: true });
        }
        let method = if !tree::is_there(target.path()) {
            Method::Place
        } else if self.inside || tree::never_exchanges() || !self.vendor.faults.may_exchange() {
            Method::Entries
        } else {
            self.carry_over(path)?;
            Method::Exchange
        };
        self.vendor.step(path)?;
        write_new(&path.join(MARKER), self.id.as_bytes())?;
        let staged =
            config.map(|(file, bytes)| config::stage(root, file, bytes, &self.vendor.faults)).transpose()?.flatten();
        self.vendor.step(path)?;
        sync_tree(path).map_err(|source| VendorDirError::io(path, source))?;

        let change = staged.map(|staged| staged.change);
        let relative = target.relative().to_owned();
        let journal = Journal::new(self.id.clone(), relative, self.inside, method, entries, change);
        let left_over = Swap::new(target, journal, &self.vendor.record, &self.vendor.faults).run()?;
        Ok(Applied { tree: true, config: change.is_some(), left_over })
    }

    fn entries(&self) -> Vec<Entry> {
        let old = |name: &String| tree::is_there(&self.vendor.join(name));
        let new = self.changes.write.iter().map(|name| Entry { name: name.clone(), old: old(name), new: true });
        let gone = self.changes.remove.difference(&self.changes.write);
        new.chain(gone.map(|name| Entry { name: name.clone(), old: true, new: false })).collect()
    }

    /// Everything that stays, linked into the new tree.
    fn carry_over(&self, path: &Utf8Path) -> Result<(), VendorDirError> {
        let target = self.vendor.target.path();
        let Changes { write, remove, .. } = &self.changes;
        let stays = |name: &str| !write.contains(name) && !remove.contains(name) && !name.starts_with(STAGE_MARK);
        let names: Vec<String> =
            tree::entries(target)?.into_iter().map(|(name, _)| name).filter(|name| stays(name)).collect();
        names.par_iter().try_for_each(|name| {
            self.vendor.step(path)?;
            tree::carry_over(&target.join(name), &path.join(name))
        })
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        if let Some(path) = &self.path {
            let _ = tree::remove(path);
        }
    }
}

fn write_new(path: &Utf8Path, bytes: &[u8]) -> Result<(), VendorDirError> {
    let write = || File::options().write(true).create_new(true).open(path)?.write_all(bytes);
    write().map_err(|source| VendorDirError::io(path, source))
}
