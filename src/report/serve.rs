//! What `serve` says before it serves.

use std::io::{self, Write};

use super::escape;
use super::words::counted;

/// Where it serves, and what its clients need.
pub(crate) fn served(url: &str, store: &str, configs: &[(String, String)], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "     Serving {url}")?;
    writeln!(out, "       Store {store}")?;
    for (team, lines) in configs {
        writeln!(out, "        Team {team}: put this into .cargo/config.toml")?;
        writeln!(out)?;
        write!(out, "{lines}")?;
        writeln!(out)?;
    }
    out.flush()
}

/// A configuration that can be used.
pub(crate) fn checked(teams: usize, registries: usize, warnings: usize, out: &mut impl Write) -> io::Result<()> {
    let found = if warnings == 0 { "no fault".to_owned() } else { counted(warnings, "warning") };
    writeln!(
        out,
        "     Checked {}, {}: {found}",
        counted(teams, "team"),
        counted(registries, "registry").replace("registrys", "registries")
    )
}

/// A registry that a team has and its policy does not name: everything that comes from it is rejected.
pub(crate) fn not_named(team: &str, registry: &str, index: &str, out: &mut impl Write) -> io::Result<()> {
    let [team, registry, index] = [team, registry, index].map(escape::terminal);
    writeln!(
        out,
        "warning: the policy of the team `{team}` does not name its registry `{registry}`, so it has nothing from there"
    )?;
    writeln!(out, "help: in that policy, have")?;
    writeln!(out, "\n[registries.{registry}]\nindex = \"{index}\"\n")
}

/// A new token, and what a configuration holds of it.
pub(crate) fn token(token: &str, hash: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{token}")?;
    writeln!(out)?;
    writeln!(out, "[[teams.NAME.tokens]]")?;
    writeln!(out, "name = \"…\"")?;
    writeln!(out, "hash = \"{hash}\"")
}
