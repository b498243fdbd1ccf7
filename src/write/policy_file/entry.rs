//! The text of an entry, as a person would write it: one key a line, every text on one line.

use std::fmt::Write as _;

use jiff::civil::Date;
use semver::Version;

use crate::model::checksum::Checksum;
use crate::model::source::Registry;
use crate::model::verdict::ReasonCode;

/// An `[[approval]]` that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApproval {
    /// The crate's name.
    pub crate_name: String,
    /// Its registry; written down unless it is crates.io.
    pub registry: Registry,
    /// The exact version.
    pub version: Version,
    /// The digest of the `.crate` file that was looked at.
    pub checksum: Checksum,
    /// The reasons that the person saw.
    pub lifts: Vec<ReasonCode>,
    /// Why.
    pub reason: String,
    /// Who, where anybody can tell.
    pub by: Option<String>,
    /// The day on which it is given.
    pub at: Date,
    /// The last UTC day on which it counts.
    pub until: Option<Date>,
}

/// An `[[advisories.ignore]]` that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIgnore {
    /// The advisory.
    pub id: String,
    /// Only for this crate, where given.
    pub crate_name: Option<String>,
    /// Why.
    pub reason: String,
    /// The last UTC day on which it is ignored.
    pub until: Date,
}

/// An approval's table, with its header, each line ended by LF.
#[must_use]
pub fn approval_entry(approval: &NewApproval) -> String {
    let mut entry = Entry::new("approval");
    entry.text("crate", &approval.crate_name);
    if approval.registry != Registry::CratesIo {
        entry.text("registry", &approval.registry.to_string());
    }
    entry.text("version", &approval.version.to_string());
    entry.text("checksum", &approval.checksum.to_string());
    let lifts: Vec<_> = approval.lifts.iter().map(|code| quoted(code.as_str())).collect();
    entry.plain("lifts", &format!("[{}]", lifts.join(", ")));
    entry.text("reason", &approval.reason);
    if let Some(by) = &approval.by {
        entry.text("by", by);
    }
    entry.plain("at", &approval.at.to_string());
    if let Some(until) = approval.until {
        entry.plain("until", &until.to_string());
    }
    entry.0
}

/// An ignore's table, with its header, each line ended by LF.
#[must_use]
pub fn ignore_entry(ignore: &NewIgnore) -> String {
    let mut entry = Entry::new("advisories.ignore");
    entry.text("id", &ignore.id);
    if let Some(name) = &ignore.crate_name {
        entry.text("crate", name);
    }
    entry.text("reason", &ignore.reason);
    entry.plain("until", &ignore.until.to_string());
    entry.0
}

struct Entry(String);

impl Entry {
    fn new(table: &str) -> Self {
        Self(format!("[[{table}]]\n"))
    }

    fn plain(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.plain(key, &quoted(value));
    }
}

/// A basic string on one line. What could make a reviewer read something else than the program does is written as an escape.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            hidden if hidden.is_control() || is_invisible(hidden) => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(hidden));
            }
            shown => quoted.push(shown),
        }
    }
    quoted.push('"');
    quoted
}

/// Marks that change the direction of text, join or split lines, or have no width.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}
