//! `[alias]`: commands of the user's own making.

use super::CargoConfig;
use super::error::CargoConfigError;
use super::lookup::{Found, within};

impl CargoConfig {
    /// What the alias `name` stands for; `None` where there is none.
    ///
    /// # Errors
    /// It is neither a string nor a list of strings.
    pub fn alias(&self, name: &str) -> Result<Option<Vec<String>>, CargoConfigError> {
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        // A point in the name leads into a table, as in any key of cargo's.
        let keys: Vec<&str> = ["alias"].into_iter().chain(name.split('.')).collect();
        if let Some(setting) = self.in_environment(&keys) {
            return Ok(Some(split(&setting.value)));
        }
        let mut lists: Vec<Vec<String>> = Vec::new();
        for layer in self.layers() {
            let Some(found) = within(layer, &keys)? else { continue };
            let Some(nodes) = found.node.value.as_list() else {
                let text = Found::text(found)?.value;
                if lists.is_empty() {
                    return Ok(Some(split(&text)));
                }
                continue;
            };
            let words: Option<Vec<String>> = nodes.iter().map(|node| node.value.as_text().cloned()).collect();
            lists.push(words.ok_or_else(|| found.wrong_type("a string or a list of strings"))?);
        }
        // Cargo joins the lists of all files, those of the closer ones behind those of the farther.
        let joined: Vec<String> = lists.iter().rev().flatten().cloned().collect();
        Ok((!lists.is_empty()).then_some(joined))
    }
}
