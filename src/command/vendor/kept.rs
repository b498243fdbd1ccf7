//! What the commit that is checked out allows already: releases that are not approved may stay as it has them.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{Assessment, CommandError};
use crate::gather::base::Commit;
use crate::gather::environment::Environment;
use crate::gather::{allow_list, lock_file, vendor_tree, ways_around};
use crate::model::plan::KeptPlace;
use crate::model::vendored::VendorRoot;
use crate::policy::kept::{Before, kept};

/// Where each package that is not approved stays in the folder `vendor`; `None` where not all of them may.
pub(super) fn places(
    made: &Assessment,
    vendor: &Utf8Path,
    environment: &Environment,
) -> Result<Option<BTreeMap<usize, KeptPlace>>, CommandError> {
    let Some(before) = before(made, environment) else { return Ok(None) };
    let VendorRoot::Read(found) = vendor_tree::read(&made.subject().root, vendor)? else { return Ok(None) };
    Ok(kept(made.facts(), made.evaluation(), &found, &before))
}

/// Without git, or without a commit, nothing was there before; the same where the commit's files cannot be understood.
fn before(made: &Assessment, environment: &Environment) -> Option<Before> {
    let root = made.subject().root.canonicalize_utf8().ok()?;
    let commit = Commit::find(&root, "HEAD", environment).ok()?;
    let top = commit.repository().top().canonicalize_utf8().ok()?;
    let file = |path: &Utf8Path| commit.file(path.strip_prefix(&top).ok()?).ok()?;
    let lock_path = root.join(made.subject().lock_path.strip_prefix(&made.subject().root).ok()?);
    let lock = lock_file::parse(&file(&lock_path)?, &lock_path).ok()?;
    let config = ways_around::own_config(&root);
    let text = String::from_utf8(file(&config)?).ok()?;
    let allowed = allow_list::read_text(&text, &config).ok()??;
    Some(Before::of(&lock.packages, allowed))
}
