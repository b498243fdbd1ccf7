//! `man`: the manual's pages, from the grammar of the command line.

use clap_mangen::Man;

use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Cli};
use crate::files::Replacement;
use crate::report::words::counted;

/// Prints one page, or writes all of them into a folder.
pub(super) fn run(cli: &Cli, arguments: &cli::Man) -> Result<Outcome, CommandError> {
    let mut grammar = cli::grammar().disable_help_subcommand(true);
    grammar.build();
    let verbs = grammar.get_subcommands().filter(|verb| !verb.is_hide_set());
    let Some(folder) = &arguments.out else {
        let named = arguments.verb.as_deref();
        let verb = match named {
            None => &grammar,
            Some(name) => verbs
                .into_iter()
                .find(|verb| verb.get_name() == name)
                .ok_or(CommandError::Usage("there is no such verb\nhelp: `cargo sequester --help` lists them"))?,
        };
        output::report_verbatim(&page(verb)?)?;
        return Ok(Outcome::Approved);
    };
    let pages = std::iter::once(&grammar).chain(verbs);
    std::fs::create_dir_all(folder).map_err(|cause| CommandError::Pages { path: folder.clone(), cause })?;
    let mut count = 0_u64;
    for verb in pages {
        count += 1;
        let name = verb.get_display_name().unwrap_or_else(|| verb.get_name());
        let path = folder.join(format!("{name}.1"));
        let written = Replacement::of(&path).write(&page(verb)?);
        written.map_err(|cause| CommandError::Pages { path: path.clone(), cause })?;
    }
    output::wrote(cli, &format!("{} in {folder}", counted(count, "page")))?;
    Ok(Outcome::Approved)
}

fn page(verb: &clap::Command) -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    Man::new(verb.clone()).manual("Cargo Sequester").render(&mut text).map_err(CommandError::Output)?;
    Ok(text)
}
