//! A tar writer that writes whatever it is told to, malformed headers included.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A tar stream in the making.
#[derive(Default)]
pub(super) struct Tar(Vec<u8>);

/// One header; the defaults are those of a plain file as cargo packs it.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a [u8],
    pub(super) kind: u8,
    pub(super) mode: u32,
    /// Another size than the content's.
    pub(super) size: Option<u64>,
    pub(super) link: &'a [u8],
    pub(super) mtime: &'a [u8],
    pub(super) magic: &'a [u8],
    /// Where a ustar header has the first part of a long path, and a GNU one other things.
    pub(super) prefix: &'a [u8],
    pub(super) content: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(super) fn file(path: &'a str, content: &'a [u8]) -> Self {
        let path = path.as_bytes();
        Self {
            path,
            kind: b'0',
            mode: 0o644,
            size: None,
            link: b"",
            mtime: b"10463017430",
            magic: b"ustar  \0",
            prefix: b"",
            content,
        }
    }

    pub(super) fn kind(path: &'a str, kind: u8) -> Self {
        Self { kind, ..Self::file(path, b"") }
    }
}

impl Tar {
    /// With `foo-1.0.0/Cargo.toml` in it.
    pub(super) fn of_foo() -> Self {
        Self::default().file("foo-1.0.0/Cargo.toml", MANIFEST.as_bytes())
    }

    pub(super) fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(&Entry::file(path, content))
    }

    pub(super) fn entry(mut self, entry: &Entry<'_>) -> Self {
        let mut block = [0_u8; 512];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, entry.path);
        put(100, format!("{:07o}", entry.mode).as_bytes());
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, format!("{:011o}", entry.size.unwrap_or(entry.content.len() as u64)).as_bytes());
        put(136, entry.mtime);
        put(148, b"        ");
        put(156, &[entry.kind]);
        put(157, entry.link);
        put(257, entry.magic);
        put(345, entry.prefix);
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        self.0.extend(block);
        self.0.extend(entry.content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A GNU long name for the entry that follows.
    pub(super) fn long_name(self, path: &[u8]) -> Self {
        let content = [path, b"\0"].concat();
        self.entry(&Entry { kind: b'L', content: &content, ..Entry::file("././@LongLink", b"") })
    }

    /// A pax extended header for the entry that follows.
    pub(super) fn pax(self, records: &[(&str, &str)]) -> Self {
        let content: String = records
            .iter()
            .map(|(key, value)| {
                let rest = key.len() + value.len() + 3;
                let length = (rest + 1..rest + 9).find(|length| length.to_string().len() + rest == *length).unwrap();
                format!("{length} {key}={value}\n")
            })
            .collect();
        self.entry(&Entry { kind: b'x', ..Entry::file("PaxHeaders/x", content.as_bytes()) })
    }

    /// Bytes as they are.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// Ends the stream and packs it.
    pub(super) fn packed(self) -> Vec<u8> {
        gzip(&self.raw(&[0; 1024]).0)
    }

    /// Packs the stream without its end mark.
    pub(super) fn packed_unended(self) -> Vec<u8> {
        gzip(&self.0)
    }

    /// The stream so far.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

pub(super) const MANIFEST: &str = "[package]\nname = \"foo\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
