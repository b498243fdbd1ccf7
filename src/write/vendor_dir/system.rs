//! What the systems do differently: exchanges and mounts.

use std::fs::File;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::files::regular::{self, Links};

/// Whether the open file is the one at this path.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, path: &Utf8Path) -> bool {
    path.exists()
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
pub(super) fn mount_below(folder: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
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
