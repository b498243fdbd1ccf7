//! What has to be set, what has to go, and what is in the way.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike, Value};

use crate::model::allow_list::{ALLOW_LIST_VERSION, AllowedId, AllowedRelease};

use super::error::SpliceError;
use super::insert::{Splicer, dotted};
use super::lines::Lines;
use super::locate::{Form, Found};
use super::remaining::same_beside_ours;
use super::replaced::{Replaced, is_only_a_definition};
use super::{SOURCE_NAMES, Wanted};
use crate::model::source::Registry;

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
    let lines = Lines::of(original);
    let document = Document::parse(lines.text().to_owned()).map_err(|error| SpliceError::Syntax {
        line: lines.number(error.span().map_or(0, |span| span.start)),
        message: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
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
    set_text(splicer, &path, "replace-with", name)
}

fn location(splicer: &mut Splicer<'_>, wanted: &Wanted<'_>) -> Result<(), SpliceError> {
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
    let Form::Header(header) = &found.form else { return Err(splicer.shape(&path, &(0..0))) };
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
fn platforms(splicer: &mut Splicer<'_>, platforms: &[String]) -> Result<(), SpliceError> {
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

fn set_text(splicer: &mut Splicer<'_>, path: &[&str], key: &str, text: &str) -> Result<(), SpliceError> {
    splicer.set(path, key, &Value::from(text).to_string(), |item| item.as_str() == Some(text))
}

fn text_of<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Item::as_str)
}
