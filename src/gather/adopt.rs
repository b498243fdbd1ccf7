//! Reads the files of other tools for what a policy can say too: cargo's own keys, `cooldown.toml`, `deny.toml`, a store of cargo-vet.
//!
//! None of them is ours, so nothing in them is an error: what cannot be used is named with its file and line. Every value that is
//! taken has passed the strict reader of policy files.

mod cooldown;
mod deny;
mod foreign;
mod vet;

use camino::Utf8Path;

use self::foreign::{fits, quoted, take_registry};
use super::cargo_config::{CargoConfig, CargoConfigError, Replacement};
use crate::model::adoption::{Adopted, AdoptedRegistry, NotTaken};
use crate::model::age::Age;
use crate::model::policy::{Origin, Setting};
use crate::model::source::Registry;

pub use cooldown::cooldown_age;

/// What the project in `root` says elsewhere. `config` is what a cargo started there obeys.
///
/// # Errors
/// Cargo's configuration has a key of these that cargo refuses.
pub fn read(root: &Utf8Path, config: &CargoConfig) -> Result<Adopted, CargoConfigError> {
    let mut adopted = Adopted::default();
    read_cargo(root, config, &mut adopted)?;
    cooldown::read(root, &mut adopted);
    deny::read(root, &mut adopted);
    vet::read(root, &mut adopted);
    Ok(adopted)
}

/// Ages of the project's own files, and the registry that is asked in the place of crates.io.
fn read_cargo(root: &Utf8Path, config: &CargoConfig, adopted: &mut Adopted) -> Result<(), CargoConfigError> {
    let ages = config.ages()?;
    if let Some(Setting { value, origin }) = ages.global {
        match unfit(&origin, value == Age::ZERO, root) {
            Some(why) => adopted.leave(within(origin, root), why),
            None => adopted.ages.push(Setting { value, origin: within(origin, root) }),
        }
    }
    let names = config.registries()?;
    for (registry, Setting { value, origin }) in ages.registries {
        let off = value == Age::ZERO && registry == Registry::CratesIo;
        let why = unfit(&origin, off, root);
        let origin = within(origin, root);
        let name = names.iter().find(|one| one.registry.value == registry).map(|one| one.name.clone());
        match (why, name) {
            (Some(why), _) => adopted.leave(origin, why),
            (None, Some(name)) => {
                take_registry(adopted, AdoptedRegistry { name, registry, min_publish_age: value }, origin);
            }
            (None, None) => adopted.leave(origin, NotTaken::UnknownForm),
        }
    }
    if let Replacement::Registry { registry, origin } = config.replacement(&Registry::CratesIo)? {
        let origin = within(origin, root);
        if fits(&format!("[sources]\nmirrors = [{}]\n", quoted(&registry.to_string()))) {
            adopted.mirrors.push(Setting { value: registry, origin });
        } else {
            adopted.leave(origin, NotTaken::UnknownForm);
        }
    }
    Ok(())
}

/// What one machine is told is not for everybody, and no age is not taken over unseen.
fn unfit(origin: &Origin, off: bool, root: &Utf8Path) -> Option<NotTaken> {
    let inside = matches!(origin, Origin::File { path, .. } if path.starts_with(root));
    match (inside, off) {
        (false, _) => Some(NotTaken::MachineOnly),
        (true, true) => Some(NotTaken::NoHold),
        (true, false) => None,
    }
}

/// The place as a reader at the root would name it.
fn within(origin: Origin, root: &Utf8Path) -> Origin {
    match origin {
        Origin::File { path, line, key } => {
            let path = path.strip_prefix(root).map(Utf8Path::to_owned).unwrap_or(path);
            Origin::File { path, line, key }
        }
        origin @ (Origin::Default | Origin::Flag | Origin::Environment(_)) => origin,
    }
}
