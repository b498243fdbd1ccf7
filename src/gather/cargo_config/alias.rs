//! `[alias]`: commands of the user's own making.

use super::CargoConfig;
use super::error::CargoConfigError;
use super::lookup::Found;

impl CargoConfig {
    /// What the alias `name` stands for; `None` where there is none.
    ///
    /// # Errors
    /// It is neither a string nor a list of strings.
    pub fn alias(&self, name: &str) -> Result<Option<Vec<String>>, CargoConfigError> {
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        if let Some(setting) = self.in_environment(&["alias", name]) {
            return Ok(Some(split(&setting.value)));
        }
        let Some(found) = self.in_files(&["alias", name])? else { return Ok(None) };
        if let Some(nodes) = found.node.value.as_list() {
            let words: Option<Vec<String>> = nodes.iter().map(|node| node.value.as_text().cloned()).collect();
            return words.map(Some).ok_or_else(|| found.wrong_type("a string or a list of strings"));
        }
        Found::text(found).map(|setting| Some(split(&setting.value)))
    }
}
