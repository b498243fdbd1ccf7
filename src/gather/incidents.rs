//! Reads tables of incidents: the one that this program brings along, or one of the caller's.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::files::regular::{self, Links, ReadError};
use crate::model::age::Age;
use crate::model::backtest::{Incident, IncidentKind, Lived, Precision, Runs};

/// Facts in our own words; see `data/README.md`.
const OWN: &str = include_str!("../../data/incidents.toml");
/// What messages call it.
const OWN_NAME: &str = "incidents.toml";
/// The largest table that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;
/// The version of the form.
const SCHEMA: &str = "incidents-v1";
/// The longest name that crates.io takes.
const LONGEST_NAME: usize = 64;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum IncidentsError {
    #[error("{path} cannot be read: {cause}\nhelp: give the path of a table of incidents")]
    Unreadable { path: Utf8PathBuf, cause: ReadError },
    /// Not TOML, or not of the form that is known.
    #[error("{path}:{line}: {message}\nhelp: write it as data/README.md of the source tells")]
    Invalid { path: Utf8PathBuf, line: usize, message: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    schema: Spanned<String>,
    #[serde(default)]
    incident: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    id: Option<String>,
    #[serde(rename = "crate")]
    crate_name: String,
    version: Option<Version>,
    kind: IncidentKind,
    runs: Runs,
    published: Option<Datetime>,
    removed: Option<Datetime>,
    precision: Option<Precision>,
    lived_at_most: Option<String>,
    advised: Option<Datetime>,
    #[serde(default)]
    before: Vec<Before>,
    #[serde(default)]
    brings: Vec<Brings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    version: Version,
    published: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Brings {
    #[serde(rename = "crate")]
    crate_name: String,
    first_published: Datetime,
}

/// The table at `path`, or the one that this program brings along.
///
/// # Errors
/// The file cannot be read, is larger than 1 MiB, or has a mistake.
pub fn read(path: Option<&Utf8Path>) -> Result<Vec<Incident>, IncidentsError> {
    let Some(path) = path else { return parse(OWN, Utf8Path::new(OWN_NAME)) };
    match regular::text(path, Links::Followed, SIZE_LIMIT) {
        Ok(text) => parse(&text, path),
        Err(cause) => Err(IncidentsError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// Reads the text of a table, which stands in the file `path`.
///
/// # Errors
/// It has a mistake.
pub fn parse(text: &str, path: &Utf8Path) -> Result<Vec<Incident>, IncidentsError> {
    let invalid = |at: usize, message: String| IncidentsError::Invalid {
        path: path.to_owned(),
        line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
        message,
    };
    let table: Table = toml::from_str(text)
        .map_err(|error| invalid(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    if table.schema.get_ref() != SCHEMA {
        let message = format!("`schema` is {}, but only {SCHEMA} is known", table.schema.get_ref());
        return Err(invalid(table.schema.span().start, message));
    }
    let incident = |entry: Spanned<Entry>| {
        let start = entry.span().start;
        Incident::try_from(entry.into_inner()).map_err(|fault| invalid(start, fault.to_owned()))
    };
    table.incident.into_iter().map(incident).collect()
}

impl TryFrom<Entry> for Incident {
    type Error = &'static str;

    fn try_from(entry: Entry) -> Result<Self, &'static str> {
        let lived = lived(&entry)?;
        named(&entry.crate_name)?;
        let before = entry.before.into_iter().map(|one| Ok((one.version, first(&one.published)?)));
        let brings = entry.brings.into_iter().map(|one| {
            named(&one.crate_name)?;
            Ok((Arc::from(one.crate_name), first(&one.first_published)?))
        });
        let incident = Self {
            advised: entry.advised.as_ref().map(last).transpose()?,
            before: before.collect::<Result<_, &str>>()?,
            brings: brings.collect::<Result<_, &str>>()?,
            id: entry.id.map(Arc::from),
            crate_name: entry.crate_name.into(),
            version: entry.version,
            kind: entry.kind,
            runs: entry.runs,
            lived,
        };
        let is_later = |(version, published): &(Version, Timestamp)| {
            incident.version.as_ref().is_some_and(|own| version >= own)
                || incident.lived.is_some_and(|lived| *published >= lived.published)
        };
        if incident.before.iter().any(is_later) {
            return Err("a release of `before` is no earlier one");
        }
        Ok(incident)
    }
}

/// A name is compared, and becomes a part of an index line.
fn named(name: &str) -> Result<(), &'static str> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let fits = !name.is_empty() && name.len() <= LONGEST_NAME;
    (is_plain && fits).then_some(()).ok_or("`crate` is no name that crates.io takes")
}

fn lived(entry: &Entry) -> Result<Option<Lived>, &'static str> {
    let (published, removed, precision) = match (&entry.published, &entry.removed, entry.precision) {
        (Some(published), Some(removed), Some(precision)) => (first(published)?, last(removed)?, precision),
        (Some(_), Some(_), None) => return Err("`precision` is missing"),
        // One end alone tells no length.
        (None, _, _) | (_, None, _) => return Ok(None),
    };
    let at_most = entry.lived_at_most.as_ref().map(|age| age.parse::<Age>()).transpose();
    let at_most = at_most.map_err(|_| "`lived-at-most` is no length of time such as \"5 hours\"")?;
    let removed = at_most.map_or(removed, |age| age.after(published).min(removed));
    if removed < published {
        return Err("`removed` is before `published`");
    }
    Ok(Some(Lived { published, removed, precision }))
}

/// A moment, or the first of a UTC day.
fn first(at: &Datetime) -> Result<Timestamp, &'static str> {
    at.to_string().parse().or_else(|_| day(at))
}

/// A moment, or the last second of a UTC day.
fn last(at: &Datetime) -> Result<Timestamp, &'static str> {
    let end = || day(at)?.checked_add(SignedDuration::from_secs(86_399)).map_err(|_| UNWRITABLE);
    at.to_string().parse().or_else(|_| end())
}

const UNWRITABLE: &str = "a time is neither a day nor a moment with its offset, such as 2026-08-20T07:15:00Z";

fn day(at: &Datetime) -> Result<Timestamp, &'static str> {
    let date: Date = at.to_string().parse().map_err(|_| UNWRITABLE)?;
    // A local time of day has a date as well, but is no moment.
    if at.time.is_some() {
        return Err(UNWRITABLE);
    }
    Ok(date.to_zoned(TimeZone::UTC).map_err(|_| UNWRITABLE)?.timestamp())
}
