//! What `cargo package` and `cargo publish` build to verify what they packaged.
//!
//! The packaged manifest is not the workspace's: what came from a folder, a repository or a `[patch]` is a registry's there, which cargo
//! resolves anew, and downloads and compiles whatever is newest. That cannot be led through the filter, because what is uploaded must
//! reach the real registry; so where it can happen, the verification is refused. Members that are packaged together are no exception:
//! cargo lays them over the registry, and what else that has of the same name is not hidden.

use semver::{Version, VersionReq};

use super::outcome::CommandError;
use crate::gather::cargo;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::command_line::CommandLine;
use crate::gather::environment::Environment;
use crate::gather::toml_tree::{self, Table, Value};
use crate::gather::workspace::{self, Local, Workspace};
use crate::model::index_line::DependencyKind;
use crate::report::escape::shell_word;

const MAX_MANIFEST: u64 = 32 << 20;
/// The first cargo that packages the lock file of a library, too.
const PACKS_EVERY_LOCK_FILE: Version = Version::new(1, 84, 0);

/// Refuses a verification that could take something that the lock file does not have.
pub(super) fn check(line: &CommandLine, config: &CargoConfig, environment: &Environment) -> Result<(), CommandError> {
    let Some(verb) = line.verb.as_deref().filter(|verb| matches!(*verb, "package" | "publish")) else { return Ok(()) };
    if line.has(&["--no-verify", "--list"]) {
        return Ok(());
    }
    let Some(why) = resolves_anew(line, config, environment)? else { return Ok(()) };
    let toolchain = line.toolchain.iter().map(|name| format!("+{name}"));
    let again: Vec<String> = toolchain.chain(line.arguments(false)).map(|word| shell_word(&word)).collect();
    Err(CommandError::Packaging { verb: verb.to_owned(), why, again: again.join(" ") })
}

fn resolves_anew(
    line: &CommandLine,
    config: &CargoConfig,
    environment: &Environment,
) -> Result<Option<String>, CommandError> {
    if line.has(&["--exclude-lockfile"]) {
        return Ok(Some(String::from("`--exclude-lockfile` leaves it out of the package")));
    }
    let workspace = workspace::locate(environment, config, line.manifest_path().as_deref())?;
    let root = toml_tree::read(&workspace.root.join("Cargo.toml"), MAX_MANIFEST).ok();
    let has = |key| root.as_ref().is_none_or(|root| root.get(key).is_some());
    if has("patch") || has("replace") || !config.substitutions().is_empty() {
        return Ok(Some(String::from("packages stand in the place of others here, by `patch`, `replace` or `paths`")));
    }
    let is_star_written = |local: &Local| {
        let manifest = toml_tree::read(&local.package.root.join("Cargo.toml"), MAX_MANIFEST).ok();
        [&manifest, &root].into_iter().any(|table| table.as_ref().is_none_or(writes_star))
    };
    let packaged = packaged(line, &workspace, environment);
    for local in &packaged {
        // A development dependency without a version is left out of the package.
        let stays = local
            .dependencies
            .iter()
            .filter(|one| !one.from_registry)
            .find(|one| one.kind != DependencyKind::Dev || one.req != VersionReq::STAR || is_star_written(local));
        if let Some(one) = stays {
            let what = format!(
                "of {} a registry is to give it `{}`, which here is a folder's or a repository's",
                local.name, one.name
            );
            return Ok(Some(what));
        }
    }
    let is_packed = || cargo::version(environment).is_ok_and(|version| version >= PACKS_EVERY_LOCK_FILE);
    let is_left_out = packaged.iter().any(|local| !local.about.program) && !is_packed();
    Ok(is_left_out.then(|| String::from("a cargo before 1.84 packages none with a library")))
}

/// The members that can be meant: too many rather than too few.
fn packaged<'w>(line: &CommandLine, workspace: &'w Workspace, environment: &Environment) -> Vec<&'w Local> {
    let members = || workspace.packages.iter().filter(|local| local.package.member);
    if let Some(names) = line.packages() {
        let named: Vec<&Local> = members().filter(|local| names.contains(&&*local.name)).collect();
        return if named.len() == names.len() { named } else { members().collect() };
    }
    let manifest = environment.current_dir().join(line.manifest_path().unwrap_or_else(|| "Cargo.toml".into()));
    let here = members().find(|local| Some(&*local.package.root) == manifest.parent());
    match here.filter(|local| local.package.root != workspace.root) {
        Some(local) => vec![local],
        None => members().collect(),
    }
}

/// Whether a dependency from a folder or a repository says that any version will do, which cargo tells no differently than none.
fn writes_star(table: &Table) -> bool {
    let is_star = |text: &str| VersionReq::parse(text).is_ok_and(|req| req == VersionReq::STAR);
    let is_elsewhere = ["path", "git"].iter().any(|key| table.get(key).is_some());
    let written = table.get("version").and_then(|entry| entry.value.as_text());
    is_elsewhere && written.is_some_and(|text| is_star(text))
        || table.iter().filter_map(|(_, entry)| Value::as_table(&entry.value)).any(writes_star)
}
