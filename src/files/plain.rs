//! Where a path with `..` leads: in words, without a look at the disk, and as the system has it.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The path without `.` and `..`, as cargo writes and compares folders: links are not followed.
#[must_use]
pub(crate) fn plain(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                plain.pop();
            }
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::Normal(_) => plain.push(component),
        }
    }
    plain
}

/// The path without `.` and `..` as the system opens it, for what cargo hands on as it is written: behind a link, `..` is the parent of
/// what the link leads to. Other links keep their names. A `..` that leads nowhere, or where no text can say it, stays.
#[must_use]
pub(crate) fn as_opened(path: &Utf8Path) -> Utf8PathBuf {
    let mut opened = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if opened.components().next_back() == Some(Utf8Component::ParentDir) => {
                opened.push(component);
            }
            Utf8Component::ParentDir if opened.is_symlink() => match above_the_goal(&opened) {
                Some(above) => opened = above,
                None => opened.push(component),
            },
            Utf8Component::ParentDir => {
                opened.pop();
            }
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::Normal(_) => opened.push(component),
        }
    }
    opened
}

fn above_the_goal(link: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut goal = link.as_std_path().canonicalize().ok()?;
    goal.pop();
    Utf8PathBuf::try_from(goal).ok()
}

#[cfg(test)]
mod tests {
    use super::{as_opened, plain};

    #[test]
    fn what_leads_nowhere_else_is_left_out() {
        for (path, expected) in [("/a/./b/../c", "/a/c"), ("/../a", "/a"), ("a/b/..", "a"), ("./a", "a"), ("/", "/")] {
            assert_eq!(plain(path.into()), expected, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn behind_a_link_the_parent_is_that_of_its_goal() {
        let folder = tempfile::tempdir().unwrap();
        let root = camino::Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        std::fs::create_dir_all(root.join("sub/x/y")).unwrap();
        std::os::unix::fs::symlink("sub/x", root.join("a")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("lost")).unwrap();
        std::os::unix::fs::symlink("../x", root.join("sub/x/again")).unwrap();
        for (path, expected) in [
            ("a/../vendor", "sub/vendor"),
            ("a/../../tgt", "tgt"),
            ("a/./../vendor/../x", "sub/x"),
            ("a/y/../vendor", "a/vendor"),
            ("a/again/../vendor", "sub/vendor"),
            ("a/vendor", "a/vendor"),
            ("sub/x/../vendor", "sub/vendor"),
            ("absent/../vendor", "vendor"),
            ("lost/../../vendor", "lost/../../vendor"),
        ] {
            assert_eq!(as_opened(&root.join(path)), root.join(expected), "{path}");
        }
    }
}
