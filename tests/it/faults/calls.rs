//! The system calls by which a file system is changed, by their numbers on each architecture.

/// Where a call names what it changes.
#[derive(Clone, Copy)]
pub enum Names {
    /// By a path, in this argument.
    Path(usize),
    /// By a path in the second of these, from the folder that is open as the first.
    At(usize, usize),
    /// By the number of an open file.
    Open(usize),
    /// By two paths.
    Paths(usize, usize),
    /// By two paths, each from an open folder.
    PathsAt(usize, usize, usize, usize),
}

/// What is asked of the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Opens for writing, with the flags in this argument.
    Opens(usize),
    /// Makes a name.
    Makes,
    Renames,
    Removes,
    Writes,
    Syncs,
    /// A mode, an owner, a time: of a path or of an open file.
    Marks,
}

pub struct Call {
    pub number: u32,
    pub name: &'static str,
    pub does: Does,
    pub names: Names,
}

pub const fn call(number: u32, name: &'static str, does: Does, names: Names) -> Call {
    Call { number, name, does, names }
}

#[cfg(target_arch = "x86_64")]
pub const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "x86_64")]
pub const SECCOMP: std::ffi::c_long = 317;
#[cfg(target_arch = "x86_64")]
pub const CALLS: &[Call] = &[
    call(1, "write", Does::Writes, Names::Open(0)),
    call(2, "open", Does::Opens(1), Names::Path(0)),
    call(18, "pwrite64", Does::Writes, Names::Open(0)),
    call(20, "writev", Does::Writes, Names::Open(0)),
    call(40, "sendfile", Does::Writes, Names::Open(0)),
    call(74, "fsync", Does::Syncs, Names::Open(0)),
    call(75, "fdatasync", Does::Syncs, Names::Open(0)),
    call(76, "truncate", Does::Writes, Names::Path(0)),
    call(77, "ftruncate", Does::Writes, Names::Open(0)),
    call(82, "rename", Does::Renames, Names::Paths(0, 1)),
    call(83, "mkdir", Does::Makes, Names::Path(0)),
    call(84, "rmdir", Does::Removes, Names::Path(0)),
    call(85, "creat", Does::Makes, Names::Path(0)),
    call(86, "link", Does::Makes, Names::Paths(0, 1)),
    call(87, "unlink", Does::Removes, Names::Path(0)),
    call(88, "symlink", Does::Makes, Names::Path(1)),
    call(90, "chmod", Does::Marks, Names::Path(0)),
    call(91, "fchmod", Does::Marks, Names::Open(0)),
    call(92, "chown", Does::Marks, Names::Path(0)),
    call(93, "fchown", Does::Marks, Names::Open(0)),
    call(94, "lchown", Does::Marks, Names::Path(0)),
    call(132, "utime", Does::Marks, Names::Path(0)),
    call(133, "mknod", Does::Makes, Names::Path(0)),
    call(188, "setxattr", Does::Marks, Names::Path(0)),
    call(189, "lsetxattr", Does::Marks, Names::Path(0)),
    call(190, "fsetxattr", Does::Marks, Names::Open(0)),
    call(197, "removexattr", Does::Marks, Names::Path(0)),
    call(235, "utimes", Does::Marks, Names::Path(0)),
    call(257, "openat", Does::Opens(2), Names::At(0, 1)),
    call(258, "mkdirat", Does::Makes, Names::At(0, 1)),
    call(259, "mknodat", Does::Makes, Names::At(0, 1)),
    call(260, "fchownat", Does::Marks, Names::At(0, 1)),
    call(261, "futimesat", Does::Marks, Names::At(0, 1)),
    call(263, "unlinkat", Does::Removes, Names::At(0, 1)),
    call(264, "renameat", Does::Renames, Names::PathsAt(0, 1, 2, 3)),
    call(265, "linkat", Does::Makes, Names::PathsAt(0, 1, 2, 3)),
    call(266, "symlinkat", Does::Makes, Names::At(1, 2)),
    call(268, "fchmodat", Does::Marks, Names::At(0, 1)),
    call(275, "splice", Does::Writes, Names::Open(2)),
    call(277, "sync_file_range", Does::Syncs, Names::Open(0)),
    call(280, "utimensat", Does::Marks, Names::At(0, 1)),
    call(285, "fallocate", Does::Writes, Names::Open(0)),
    call(296, "pwritev", Does::Writes, Names::Open(0)),
    call(306, "syncfs", Does::Syncs, Names::Open(0)),
    call(316, "renameat2", Does::Renames, Names::PathsAt(0, 1, 2, 3)),
    call(326, "copy_file_range", Does::Writes, Names::Open(2)),
    call(328, "pwritev2", Does::Writes, Names::Open(0)),
    call(437, "openat2", Does::Makes, Names::At(0, 1)),
    call(452, "fchmodat2", Does::Marks, Names::At(0, 1)),
];

#[cfg(target_arch = "aarch64")]
pub const ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(target_arch = "aarch64")]
pub const SECCOMP: std::ffi::c_long = 277;
#[cfg(target_arch = "aarch64")]
pub const CALLS: &[Call] = &[
    call(5, "setxattr", Does::Marks, Names::Path(0)),
    call(6, "lsetxattr", Does::Marks, Names::Path(0)),
    call(7, "fsetxattr", Does::Marks, Names::Open(0)),
    call(14, "removexattr", Does::Marks, Names::Path(0)),
    call(33, "mknodat", Does::Makes, Names::At(0, 1)),
    call(34, "mkdirat", Does::Makes, Names::At(0, 1)),
    call(35, "unlinkat", Does::Removes, Names::At(0, 1)),
    call(36, "symlinkat", Does::Makes, Names::At(1, 2)),
    call(37, "linkat", Does::Makes, Names::PathsAt(0, 1, 2, 3)),
    call(38, "renameat", Does::Renames, Names::PathsAt(0, 1, 2, 3)),
    call(45, "truncate", Does::Writes, Names::Path(0)),
    call(46, "ftruncate", Does::Writes, Names::Open(0)),
    call(47, "fallocate", Does::Writes, Names::Open(0)),
    call(52, "fchmod", Does::Marks, Names::Open(0)),
    call(53, "fchmodat", Does::Marks, Names::At(0, 1)),
    call(54, "fchownat", Does::Marks, Names::At(0, 1)),
    call(55, "fchown", Does::Marks, Names::Open(0)),
    call(56, "openat", Does::Opens(2), Names::At(0, 1)),
    call(64, "write", Does::Writes, Names::Open(0)),
    call(66, "writev", Does::Writes, Names::Open(0)),
    call(68, "pwrite64", Does::Writes, Names::Open(0)),
    call(70, "pwritev", Does::Writes, Names::Open(0)),
    call(71, "sendfile", Does::Writes, Names::Open(0)),
    call(76, "splice", Does::Writes, Names::Open(2)),
    call(82, "fsync", Does::Syncs, Names::Open(0)),
    call(83, "fdatasync", Does::Syncs, Names::Open(0)),
    call(84, "sync_file_range", Does::Syncs, Names::Open(0)),
    call(88, "utimensat", Does::Marks, Names::At(0, 1)),
    call(267, "syncfs", Does::Syncs, Names::Open(0)),
    call(276, "renameat2", Does::Renames, Names::PathsAt(0, 1, 2, 3)),
    call(285, "copy_file_range", Does::Writes, Names::Open(2)),
    call(287, "pwritev2", Does::Writes, Names::Open(0)),
    call(437, "openat2", Does::Makes, Names::At(0, 1)),
    call(452, "fchmodat2", Does::Marks, Names::At(0, 1)),
];
