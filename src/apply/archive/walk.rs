//! Our own walk over a tar stream: strict, and refusing whatever two readers could take differently.

use std::ops::Range;

use super::error::Fault;
use super::header::{BLOCK, Damage, Header};
use super::limits::Limits;
use super::pax::{self, Pax};

/// A file or a directory of the archive, as its headers describe it. Its path is not yet checked.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) path: Vec<u8>,
    pub(super) is_directory: bool,
    pub(super) mode: u32,
    pub(super) mtime: Option<u64>,
    /// Where the content lies in the tar stream.
    pub(super) content: Range<usize>,
}

/// What the headers before an entry say about it.
#[derive(Default)]
struct Extension {
    long_name: Option<Vec<u8>>,
    pax: Option<Pax>,
}

/// Every entry, in the archive's order.
pub(super) fn members(tar: &[u8], limits: &Limits) -> Result<Vec<Member>, Fault> {
    let mut members = Vec::new();
    let mut extension: Option<Extension> = None;
    let mut at = 0;
    for position in 1.. {
        if position > limits.entries.saturating_mul(2) {
            return Err(Fault::TooManyEntries { limit: limits.entries });
        }
        let block = tar.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>).ok_or(Fault::TruncatedTar)?;
        if block.iter().all(|byte| *byte == 0) {
            return if extension.is_some() { Err(Fault::TruncatedTar) } else { end(&tar[at..]).map(|()| members) };
        }
        let damaged = |part: Damage| Fault::DamagedHeader { position, part };
        let header = Header::read(block).map_err(damaged)?;
        let size = header.size().map_err(damaged)?;
        let start = at + BLOCK;
        let length = usize::try_from(size).map_err(|_| Fault::TruncatedTar)?;
        let end = start.checked_add(length).filter(|end| *end <= tar.len()).ok_or(Fault::TruncatedTar)?;
        at = end.next_multiple_of(BLOCK);
        match header.kind() {
            b'L' | b'x' => extend(extension.get_or_insert_default(), &header, &tar[start..end], position)?,
            _ => {
                members.push(member(&header, size, start..end, extension.take(), position)?);
                if members.len() > limits.entries {
                    return Err(Fault::TooManyEntries { limit: limits.entries });
                }
            }
        }
    }
    Err(Fault::TruncatedTar)
}

fn extend(extension: &mut Extension, header: &Header<'_>, content: &[u8], position: usize) -> Result<(), Fault> {
    let refused = |part: &str| Fault::ExtendedHeader { position, part: part.into() };
    if header.kind() == b'L' && extension.long_name.is_none() {
        extension.long_name = Some(content.strip_suffix(b"\0").unwrap_or(content).to_vec());
    } else if header.kind() == b'x' && extension.pax.is_none() {
        extension.pax = Some(pax::read(content).map_err(|part| Fault::ExtendedHeader { position, part })?);
    } else {
        return Err(refused("two of one kind for one entry"));
    }
    match extension {
        Extension { long_name: Some(_), pax: Some(Pax { path: Some(_), .. }) } => Err(refused("two long names")),
        Extension { .. } => Ok(()),
    }
}

fn member(
    header: &Header<'_>,
    size: u64,
    content: Range<usize>,
    extension: Option<Extension>,
    position: usize,
) -> Result<Member, Fault> {
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
    Ok(Member { path, is_directory, mode, mtime: header.mtime(), content })
}

/// The end mark: two blocks of zeros, and nothing but zeros after them.
fn end(rest: &[u8]) -> Result<(), Fault> {
    if rest.iter().any(|byte| *byte != 0) {
        Err(Fault::BytesAfterTar)
    } else if rest.len() < 2 * BLOCK {
        Err(Fault::TruncatedTar)
    } else {
        Ok(())
    }
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
