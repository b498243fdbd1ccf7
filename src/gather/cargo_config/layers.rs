//! Finds the files of cargo's configuration, closest first, and what they include.

use std::collections::BTreeSet;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::CargoConfigError;
use crate::gather::toml_tree::{self, DocumentError, Node, SyntaxError, Table, Value, WrongType, dotted};
use crate::model::policy::{Origin, Setting};

/// The largest file that is read, in bytes; an allow-list of ten thousand releases has 3 MiB.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;
/// The most files that one configuration may include, and how deep.
const INCLUDE_LIMIT: usize = 64;

/// One file of the configuration, or a value of `--config`.
#[derive(Clone)]
pub struct Layer {
    pub path: Utf8PathBuf,
    /// What relative paths in it start from: the folder that holds its folder, as in cargo's `Definition::root`.
    pub base: Utf8PathBuf,
    pub(crate) table: Table,
    /// The file and line whose `include` brought it in.
    pub included_by: Option<(Utf8PathBuf, u32)>,
    /// The `config.toml` that cargo does not read because this file, the legacy `config`, lies beside it.
    pub shadows: Option<Utf8PathBuf>,
    /// Whether it is a value of `--config` and not a file: it wins over files and environment, and `path` is that option's name.
    pub on_command_line: bool,
    /// Whether it is `$CARGO_HOME`'s, or included by that.
    pub home: bool,
}

/// Without the table, which may hold tokens.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Layer");
        fields.field("path", &self.path).field("included_by", &self.included_by).field("shadows", &self.shadows);
        fields.finish_non_exhaustive()
    }
}

impl Layer {
    /// A file of the configuration by itself.
    pub(super) fn file(path: Utf8PathBuf, table: Table) -> Self {
        let base = base(&path);
        Self { path, base, table, included_by: None, shadows: None, on_command_line: false, home: false }
    }

    /// Where a key of this file stands.
    #[must_use]
    pub fn origin(&self, line: u32, key: &str) -> Origin {
        if self.on_command_line {
            return Origin::Flag;
        }
        Origin::File { path: self.path.clone(), line, key: key.to_owned() }
    }

    fn wrong_type(&self, WrongType { line, key, expected, found }: WrongType) -> CargoConfigError {
        CargoConfigError::WrongType { origin: self.origin(line, &key), expected, found }
    }

    /// The key in this file; an error where something on the way to it is no table.
    pub(super) fn find(&self, keys: &[&str]) -> Result<Option<Found<'_>>, CargoConfigError> {
        let node = self.table.find(keys).map_err(|wrong| self.wrong_type(wrong))?;
        Ok(node.map(|node| Found { layer: self, origin: self.origin(node.line, &dotted(keys)), value: &node.value }))
    }
}

/// A key in a file.
pub(super) struct Found<'a> {
    pub(super) layer: &'a Layer,
    pub(super) origin: Origin,
    pub(super) value: &'a Value,
}

impl Found<'_> {
    pub(super) fn wrong_type(&self, expected: &'static str) -> CargoConfigError {
        CargoConfigError::WrongType { origin: self.origin.clone(), expected, found: self.value.kind() }
    }

    pub(super) fn text(self) -> Result<Setting<String>, CargoConfigError> {
        let text = self.value.as_text().ok_or_else(|| self.wrong_type("a string"))?;
        Ok(Setting { value: text.clone(), origin: self.origin })
    }
}

/// `name` or `name.toml` in `folder`, and the other one where both exist; as in cargo's `get_file_path`, the one without an extension wins.
pub(super) fn either(folder: &Utf8Path, name: &str) -> Option<(Utf8PathBuf, Option<Utf8PathBuf>)> {
    let legacy = folder.join(name);
    let modern = folder.join(format!("{name}.toml"));
    match (legacy.exists(), modern.exists()) {
        (true, modern_exists) => Some((legacy, modern_exists.then_some(modern))),
        (false, true) => Some((modern, None)),
        (false, false) => None,
    }
}

/// Every file that cargo would read in these folders and at home, the one that wins first.
pub(super) fn layers<'a>(
    folders: impl Iterator<Item = &'a Utf8Path>,
    home: &Utf8Path,
) -> Result<Vec<Layer>, CargoConfigError> {
    let mut found = Loader::default();
    let mut seen = BTreeSet::new();
    let identity = |folder: &Utf8Path| folder.canonicalize_utf8().unwrap_or_else(|_| folder.to_owned());
    let at_home = identity(home);
    for folder in folders.map(|folder| folder.join(".cargo")).chain([home.to_owned()]) {
        let identity = identity(&folder);
        let home = identity == at_home;
        if !seen.insert(identity) {
            continue;
        }
        if let Some((path, shadows)) = either(&folder, "config") {
            let table = read(&path)?;
            found.add(Layer { shadows, home, ..Layer::file(path, table) }, &[])?;
        }
    }
    Ok(found.layers)
}

