//! What an attacker, or an honest hand, changes: one thing in a manifest, in the configuration, or in the lock file.

use super::project::{Dep, From, MEMBERS, Project, any_req};
use super::universe::{CRATES, OTHER, checksum};
use crate::support::Dice;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A changed project and lock file, and what was done.
pub fn mutate(project: &mut Project, lock: &mut String, dice: &mut Dice) -> &'static str {
    if dice.one_in(3) { of_lock(lock, dice) } else { of_manifests(project, dice) }
}

fn any_dep<'p>(project: &'p mut Project, dice: &mut Dice) -> &'p mut Dep {
    let number = dice.roll(project.packages.len());
    let deps = &mut project.packages[number].deps;
    let at = dice.roll(deps.len());
    &mut deps[at]
}

fn of_manifests(project: &mut Project, dice: &mut Dice) -> &'static str {
    let what = dice.roll(24);
    match what {
        0 => "nothing",
        6..=8 => {
            let (name, folder) = *dice.pick(&[
                ("aa", "aa-1.1.0"),
                ("aa", "aa-1.9.0"),
                ("bb", "bb-1.0.0"),
                ("bb", "bb-1.1.0"),
                ("bb", "bb-2.5.0"),
                ("ee", "ee-0.1.9"),
            ]);
            let source = *dice.pick(&[
                "crates-io",
                "crates-io",
                "other",
                "https://github.com/rust-lang/crates.io-index",
                "http://127.0.0.1:1/index",
            ]);
            let mut dep = Dep::path(name, folder);
            if dice.one_in(4) {
                dep.package = Some(dep.key.clone());
                dep.key = String::from("patched");
            }
            let into = if dice.one_in(2) { &mut project.patches } else { &mut project.config_patches };
            into.push((source.to_owned(), dep));
            "patch"
        }
        9 => {
            let other =
                Dep { req: None, from: From::OtherByName, ..Dep::on(if dice.one_in(2) { "aa" } else { "bb" }, "") };
            project.patches.push((String::from("crates-io"), Dep { req: Some(String::from("1")), ..other }));
            "patch by a registry"
        }
        18 => {
            let package = dice.roll(project.packages.len());
            let at = dice.roll(project.packages[package].deps.len());
            project.packages[package].deps.remove(at);
            "a dependency less"
        }
        19 | 20 => {
            let package = dice.roll(project.packages.len());
            let mut dep = Dep::any(dice);
            dep.inherited &= package < MEMBERS;
            project.packages[package].add(dep);
            "a dependency more"
        }
        21 => {
            let package = dice.roll(project.packages.len());
            project.packages[package].version = String::from("0.1.1");
            "another version"
        }
        22 => {
            let package = dice.roll(project.packages.len());
            project.packages[package].any_features(dice);
            project.packages[package].features.sort();
            project.packages[package].features.dedup_by(|one, other| one.0 == other.0);
            "the package's own features"
        }
        23 => {
            let package = dice.roll(project.packages.len());
            project.packages[package].links = Some(String::from("bee"));
            "links"
        }
        _ => of_dependency(project, dice, what),
    }
}

fn of_dependency(project: &mut Project, dice: &mut Dice, what: usize) -> &'static str {
    match what {
        1 => {
            let dep = any_dep(project, dice);
            if dep.req.is_some() {
                dep.req = Some(any_req(dice, if dep.name() == "ee" { &["0.1.0"] } else { &["1.0.0"] }).to_owned());
            }
            "requirement"
        }
        2 => {
            any_dep(project, dice).from = From::OtherByName;
            "to another registry"
        }
        3 => {
            any_dep(project, dice).from = From::OtherByIndex;
            "to another registry's index"
        }
        4 => {
            let dep = any_dep(project, dice);
            dep.from = From::Git(format!("file:///nowhere/{}", dep.name()));
            "to git"
        }
        5 => {
            let dep = any_dep(project, dice);
            let folder = match dep.name() {
                "aa" => "aa-1.1.0",
                "ee" => "ee-0.1.9",
                _ => "bb-1.1.0",
            };
            dep.from = From::Path(folder.to_owned());
            "to a path"
        }
        10 => {
            let dep = any_dep(project, dice);
            let of = CRATES.iter().find(|one| one.name == dep.name()).map_or(&["none"][..], |one| one.features);
            if !of.is_empty() {
                dep.features.push((*dice.pick(of)).to_owned());
            }
            "a feature more"
        }
        11 => {
            any_dep(project, dice).features.clear();
            "features less"
        }
        12 => {
            let dep = any_dep(project, dice);
            dep.default = Some(dep.default == Some(false));
            "default features"
        }
        13 => {
            let dep = any_dep(project, dice);
            if dep.table != "dev-dependencies" {
                dep.optional = !dep.optional;
            }
            "optional"
        }
        14 => {
            let dep = any_dep(project, dice);
            dep.package = Some(dep.name().to_owned());
            dep.key = format!("other-{}", dep.key);
            "renamed"
        }
        15 => {
            let dep = any_dep(project, dice);
            dep.package = Some((*dice.pick(&["aa", "bb", "cc", "dd"])).to_owned());
            "another package under its name"
        }
        16 => {
            let dep = any_dep(project, dice);
            dep.target = !dep.target;
            "target table"
        }
        _ => {
            let dep = any_dep(project, dice);
            dep.table = *dice.pick(&["dependencies", "build-dependencies", "dev-dependencies"]);
            if dep.table == "dev-dependencies" {
                dep.optional = false;
            }
            "kind"
        }
    }
}

