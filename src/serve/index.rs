//! A crate's index file as a team's cargo sees it: the registry's own lines, with those that are not approved shown as yanked.
//!
//! Cargo keeps a yanked release where its lock file has it, and takes it for nothing new. What the registry itself says of the yank stands on
//! such a line as one more key, which cargo passes over and our own readers know. What would do harm, is denied or cannot be read is left out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::entries::Entry;
use super::ruling::Ruling;
use crate::model::checksum::Checksum;
use crate::model::index_line;
use crate::model::index_line::UPSTREAM_YANKED;

/// What a file costs beside its bytes.
const OVERHEAD: u64 = 1024;

/// One file in two encodings, each with its own validator.
#[derive(Clone, Debug)]
pub(crate) struct IndexFile {
    pub(crate) plain: Encoded,
    pub(crate) gzip: Encoded,
}

#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) body: Bytes,
    /// With its quotes.
    pub(crate) etag: Box<str>,
}

impl IndexFile {
    /// The file of these lines, whose digest this is.
    pub(super) fn of(lines: Vec<u8>, digest: Checksum) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory does not fail.
        let gzip = gzip.write_all(&lines).and_then(|()| gzip.finish()).unwrap_or_default();
        let mut etag = String::new();
        for byte in digest.as_bytes().iter().take(16) {
            let _ = write!(etag, "{byte:02x}");
        }
        Self {
            plain: Encoded { body: lines.into(), etag: format!("\"{etag}\"").into() },
            gzip: Encoded { body: gzip.into(), etag: format!("\"{etag}-gzip\"").into() },
        }
    }

    pub(super) fn weight(&self) -> u64 {
        OVERHEAD + self.plain.body.len() as u64 + self.gzip.body.len() as u64
    }
}

/// What is shown of a crate whose releases were judged so; empty where that is nothing.
pub(super) fn lines(entry: &Entry, rulings: &[Ruling]) -> Vec<u8> {
    let mut lines = Vec::new();
    for ruling in rulings.iter().filter(|ruling| !ruling.is_hidden()) {
        let version = &ruling.outline.version;
        let line = match &ruling.kept {
            Some(line) => shown(line.as_bytes(), ruling),
            None => entry.history.as_ref().and_then(|history| shown(history.line(version).ok()??, ruling)),
        };
        if let Some(line) = line {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
    }
    lines
}

/// A line as it is shown; `None` where it cannot be changed so that cargo reads it as meant.
fn shown<'l>(line: &'l [u8], ruling: &Ruling) -> Option<Cow<'l, [u8]>> {
    if ruling.is_approved() || ruling.outline.yanked {
        return Some(Cow::Borrowed(line));
    }
    let yanked = index_line::with_yanked(line, true)?;
    let text = String::from_utf8(yanked).ok()?;
    let (before, after) = text.split_once('{')?;
    Some(Cow::Owned(format!("{before}{{\"{UPSTREAM_YANKED}\":false,{after}").into_bytes()))
}
