//! `serve`.

use camino::Utf8PathBuf;
use clap::Args;
use jiff::Timestamp;

/// Below `serve -h`.
pub(super) const SERVE_EXIT_CODES: &str = "Exit codes:
  0  it was ended by a signal, or what was asked is done
  2  it could not be started: usage, configuration, store, port

Without options it serves crates.io by the policy of this folder, on the loopback, with its state in a folder.";

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 is any that is free, and the address is printed
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Where the state is kept: a folder, or a part of a bucket that speaks S3
    #[arg(long, value_name = "DIR|s3://BUCKET/PREFIX")]
    pub(crate) store: Option<String>,
    /// Read teams, registries and limits from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<Utf8PathBuf>,
    /// Read the configuration and every policy, say what is wrong with them, and end
    #[arg(long)]
    pub(crate) check: bool,
    /// Make a token and what a configuration holds of it, and end
    #[arg(long, conflicts_with_all = ["listen", "store", "config", "check"])]
    pub(crate) new_token: bool,
    /// Judge as of this moment for ever, such as 2026-08-21T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = super::options::rfc3339)]
    pub(crate) now: Option<Timestamp>,
}
