//! What a judgement needs of an advisory file that rustsec does not read whole: one written for a later version, with a platform, a
//! score or a field that nobody knows yet.

use toml::{Table, Value};

use super::statement::{LIST_LIMIT, bounded};

/// The word that marks an advisory about a release made to do harm.
const MALICIOUS: &str = "malicious";

/// The parts that are kept as they are written, and a file of the rest that holds nothing but what rustsec has always known.
#[derive(Debug)]
pub(super) struct Essentials<'a> {
    pub(super) os: Vec<Box<str>>,
    pub(super) arch: Vec<Box<str>>,
    pub(super) aliases: Vec<Box<str>>,
    pub(super) url: Option<Box<str>>,
    /// The day on which it was withdrawn can be read.
    pub(super) withdrawn: bool,
    advisory: Table,
    versions: Table,
    markdown: &'a str,
}

impl<'a> Essentials<'a> {
    /// Reads them; `None` where the file does not begin with a block of TOML that has an `advisory` table.
    pub(super) fn of(text: &'a str) -> Option<Self> {
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

    /// A whole advisory file.
    pub(super) fn text(&self) -> String {
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
pub(super) fn front_matter(text: &str) -> Option<(&str, &str)> {
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
