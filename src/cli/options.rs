//! What several verbs are told alike: which project, what it is judged by, how the result is printed.

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::age::Age;
use crate::model::loosening::Lane;

/// A workspace, and cargo's own options for it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub(crate) struct Project {
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<Utf8PathBuf>,
    /// Leave `Cargo.lock` as it is (verifying never changes it)
    #[arg(long)]
    pub(crate) locked: bool,
    /// Take `.crate` files from cargo's download cache alone
    #[arg(long)]
    pub(crate) offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    pub(crate) frozen: bool,
}

/// Which project, and how its facts may be got.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Project")]
pub(crate) struct Subject {
    /// Path to the workspace's `Cargo.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<Utf8PathBuf>,
    /// Judge this lock file alone, without a workspace
    #[arg(long, value_name = "PATH", conflicts_with = "manifest_path")]
    pub(crate) lockfile: Option<Utf8PathBuf>,
    /// Leave `Cargo.lock` as it is (auditing never changes it)
    #[arg(long)]
    pub(crate) locked: bool,
    /// Use what is on this machine; ask no registry
    #[arg(long)]
    pub(crate) offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    pub(crate) frozen: bool,
}

/// Whose rules, which advisories, what time.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judging")]
pub(crate) struct JudgeBy {
    /// Read the policy from this file in place of `sequester.toml`
    #[arg(long, value_name = "PATH")]
    pub(crate) policy: Option<Utf8PathBuf>,
    /// Judge by the policy of this commit, and only what it does not lock yet; or by a lock file's packages alone
    #[arg(long, value_name = "REF|LOCKFILE")]
    pub(crate) base: Option<String>,
    /// With a base: fail on all that the change loosens, or let its approvals, dated ignores and first policy count and report them
    #[arg(long, value_name = "LANE", default_value = "fail", value_parser = lane(), requires = "base")]
    pub(crate) loosened: Lane,
    /// The minimum age of a release, such as "7 days"
    #[arg(long, value_name = "AGE")]
    pub(crate) min_publish_age: Option<Age>,
    /// Read advisories from this archive, `git+` address or directory
    #[arg(long, value_name = "PATH|URL", conflicts_with = "no_advisories")]
    pub(crate) advisory_db: Option<String>,
    /// Judge without advisories
    #[arg(long)]
    pub(crate) no_advisories: bool,
    /// Ask the registry's web API how new and held releases were published: by whom, from which CI run, what was yanked when;
    /// one request a second
    #[arg(long)]
    pub(crate) facts: bool,
    /// Judge as of this moment, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = rfc3339)]
    pub(crate) now: Option<Timestamp>,
}

impl Subject {
    /// Whether no registry may be asked.
    pub(crate) const fn is_offline(&self) -> bool {
        self.offline || self.frozen
    }
}

fn lane() -> impl TypedValueParser<Value = Lane> {
    PossibleValuesParser::new(Lane::ALL.map(Lane::as_str)).map(|word| Lane::named(&word).unwrap_or_default())
}

/// When to use colour, as cargo has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that wants it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Whose CI is to run this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiHost {
    /// Workflows of GitHub Actions
    Github,
    /// Jobs of GitLab CI/CD
    Gitlab,
}

/// How to print a result that has two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HumanOrJson {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
}

/// How to print a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// A code quality report for GitLab
    Gitlab,
    /// Markdown, for a comment or a step summary
    Markdown,
}

/// How to print a result that is also told in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HumanJsonOrMarkdown {
    /// For people
    Human,
    /// One JSON document, by the published schema
    Json,
    /// Markdown, for a comment or a step summary
    Markdown,
}

/// A moment as RFC 3339 has it: `2026-08-21T00:00:00Z`, with a fraction of a second or another offset if need be.
pub(super) fn rfc3339(text: &str) -> Result<Timestamp, String> {
    let form = || "expected a moment by RFC 3339, such as 2026-08-21T00:00:00Z".to_owned();
    if !is_rfc3339(text) {
        return Err(form());
    }
    text.parse().map_err(|_| form())
}

/// An absolute URI: a scheme, a colon, and what RFC 3986 lets stand behind it.
pub(super) fn uri(text: &str) -> Result<String, String> {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) && !rest.is_empty() && rest.bytes().all(is_allowed) => {
            Ok(text.to_owned())
        }
        Some(_) | None => Err("expected an absolute URI, such as https://ci.example.org/sequester".to_owned()),
    }
}

/// A day: `2026-08-21`.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let form = || "expected a day, such as 2026-08-21".to_owned();
    if !fits(text, "9999-99-99") {
        return Err(form());
    }
    text.parse().map_err(|_| form())
}

/// The grammar of `date-time` in RFC 3339, section 5.6; that the numbers are a moment is for the parser to say.
fn is_rfc3339(text: &str) -> bool {
    let Some((seconds, rest)) = text.split_at_checked("9999-99-99T99:99:99".len()) else { return false };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
        None => rest,
    };
    let is_offset = matches!(offset, "Z" | "z") || fits(offset, "+99:99") || fits(offset, "-99:99");
    is_offset && (fits(seconds, "9999-99-99T99:99:99") || fits(seconds, "9999-99-99t99:99:99"))
}

/// Whether a text has a digit wherever the form has a nine, and the form's character everywhere else.
fn fits(text: &str, form: &str) -> bool {
    let is_it = |(byte, wanted): (u8, u8)| if wanted == b'9' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(is_it)
}
