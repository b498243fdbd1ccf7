//! What a sealed command is cut off from.

use std::io::{self, Write};

use camino::Utf8Path;

use crate::report::Verbosity;
use crate::report::escape::terminal;
use crate::report::style::{Tone, verb};

/// A command that is about to be run sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Cargo's verb.
    pub command: &'a str,
    /// Whether it and all that it starts are without a network.
    pub network: bool,
    /// Where the build output stays, if anywhere.
    pub target: Option<&'a Utf8Path>,
}

/// Writes one line, and another one where the network could not be cut off.
///
/// # Errors
/// The writer's.
pub fn sealed(told: &Sealing<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    if !told.network {
        let text = "build scripts can use the network: this system has, or allows, no network namespaces (`unshare`)";
        writeln!(out, "{} {text}", verb(Tone::Caution, "Warning"))?;
    }
    if verbosity == Verbosity::Quiet {
        return Ok(());
    }
    let network = if told.network { ", without a network" } else { "" };
    let output = match told.target {
        Some(folder) => format!("its output stays in {folder}"),
        None => "its output is removed afterwards".to_owned(),
    };
    let text = format!(
        "cargo {}: no configuration but the vendored sources, empty home and target folder, clean environment{network}; {output}",
        told.command
    );
    writeln!(out, "{} {}", verb(Tone::Good, "Sealed"), terminal(&text))
}
