//! The configuration as a whole, and one key of it: on the command line first, then in the environment, then in the files, closest first.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::CargoConfigError;
use super::layers::{self, Found, Layer};
use crate::gather::environment::Environment;
use crate::gather::toml_tree::{Value, dotted};
use crate::model::policy::{Origin, Setting};

/// The whole configuration, read once.
#[derive(Clone)]
pub struct CargoConfig {
    pub(super) layers: Vec<Layer>,
    pub(super) credentials: Option<Layer>,
    pub(super) environment: Environment,
}

/// Without the environment, which may hold tokens.
impl fmt::Debug for CargoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CargoConfig").field("layers", &self.layers).finish_non_exhaustive()
    }
}

impl CargoConfig {
    /// Reads what a cargo started in `start` would read. A relative `start` is one of the working directory's.
    ///
    /// # Errors
    /// A file exists and cannot be read, is not TOML, or includes what it must not.
    pub fn load(start: &Utf8Path, environment: &Environment) -> Result<Self, CargoConfigError> {
        let start = environment.current_dir().join(start);
        Self::load_from(start.ancestors(), environment)
    }

    /// As [`Self::load`], from these folders, the closest first, in the place of one folder and those above it.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_from<'a>(
        folders: impl Iterator<Item = &'a Utf8Path>,
        environment: &Environment,
    ) -> Result<Self, CargoConfigError> {
        let home = environment.cargo_home();
        let layers = layers::layers(folders, &home)?;
        let credentials = layers::either(&home, "credentials")
            .map(|(path, shadows)| {
                let table = layers::read(&path)?;
                Ok(Layer { shadows, home: true, ..Layer::file(path, table) })
            })
            .transpose()?;
        Ok(Self { layers, credentials, environment: environment.clone() })
    }

    /// The same with the values of `--config` before everything else, in the order of the command line.
    ///
    /// # Errors
    /// A value is neither a file that can be read nor TOML.
    pub(crate) fn with_command_line(mut self, values: &[String]) -> Result<Self, CargoConfigError> {
        let layers = layers::on_command_line(values, self.environment.current_dir())?;
        self.layers.splice(0..0, layers);
        Ok(self)
    }

    /// Every file with what it says, the one that wins first. The credentials are not among them.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same without the file that says something, or without the command line; `None` where neither says it.
    #[must_use]
    pub(crate) fn beneath(&self, origin: &Origin) -> Option<Self> {
        let says = |layer: &Layer| match origin {
            Origin::File { path, .. } => layer.path == *path,
            Origin::Flag => layer.on_command_line,
            Origin::Environment(_) | Origin::Default => false,
        };
        let layers: Vec<Layer> = self.layers.iter().filter(|layer| !says(layer)).cloned().collect();
        let less = layers.len() < self.layers.len();
        less.then(|| Self { layers, credentials: self.credentials.clone(), environment: self.environment.clone() })
    }

    /// The same with the files below `top`, where those of a commit were laid out, called by the commit's name: `BASE:.cargo/config.toml`.
    #[must_use]
    pub(crate) fn of_commit(mut self, top: &Utf8Path, name: &str) -> Self {
        for layer in &mut self.layers {
            if let Ok(inside) = layer.path.strip_prefix(top) {
                layer.path = Utf8PathBuf::from(format!("{name}:{inside}"));
            }
        }
        self
    }

    /// The environment that it was read in.
    pub(in crate::gather) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The configuration that cargo reads in every folder: `$CARGO_HOME`.
    #[must_use]
    pub fn home(&self) -> Utf8PathBuf {
        self.environment.cargo_home()
    }

    /// The variable of these keys, where it is set and the command line says nothing else.
    pub(super) fn in_environment(&self, keys: &[&str]) -> Option<Setting<String>> {
        let mut said = self.layers.iter().take_while(|layer| layer.on_command_line);
        if said.any(|layer| layer.find(keys).is_ok_and(|found| found.is_some())) {
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
            let found = layer.find(keys)?;
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
        found.value.as_boolean().map(Some).ok_or_else(|| found.wrong_type(EXPECTED))
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
        let Value::Integer(number) = found.value else {
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
            let Some(found) = layer.find(&[table])? else {
                continue;
            };
            let inner = found.value.as_table().ok_or_else(|| found.wrong_type("a table"))?;
            for (name, node) in inner.iter() {
                if node.value.as_table().is_none() {
                    let origin = layer.origin(node.line, &dotted(&[table, name]));
                    return Err(Found { layer, origin, value: &node.value }.wrong_type("a table"));
                }
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
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
