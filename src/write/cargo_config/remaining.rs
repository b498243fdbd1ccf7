//! What a configuration says beside our keys: the check that a change touched nothing else.

use toml::{Table, Value};

use super::SOURCE_NAMES;

/// Whether two texts say the same once our keys are left out. `false` where one of them is not TOML.
pub(super) fn same_beside_ours(before: &str, after: &str) -> bool {
    let parse = |text: &str| text.trim_start_matches('\u{feff}').parse::<Table>();
    match (parse(before), parse(after)) {
        (Ok(before), Ok(after)) => without_ours(before) == without_ours(after),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn without_ours(mut config: Table) -> Table {
    if let Some(Value::Table(sources)) = config.get_mut("source") {
        let names: Vec<String> = sources.keys().cloned().collect();
        for name in names {
            let Some(Value::Table(source)) = sources.get_mut(&name) else { continue };
            let ours = |source: &Table| match source.get("replace-with") {
                Some(Value::String(with)) => SOURCE_NAMES.contains(&with.as_str()),
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
    if let Some(Value::Table(ours)) = config.get_mut("sequester") {
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
