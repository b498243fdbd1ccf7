//! One advisory file into one [`Advisory`]: whole by rustsec, or what a judgement needs of a file that was written for a later version, with
//! a platform, a score or a field that nobody knows yet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;
use rustsec::advisory::{Informational, Metadata};
use toml::{Table, Value};

use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::crate_name::is_same;

/// The most bytes that an advisory file may have; the largest of RustSec's has 20 kB.
pub(super) const FILE_LIMIT: u64 = 256 << 10;
/// The most bytes that are kept of a title, an address, a platform or another database's id.
const TEXT_LIMIT: usize = 500;
/// The most ids of other databases, or platforms, that are kept.
const LIST_LIMIT: usize = 50;
/// rustsec adds one to a version's numbers, which overflows here.
const LARGEST_NUMBER: &str = "18446744073709551615";
/// The word that marks an advisory about a release made to do harm.
const MALICIOUS: &str = "malicious";

/// Why an advisory file counts as unreadable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
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
pub(crate) fn parse_advisory(
    text: &str,
    stem: &str,
    crate_name: &Arc<str>,
) -> Result<Option<Advisory>, StatementError> {
    let unread = match read_with_rustsec(text, stem, crate_name) {
        Ok(advisory) => return Ok(Some(advisory)),
        Err(unread) => unread,
    };
    let Some(essentials) = Essentials::of(text) else { return Err(unread) };
    match read_with_rustsec(&essentials.text(), stem, crate_name) {
        Ok(advisory) => {
            let Essentials { url, aliases, os, arch, .. } = essentials;
            Ok(Some(Advisory { url, aliases, os, arch, ..advisory }))
        }
        Err(_) if essentials.withdrawn => Ok(None),
        Err(_) => Err(unread),
    }
}

fn read_with_rustsec(text: &str, stem: &str, crate_name: &Arc<str>) -> Result<Advisory, StatementError> {
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
fn bounded(text: &str) -> Box<str> {
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

/// The parts that are kept as they are written, and a file of the rest that holds nothing but what rustsec has always known.
#[derive(Debug)]
struct Essentials<'a> {
    os: Vec<Box<str>>,
    arch: Vec<Box<str>>,
    aliases: Vec<Box<str>>,
    url: Option<Box<str>>,
    /// The day on which it was withdrawn can be read.
    withdrawn: bool,
    advisory: Table,
    versions: Table,
    markdown: &'a str,
}

impl<'a> Essentials<'a> {
    /// Reads them; `None` where the file does not begin with a block of TOML that has an `advisory` table.
    fn of(text: &'a str) -> Option<Self> {
        let (front_matter, markdown) = front_matter(text)?;
        let document: Table = front_matter.parse().ok()?;
        let table = |key: &str| document.get(key).and_then(Value::as_table).cloned().unwrap_or_default();
        let (said, affected, ranges) = (document.get("advisory")?.as_table()?, table("affected"), table("versions"));
        let mut advisory = Table::new();
        for key in ["id", "package", "date", "informational", "withdrawn"] {
            let value = match said.get(key) {
                Some(Value::String(text)) if matches!(key, "date" | "withdrawn") => day(text),
                Some(Value::Datetime(moment)) => day(&moment.to_string()),
                Some(Value::String(text)) => Some(text.clone()),
                Some(_) | None => None,
            };
            advisory.extend(value.map(|value| (key.to_owned(), Value::String(value))));
        }
        // Where something is said of malice in a way that is not understood, it is believed.
        if said.get("categories").is_some_and(|value| value.to_string().to_ascii_lowercase().contains(MALICIOUS)) {
            advisory.insert("categories".to_owned(), Value::Array(vec![MALICIOUS.into()]));
        }
        if said.get("expect-deleted").is_some_and(|value| *value != Value::Boolean(false)) {
            advisory.insert("expect-deleted".to_owned(), true.into());
        }
        let mut versions = Table::new();
        for key in ["patched", "unaffected"] {
            versions.extend(ranges.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        Some(Self {
            os: texts(affected.get("os")),
            arch: texts(affected.get("arch")),
            aliases: texts(said.get("aliases")),
            url: said.get("url").and_then(Value::as_str).map(bounded),
            withdrawn: advisory.contains_key("withdrawn"),
            advisory,
            versions,
            markdown,
        })
    }

    fn text(&self) -> String {
        let mut document = Table::new();
        document.insert("advisory".to_owned(), Value::Table(self.advisory.clone()));
        document.insert("versions".to_owned(), Value::Table(self.versions.clone()));
        let markdown = self.markdown.trim_start();
        let title = if markdown.starts_with("# ") { "" } else { "# (no title)\n" };
        format!("```toml\n{document}\n```\n\n{title}{markdown}\n")
    }
}

/// Whether the file of an advisory that cannot be understood may be about a release made to do harm.
pub(super) fn may_be_malicious(text: &str) -> bool {
    let said = front_matter(text).map_or(text, |(front_matter, _)| front_matter).to_ascii_lowercase();
    said.contains(MALICIOUS) || said.contains("expect-deleted")
}

/// The block of TOML at a file's start, and what follows it.
fn front_matter(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("```toml")?.split_once("\n```")
}

/// The day with which a moment begins.
fn day(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    day.parse::<jiff::civil::Date>().is_ok().then(|| day.to_owned())
}

/// A text or a list of texts; whatever else is in it is left out.
fn texts(value: Option<&Value>) -> Vec<Box<str>> {
    match value {
        Some(Value::String(text)) => vec![bounded(text)],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).take(LIST_LIMIT).map(bounded).collect(),
        Some(_) | None => Vec::new(),
    }
}
