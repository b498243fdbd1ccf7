//! Cargo's own minimum ages (`min-publish-age`, stable from cargo 1.100).

use super::CargoConfig;
use super::error::CargoConfigError;
use crate::model::age::Age;
use crate::model::policy::{CargoAges, Setting};

impl CargoConfig {
    /// `registry.global-min-publish-age` and `registries.NAME.min-publish-age`. A registry that two names mean has the longer age; an age
    /// for a name that has no index is an age for nothing.
    ///
    /// # Errors
    /// An age is no string in cargo's grammar, or `registry.min-publish-age` is used, which no cargo obeys.
    pub fn ages(&self) -> Result<CargoAges, CargoConfigError> {
        let dropped = ["registry", "min-publish-age"];
        if let Some(setting) = self.in_environment(&dropped) {
            return Err(CargoConfigError::AgeDropped { origin: setting.origin });
        }
        if let Some(found) = self.in_files(&dropped)? {
            return Err(CargoConfigError::AgeDropped { origin: found.origin });
        }
        let mut ages = CargoAges { global: self.age(&["registry", "global-min-publish-age"])?, ..CargoAges::default() };
        for name in self.registry_names()? {
            let age = self.age(&["registries", &name, "min-publish-age"])?;
            let (Some(age), Some(registry)) = (age, self.index(&name)?) else {
                continue;
            };
            let longest = ages.registries.entry(registry.value).or_insert_with(|| age.clone());
            if longest.value < age.value {
                *longest = age;
            }
        }
        Ok(ages)
    }

    fn age(&self, keys: &[&str]) -> Result<Option<Setting<Age>>, CargoConfigError> {
        let Some(Setting { value, origin }) = self.text(keys)? else {
            return Ok(None);
        };
        match value.parse() {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(cause) => Err(CargoConfigError::Age { origin, cause }),
        }
    }
}
