//! `fix`: the smallest change of the lock file that makes `audit` pass. What is not approved moves, with what must come along, and nothing
//! else; what cannot move stays and is named.

use super::moves::Which as What;
use super::update::{self, Wanted};
use super::{CommandError, Outcome, request};
use crate::cli::{self, Cli, Moving};
use crate::gather::environment::Environment;

pub(super) fn run(cli: &Cli, arguments: &cli::Fix, environment: &Environment) -> Result<Outcome, CommandError> {
    let Moving { dry_run, format, vendor: vendors, .. } = arguments.moving;
    let request = request::resolving(cli, &arguments.moving);
    let wanted = Wanted { request, what: What::Unapproved, breaking: false, vendors, dry_run, format };
    update::move_and_vendor(cli, wanted, environment)
}
