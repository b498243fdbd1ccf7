//! Cargo's own minimum age, spliced into the file's bytes: plain cargo obeys it from 1.100 on.

use toml::{Table, Value};
use toml_edit::Document;

use super::error::SpliceError;
use super::insert::Splicer;
use super::lines::Lines;
use crate::model::age::Age;

/// The table and the key.
const TABLE: &str = "registry";
const KEY: &str = "global-min-publish-age";

/// The file's bytes with `registry.global-min-publish-age`, every other byte as it was. A file that sets an age already comes back
/// unchanged, whatever that age is.
///
/// # Errors
/// The text is not TOML, or is written in a form that cannot be added to.
pub fn with_minimum_age(original: Option<&[u8]>, age: Age) -> Result<Vec<u8>, SpliceError> {
    let original = std::str::from_utf8(original.unwrap_or_default()).map_err(|_| SpliceError::NotUtf8)?;
    let lines = Lines::of(original);
    let document = Document::parse(lines.text().to_owned()).map_err(|error| SpliceError::Syntax {
        line: lines.number(error.span().map_or(0, |span| span.start)),
        message: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let mut splicer = Splicer::new(&document, lines);
    splicer.set(&[TABLE], KEY, &format!("\"{age}\""), |_| true)?;
    let text = splicer.finish();
    // Every shape that TOML allows was not foreseen. What is wrong with the result, if anything, shows in the result.
    if text != original && !says_only_more(original, &text, age) {
        return Err(SpliceError::Shape { line: 1, key: TABLE.to_owned() });
    }
    Ok(text.into_bytes())
}

fn says_only_more(before: &str, after: &str, age: Age) -> bool {
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<Table>();
    let (Ok(mut expected), Ok(after)) = (parse(before), parse(after)) else { return false };
    let Value::Table(registry) = expected.entry(TABLE).or_insert_with(|| Value::Table(Table::new())) else {
        return false;
    };
    registry.insert(KEY.to_owned(), Value::String(age.to_string()));
    expected == after
}
