//! `fix`: the smallest change of the lock file that makes `audit` pass. What is not approved moves, with what must come along, and nothing
//! else; what cannot move stays and is named.

use super::moves::Which as What;
use super::update::{self, Wanted};
use super::{CommandError, Outcome, request};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;

pub(super) fn run(cli: &Cli, arguments: &cli::Fix, environment: &Environment) -> Result<Outcome, CommandError> {
    let wanted = Wanted {
        request: request::resolving(cli, arguments.manifest_path.as_ref(), &arguments.judge, arguments.offline),
        what: What::Unapproved,
        breaking: false,
        dry_run: arguments.dry_run,
        format: arguments.format,
    };
    update::move_and_vendor(cli, wanted, arguments.vendor, environment)
}
