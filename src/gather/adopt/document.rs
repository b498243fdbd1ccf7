//! A foreign TOML file: read within bounds, walked without trust.

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links};
use crate::gather::policy_file;
use crate::gather::toml_tree::{self, Entry, Node, Table, shown_key};
use crate::model::adoption::{Adopted, NotTaken};
use crate::model::policy::Origin;

/// The most entries of one list that are read.
pub(super) const ENTRIES: usize = 10_000;
/// The most characters of a foreign text that are taken over.
const TEXT: usize = 300;

/// A file that could be read.
pub(super) struct Document {
    /// As a reader at the root would name it.
    name: Utf8PathBuf,
    pub(super) table: Table,
}

impl Document {
    /// Reads it; one that is not there is nothing to tell of, one that cannot be read is.
    pub(super) fn read(root: &Utf8Path, name: &str, limit: u64, adopted: &mut Adopted) -> Option<Self> {
        let path = root.join(name);
        let text = match regular::text(&path, Links::Followed, limit) {
            Ok(text) => text,
            Err(error) if error.is_absent() => return None,
            Err(error) => {
                adopted.leave(place(name, 1, ""), NotTaken::Unreadable(error.to_string()));
                return None;
            }
        };
        match toml_tree::parse(&text) {
            Ok(table) => {
                adopted.files.push(name.into());
                Some(Self { name: name.into(), table })
            }
            Err(errors) => {
                let error = errors.first();
                let line = error.map_or(1, |error| error.line);
                let cause = error.map(|error| format!("not TOML: {}", error.message)).unwrap_or_default();
                adopted.leave(place(name, line, ""), NotTaken::Unreadable(cause));
                None
            }
        }
    }

    /// Where a key stands.
    pub(super) fn origin(&self, line: u32, keys: &[&str]) -> Origin {
        place(self.name.as_str(), line, &keys.iter().map(|key| shown_key(key)).collect::<Vec<_>>().join("."))
    }

    /// Notes that a key is not taken over.
    pub(super) fn leave(&self, adopted: &mut Adopted, line: u32, keys: &[&str], why: NotTaken) {
        adopted.leave(self.origin(line, keys), why);
    }

    /// The keys of a table; a key that is no table is noted.
    pub(super) fn table<'a>(&self, entry: &'a Entry, keys: &[&str], adopted: &mut Adopted) -> Option<&'a Table> {
        let table = entry.node.value.as_table();
        if table.is_none() {
            self.leave(adopted, entry.line, keys, NotTaken::UnknownForm);
        }
        table
    }

    /// The entries of a list, so many at most; a key that is no list is noted.
    pub(super) fn list<'a>(&self, entry: &'a Entry, keys: &[&str], adopted: &mut Adopted) -> &'a [Node] {
        let Some(nodes) = entry.node.value.as_list() else {
            self.leave(adopted, entry.line, keys, NotTaken::UnknownForm);
            return &[];
        };
        if nodes.len() > ENTRIES {
            self.leave(adopted, entry.line, keys, NotTaken::TooMany(ENTRIES));
        }
        nodes.get(..ENTRIES).unwrap_or(nodes)
    }
}

fn place(name: &str, line: u32, key: &str) -> Origin {
    Origin::File { path: name.into(), line, key: key.to_owned() }
}

/// The text of a key.
pub(super) fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.node.value.as_text().map(String::as_str)
}

/// Whether a policy file may say this.
pub(super) fn fits(policy: &str) -> bool {
    policy_file::parse(policy, Utf8Path::new("sequester.toml")).is_ok()
}

/// A TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Formatted::new(plain(text)).to_string()
}

/// A foreign text as it may stand in our file: one line, nothing that is not seen, and not endless.
pub(super) fn plain(text: &str) -> String {
    let visible = |character: char| {
        matches!(character, '"' | '\'' | '\\') || character.escape_debug().count() == 1 && !character.is_control()
    };
    let words: String = text.chars().map(|character| if visible(character) { character } else { ' ' }).collect();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}
