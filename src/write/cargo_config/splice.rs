//! `.cargo/config.toml` as `vendor` and `init` leave it: source replacement and the allow-list, or cargo's own minimum age, spliced into the
//! file's own bytes.

use std::collections::BTreeMap;

use toml::Table;
use toml_edit::{Item, TableLike, Value};

use super::wanted::{Replaced, SOURCE_NAMES, Wanted, is_only_a_definition};
use crate::model::age::Age;
use crate::model::allow_list::{ALLOW_LIST_VERSION, AllowedId, AllowedRelease};
use crate::model::source::Registry;
use crate::write::toml_text::{Form, Found, Lines, Shape, Splicer, Syntax, dotted};

/// The file's bytes with our keys as wanted, and every other byte as it was. The same bytes come back where nothing has to change.
/// Without a file the result is the block to print or to begin one with.
///
/// # Errors
/// The text is not TOML, replaces a source otherwise, or is written in a form that cannot be changed in place.
pub fn spliced(original: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Vec<u8>, SpliceError> {
    names_are_harmless(wanted)?;
    let original = std::str::from_utf8(original.unwrap_or_default()).map_err(|_| SpliceError::NotUtf8)?;
    let text = once(original, wanted)?;
    // Every shape that TOML allows was not foreseen. What is wrong with the result, if anything, shows in the result.
    if text != original && !(same_beside_ours(original, &text) && once(&text, wanted).is_ok_and(|again| again == text))
    {
        return Err(SpliceError::Shape { line: 1, key: "source.crates-io".to_owned() });
    }
    Ok(text.into_bytes())
}

/// The grammar of names comes first; quoting is only the second line of defence.
fn names_are_harmless(wanted: &Wanted<'_>) -> Result<(), SpliceError> {
    for id in wanted.allow.releases.keys() {
        if id.as_str().parse::<AllowedId>().is_err() {
            return Err(SpliceError::Name(id.to_string()));
        }
    }
    let definitions = wanted.replaced.iter().flat_map(|source| source.definition().into_iter().map(|(_, value)| value));
    let keys = wanted.replaced.iter().map(Replaced::key);
    match definitions.chain(keys).chain([wanted.location.path().to_owned()]).find(|text| !is_plain(text)) {
        Some(text) => Err(SpliceError::Name(text)),
        None => Ok(()),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}'))
}

fn once(original: &str, wanted: &Wanted<'_>) -> Result<String, SpliceError> {
    let lines = Lines::completed(original);
    let document = lines.parsed()?;
    let mut splicer = Splicer::new(&document, lines);
    replace_sources(&mut splicer, wanted)?;
    location(&mut splicer, wanted)?;
    allow_list(&mut splicer, wanted)?;
    Ok(splicer.finish())
}

fn replace_sources(splicer: &mut Splicer<'_>, wanted: &Wanted<'_>) -> Result<(), SpliceError> {
    let name = wanted.location.source_name();
    set_replacement(splicer, "crates-io", name)?;
    let sources = splicer.table(&["source"])?;
    let tables: Vec<(&str, &dyn TableLike)> = sources
        .iter()
        .flat_map(|found| found.table.iter())
        .filter_map(|(key, item)| Some((key, item.as_table_like()?)))
        .filter(|(key, _)| *key != "crates-io" && !SOURCE_NAMES.contains(key))
        .collect();

    let mut kept = Vec::new();
    let others: BTreeMap<String, &Replaced> = wanted
        .replaced
        .iter()
        .filter(|source| **source != Replaced::Registry(Registry::CratesIo))
        .map(|source| (source.key(), source))
        .collect();
    for (key, source) in others {
        let defined = tables.iter().find(|(_, table)| source.is_defined_by(*table)).map(|(present, _)| *present);
        if defined.is_none() {
            for (part, value) in source.definition() {
                set_text(splicer, &["source", &key], part, &value)?;
            }
        }
        set_replacement(splicer, defined.unwrap_or(&key), name)?;
        kept.push(defined.map_or(key, str::to_owned));
    }

    for (key, table) in tables {
        let ours = text_of(table, "replace-with").is_some_and(|with| SOURCE_NAMES.contains(&with));
        if !ours || kept.iter().any(|kept| kept == key) {
            continue;
        }
        if is_only_a_definition(key, table) {
            splicer.remove_table(&["source"], key)?;
        } else if let Some(found) = splicer.table(&["source", key])? {
            splicer.remove(&["source", key], &found, "replace-with")?;
        }
    }
    Ok(())
}

fn set_replacement(splicer: &mut Splicer<'_>, source: &str, name: &str) -> Result<(), SpliceError> {
    let path = ["source", source];
    if let Some(Found { table, .. }) = splicer.table(&path)?
        && let Some(item) = table.get("replace-with")
        && !item.as_str().is_some_and(|with| SOURCE_NAMES.contains(&with))
    {
        let at = item.span().unwrap_or_default();
        return Err(SpliceError::Conflict {
            line: splicer.lines.number(at.start),
            key: dotted(&["source", source, "replace-with"]),
            old: splicer.lines.line(at.start).escape_debug().to_string().replace("\\\"", "\""),
            new: format!("replace-with = {}", Value::from(name)),
        });
    }
    Ok(set_text(splicer, &path, "replace-with", name)?)
}

fn location(splicer: &mut Splicer<'_>, wanted: &Wanted<'_>) -> Result<(), Shape> {
    let (name, key) = (wanted.location.source_name(), wanted.location.key());
    for other in SOURCE_NAMES.into_iter().filter(|other| *other != name) {
        splicer.remove_table(&["source"], other)?;
    }
    let path = ["source", name];
    if let Some(found) = splicer.table(&path)? {
        for (extra, _) in found.table.iter().filter(|(extra, _)| *extra != key) {
            splicer.remove(&path, &found, extra)?;
        }
    }
    set_text(splicer, &path, key, wanted.location.path())
}

fn allow_list(splicer: &mut Splicer<'_>, wanted: &Wanted<'_>) -> Result<(), SpliceError> {
    if let Some(found) = splicer.table(&["sequester"])?
        && let Some(item) = found.table.get("version")
        && item.as_integer() != Some(ALLOW_LIST_VERSION.into())
    {
        let at = item.span().unwrap_or_default();
        let found = splicer.lines.text().get(at.clone()).unwrap_or_default().escape_debug().to_string();
        return Err(SpliceError::Version { line: splicer.lines.number(at.start), found });
    }
    let same = |item: &Item| item.as_integer().is_some();
    splicer.set(&["sequester"], "version", &ALLOW_LIST_VERSION.to_string(), same)?;

    platforms(splicer, &wanted.allow.platforms)?;

    let path = ["sequester", "allow"];
    let releases = &wanted.allow.releases;
    let found = match splicer.table(&path)? {
        None | Some(Found { form: Form::Implicit, .. }) => {
            splicer.add_to_new(&path, releases.iter().map(|(id, release)| entry(id, release)).collect());
            return Ok(());
        }
        Some(found) => found,
    };
    let Form::Header(header) = &found.form else { return Err(splicer.shape(&path, &(0..0)).into()) };
    let mut present: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, item) in found.table.iter() {
        let span = item.as_value().and_then(Value::span).ok_or_else(|| splicer.shape(&path, header))?;
        match key.parse().ok().and_then(|id: AllowedId| releases.get(&id)) {
            None => splicer.remove(&path, &found, key)?,
            Some(release) => {
                present.insert(key, splicer.lines.end(span.end.saturating_sub(1)));
                if !says(item, release) {
                    splicer.lines.replace(span, digests(release));
                }
            }
        }
    }
    let top = splicer.lines.end(header.end.saturating_sub(1));
    for (id, release) in releases.iter().filter(|(id, _)| !present.contains_key(id.as_str())) {
        let at = present.range(..id.as_str()).next_back().map_or(top, |(_, at)| *at);
        splicer.lines.insert(at, &[entry(id, release)]);
    }
    Ok(())
}

