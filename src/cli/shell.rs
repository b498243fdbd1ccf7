//! What a shell and a reader of manuals ask for: `completions` and `man`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

/// Below `completions -h`.
pub(super) const COMPLETIONS_EXIT_CODES: &str = "Exit codes:
  0  the script is on standard output
  2  it cannot be written";

/// Below `man -h`.
pub(super) const MAN_EXIT_CODES: &str = "Exit codes:
  0  the page is on standard output, or the pages are in their folder
  2  they cannot be written";

/// Below `completions --help`.
pub(super) const COMPLETIONS_HELP: &str =
    "The script completes verbs, options and their values, names and versions of the present lock file, and ids of advisories that hit it. \
It asks the program at every TAB, reads what is on this machine and never the network, and is silent where it knows nothing.

It is for `cargo-sequester`, which is the same program as `cargo sequester`. Cargo's own completion asks no other program about what \
follows a subcommand: in zsh and fish the script binds `cargo sequester` as well; in bash, PowerShell and Elvish write `cargo-sequester`, \
or a short name for it.

Where it goes:
  bash        a line in ~/.bashrc: source <(cargo-sequester completions bash)
  zsh         a line in ~/.zshrc, behind compinit: source <(cargo-sequester completions zsh)
  fish        a file: cargo-sequester completions fish > ~/.config/fish/completions/cargo-sequester.fish
  PowerShell  a line in $PROFILE: cargo-sequester completions powershell | Out-String | Invoke-Expression
  Elvish      a line in ~/.elvish/rc.elv: eval (cargo-sequester completions elvish | slurp)";

/// `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Whose script
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// The shells that are known.
#[expect(clippy::enum_variant_names, reason = "PowerShell is its name")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Elvish,
}

impl Shell {
    /// The name by which its script asks.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Elvish => "elvish",
        }
    }
}

/// `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The verb whose page is printed; the page of the whole program where none is named
    #[arg(value_name = "VERB", conflicts_with = "out")]
    pub(crate) verb: Option<String>,
    /// Write every page into this folder instead
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<Utf8PathBuf>,
}