/// What values of `--config` say, the last of which wins: each is a file where there is one of that name, and else one key with its value.
pub(super) fn on_command_line(values: &[String], current_dir: &Utf8Path) -> Result<Vec<Layer>, CargoConfigError> {
    let mut found = Loader::default();
    for value in values.iter().rev() {
        let path = current_dir.join(value);
        let (path, table) = if path.exists() {
            (path.clone(), read(&path)?)
        } else {
            let name = Utf8PathBuf::from("--config");
            let table = toml_tree::parse(value).map_err(|error| not_toml(&name, error))?;
            (name, table)
        };
        let base = current_dir.to_owned();
        found.add(Layer { base, on_command_line: true, ..Layer::file(path, table) }, &[])?;
    }
    // What such a file includes is said on the command line as well.
    found.layers.iter_mut().for_each(|layer| layer.on_command_line = true);
    Ok(found.layers)
}

pub(super) fn read(path: &Utf8Path) -> Result<Table, CargoConfigError> {
    toml_tree::read(path, SIZE_LIMIT).map_err(|error| match error {
        DocumentError::Read(cause) => CargoConfigError::Unreadable { path: path.to_owned(), cause },
        DocumentError::Syntax(error) => not_toml(path, error),
    })
}

fn not_toml(path: &Utf8Path, SyntaxError { line, message }: SyntaxError) -> CargoConfigError {
    CargoConfigError::Syntax { path: path.to_owned(), line, message }
}

/// See [`Layer::base`]. The path is not tidied first, because cargo does not tidy it either.
fn base(path: &Utf8Path) -> Utf8PathBuf {
    path.parent().and_then(Utf8Path::parent).unwrap_or(path).to_owned()
}

/// The paths that a file includes, as it gives them from its own folder.
///
/// # Errors
/// The file cannot be read, is not TOML, or its `include` is no list of paths.
pub(crate) fn included(file: &Utf8Path) -> Result<Vec<Utf8PathBuf>, CargoConfigError> {
    let layer = Layer::file(file.to_owned(), read(file)?);
    Ok(includes(&layer)?.into_iter().map(|include| include.included).collect())
}

#[derive(Default)]
struct Loader {
    layers: Vec<Layer>,
    included: usize,
}

impl Loader {
    /// Adds a file and then what it includes: the file itself wins over those, and of those the last.
    fn add(&mut self, layer: Layer, above: &[Utf8PathBuf]) -> Result<(), CargoConfigError> {
        let includes = includes(&layer)?;
        let (path, home) = (layer.path.clone(), layer.home);
        let mut chain = above.to_vec();
        chain.push(path.canonicalize_utf8().unwrap_or_else(|_| path.clone()));
        self.layers.push(layer);
        for include in includes.into_iter().rev() {
            let Include { line, included, optional } = include;
            self.included += 1;
            if self.included > INCLUDE_LIMIT {
                return Err(CargoConfigError::IncludeLimit { path, line, limit: INCLUDE_LIMIT });
            }
            if included.canonicalize_utf8().is_ok_and(|identity| chain.contains(&identity)) {
                return Err(CargoConfigError::IncludeCycle { path, line, included });
            }
            let table = match toml_tree::read(&included, SIZE_LIMIT) {
                Ok(table) => table,
                Err(DocumentError::Read(cause)) if optional && cause.is_absent() => continue,
                Err(DocumentError::Read(cause)) => {
                    return Err(CargoConfigError::Include { path, line, included, cause });
                }
                Err(DocumentError::Syntax(error)) => return Err(not_toml(&included, error)),
            };
            let included_by = Some((path.clone(), line));
            self.add(Layer { included_by, home, ..Layer::file(included, table) }, &chain)?;
        }
        Ok(())
    }
}

struct Include {
    line: u32,
    included: Utf8PathBuf,
    optional: bool,
}

/// The entries of `include`, in the file's order. A single string, which cargo 1.95 refuses and earlier ones took, is read too, and so
/// is a path without `.toml`: to read what some cargo would read is the safe side.
fn includes(layer: &Layer) -> Result<Vec<Include>, CargoConfigError> {
    let Some(entry) = layer.table.get("include") else {
        return Ok(Vec::new());
    };
    match entry.value.as_list() {
        Some(nodes) => nodes.iter().map(|node| include(layer, node)).collect(),
        None => Ok(vec![include(layer, entry)?]),
    }
}

fn include(layer: &Layer, node: &Node) -> Result<Include, CargoConfigError> {
    let wrong = |node: &Node, expected| {
        let (key, found) = (String::from("include"), node.value.kind());
        layer.wrong_type(WrongType { line: node.line, key, expected, found })
    };
    let (path, optional) = match &node.value {
        Value::Text(path) => (path, false),
        Value::Table(table) => {
            let Some(path) = table.get("path") else {
                let origin = layer.origin(node.line, "include");
                return Err(CargoConfigError::Value { origin, expected: "a table with the key `path`" });
            };
            let path = path.value.as_text().ok_or_else(|| wrong(path, "a string"))?;
            let optional = match table.get("optional") {
                Some(node) => node.value.as_boolean().ok_or_else(|| wrong(node, "`true` or `false`"))?,
                None => false,
            };
            (path, optional)
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::List(_) => {
            return Err(wrong(node, "a list of strings or of tables"));
        }
    };
    let folder = layer.path.parent().unwrap_or(&layer.path);
    Ok(Include { line: node.line, included: folder.join(path), optional })
}