/// The platforms that stubs are right for; no key where there is no stub.
fn platforms(splicer: &mut Splicer<'_>, platforms: &[String]) -> Result<(), Shape> {
    if !platforms.is_empty() {
        let written: Vec<String> = platforms.iter().map(|triple| Value::from(triple).to_string()).collect();
        let same = |item: &Item| {
            let said = item.as_array().map(|said| said.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
            said.flatten().is_some_and(|said| said == platforms)
        };
        return splicer.set(&["sequester"], "platforms", &format!("[{}]", written.join(", ")), same);
    }
    match splicer.table(&["sequester"])? {
        Some(found) if found.table.get("platforms").is_some() => splicer.remove(&["sequester"], &found, "platforms"),
        Some(_) | None => Ok(()),
    }
}

fn entry(id: &AllowedId, release: &AllowedRelease) -> String {
    format!("{} = {}", toml_edit::Key::new(id.as_str()), digests(release))
}

fn digests(release: &AllowedRelease) -> String {
    let checksum = release.checksum.map(|checksum| format!("checksum = \"{checksum}\", ")).unwrap_or_default();
    let stub = if release.stub { ", stub = true" } else { "" };
    format!("{{ {checksum}tree = \"{}\"{stub} }}", release.tree)
}

fn says(item: &Item, release: &AllowedRelease) -> bool {
    let Some(table) = item.as_inline_table() else { return false };
    let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let stub = table.get("stub").and_then(Value::as_bool);
    let length = 1 + usize::from(release.checksum.is_some()) + usize::from(release.stub);
    text("checksum") == release.checksum.map(|checksum| checksum.to_string())
        && text("tree") == Some(release.tree.to_string())
        && stub == release.stub.then_some(true)
        && table.len() == length
}

fn set_text(splicer: &mut Splicer<'_>, path: &[&str], key: &str, text: &str) -> Result<(), Shape> {
    splicer.set(path, key, &Value::from(text).to_string(), |item| item.as_str() == Some(text))
}

fn text_of<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Item::as_str)
}

