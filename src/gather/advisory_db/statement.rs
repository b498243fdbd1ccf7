//! One advisory file into one [`Advisory`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;
use rustsec::advisory::{Informational, Metadata};

use super::essentials::{Essentials, front_matter};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::crate_name::is_same;

/// The most bytes that an advisory file may have; the largest of RustSec's has 20 kB.
pub(super) const FILE_LIMIT: u64 = 256 << 10;
/// The most bytes that are kept of a title, an address, a platform or another database's id.
const TEXT_LIMIT: usize = 500;
/// The most ids of other databases, or platforms, that are kept.
pub(super) const LIST_LIMIT: usize = 50;
/// rustsec adds one to a version's numbers, which overflows here.
const LARGEST_NUMBER: &str = "18446744073709551615";

/// Why an advisory file counts as unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum StatementError {
    #[error("no TOML block at its start")]
    NoFrontMatter,
    #[error("a version number is too large")]
    LargeNumber,
    #[error("{}", first_line(.0))]
    Malformed(#[from] rustsec::Error),
    #[error("its version ranges make no sense")]
    Nonsense,
    #[error("its date is not a day")]
    Date,
    #[error("it is about `{0}`, not about the crate whose folder it lies in")]
    OtherCrate(String),
    #[error("its id is `{0}`, which is not the file's name")]
    OtherId(String),
}

/// What rustsec says is wrong, without the picture of the place.
fn first_line(error: &rustsec::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|'));
    let (first, last) = (lines.next().unwrap_or_default(), lines.next_back());
    last.map_or_else(|| first.to_owned(), |last| format!("{first}: {last}"))
}

/// Reads `text`, the content of the file `stem`.md in the folder of the crate `crate_name`. What is written in a way that this version
/// does not know is left aside as long as crate, id, date and ranges can be read. `None` for one that was withdrawn and says no more.
pub(super) fn parse(text: &str, stem: &str, crate_name: &Arc<str>) -> Result<Option<Advisory>, StatementError> {
    let unread = match read(text, stem, crate_name) {
        Ok(advisory) => return Ok(Some(advisory)),
        Err(unread) => unread,
    };
    let Some(essentials) = Essentials::of(text) else { return Err(unread) };
    match read(&essentials.text(), stem, crate_name) {
        Ok(advisory) => {
            let Essentials { url, aliases, os, arch, .. } = essentials;
            Ok(Some(Advisory { url, aliases, os, arch, ..advisory }))
        }
        Err(_) if essentials.withdrawn => Ok(None),
        Err(_) => Err(unread),
    }
}

fn read(text: &str, stem: &str, crate_name: &Arc<str>) -> Result<Advisory, StatementError> {
    if front_matter(text).ok_or(StatementError::NoFrontMatter)?.0.contains(LARGEST_NUMBER) {
        return Err(StatementError::LargeNumber);
    }
    // rustsec asserts where two ranges touch in one version; its panic must not be this run's.
    let parsed = catch_unwind(AssertUnwindSafe(|| rustsec::Advisory::from_str(text)));
    let rustsec::Advisory { metadata, versions, affected } = parsed.map_err(|_| StatementError::Nonsense)??;
    if !is_same(metadata.package.as_str(), crate_name) {
        return Err(StatementError::OtherCrate(bounded(metadata.package.as_str()).into()));
    }
    let id = metadata.id.as_str();
    if id != stem && !(metadata.id.is_placeholder() && stem.starts_with(id)) {
        return Err(StatementError::OtherId(bounded(id).into()));
    }
    let affected = affected.unwrap_or_default();
    Ok(Advisory {
        id: Arc::from(id),
        crate_name: Arc::clone(crate_name),
        date: Date::from_str(metadata.date.as_str()).map_err(|_| StatementError::Date)?,
        kind: kind(&metadata),
        title: bounded(&metadata.title),
        url: metadata.url.as_ref().map(|url| bounded(url.as_str())),
        aliases: metadata.aliases.iter().take(LIST_LIMIT).map(|alias| bounded(alias.as_str())).collect(),
        os: affected.os.iter().take(LIST_LIMIT).map(|os| bounded(os.as_str())).collect(),
        arch: affected.arch.iter().take(LIST_LIMIT).map(|arch| bounded(arch.as_str())).collect(),
        versions,
        withdrawn: metadata.withdrawn.is_some(),
    })
}

/// RustSec has said `malicious` as a category since 2026 only for releases whose crate lives on; a crate that was removed whole is
/// at times marked by `expect-deleted` and its text alone.
fn kind(metadata: &Metadata) -> AdvisoryKind {
    let by_category = metadata.categories.iter().any(|category| category.name().eq_ignore_ascii_case("malicious"));
    if by_category || metadata.expect_deleted && names_malice(metadata) {
        return AdvisoryKind::Malicious;
    }
    match &metadata.informational {
        None => AdvisoryKind::Vulnerability,
        Some(Informational::Unsound) => AdvisoryKind::Unsound,
        Some(Informational::Unmaintained) => AdvisoryKind::Unmaintained,
        Some(_) => AdvisoryKind::Notice,
    }
}

fn names_malice(metadata: &Metadata) -> bool {
    [&metadata.title, &metadata.description].into_iter().any(|text| {
        let text = text.to_ascii_lowercase();
        ["malicious", "malware", "backdoor", "exfiltrat", "trojan"].iter().any(|word| text.contains(word))
    })
}

/// The text's first [`TEXT_LIMIT`] bytes, cut between characters.
pub(super) fn bounded(text: &str) -> Box<str> {
    let mut end = text.len().min(TEXT_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

/// The day in an advisory's `date = "…"` line, without reading the rest.
pub(super) fn date_line(text: &[u8]) -> Option<Date> {
    let end = memchr::memmem::find(text, b"\n```").unwrap_or(text.len());
    text.get(..end)?.split(|byte| *byte == b'\n').find_map(|line| {
        let value = line.trim_ascii().strip_prefix(b"date")?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let day = value.get(1..11)?;
        std::str::from_utf8(day).ok()?.parse().ok()
    })
}
