//! `man`: the manual's pages, from the grammar of the command line.

use std::io::Write;

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

/// One page. The generator knows neither the values of options in a synopsis, nor what the text below the options consists of.
fn page(verb: &clap::Command) -> Result<Vec<u8>, CommandError> {
    let version = format!("cargo-sequester {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(verb.clone()).manual("Cargo Sequester").source(version);
    output::text(|page| {
        man.render_title(page)?;
        man.render_name_section(page)?;
        let usage = verb.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage:").unwrap_or(&usage);
        writeln!(page, ".SH SYNOPSIS\n.nf")?;
        usage.lines().try_for_each(|line| writeln!(page, "{}", roff(line.trim())))?;
        writeln!(page, ".fi")?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        if verb.get_subcommands().next().is_some() {
            man.render_subcommands_section(page)?;
        }
        let below = verb.get_after_long_help().or_else(|| verb.get_after_help());
        below.map_or(Ok(()), |text| sections(&text.to_string(), page))
    })
}

/// The text below the options: each paragraph that begins with a title is a section.
fn sections(text: &str, page: &mut impl Write) -> std::io::Result<()> {
    for paragraph in text.split("\n\n") {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        match first.strip_suffix(':').filter(|_| rest.starts_with(' ')) {
            Some("Exit codes") => writeln!(page, ".SH \"EXIT STATUS\"\n.nf")?,
            Some(title) => writeln!(page, ".SH \"{}\"\n.nf", roff(&title.to_uppercase()))?,
            None => {
                writeln!(page, ".SH NOTES")?;
                paragraph.lines().try_for_each(|line| writeln!(page, "{}", roff(line)))?;
                continue;
            }
        }
        rest.lines().try_for_each(|line| writeln!(page, "{}", roff(line)))?;
        writeln!(page, ".fi")?;
    }
    Ok(())
}

/// A line that roff takes for nothing but text.
fn roff(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