/// Whether two texts say the same once our keys are left out. `false` where one of them is not TOML.
fn same_beside_ours(before: &str, after: &str) -> bool {
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<Table>();
    match (parse(before), parse(after)) {
        (Ok(before), Ok(after)) => without_ours(before) == without_ours(after),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn without_ours(mut config: Table) -> Table {
    if let Some(toml::Value::Table(sources)) = config.get_mut("source") {
        let names: Vec<String> = sources.keys().cloned().collect();
        for name in names {
            let Some(toml::Value::Table(source)) = sources.get_mut(&name) else { continue };
            let ours = |source: &Table| match source.get("replace-with") {
                Some(toml::Value::String(with)) => SOURCE_NAMES.contains(&with.as_str()),
                _ => false,
            };
            if ours(source) {
                source.remove("replace-with");
            }
            let definition = name.contains('+') && source.keys().all(|key| is_definition(key));
            if SOURCE_NAMES.contains(&name.as_str()) || definition || (name == "crates-io" && source.is_empty()) {
                sources.remove(&name);
            }
        }
        if sources.is_empty() {
            config.remove("source");
        }
    }
    if let Some(toml::Value::Table(ours)) = config.get_mut("sequester") {
        ours.remove("version");
        ours.remove("platforms");
        ours.remove("allow");
        if ours.is_empty() {
            config.remove("sequester");
        }
    }
    config
}

fn is_definition(key: &str) -> bool {
    matches!(key, "registry" | "git" | "branch" | "tag" | "rev")
}

/// Cargo's own minimum age, which plain cargo obeys from 1.100 on.
const AGE_TABLE: &str = "registry";
const AGE_KEY: &str = "global-min-publish-age";

/// The file's bytes with `registry.global-min-publish-age`, every other byte as it was. A file that sets an age already comes back
/// unchanged, whatever that age is.
///
/// # Errors
/// The text is not TOML, or is written in a form that cannot be added to.
pub fn with_minimum_age(original: Option<&[u8]>, age: Age) -> Result<Vec<u8>, SpliceError> {
    let original = std::str::from_utf8(original.unwrap_or_default()).map_err(|_| SpliceError::NotUtf8)?;
    let lines = Lines::completed(original);
    let document = lines.parsed()?;
    let mut splicer = Splicer::new(&document, lines);
    splicer.set(&[AGE_TABLE], AGE_KEY, &format!("\"{age}\""), |_| true)?;
    let text = splicer.finish();
    // Every shape that TOML allows was not foreseen. What is wrong with the result, if anything, shows in the result.
    if text != original && !says_only_more(original, &text, age) {
        return Err(SpliceError::Shape { line: 1, key: AGE_TABLE.to_owned() });
    }
    Ok(text.into_bytes())
}

fn says_only_more(before: &str, after: &str, age: Age) -> bool {
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<Table>();
    let (Ok(mut expected), Ok(after)) = (parse(before), parse(after)) else { return false };
    let toml::Value::Table(registry) = expected.entry(AGE_TABLE).or_insert_with(|| toml::Value::Table(Table::new()))
    else {
        return false;
    };
    registry.insert(AGE_KEY.to_owned(), toml::Value::String(age.to_string()));
    expected == after
}

/// The text cannot take our keys. Lines are counted from 1; each message begins with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// It is not UTF-8.
    #[error("1: this file is not UTF-8 text\nhelp: save it as UTF-8")]
    NotUtf8,
    /// It is not TOML.
    #[error("{line}: not TOML: {message}\nhelp: cargo cannot read this file either; mend this line")]
    Syntax {
        /// Where.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A source is already replaced, and not by us.
    #[error(
        "{line}: `{key}` is set, and `vendor` would change where crates come from\n  - {old}\n  + {new}\nhelp: remove this \
         `replace-with` (a mirror of crates.io that may stand in for it is named in `sequester.toml`), or use `--no-config`"
    )]
    Conflict {
        /// Where.
        line: usize,
        /// The key with its tables.
        key: String,
        /// The line as it is.
        old: String,
        /// The line as it would be.
        new: String,
    },
    /// crates.io is taken from somewhere else than the registry that is to stand in for it.
    #[error(
        "{line}: `{key}` is set, and is never written over\n  - {old}\n  + {new}\nhelp: see why it is there; remove it, then run this again"
    )]
    TakenFrom {
        /// Where.
        line: usize,
        /// The key with its tables.
        key: String,
        /// The line as it is.
        old: String,
        /// The line as it would be.
        new: String,
    },
    /// Our table was written by another version of this program.
    #[error(
        "{line}: `sequester.version` is {found}, and this program writes {ALLOW_LIST_VERSION}\nhelp: use the release of cargo-sequester that \
         wrote it, or remove the table"
    )]
    Version {
        /// Where.
        line: usize,
        /// As written.
        found: String,
    },
    /// Our keys, or the tables that they belong into, are written in a form that cannot be added to.
    #[error(
        "{line}: `{key}` is written in a form that cannot be changed in place\nhelp: write it under a header: [{key}]"
    )]
    Shape {
        /// Where.
        line: usize,
        /// The table.
        key: String,
    },
    /// A name, an address or a path that must not stand in this file.
    #[error(
        "1: {0:?} cannot be written as a name or path of a source\nhelp: choose a path without control characters; see who named the package so"
    )]
    Name(String),
}

impl From<Syntax> for SpliceError {
    fn from(Syntax { line, message }: Syntax) -> Self {
        Self::Syntax { line, message }
    }
}

impl From<Shape> for SpliceError {
    fn from(Shape { line, key }: Shape) -> Self {
        Self::Shape { line, key }
    }
}
