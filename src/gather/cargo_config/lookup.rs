//! Finds one key: in the environment first, then in the files, closest first.

use camino::Utf8PathBuf;

use super::CargoConfig;
use super::error::CargoConfigError;
use super::layers::Layer;
use crate::gather::toml_tree::{Node, Value, shown_key};
use crate::model::policy::{Origin, Setting};

/// A key in a file.
pub(super) struct Found<'a> {
    pub(super) layer: &'a Layer,
    pub(super) origin: Origin,
    pub(super) node: &'a Node,
}

impl Found<'_> {
    pub(super) fn wrong_type(&self, expected: &'static str) -> CargoConfigError {
        CargoConfigError::WrongType { origin: self.origin.clone(), expected, found: self.node.value.kind() }
    }

    pub(super) fn text(self) -> Result<Setting<String>, CargoConfigError> {
        let text = self.node.value.as_text().ok_or_else(|| self.wrong_type("a string"))?;
        Ok(Setting { value: text.clone(), origin: self.origin })
    }
}

/// The variable that stands for a key: `registries.my-own.index` is `CARGO_REGISTRIES_MY_OWN_INDEX`.
pub(super) fn variable(keys: &[&str]) -> String {
    let mut name = String::from("CARGO");
    for key in keys {
        name.push('_');
        name.extend(
            key.chars().map(|letter| if letter == '-' || letter == '.' { '_' } else { letter.to_ascii_uppercase() }),
        );
    }
    name
}

/// The keys as a reader writes them.
pub(super) fn dotted(keys: &[&str]) -> String {
    keys.iter().map(|key| shown_key(key)).collect::<Vec<_>>().join(".")
}

/// The key in one file; an error where something on the way to it is no table.
pub(super) fn within<'a>(layer: &'a Layer, keys: &[&str]) -> Result<Option<Found<'a>>, CargoConfigError> {
    let mut table = &layer.table;
    for (depth, key) in keys.iter().enumerate() {
        let Some(entry) = table.get(key) else {
            return Ok(None);
        };
        let path = keys.get(..=depth).unwrap_or(keys);
        let found = Found { layer, origin: layer.origin(entry.line, &dotted(path)), node: &entry.node };
        if path.len() == keys.len() {
            return Ok(Some(found));
        }
        table = entry.node.value.as_table().ok_or_else(|| found.wrong_type("a table"))?;
    }
    Ok(None)
}

impl CargoConfig {
    /// The variable of these keys, where it is set and the command line says nothing else.
    pub(super) fn in_environment(&self, keys: &[&str]) -> Option<Setting<String>> {
        let mut said = self.layers.iter().take_while(|layer| layer.on_command_line);
        if said.any(|layer| within(layer, keys).is_ok_and(|found| found.is_some())) {
            return None;
        }
        let name = variable(keys);
        let value = self.environment.get(&name)?.to_owned();
        Some(Setting { value, origin: Origin::Environment(name) })
    }

    /// The closest file's key. Every file is looked at, so that a mistake further up is found as cargo would find it.
    pub(super) fn in_files(&self, keys: &[&str]) -> Result<Option<Found<'_>>, CargoConfigError> {
        let mut closest = None;
        for layer in &self.layers {
            let found = within(layer, keys)?;
            closest = closest.or(found);
        }
        Ok(closest)
    }

    pub(super) fn text(&self, keys: &[&str]) -> Result<Option<Setting<String>>, CargoConfigError> {
        match self.in_environment(keys) {
            Some(setting) => Ok(Some(setting)),
            None => self.in_files(keys)?.map(Found::text).transpose(),
        }
    }

    pub(super) fn boolean(&self, keys: &[&str]) -> Result<Option<bool>, CargoConfigError> {
        const EXPECTED: &str = "`true` or `false`";
        if let Some(Setting { value, origin }) = self.in_environment(keys) {
            return value.parse().map(Some).map_err(|_| CargoConfigError::Value { origin, expected: EXPECTED });
        }
        let Some(found) = self.in_files(keys)? else {
            return Ok(None);
        };
        found.node.value.as_boolean().map(Some).ok_or_else(|| found.wrong_type(EXPECTED))
    }

    /// A count that is not negative.
    pub(super) fn count(&self, keys: &[&str]) -> Result<Option<u32>, CargoConfigError> {
        const EXPECTED: &str = "an integer from 0 to 4294967295";
        if let Some(Setting { value, origin }) = self.in_environment(keys) {
            return value.parse().map(Some).map_err(|_| CargoConfigError::Value { origin, expected: EXPECTED });
        }
        let Some(found) = self.in_files(keys)? else {
            return Ok(None);
        };
        let Value::Integer(number) = found.node.value else {
            return Err(found.wrong_type(EXPECTED));
        };
        let count = number.and_then(|number| u32::try_from(number).ok());
        count.map(Some).ok_or(CargoConfigError::Value { origin: found.origin, expected: EXPECTED })
    }

    /// A path: relative to [`Layer::base`] in a file, to the working directory in the environment.
    pub(super) fn path(&self, keys: &[&str]) -> Result<Option<Utf8PathBuf>, CargoConfigError> {
        if let Some(setting) = self.in_environment(keys) {
            return Ok(Some(self.environment.current_dir().join(setting.value)));
        }
        let Some(found) = self.in_files(keys)? else {
            return Ok(None);
        };
        let base = found.layer.base.clone();
        Ok(Some(base.join(found.text()?.value)))
    }

    /// The names in a table of tables, from all files.
    pub(super) fn names(&self, table: &str) -> Result<Vec<String>, CargoConfigError> {
        let mut names = Vec::new();
        for layer in &self.layers {
            let Some(found) = within(layer, &[table])? else {
                continue;
            };
            let inner = found.node.value.as_table().ok_or_else(|| found.wrong_type("a table"))?;
            for (name, entry) in inner.iter() {
                let origin = layer.origin(entry.line, &dotted(&[table, name]));
                if !matches!(entry.node.value, Value::Table(_)) {
                    return Err(Found { layer, origin, node: &entry.node }.wrong_type("a table"));
                }
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}
