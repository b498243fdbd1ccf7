//! The command line, and nothing but the command line.

mod backtest;
mod curation;
mod documents;
mod examples;
mod incident;
mod judging;
mod looking;
mod options;
mod report;
mod resolving;
mod reviewing;
#[cfg(feature = "serve")]
mod serve;
mod shell;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::model::run::Invocation;
use backtest::BACKTEST_EXIT_CODES;
pub(crate) use backtest::Backtest;
use curation::{APPROVE_EXIT_CODES, INIT_EXIT_CODES, LOG_EXIT_CODES, REVOKE_EXIT_CODES};
pub(crate) use curation::{Approve, Init, Log, Revoke};
use documents::DOCUMENT_EXIT_CODES;
pub(crate) use documents::{Document, Sbom, SbomFormat, Vex, VexFormat};
pub use examples::EXAMPLES;
use incident::INCIDENT_EXIT_CODES;
pub(crate) use incident::Incident;
use judging::{ASSESS_EXIT_CODES, EXPLAIN_EXIT_CODES, STATUS_EXIT_CODES, VERIFY_EXIT_CODES};
pub(crate) use judging::{Assess, AssessFormat, Audit, Explain, Status, Verify};
use looking::INSPECT_EXIT_CODES;
pub(crate) use looking::Inspect;
pub(crate) use options::{CiHost, Color, Format, HumanJsonOrMarkdown, HumanOrJson, JudgeBy, Subject};
use report::REPORT_EXIT_CODES;
pub(crate) use report::Report;
use resolving::{CARGO_HELP, FIX_EXIT_CODES, UPDATE_EXIT_CODES};
pub(crate) use resolving::{Cargo, Fix, Moving, Update, Vendor};
use reviewing::DIFF_HELP;
pub(crate) use reviewing::{Diff, DiffFormat};
#[cfg(feature = "serve")]
use serve::SERVE_EXIT_CODES;
#[cfg(feature = "serve")]
pub(crate) use serve::Serve;
use shell::{COMPLETIONS_EXIT_CODES, COMPLETIONS_HELP, MAN_EXIT_CODES};
pub(crate) use shell::{Completions, Man, Shell};

/// Printed below every `-h`: a script needs the meaning of the exit code more than anything else.
const EXIT_CODES: &str = "Exit codes:
  0  every package is approved
  1  something is quarantined or rejected, or a change loosens the policy
  2  it could not be decided: usage, files, network, advisories missing or not fresh";

/// Keep new crate releases in quarantine until they have earned approval.
#[derive(Debug, Parser)]
#[command(name = "cargo-sequester", bin_name = "cargo sequester", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Print problems only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print every warning; twice: also what is asked of registries, git and cargo, for a report of a fault
    #[arg(short, long, global = true, conflicts_with = "quiet", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// The command line as ways out have to fit it; nobody types it
    #[arg(skip)]
    pub(crate) invocation: Invocation,
    /// Whether `CLICOLOR_FORCE` is set so that it forces nothing
    #[arg(skip)]
    pub(crate) unforced: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Judge every package of the lock file
    #[command(after_help = EXIT_CODES)]
    Audit(Audit),
    /// Show what is held and until when, and what is newer
    #[command(after_help = STATUS_EXIT_CODES)]
    Status(Status),
    /// Move the lock file to the newest approved releases
    #[command(after_help = UPDATE_EXIT_CODES)]
    Update(Update),
    /// Change as little of the lock file as makes `audit` pass
    #[command(after_help = FIX_EXIT_CODES)]
    Fix(Fix),
    /// Run any cargo command behind the same quarantine
    #[command(after_help = CARGO_HELP, disable_help_flag = true)]
    Cargo(Cargo),
    /// Write the approved sources into the project and let cargo build from them alone
    #[command(after_help = EXIT_CODES)]
    Vendor(Vendor),
    /// Tell everything about one release, or the releases of a crate with their verdicts
    #[command(after_help = EXPLAIN_EXIT_CODES)]
    Explain(Explain),
    /// Tell whether a release that turned out to be bad was ever here, since when, and what to do
    #[command(after_help = INCIDENT_EXIT_CODES)]
    Incident(Incident),
    /// Show what one release has that another has not: what stands out, then every line
    #[command(after_help = DIFF_HELP)]
    Diff(Diff),
    /// Look inside archives before trusting them: what they do at build time, and what stands out. Nothing of them is run
    #[command(after_help = INSPECT_EXIT_CODES)]
    Inspect(Inspect),
    /// Prove offline that lock file, allow-list and vendored sources agree, and that nothing leads around them
    #[command(after_help = VERIFY_EXIT_CODES)]
    Verify(Verify),
    /// Exempt one exact release, or ignore one advisory, after looking at what is known of it
    #[command(after_help = APPROVE_EXIT_CODES)]
    Approve(Approve),
    /// Take an approval back, or the ignore of an advisory
    #[command(after_help = REVOKE_EXIT_CODES)]
    Revoke(Revoke),
    /// Show what the project can prove of what a standard asks, requirement by requirement
    #[command(after_help = ASSESS_EXIT_CODES)]
    Assess(Assess),
    /// Write everything on one page of HTML, for people who do not run this
    #[command(after_help = REPORT_EXIT_CODES)]
    Report(Report),
    /// Show the audit trail, newest first
    #[command(after_help = LOG_EXIT_CODES)]
    Log(Log),
    /// Try the policy on incidents of the past, and tell how long honest releases would have waited
    #[command(after_help = BACKTEST_EXIT_CODES)]
    Backtest(Backtest),
    /// Write a bill of materials: every package, what it is for, and what was decided about it
    #[command(after_help = DOCUMENT_EXIT_CODES)]
    Sbom(Box<Sbom>),
    /// Write what the advisories and the policy's ignores say of vulnerabilities in the packages
    #[command(after_help = DOCUMENT_EXIT_CODES)]
    Vex(Box<Vex>),
    /// Adopt the gate: write a policy, and a baseline of what is locked already
    #[command(after_help = INIT_EXIT_CODES)]
    Init(Init),
    /// Serve one quarantine to a whole organisation: a registry for plain cargo
    #[cfg(feature = "serve")]
    #[command(after_help = SERVE_EXIT_CODES)]
    Serve(Serve),
    /// Print what a shell needs to complete verbs, options, crates and advisories
    #[command(after_help = COMPLETIONS_EXIT_CODES, after_long_help = COMPLETIONS_HELP)]
    Completions(Completions),
    /// Print or write the manual's pages
    #[command(after_help = MAN_EXIT_CODES)]
    Man(Man),
}

/// Why these words, behind the program's name, are no command of it. Of a form, with a reader's own in capitals or left out, only verbs and
/// options are looked at.
#[must_use]
pub fn refused(words: &[String], form: bool) -> Option<String> {
    use clap::error::ErrorKind;
    let words = [&["cargo-sequester".to_owned()], words].concat();
    let error = grammar().try_get_matches_from(words).err()?;
    let is_told = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let left_open = [ErrorKind::MissingRequiredArgument, ErrorKind::InvalidValue, ErrorKind::ValueValidation];
    let is_taken = is_told || (form && left_open.contains(&error.kind()));
    (!is_taken).then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// The whole grammar, with examples below each verb's `--help`.
pub(crate) fn grammar() -> clap::Command {
    let grammar = Cli::command();
    let verbs: Vec<String> = grammar.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.into_iter().fold(grammar, |grammar, verb| grammar.mut_subcommand(verb, examples::with_examples))
}
