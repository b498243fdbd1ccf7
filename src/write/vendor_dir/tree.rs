//! What is done with whole folders: they are carried over without writing their bytes again, exchanged and removed, but never where
//! something is mounted in them.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::error::VendorDirError;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::files::regular::{self, Links};

/// Gives `to` what `from` has: files by hard link, or by copy where the file system does not link these two. Links are made anew
/// as they are, and nothing is read through them.
pub(super) fn carry_over(from: &Utf8Path, to: &Utf8Path) -> Result<(), VendorDirError> {
    let found = fs::symlink_metadata(from).map_err(|source| VendorDirError::io(from, source))?;
    if found.is_dir() {
        fs::create_dir(to).map_err(|source| VendorDirError::io(to, source))?;
        for (name, _) in entries(from)? {
            carry_over_entry(&from.join(&name), &to.join(&name))?;
        }
        return same_mode(&found, to);
    }
    carry_over_entry(from, to)
}

fn carry_over_entry(from: &Utf8Path, to: &Utf8Path) -> Result<(), VendorDirError> {
    // On Linux `link` takes a symbolic link as it is and refuses a folder, so most entries need no look at what they are.
    if cfg!(target_os = "linux") && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let found = fs::symlink_metadata(from).map_err(|source| VendorDirError::io(from, source))?;
    let io = |source| VendorDirError::io(to, source);
    if found.is_dir() {
        carry_over(from, to)
    } else if found.is_symlink() {
        link_again(from, to).map_err(io)
    } else if found.is_file() {
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(io)
    } else {
        Err(VendorDirError::Special { path: from.to_owned() })
    }
}

#[cfg(unix)]
fn link_again(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn link_again(_from: &Utf8Path, _to: &Utf8Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A folder of somebody else's may be closed to others.
fn same_mode(found: &fs::Metadata, to: &Utf8Path) -> Result<(), VendorDirError> {
    let made = fs::symlink_metadata(to).map_err(|source| VendorDirError::io(to, source))?;
    if made.permissions() == found.permissions() {
        return Ok(());
    }
    fs::set_permissions(to, found.permissions()).map_err(|source| VendorDirError::io(to, source))
}

/// The names in a folder, sorted, and whether each is a folder itself; none where there is no such folder. A name that is not UTF-8 is an
/// error: it could be neither carried over nor shown.
pub(super) fn entries(folder: &Utf8Path) -> Result<Vec<(String, bool)>, VendorDirError> {
    let io = |source| VendorDirError::io(folder, source);
    let list = match folder.read_dir_utf8() {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(source)),
    };
    let mut entries = Vec::new();
    for entry in list {
        let entry = entry.map_err(io)?;
        entries.push((entry.file_name().to_owned(), entry.file_type().map_err(io)?.is_dir()));
    }
    entries.sort_unstable();
    Ok(entries)
}

/// Refuses a folder in which something is mounted: whoever goes through it to the ground is in somebody else's files.
pub(super) fn without_mounts(folder: &Utf8Path) -> Result<(), VendorDirError> {
    match mount_below(folder).map_err(|source| VendorDirError::io(folder, source))? {
        Some(path) => Err(VendorDirError::Mount { path }),
        None => Ok(()),
    }
}

/// Removes a file, a link, or a folder and all in it, unless something is mounted there; nothing happens where there is nothing.
pub(super) fn remove(path: &Utf8Path) -> Result<(), VendorDirError> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|source| VendorDirError::io(path, source))?,
    };
    if !found.is_dir() {
        return fs::remove_file(path).map_err(|source| VendorDirError::io(path, source));
    }
    let is_mount = |above| can_rename_between(above, path).map(|can| !can);
    if path.parent().map_or(Ok(false), is_mount).map_err(|source| VendorDirError::io(path, source))? {
        return Err(VendorDirError::Mount { path: path.to_owned() });
    }
    without_mounts(path)?;
    let inside: Vec<Utf8PathBuf> =
        entries(path)?.into_iter().filter(|(_, is_folder)| *is_folder).map(|(name, _)| path.join(name)).collect();
    inside
        .par_iter()
        .try_for_each(|path| fs::remove_dir_all(path).map_err(|source| VendorDirError::io(path, source)))?;
    fs::remove_dir_all(path).map_err(|source| VendorDirError::io(path, source))
}

/// Whether anything is there, a dangling link included.
pub(super) fn is_there(path: &Utf8Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Exchanges two folders in one step; `false` where this file system cannot do that with these two.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn exchange(one: &Utf8Path, other: &Utf8Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, one.as_std_path(), CWD, other.as_std_path(), RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        // No such call or flag; a folder of a lower layer; a mount point.
        Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP | Errno::XDEV | Errno::BUSY) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn exchange(_one: &Utf8Path, _other: &Utf8Path) -> io::Result<bool> {
    Ok(false)
}

/// Whether folders can never be exchanged here, so that nothing need be prepared for it.
pub(super) const fn never_exchanges() -> bool {
    !cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"))
}

/// Whether something in `folder` can be renamed to something in `other`: both are folders of one mounted file system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn can_rename_between(folder: &Utf8Path, other: &Utf8Path) -> io::Result<bool> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

    // The device number alone does not tell a bind mount of the same file system.
    let place = |path: &Utf8Path| -> io::Result<_> {
        let found =
            statx(CWD, path.as_std_path(), AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID | StatxFlags::BASIC_STATS)?;
        Ok((found.stx_dev_major, found.stx_dev_minor, found.stx_mnt_id))
    };
    Ok(place(folder)? == place(other)?)
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(super) fn can_rename_between(folder: &Utf8Path, other: &Utf8Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::symlink_metadata(folder)?.dev() == std::fs::symlink_metadata(other)?.dev())
}

#[cfg(not(unix))]
pub(super) fn can_rename_between(_folder: &Utf8Path, _other: &Utf8Path) -> io::Result<bool> {
    Ok(true)
}

/// The most bytes of the list of mounts.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST_MOUNTS: u64 = 16 << 20;

/// Something that is mounted below this folder. Not even the device numbers tell a bind mount of the same file system.
fn mount_below(folder: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(mounts) = regular::read("/proc/self/mountinfo".into(), Links::Followed, MOST_MOUNTS) {
        return Ok(listed_below(&String::from_utf8_lossy(&mounts), folder));
    }
    let mut waiting = vec![folder.to_owned()];
    while let Some(above) = waiting.pop() {
        for entry in above.read_dir_utf8()? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            if !can_rename_between(folder, entry.path())? {
                return Ok(Some(entry.path().to_owned()));
            }
            waiting.push(entry.into_path());
        }
    }
    Ok(None)
}

/// The first mount point below the folder, by the kernel's list: a line for each, the path in its fifth column, with blanks and backslashes
/// as three octal digits.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn listed_below(mounts: &str, folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let points = points.map(|point| {
        let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
        Utf8PathBuf::from(escapes.iter().fold(point.to_owned(), |point, (octal, plain)| point.replace(octal, plain)))
    });
    points.filter(|point| point != folder && point.starts_with(folder)).min()
}
