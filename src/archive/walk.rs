//! Our own walk over a tar stream: strict, and refusing whatever two readers could take differently. The stream is read once, and
//! nothing of it is kept but what describes its entries and the manifest.

use std::io::Read;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::fault::{Fault, Limits};
use super::gzip::fault_of;
use crate::model::checksum::Checksum;

/// A file or a directory of the archive, as its headers describe it. Its path is not yet checked.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) path: Vec<u8>,
    pub(super) is_directory: bool,
    pub(super) mode: u32,
    pub(super) mtime: Option<u64>,
    /// Where the content lies in the tar stream.
    pub(super) content: Range<u64>,
    /// The content's SHA-256.
    pub(super) digest: Checksum,
}

/// Everything that the walk found.
pub(super) struct Walked {
    /// In the archive's order.
    pub(super) members: Vec<Member>,
    /// The first content of the file that was asked for; without what is beyond the bound.
    pub(super) manifest: Option<Vec<u8>>,
}

/// An extended header beyond this says more than any crate's path and size.
const LARGEST_EXTENSION: u64 = 1 << 20;

/// What the headers before an entry say about it.
#[derive(Default)]
struct Extension {
    long_name: Option<Vec<u8>>,
    pax: Option<Pax>,
}

/// Every entry, and the content of the one at `manifest`.
pub(super) fn walk(stream: &mut dyn Read, manifest: &str, limits: &Limits) -> Result<Walked, Fault> {
    let mut tar = Tar { stream, at: 0, part: vec![0; 64 << 10] };
    let mut walked = Walked { members: Vec::new(), manifest: None };
    let mut extension: Option<Extension> = None;
    for position in 1.. {
        if position > limits.entries.saturating_mul(2) {
            return Err(Fault::TooManyEntries { limit: limits.entries });
        }
        let block = tar.block()?;
        if block.iter().all(|byte| *byte == 0) {
            return if extension.is_some() { Err(Fault::TruncatedTar) } else { tar.end().map(|()| walked) };
        }
        let damaged = |part: Damage| Fault::DamagedHeader { position, part };
        let header = Header::read(&block).map_err(damaged)?;
        let size = header.size().map_err(damaged)?;
        match header.kind() {
            b'L' | b'x' => {
                let content = tar.extension(size, position)?;
                extend(extension.get_or_insert_default(), &header, &content, position)?;
            }
            _ => {
                let Described { path, is_directory, mode, mtime } =
                    described(&header, size, extension.take(), position)?;
                let content = tar.at..tar.at.saturating_add(size);
                let wanted = !is_directory && walked.manifest.is_none() && path == manifest.as_bytes();
                let mut kept = wanted.then(Vec::new);
                let digest = tar.content(size, kept.as_mut(), limits.manifest_bytes)?;
                walked.manifest = walked.manifest.or(kept);
                walked.members.push(Member { path, is_directory, mode, mtime, content, digest });
                if walked.members.len() > limits.entries {
                    return Err(Fault::TooManyEntries { limit: limits.entries });
                }
            }
        }
    }
    Err(Fault::TruncatedTar)
}

/// The stream, and how much of it was read.
struct Tar<'s> {
    stream: &'s mut dyn Read,
    at: u64,
    part: Vec<u8>,
}

