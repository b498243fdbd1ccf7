//! What each kind of command promises, and whether it keeps it.

use super::printed::Paste;
use super::scenes::{Copy, Scene};
use serde_json::Value;

type Kept = Result<(), String>;

/// Carries out what was printed in a copy of the scene, and looks whether that did what it says.
pub fn keep(scene: &Scene, run: &[&str], paste: &Paste) -> Kept {
    match paste {
        Paste::Entry { place, text } => entry(&scene.copy(), place, text),
        Paste::Command(line) => {
            let words: Vec<&str> = line.split_whitespace().collect();
            let copy = scene.copy();
            match words.as_slice() {
                ["cargo", "sequester", "approve", "--prune", ..] => prune(&copy, line),
                ["cargo", "sequester", "approve", spec, more @ ..] => approve(&copy, line, spec, more, run),
                ["cargo", "sequester", "update", "--workspace", ..] => completed(&copy, line),
                ["cargo", "sequester", "update", spec, "--precise", version, ..] => moved(&copy, line, spec, version),
                ["cargo", "sequester", "update", ..] => code(&copy, line, &[0, 1]).map(|_| ()),
                ["cargo", "sequester", "fix", ..] => mended(&copy, line),
                ["cargo", "sequester", "explain", spec, ..] => explained(&copy, line, spec),
                ["cargo", "sequester", "inspect", spec, ..] => looked_into(&copy, line, spec),
                ["cargo", "sequester", "diff", name, ..] => compared(&copy, line, name),
                ["cargo", "sequester", "audit" | "status", ..] => told(&copy, line),
                ["cargo", "sequester", "vendor", ..] => vendored(&copy, line),
                ["cargo", "sequester", "cargo", .., "generate-lockfile"] => locked(&copy, line),
                ["cargo", "sequester", "init", ..] => adopted(&copy, line),
                ["cargo", "sequester", "log", ..] => code(&copy, line, &[0]).map(|_| ()),
                ["rm", "-r", paths @ ..] => removed(&copy, line, paths),
                ["git", "log", ..] => code(&copy, line, &[0]).map(|_| ()),
                _ => Err("nobody says what a command of this kind promises: say it in tests/it/help_lines/promise.rs"
                    .to_owned()),
            }
        }
    }
}

/// Runs the line with what only a person can say filled in; an error where it ends otherwise.
fn code(copy: &Copy<'_>, line: &str, codes: &[i32]) -> Result<String, String> {
    let outcome = copy.shell(&line.replace("TEXT", "read what it does"));
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    if codes.contains(&outcome.code) { Ok(told) } else { Err(format!("ended with {}:\n{told}", outcome.code)) }
}

fn named<'a>(document: &'a Value, spec: &str) -> Vec<&'a Value> {
    let spec = spec.trim_matches('\'');
    let rest = spec.rsplit('#').next().unwrap_or(spec);
    let (name, version) = rest.split_once('@').map_or((rest, None), |(name, version)| (name, Some(version)));
    let packages = document["packages"].as_array().unwrap().iter();
    packages.filter(|one| one["name"] == name && version.is_none_or(|version| one["version"] == version)).collect()
}

fn reasons(package: &Value) -> Vec<String> {
    let codes = package["reasons"].as_array().unwrap().iter();
    codes
        .map(|reason| {
            format!("{} {}", reason["code"].as_str().unwrap(), reason["advisory"].as_str().unwrap_or_default())
        })
        .collect()
}

/// After an approval nothing that a person may lift holds the release; after an ignore that advisory does not.
fn approve(copy: &Copy<'_>, line: &str, spec: &str, more: &[&str], run: &[&str]) -> Kept {
    code(copy, line, &[0])?;
    let ignored = more.iter().position(|word| *word == "--id").and_then(|at| more.get(at + 1));
    // The policy that was changed is the one that judges.
    let policy = run.iter().position(|word| *word == "--policy").and_then(|at| run.get(at + 1));
    let policy: Vec<&str> = policy.map(|path| vec!["--policy", *path]).unwrap_or_default();
    let outcome = copy.sequester(&[&["audit", "--format", "json"], &*policy].concat());
    let document: Value =
        serde_json::from_str(&outcome.stdout).map_err(|error| format!("{error}: {}", outcome.stderr))?;
    for package in named(&document, spec) {
        let left = reasons(package);
        let stays = match ignored {
            Some(id) => left.iter().any(|reason| reason.ends_with(id)),
            None => !left.is_empty(),
        };
        if stays {
            return Err(format!("{spec} is still held: {left:?}"));
        }
    }
    Ok(())
}

fn prune(copy: &Copy<'_>, line: &str) -> Kept {
    code(copy, line, &[0])?;
    let left = copy.tell(&["audit"]);
    if left.contains("--prune") { Err(format!("there is still something to prune:\n{left}")) } else { Ok(()) }
}

/// The lock file has the version, and no release that was not there is held.
fn moved(copy: &Copy<'_>, line: &str, spec: &str, version: &str) -> Kept {
    let before = held(&copy.audit());
    let told = code(copy, line, &[0, 1])?;
    let after = copy.audit();
    let name = spec.rsplit('#').next().unwrap_or(spec).split('@').next().unwrap_or(spec);
    if named(&after, &format!("{name}@{version}")).is_empty() {
        return Err(format!("the lock file does not have {name} {version}:\n{told}"));
    }
    let new: Vec<String> = held(&after).into_iter().filter(|one| !before.contains(one)).collect();
    if new.is_empty() { Ok(()) } else { Err(format!("what is held now was not there before: {new:?}")) }
}

