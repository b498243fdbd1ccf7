//! The files of a workspace that are looked into, beside cargo's configuration: the root manifest, and `rust-toolchain.toml` with a `path`,
//! by which rustup runs the compiler of that folder. And how any of them, and a value in it, is read.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::plain;
use crate::files::regular::{self, Irregular, Links, ReadError};
use crate::gather::toml_tree::{self, Node, SyntaxError, Table, Value, shown_key};
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The most bytes of a manifest.
const MAX_DOCUMENT: u64 = 16 * 1024 * 1024;
/// The names of rustup's file; where both exist, it reads the first.
pub(super) const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];
/// The most bytes of a toolchain file.
const MAX_TOOLCHAIN: u64 = 1024 * 1024;

/// The file that holds our setting and the allow-list.
#[must_use]
pub(crate) fn own_config(root: &Utf8Path) -> Utf8PathBuf {
    root.join(".cargo/config.toml")
}

/// Whether a folder lies below the root once every link on the way is followed.
#[must_use]
pub(crate) fn lies_below(root: &Utf8Path, folder: &Utf8Path) -> bool {
    match (root.canonicalize_utf8(), folder.canonicalize_utf8()) {
        (Ok(root), Ok(folder)) => folder.starts_with(root),
        // What is not there leads nowhere.
        _ => folder.starts_with(root),
    }
}

/// The path as it really lies, every link followed.
pub(super) fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| plain(path))
}

/// A table of the document.
pub(super) fn inner_table<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    table.get(name)?.value.as_table()
}

/// The entries of a table of the document.
pub(super) fn table_entries<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    inner_table(table, name).into_iter().flat_map(Table::iter)
}

/// A value in one line: texts as they are, lists joined by spaces, of a table the place that it names.
pub(super) fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(nodes) => nodes.iter().map(|node| value_text(&node.value)).collect::<Vec<_>>().join(" "),
        Value::Table(table) => {
            let place = ["path", "git", "registry", "version"].into_iter().find_map(|key| table.get(key));
            place.map(|entry| value_text(&entry.value)).unwrap_or_default()
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) => String::new(),
    }
}

/// Why the root manifest, or the workspace's own configuration, cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("{path}: this file cannot be read: {cause}\nhelp: make it a readable UTF-8 file")]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error("{path}:{line}: not TOML: {message}\nhelp: see https://toml.io for the grammar")]
    Syntax { path: Utf8PathBuf, line: u32, message: String },
}

/// A file's text; `None` where there is no such file.
///
/// # Errors
/// It cannot be read, or is no text.
pub(crate) fn file_text(path: &Utf8Path) -> Result<Option<String>, ManifestError> {
    match regular::text(path, Links::Followed, MAX_DOCUMENT) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.is_absent() => Ok(None),
        Err(cause) => Err(ManifestError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// A TOML file's content; `None` where there is no such file.
pub(super) fn document(path: &Utf8Path) -> Result<Option<Table>, ManifestError> {
    let Some(text) = file_text(path)? else { return Ok(None) };
    toml_tree::parse(&text).map(Some).map_err(|SyntaxError { line, message }| ManifestError::Syntax {
        path: path.to_owned(),
        line,
        message,
    })
}

/// Compiler settings that profiles have, in a manifest or in a configuration, with their keys: for all packages, for build scripts or for one.
pub(super) fn profile_settings(table: &Table) -> Vec<(String, WayKind, &Node)> {
    let mut settings = Vec::new();
    let mut waiting: Vec<(String, &Table)> = table_entries(table, "profile")
        .filter_map(|(name, entry)| Some((format!("profile.{}", shown_key(name)), entry.value.as_table()?)))
        .collect();
    while let Some((key, table)) = waiting.pop() {
        for (name, entry) in table.iter() {
            let key = format!("{key}.{}", shown_key(name));
            match name {
                "rustflags" => settings.push((key, WayKind::Flags, entry)),
                "codegen-backend" => settings.push((key, WayKind::Program, entry)),
                _ => waiting.extend(entry.value.as_table().map(|inner| (key, inner))),
            }
        }
    }
    settings
}

/// The ways that lead by `[patch]`, `[replace]` and profiles of the root manifest; cargo ignores those of members.
pub(super) fn manifest_ways(root: &Utf8Path) -> Result<Vec<WayAround>, ManifestError> {
    let path = root.join("Cargo.toml");
    let Some(table) = document(&path)? else { return Ok(Vec::new()) };
    let mut ways = Vec::new();
    for (source, patches) in table_entries(&table, "patch") {
        for (name, entry) in patches.value.as_table().into_iter().flat_map(Table::iter) {
            ways.push(patch_way(root, &path, &format!("patch.{}.{}", shown_key(source), shown_key(name)), entry));
        }
    }
    for (spec, entry) in table_entries(&table, "replace") {
        ways.push(patch_way(root, &path, &format!("replace.{}", shown_key(spec)), entry));
    }
    ways.extend(profile_settings(&table).into_iter().map(|(key, kind, entry)| {
        let origin = Origin::File { path: path.clone(), line: entry.line, key };
        WayAround { kind, origin, scope: Scope::Repository, value: value_text(&entry.value) }
    }));
    Ok(ways)
}

fn patch_way(root: &Utf8Path, manifest: &Utf8Path, key: &str, entry: &Node) -> WayAround {
    let folder = entry.value.as_table().and_then(|table| table.get("path"));
    let is_outside = folder.is_some_and(|folder| {
        let folder = value_text(&folder.value);
        let climbs = folder.split(['/', '\\']).any(|component| component == "..");
        let folder = root.join(folder);
        !lies_below(root, &folder) || (climbs && !folder.exists())
    });
    let kind = if is_outside { WayKind::PatchOutside } else { WayKind::ManifestPatch };
    let origin = Origin::File { path: manifest.to_owned(), line: entry.line, key: key.to_owned() };
    WayAround { kind, origin, scope: Scope::Repository, value: value_text(&entry.value) }
}

/// A file by which rustup might choose another compiler, and that does not say which.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolchainError {
    #[error("{path} could not be read: {source}\nhelp: make it a file that names a toolchain, or remove it")]
    Unreadable { path: Utf8PathBuf, source: ReadError },
    /// It can be read and not understood.
    #[error(
        "{path} is no toolchain file: it is neither the name of a toolchain nor TOML\nhelp: correct it, or remove it"
    )]
    NotUnderstood { path: Utf8PathBuf },
}