impl Tar<'_> {
    /// Fills the buffer as far as the stream goes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.stream.read(&mut buffer[filled..]).map_err(|error| fault_of(&error))? {
                0 => break,
                count => filled += count,
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }

    fn block(&mut self) -> Result<[u8; BLOCK], Fault> {
        let mut block = [0; BLOCK];
        if self.fill(&mut block)? == BLOCK { Ok(block) } else { Err(Fault::TruncatedTar) }
    }

    /// Passes over the bytes up to the next block.
    fn padding(&mut self) -> Result<(), Fault> {
        let over = usize::try_from(self.at % BLOCK as u64).unwrap_or_default();
        if over == 0 {
            return Ok(());
        }
        let mut rest = [0; BLOCK];
        let wanted = BLOCK - over;
        if self.fill(&mut rest[..wanted])? == wanted { Ok(()) } else { Err(Fault::TruncatedTar) }
    }

    fn extension(&mut self, size: u64, position: usize) -> Result<Vec<u8>, Fault> {
        let too_large = || Fault::ExtendedHeader { position, part: "more bytes than a path needs".into() };
        let length = usize::try_from(size).ok().filter(|_| size <= LARGEST_EXTENSION).ok_or_else(too_large)?;
        let mut content = vec![0; length];
        if self.fill(&mut content)? < length {
            return Err(Fault::TruncatedTar);
        }
        self.padding().map(|()| content)
    }

    /// Hashes the content, and copies it where it is wanted and not beyond `most` bytes by more than one.
    fn content(&mut self, size: u64, mut kept: Option<&mut Vec<u8>>, most: usize) -> Result<Checksum, Fault> {
        let mut hash = Sha256::new();
        let mut left = size;
        let mut part = std::mem::take(&mut self.part);
        while left > 0 {
            let wanted = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let filled = self.fill(&mut part[..wanted])?;
            hash.update(&part[..filled]);
            if let Some(kept) = kept.as_deref_mut() {
                let room = most.saturating_add(1).saturating_sub(kept.len());
                kept.extend_from_slice(&part[..filled.min(room)]);
            }
            if filled < wanted {
                return Err(Fault::TruncatedTar);
            }
            left -= filled as u64;
        }
        self.part = part;
        self.padding()?;
        Ok(Checksum::from_bytes(hash.finalize().into()))
    }

    /// The end mark, of whose two blocks of zeros one was read: nothing but zeros may follow.
    fn end(&mut self) -> Result<(), Fault> {
        let mut zeros = BLOCK;
        let mut part = std::mem::take(&mut self.part);
        loop {
            let filled = self.fill(&mut part)?;
            if part[..filled].iter().any(|byte| *byte != 0) {
                return Err(Fault::BytesAfterTar);
            }
            zeros = zeros.saturating_add(filled);
            if filled < part.len() {
                return if zeros < 2 * BLOCK { Err(Fault::TruncatedTar) } else { Ok(()) };
            }
        }
    }
}

fn extend(extension: &mut Extension, header: &Header<'_>, content: &[u8], position: usize) -> Result<(), Fault> {
    let refused = |part: &str| Fault::ExtendedHeader { position, part: part.into() };
    if header.kind() == b'L' && extension.long_name.is_none() {
        extension.long_name = Some(content.strip_suffix(b"\0").unwrap_or(content).to_vec());
    } else if header.kind() == b'x' && extension.pax.is_none() {
        extension.pax = Some(read_pax(content).map_err(|part| Fault::ExtendedHeader { position, part })?);
    } else {
        return Err(refused("two of one kind for one entry"));
    }
    match extension {
        Extension { long_name: Some(_), pax: Some(Pax { path: Some(_), .. }) } => Err(refused("two long names")),
        Extension { .. } => Ok(()),
    }
}

/// An entry before its content is read.
struct Described {
    path: Vec<u8>,
    is_directory: bool,
    mode: u32,
    mtime: Option<u64>,
}

fn described(
    header: &Header<'_>,
    size: u64,
    extension: Option<Extension>,
    position: usize,
) -> Result<Described, Fault> {
    let Extension { long_name, pax } = extension.unwrap_or_default();
    let pax = pax.unwrap_or_default();
    let path = long_name.or(pax.path).unwrap_or_else(|| header.path());
    let entry = || String::from_utf8_lossy(&path).into();
    if let Some(extended) = pax.size.filter(|extended| *extended != size) {
        return Err(Fault::SizeMismatch { entry: entry(), header: size, extended });
    }
    let is_directory = match header.kind() {
        // Before POSIX a directory was a file whose name ends in a slash; some readers still take it for one.
        b'0' | 0 if path.ends_with(b"/") => {
            return Err(Fault::ForbiddenKind { entry: entry(), kind: "file with a directory's name" });
        }
        b'0' | 0 => false,
        b'5' if size > 0 => return Err(Fault::ForbiddenKind { entry: entry(), kind: "directory with content" }),
        b'5' => true,
        kind => return Err(Fault::ForbiddenKind { entry: entry(), kind: kind_name(kind) }),
    };
    let mode = header.mode().map_err(|part| Fault::DamagedHeader { position, part })?;
    Ok(Described { path, is_directory, mode, mtime: header.mtime() })
}