/// The held packages, and what makes the run undecided.
fn in_the_way(document: &Value) -> Vec<String> {
    let blockers = document["blockers"].as_array().unwrap().iter();
    blockers.map(|one| one["code"].as_str().unwrap().to_owned()).chain(held(document)).collect()
}

fn held(document: &Value) -> Vec<String> {
    let packages = document["packages"].as_array().unwrap().iter();
    packages.filter(|one| !reasons(one).is_empty()).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// Fewer packages are held than before.
fn mended(copy: &Copy<'_>, line: &str) -> Kept {
    let before = held(&copy.audit()).len();
    code(copy, line, &[0, 1])?;
    let after = held(&copy.audit()).len();
    if after < before { Ok(()) } else { Err(format!("{before} packages were held, and {after} are")) }
}

/// What is approved is vendored, and proven to be.
fn vendored(copy: &Copy<'_>, line: &str) -> Kept {
    code(copy, line, &[0])?;
    let verified = copy.sequester(&["verify"]);
    if verified.code == 0 {
        Ok(())
    } else {
        Err(format!("it does not verify:\n{}{}", verified.stdout, verified.stderr))
    }
}

/// There is a policy, and what it carries passes.
fn adopted(copy: &Copy<'_>, line: &str) -> Kept {
    code(copy, line, &[0, 1])?;
    if copy.path("sequester.toml").exists() { Ok(()) } else { Err("there is no policy".to_owned()) }
}

/// The lock file answers the manifests.
fn completed(copy: &Copy<'_>, line: &str) -> Kept {
    code(copy, line, &[0, 1])?;
    let document = copy.audit();
    let outdated = document["blockers"].as_array().unwrap().iter().any(|one| one["code"] == "lock-outdated");
    if outdated { Err("the lock file still does not answer".to_owned()) } else { Ok(()) }
}

fn explained(copy: &Copy<'_>, line: &str, spec: &str) -> Kept {
    // Everything is told, whatever the run could decide.
    let told = code(copy, line, &[0, 1, 2])?;
    let name = spec.trim_matches('\'').rsplit('#').next().unwrap_or(spec).to_owned();
    if told.contains(&name) { Ok(()) } else { Err(format!("nothing is said of {name}:\n{told}")) }
}

/// What stands out inside is told, with what it means.
fn looked_into(copy: &Copy<'_>, line: &str, spec: &str) -> Kept {
    let told = code(copy, line, &[0, 1])?;
    let name = spec.trim_matches('\'').rsplit('#').next().unwrap_or(spec);
    if told.contains(&format!("{name},")) { Ok(()) } else { Err(format!("nothing is told of {name}:\n{told}")) }
}

fn compared(copy: &Copy<'_>, line: &str, name: &str) -> Kept {
    let told = code(copy, line, &[0])?;
    let name = name.trim_matches('\'').rsplit('#').next().unwrap_or(name);
    if told.contains(&format!("Diff {name} ")) { Ok(()) } else { Err(format!("nothing is compared:\n{told}")) }
}

/// A report is made: not even an undecided one complains of its command line or its files.
fn told(copy: &Copy<'_>, line: &str) -> Kept {
    let told = code(copy, line, &[0, 1])?;
    if told.contains("packages") || told.contains("1 package") { Ok(()) } else { Err(format!("no verdict:\n{told}")) }
}

fn removed(copy: &Copy<'_>, line: &str, paths: &[&str]) -> Kept {
    let is_there = |path: &&&str| copy.path(path.trim_matches('\'')).exists();
    if paths.iter().filter(is_there).count() != paths.len() {
        return Err("it names what is not there".to_owned());
    }
    code(copy, line, &[0])?;
    if paths.iter().any(|path| is_there(&path)) { Err("it is still there".to_owned()) } else { Ok(()) }
}

fn locked(copy: &Copy<'_>, line: &str) -> Kept {
    code(copy, line, &[0, 1])?;
    if copy.path("Cargo.lock").exists() { Ok(()) } else { Err("there is no lock file".to_owned()) }
}

/// The policy takes the entry, and what it is about is no longer held for it.
fn entry(copy: &Copy<'_>, place: &str, text: &str) -> Kept {
    let before = in_the_way(&copy.audit());
    let policy = copy.read("sequester.toml");
    let mut document: toml_edit::DocumentMut = policy.parse().map_err(|error| format!("{error}"))?;
    let written = if text.starts_with('[') {
        format!("{policy}\n{text}")
    } else if let Some(list) = place.split('`').nth(1) {
        // "add to `allow-git` under [sources] of …"
        let table = place.split('[').nth(1).and_then(|rest| rest.split(']').next()).ok_or("no table is named")?;
        let list = document[table][list].or_insert(toml_edit::value(toml_edit::Array::new()));
        let value: toml_edit::Value = text.parse().map_err(|error| format!("no value: {error}"))?;
        list.as_array_mut().ok_or("it is no list")?.push(value);
        document.to_string()
    } else {
        return Err(format!("it is not said where this goes: {place}"));
    };
    std::fs::write(copy.path("sequester.toml"), written).unwrap();
    let after = copy.sequester(&["audit", "--format", "json"]);
    let after: Value = serde_json::from_str(&after.stdout).map_err(|_| format!("it is refused: {}", after.stderr))?;
    if place.contains("`deny`") {
        let name = text.trim_matches('"').split('@').next().unwrap_or_default();
        let denied =
            named(&after, name).iter().any(|package| reasons(package).iter().any(|one| one.starts_with("denied")));
        return if denied { Ok(()) } else { Err(format!("{name} is not denied")) };
    }
    let after = in_the_way(&after);
    if after.len() < before.len() { Ok(()) } else { Err(format!("held before: {before:?}, after: {after:?}")) }
}
