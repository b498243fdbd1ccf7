//! A file of another tool: read within bounds, walked without trust, and what of it a policy file may say.

use camino::{Utf8Path, Utf8PathBuf};
use semver::VersionReq;

use crate::gather::policy_file;
use crate::gather::toml_tree::{self, DocumentError, Node, Table, dotted};
use crate::model::adoption::{Adopted, AdoptedRegistry, NotTaken};
use crate::model::policy::{Origin, Setting};
use crate::model::source::Registry;

/// The most entries of one list that are read.
pub(super) const ENTRIES: usize = 10_000;
/// The most characters of a foreign text that are taken over.
const TEXT: usize = 300;

/// One that could be read.
pub(super) struct ForeignFile {
    /// As a reader at the root names it.
    name: Utf8PathBuf,
    pub(super) table: Table,
}

impl ForeignFile {
    /// Reads it; one that is not there is nothing to tell of, one that cannot be read is.
    pub(super) fn read(root: &Utf8Path, name: &str, limit: u64, adopted: &mut Adopted) -> Option<Self> {
        match toml_tree::read(&root.join(name), limit) {
            Ok(table) => {
                adopted.files.push(name.into());
                Some(Self { name: name.into(), table })
            }
            Err(DocumentError::Read(error)) if error.is_absent() => None,
            Err(DocumentError::Read(error)) => {
                adopted.leave(place(name, 1, ""), NotTaken::Unreadable(error.to_string()));
                None
            }
            Err(DocumentError::Syntax(error)) => {
                let cause = format!("not TOML: {}", error.message);
                adopted.leave(place(name, error.line, ""), NotTaken::Unreadable(cause));
                None
            }
        }
    }

    /// Where a key stands.
    pub(super) fn origin(&self, line: u32, keys: &[&str]) -> Origin {
        place(self.name.as_str(), line, &dotted(keys))
    }

    /// Notes that a key is not taken over.
    pub(super) fn leave(&self, adopted: &mut Adopted, line: u32, keys: &[&str], why: NotTaken) {
        adopted.leave(self.origin(line, keys), why);
    }

    /// The keys of a table; a key that is no table is noted.
    pub(super) fn table<'a>(&self, entry: &'a Node, keys: &[&str], adopted: &mut Adopted) -> Option<&'a Table> {
        let table = entry.value.as_table();
        if table.is_none() {
            self.leave(adopted, entry.line, keys, NotTaken::UnknownForm);
        }
        table
    }

    /// The entries of a list, so many at most; a key that is no list is noted.
    pub(super) fn list<'a>(&self, entry: &'a Node, keys: &[&str], adopted: &mut Adopted) -> &'a [Node] {
        let Some(nodes) = entry.value.as_list() else {
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

/// Whether a policy file may say this.
pub(super) fn fits(policy: &str) -> bool {
    policy_file::parse(policy, Utf8Path::new("sequester.toml")).is_ok()
}

/// Takes a registry over, unless a policy cannot name it so or something of its name or address is there already.
pub(super) fn take_registry(adopted: &mut Adopted, value: AdoptedRegistry, origin: Origin) {
    let mut taken = adopted.registries.iter().map(|one| &one.value);
    let why = match taken.find(|one| one.registry == value.registry || one.name == value.name) {
        Some(same) if same.registry == value.registry => NotTaken::Repeated,
        Some(_) => NotTaken::NameTaken,
        None if is_registry(&value.name, &value.registry) => {
            return adopted.registries.push(Setting { value, origin });
        }
        None => NotTaken::UnknownForm,
    };
    adopted.leave(origin, why);
}

fn is_registry(name: &str, registry: &Registry) -> bool {
    fits(&format!("[registries.{}]\nindex = {}\n", toml_edit::Key::new(name), quoted(&registry.to_string())))
        && name.len() <= 64
        && !name.contains(char::is_control)
}

/// Whether this can be a crate's name.
pub(super) fn is_crate(name: &str) -> bool {
    !name.contains('@') && fits(&format!("[bans]\ndeny = [{}]\n", quoted(name)))
}

/// As `[bans] deny` writes it.
pub(super) fn with_req(name: &str, req: Option<Result<VersionReq, semver::Error>>) -> Option<String> {
    match req {
        None => Some(name.to_owned()),
        Some(Ok(req)) if req == VersionReq::STAR => Some(name.to_owned()),
        Some(Ok(req)) => Some(format!("{name}@{req}")),
        Some(Err(_)) => None,
    }
}

/// A TOML string, of exactly this text: what is tried must be what is written.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
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
