//! Files with machine code, by how they begin, whatever they are called.

use crate::model::finding::{Finding, FindingCode, Severity};

/// So many bytes tell what a file is.
pub(super) const HEAD: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It can be run, or loaded into something that runs.
    Program,
    /// It is linked into what is built.
    Library,
    /// It holds other files.
    Archive,
}

/// What its first bytes say of a file.
fn kind(head: &[u8]) -> Option<(Kind, &'static str)> {
    let found = match head {
        [0x7f, b'E', b'L', b'F', ..] => (Kind::Program, "ELF"),
        [b'M', b'Z', ..] if is_pe(head) => (Kind::Program, "PE"),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => (Kind::Program, "Mach-O"),
        // A Java class begins alike, with its version where a Mach-O has the number of its parts.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, parts, ..] if *parts < 20 => (Kind::Program, "Mach-O of several systems"),
        [0xca, 0xfe, 0xba, 0xbe, ..] => (Kind::Program, "Java class"),
        [0, b'a', b's', b'm', ..] => (Kind::Program, "WebAssembly"),
        [b'd', b'e', b'x', b'\n', ..] => (Kind::Program, "Android dex"),
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => (Kind::Library, "static library"),
        [b'P', b'K', 3, 4, ..] => (Kind::Archive, "zip"),
        [0x1f, 0x8b, 8, ..] => (Kind::Archive, "gzip"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => (Kind::Archive, "xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (Kind::Archive, "zstd"),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => (Kind::Archive, "bzip2"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => (Kind::Archive, "7z"),
        _ => return None,
    };
    Some(found)
}

/// `MZ` alone begins many a text; a program says at 60 where its header is, and a short stub need not have it within what was read.
fn is_pe(head: &[u8]) -> bool {
    let at = head.get(60..64).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let at = at.and_then(|at| usize::try_from(at).ok());
    at.is_some_and(|at| match head.get(at..at.saturating_add(4)) {
        Some(mark) => mark == b"PE\0\0",
        None => at < 4096 && head.get(2..60).is_some_and(|stub| stub.contains(&0)),
    })
}

/// Names by which a file is taken for something that is read or looked at.
const HARMLESS: [&str; 30] = [
    "rs", "md", "txt", "toml", "json", "yml", "yaml", "html", "htm", "css", "js", "ts", "svg", "png", "jpg", "jpeg",
    "gif", "ico", "webp", "bmp", "csv", "xml", "lock", "c", "h", "cc", "cpp", "py", "ttf", "pdf",
];

/// What is told of a file that begins like this.
pub(super) fn finding(path: &str, head: &[u8]) -> Option<Finding> {
    let (kind, name) = kind(head)?;
    let file = path.rsplit('/').next().unwrap_or(path);
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let disguised = extension.as_deref().is_some_and(|extension| HARMLESS.contains(&extension));
    // What others compile never comes from there.
    let aside = ["tests/", "test/", "benches/", "examples/", "fuzz/", "testdata/", "test-data/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    let (code, severity) = match (kind, disguised) {
        (Kind::Program, true) => (FindingCode::DisguisedBinary, if aside { Severity::Medium } else { Severity::High }),
        (Kind::Library, true) => (FindingCode::DisguisedBinary, Severity::Medium),
        (Kind::Archive, true) => (FindingCode::DisguisedBinary, Severity::Low),
        (Kind::Program, false) => (FindingCode::BinaryFile, if aside { Severity::Low } else { Severity::Medium }),
        (Kind::Library, false) => (FindingCode::BinaryFile, Severity::Low),
        (Kind::Archive, false) => (FindingCode::BinaryFile, Severity::Note),
    };
    Some(Finding::new(code, severity, name).of_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, head: &[u8]) -> Option<(&'static str, &'static str)> {
        finding(path, head).map(|finding| (finding.code.as_str(), finding.severity.as_str()))
    }

    #[test]
    fn machine_code_is_known_by_its_bytes() {
        let elf = b"\x7fELF\x02\x01\x01\0";
        assert_eq!(told("helper", elf), Some(("binary-file", "medium")));
        assert_eq!(told("assets/logo.png", elf), Some(("disguised-binary", "high")));
        assert_eq!(told("tests/data/a.o", elf), Some(("binary-file", "low")));
        let mut pe = vec![0_u8; 200];
        pe[..2].copy_from_slice(b"MZ");
        pe[60] = 128;
        assert_eq!(told("a.dll", &pe), None, "no header where it says");
        pe[128..132].copy_from_slice(b"PE\0\0");
        assert_eq!(told("a.dll", &pe), Some(("binary-file", "medium")));
        assert_eq!(told("README.md", b"MZ is how programs begin"), None);
        assert_eq!(told("lib/x.a", b"!<arch>\n"), Some(("binary-file", "low")));
        assert_eq!(told("a.rs", b"fn main() {}"), None);
        assert_eq!(told("empty", b""), None);
    }
}