/// The `[[package]]` blocks of a lock file.
fn blocks(lock: &str) -> (String, Vec<String>) {
    let mut parts = lock.split("[[package]]\n");
    let head = parts.next().unwrap().to_owned();
    (head, parts.map(|part| part.trim_end().to_owned()).collect())
}

fn join(head: &str, blocks: &[String]) -> String {
    blocks.iter().fold(head.to_owned(), |text, block| format!("{text}[[package]]\n{block}\n\n"))
}

fn value<'b>(block: &'b str, key: &str) -> Option<&'b str> {
    block.lines().find_map(|line| line.strip_prefix(&format!("{key} = \""))).map(|rest| rest.trim_end_matches('"'))
}

fn release(name: &str, version: &str) -> String {
    let checksum = checksum(name, version);
    format!("name = {name:?}\nversion = {version:?}\nsource = {CRATES_IO:?}\nchecksum = {checksum:?}")
}

fn of_lock(lock: &mut String, dice: &mut Dice) -> &'static str {
    let (head, mut all) = blocks(lock);
    let at = dice.roll(all.len());
    let name = value(&all[at], "name").unwrap().to_owned();
    let points_to = |line: &str| {
        let text = line.trim().trim_start_matches('"').trim_end_matches(',').trim_end_matches('"');
        text.split(' ').next() == Some(&*name) && line.starts_with(" \"")
    };
    let done = match dice.roll(9) {
        0 | 1 => {
            all.remove(at);
            for block in &mut all {
                *block = block.lines().filter(|line| !points_to(line)).collect::<Vec<_>>().join("\n");
            }
            "a package and its edges less"
        }
        2 => {
            let edges: Vec<usize> =
                (0..all[at].lines().count()).filter(|n| all[at].lines().nth(*n).unwrap().starts_with(" \"")).collect();
            if !edges.is_empty() {
                let gone = *dice.pick(&edges);
                all[at] = all[at]
                    .lines()
                    .enumerate()
                    .filter(|(n, _)| *n != gone)
                    .map(|(_, line)| line)
                    .collect::<Vec<_>>()
                    .join("\n");
            }
            "an edge less"
        }
        3 => {
            let to = dice.pick(&all).clone();
            let mut edge = format!("{} {}", value(&to, "name").unwrap(), value(&to, "version").unwrap());
            if let Some(source) = value(&to, "source") {
                edge = format!("{edge} ({source})");
            }
            if all[at].contains("dependencies = [") {
                all[at] = all[at].replace("dependencies = [", &format!("dependencies = [\n \"{edge}\","));
            } else {
                all[at] = format!("{}\ndependencies = [\n \"{edge}\",\n]", all[at]);
            }
            "an edge more"
        }
        4 => {
            all.push(String::from("name = \"decoy\"\nversion = \"1.0.0\""));
            if dice.one_in(2) {
                all.push(String::from("name = \"bb\"\nversion = \"1.1.0\""));
            }
            "a decoy without a source"
        }
        5 => {
            if !all.iter().any(|block| value(block, "name") == Some("zz")) {
                all.push(release("gg", "1.1.0-pre.1"));
            }
            "a release that nothing reaches"
        }
        6 => {
            let version = value(&all[at], "version").unwrap().to_owned();
            let known = CRATES.iter().find(|one| one.name == name).map_or(&["0.1.1", "0.2.0"][..], |one| one.versions);
            let other = dice.pick(known);
            all[at] = all[at].replace(&format!("version = {version:?}"), &format!("version = {other:?}"));
            if all[at].contains("checksum") {
                let sum = value(&all[at], "checksum").unwrap().to_owned();
                all[at] = all[at].replace(&sum, &checksum(&name, other));
            }
            for block in &mut all {
                *block = block.replace(&format!("\"{name} {version}"), &format!("\"{name} {other}"));
            }
            "another version locked"
        }
        7 => {
            let source = value(&all[at], "source").unwrap_or_default().to_owned();
            let other = if source == CRATES_IO { OTHER } else { CRATES_IO };
            all[at] = all[at].replace(&format!("{source:?}"), &format!("{other:?}"));
            "another source locked"
        }
        _ => {
            let last = all.pop().unwrap();
            all.push(format!("{last}\n\n[[patch.unused]]\nname = \"bb\"\nversion = \"1.1.0\""));
            "an unused patch recorded"
        }
    };
    *lock = join(&head, &all);
    done
}
