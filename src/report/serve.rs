//! What `serve` says before it serves.

use std::io::{self, Write};

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

/// A configuration without a fault.
pub(crate) fn checked(teams: usize, registries: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "     Checked {}, {}: no fault",
        counted(teams, "team"),
        counted(registries, "registry").replace("registrys", "registries")
    )
}

/// A new token, and what a configuration holds of it.
pub(crate) fn token(token: &str, hash: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{token}")?;
    writeln!(out)?;
    writeln!(out, "[[teams.NAME.tokens]]")?;
    writeln!(out, "name = \"…\"")?;
    writeln!(out, "hash = \"{hash}\"")
}