const fn kind_name(kind: u8) -> &'static str {
    match kind {
        b'1' => "hard link",
        b'2' => "symbolic link",
        b'3' => "character device",
        b'4' => "block device",
        b'6' => "named pipe",
        b'7' => "contiguous file",
        b'S' => "sparse file",
        b'K' => "long link name",
        b'g' => "global extended header",
        _ => "kind of entry that is not known",
    }
}

/// The size of a header, and of the blocks that content is padded to.
const BLOCK: usize = 512;

/// A header whose checksum holds.
struct Header<'a> {
    block: &'a [u8; BLOCK],
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    V7,
    Ustar,
    Gnu,
}

/// The field that cannot be read.
type Damage = &'static str;

impl<'a> Header<'a> {
    /// Takes a block that is not all zeros.
    fn read(block: &'a [u8; BLOCK]) -> Result<Self, Damage> {
        let form = match &block[257..265] {
            b"ustar\x0000" => Form::Ustar,
            b"ustar  \0" => Form::Gnu,
            [0, 0, 0, 0, 0, 0, 0, 0] => Form::V7,
            _ => return Err("magic"),
        };
        let written = octal(&block[148..156]).ok_or("checksum")?;
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
            .sum();
        if sum == written { Ok(Self { block, form }) } else { Err("checksum") }
    }

    /// The type flag.
    const fn kind(&self) -> u8 {
        self.block[156]
    }

    /// The path as this header has it, before any extended header replaces it.
    fn path(&self) -> Vec<u8> {
        let name = until_nul(&self.block[..100]);
        let prefix = if self.form == Form::Ustar { until_nul(&self.block[345..500]) } else { &[] };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    /// The number of content bytes. Only octal: the other form exists for files of 8 GiB and more.
    fn size(&self) -> Result<u64, Damage> {
        octal(&self.block[124..136]).ok_or("size")
    }

    /// The permission bits, with the bits above them that some writers put there.
    fn mode(&self) -> Result<u32, Damage> {
        octal(&self.block[100..108]).and_then(|mode| u32::try_from(mode).ok()).ok_or("mode")
    }

    /// The time of the last change, in seconds since 1970. Cargo of 2017 left it out for the manifests that it generated.
    fn mtime(&self) -> Option<u64> {
        octal(&self.block[136..148])
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Spaces, octal digits, then spaces and NULs only. Anything else is read differently by different readers.
fn octal(field: &[u8]) -> Option<u64> {
    let field = field.trim_ascii_start();
    let digits = field.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = field.split_at(digits);
    if digits.is_empty() || rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

/// What a pax extended header (POSIX.1-2001, `pax`) may say about the entry that follows.
#[derive(Default)]
struct Pax {
    /// Replaces the path.
    path: Option<Vec<u8>>,
    /// Must be the size that the entry's own header has.
    size: Option<u64>,
}

/// Reads the records, `length key=value\n`, repeated. Times, owners and comments change nothing; a key that would change what the entry is (`linkpath`,
/// `GNU.sparse.…`, extended attributes, …) and a key that is there twice are refused.
fn read_pax(mut records: &[u8]) -> Result<Pax, Box<str>> {
    let mut pax = Pax::default();
    while !records.is_empty() {
        let (key, value, rest) = pax_record(records).ok_or("a malformed record")?;
        records = rest;
        match key {
            b"path" if pax.path.is_none() => pax.path = Some(value.to_vec()),
            b"size" if pax.size.is_none() => pax.size = Some(decimal(value).ok_or("a malformed size")?),
            b"path" | b"size" => return Err("a key that is there twice".into()),
            b"mtime" | b"atime" | b"ctime" | b"uname" | b"gname" | b"uid" | b"gid" | b"comment" => {}
            other => return Err(format!("the key {}", other.escape_ascii()).into()),
        }
    }
    Ok(pax)
}

fn pax_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&records[..space])?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    Some((&pair[..equals], &pair[equals + 1..], rest))
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}
