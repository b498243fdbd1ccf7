//! One verb a file: gather, decide, report. Only here and in `main` does anybody know exit codes.

mod approve;
mod archives;
mod assess;
mod audit;
mod backtest;
mod cargo_itself;
mod cargo_verb;
mod ci_files;
mod completions;
mod diff;
mod documents;
mod elsewhere;
mod explain;
mod incident;
mod init;
mod inspect;
mod log;
mod man;
mod moves;
mod outcome;
mod output;
mod packaging;
mod pager;
mod post;
mod record;
mod release_preview;
mod report;
mod request;
mod revoke;
#[cfg(feature = "serve")]
mod serve;
mod spec;
mod status;
mod team_registry;
mod update;
mod updated;
mod vendoring;
mod verify;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use outcome::{CommandError, Outcome};

use crate::cli::{self, Cli, Verb};
use crate::gather::cargo;
use crate::gather::environment::Environment;
use crate::scrutiny;

/// Whether this names a package.
pub(crate) fn is_spec(text: &str) -> bool {
    spec::Spec::parse(text).is_ok()
}

/// Runs the program with these arguments, its own name first.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    if let Some(words) = completions::asked(&arguments) {
        // A shell that no longer reads has no use for words.
        let _ = std::io::stdout().write_all(&words);
        return ExitCode::SUCCESS;
    }
    if let Some(failure) = cargo::become_other(&arguments) {
        // Heard by the run that wanted it, as cargo's own words are.
        let _ = writeln!(std::io::stderr(), "error: cargo could not be run: {failure}");
        return Outcome::Undecided.into();
    }
    if scrutiny::serve_if_asked(&arguments) {
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let parsed = cli::grammar().try_get_matches_from(arguments);
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (mut cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(usage) => {
            // Help and version go to standard output and are no failure. Neither is a closed pipe.
            let _ = usage.print();
            return if usage.use_stderr() { Outcome::Undecided.into() } else { ExitCode::SUCCESS };
        }
    };
    if cli.verbose > 1 {
        output::trace();
    }
    // For what writes colour without having seen the command line.
    anstream::ColorChoice::from(cli.color).write_global();
    let environment = Environment::read().map_err(CommandError::from);
    cli.unforced = environment.as_ref().is_ok_and(|environment| environment.get("CLICOLOR_FORCE") == Some("0"));
    let environment =
        environment.map(|environment| environment.heard_by(output::listener(&cli)).run_by("/proc/self/exe"));
    if let Ok(environment) = &environment {
        cli.invocation = request::invocation(&matches, &words, environment);
    }
    let done = environment.and_then(|environment| match &cli.verb {
        Verb::Audit(arguments) => audit::run(&cli, arguments, &environment),
        Verb::Status(arguments) => status::run(&cli, arguments, &environment),
        Verb::Vendor(arguments) => vendoring::run(&cli, arguments, &environment),
        Verb::Explain(arguments) => explain::run(&cli, arguments, &environment),
        Verb::Diff(arguments) => diff::run(&cli, arguments, &environment),
        Verb::Inspect(arguments) => inspect::run(&cli, arguments, &environment),
        Verb::Verify(arguments) => verify::run(&cli, arguments, &environment),
        Verb::Update(arguments) => update::run(&cli, arguments, &environment),
        Verb::Fix(arguments) => update::fix(&cli, arguments, &environment),
        Verb::Cargo(arguments) => cargo_verb::run(&cli, arguments, &environment),
        Verb::Approve(arguments) if arguments.prune => revoke::prune(&cli, arguments, &environment),
        Verb::Approve(arguments) => approve::run(&cli, arguments, &environment),
        Verb::Revoke(arguments) => revoke::run(&cli, arguments, &environment),
        Verb::Assess(arguments) => assess::run(&cli, arguments, &environment),
        Verb::Incident(arguments) => incident::run(&cli, arguments, &environment),
        Verb::Report(arguments) => report::run(&cli, arguments, &environment),
        Verb::Log(arguments) => log::run(&cli, arguments, &environment),
        Verb::Completions(arguments) => completions::run(arguments),
        Verb::Man(arguments) => man::run(&cli, arguments),
        Verb::Sbom(arguments) => documents::sbom(&cli, arguments, &environment),
        Verb::Vex(arguments) => documents::vex_verb(&cli, arguments, &environment),
        Verb::Init(arguments) => init::run(&cli, arguments, &environment),
        #[cfg(feature = "serve")]
        Verb::Serve(arguments) => serve::run(&cli, arguments, &environment),
        Verb::Backtest(arguments) => backtest::run(&cli, arguments, &environment),
    });
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            output::error(&cli, &error);
            error.outcome().into()
        }
    }
}
