//! `.cargo/config.toml` of a project that takes crates.io from a team registry.

use toml::Table;
use toml_edit::{Item, Value};

use super::splice::SpliceError;
use crate::write::toml_text::{Found, Lines, Splicer, dotted};

/// The registry that stands in for crates.io.
#[derive(Clone, Debug)]
pub struct TeamSource<'a> {
    /// The name that cargo is to know it by.
    pub name: &'a str,
    /// Its index: `sparse+https://…/`.
    pub index: &'a str,
    /// Whether it asks who reads it, so that cargo has to have a token for it.
    pub asks_for_token: bool,
}

/// What cargo takes a token from: `cargo login` and the environment.
const PROVIDER: &str = "cargo:token";

/// The file's bytes with crates.io replaced by this registry, every other byte as it was. The same bytes come back where it says so already.
///
/// # Errors
/// The text is not TOML, takes crates.io from somewhere else, or is written in a form that cannot be changed in place.
pub fn with_team_registry(original: Option<&[u8]>, team: &TeamSource<'_>) -> Result<Vec<u8>, SpliceError> {
    let original = std::str::from_utf8(original.unwrap_or_default()).map_err(|_| SpliceError::NotUtf8)?;
    let lines = Lines::completed(original);
    let document = lines.parsed()?;
    let mut splicer = Splicer::new(&document, lines);
    let registry = ["registries", team.name];
    let mut keys = vec![(&["source", "crates-io"], "replace-with", team.name), (&registry, "index", team.index)];
    for (path, key, text) in keys.drain(..) {
        set(&mut splicer, path, key, text)?;
    }
    if team.asks_for_token {
        // Whatever stands there was chosen by somebody.
        splicer.set(&registry, "credential-provider", &format!("[{}]", Value::from(PROVIDER)), |_| true)?;
    }
    let text = splicer.finish();
    // Every shape that TOML allows was not foreseen. What is wrong with the result, if anything, shows in the result.
    if text != original && !says_only_more(original, &text, team) {
        return Err(SpliceError::Shape { line: 1, key: "source.crates-io".to_owned() });
    }
    Ok(text.into_bytes())
}

fn set(splicer: &mut Splicer<'_>, path: &[&str; 2], key: &str, text: &str) -> Result<(), SpliceError> {
    let written = Value::from(text).to_string();
    if let Some(Found { table, .. }) = splicer.table(path)?
        && let Some(item) = table.get(key)
        && item.as_str() != Some(text)
    {
        let at = item.span().unwrap_or_default();
        return Err(SpliceError::TakenFrom {
            line: splicer.lines.number(at.start),
            key: dotted(&[path[0], path[1], key]),
            old: splicer.lines.line(at.start).escape_debug().to_string().replace("\\\"", "\""),
            new: format!("{key} = {written}"),
        });
    }
    Ok(splicer.set(path, key, &written, |item: &Item| item.as_str() == Some(text))?)
}

fn says_only_more(before: &str, after: &str, team: &TeamSource<'_>) -> bool {
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<Table>();
    let (Ok(before), Ok(mut after)) = (parse(before), parse(after)) else { return false };
    let mut expected = before;
    let pairs = [("source", "crates-io"), ("registries", team.name)];
    pairs.into_iter().all(|(kind, name)| {
        let taken = |all: &mut Table| -> Option<toml::Value> { all.get_mut(kind)?.as_table_mut()?.remove(name) };
        let Some(toml::Value::Table(mut now)) = taken(&mut after) else { return false };
        let was = taken(&mut expected);
        for key in ["replace-with", "index", "credential-provider"] {
            if was.as_ref().is_none_or(|was| was.get(key).is_none()) {
                now.remove(key);
            }
        }
        now == was.and_then(|was| was.as_table().cloned()).unwrap_or_default()
    }) && beside(&expected) == beside(&after)
}

/// What is left once tables that have nothing are left out.
fn beside(all: &Table) -> Table {
    let is_empty = |value: &toml::Value| value.as_table().is_some_and(Table::is_empty);
    all.iter().filter(|(_, value)| !is_empty(value)).map(|(key, value)| (key.clone(), value.clone())).collect()
}