/// Rustup looks in the folder and in every one above it. `starts` are folders, as they really lie, in which cargo may be started, and
/// `below` the files of the workspace's other folders.
pub(super) fn toolchain_ways(
    root: &Utf8Path,
    starts: &[Utf8PathBuf],
    below: &[Utf8PathBuf],
) -> Result<Vec<WayAround>, ToolchainError> {
    let real_root = real(root);
    let shown = |folder: &Utf8Path| {
        folder.strip_prefix(&real_root).map_or_else(|_| folder.to_owned(), |below| root.join(below))
    };
    // From the real root upwards they are the root's own.
    let above = starts.iter().flat_map(|start| start.ancestors()).filter(|above| !real_root.starts_with(above));
    let above: BTreeSet<Utf8PathBuf> = above.map(shown).collect();
    let folders = root.ancestors().map(Utf8Path::to_owned).chain(above);
    let files = folders.flat_map(|folder| TOOLCHAIN_FILES.map(|name| folder.join(name)));
    let mut seen = BTreeSet::new();
    let mut ways = Vec::new();
    for path in files.chain(below.iter().cloned()) {
        if seen.insert(path.clone()) {
            ways.extend(toolchain_way(root, &path)?);
        }
    }
    Ok(ways)
}

/// `None` also for a folder of that name, which rustup passes over.
fn toolchain_way(root: &Utf8Path, path: &Utf8Path) -> Result<Option<WayAround>, ToolchainError> {
    let content = match regular::text(path, Links::Followed, MAX_TOOLCHAIN) {
        Ok(content) => content,
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(ReadError::Irregular(Irregular::Folder)) => return Ok(None),
        Err(source) => return Err(ToolchainError::Unreadable { path: path.to_owned(), source }),
    };
    let scope = if path.starts_with(root) { Scope::Repository } else { Scope::Above };
    let found = |line, key: &str, value: &str| {
        let origin = Origin::File { path: path.to_owned(), line, key: key.to_owned() };
        Some(WayAround { kind: WayKind::ToolchainPath, origin, scope, value: value.to_owned() })
    };
    // The old form of the file is one line, the name of a toolchain or the path of its folder. No name has a separator.
    let line = content.trim();
    if path.extension().is_none() && line.lines().count() == 1 {
        return Ok(if line.contains(['/', '\\']) { found(1, "", line) } else { None });
    }
    let table = toml_tree::parse(&content).map_err(|_| ToolchainError::NotUnderstood { path: path.to_owned() })?;
    let Some(entry) = inner_table(&table, "toolchain").and_then(|toolchain| toolchain.get("path")) else {
        return Ok(None);
    };
    Ok(found(entry.line, "toolchain.path", &value_text(&entry.value)))
}
