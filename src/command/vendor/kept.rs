//! What the commit that is checked out allows already: releases that are not approved may stay as it has them.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{Assessment, CommandError};
use crate::gather::{allow_list, vendor_tree, ways_around};
use crate::model::vendored::VendorRoot;
use crate::model::vendoring::KeptPlace;
use crate::policy::lock_changes::{Before, kept_places};
use crate::project::Committed;

/// Where each package that is not approved stays in the folder `vendor`; `None` where not all of them may.
pub(super) fn places(made: &Assessment, vendor: &Utf8Path) -> Result<Option<BTreeMap<usize, KeptPlace>>, CommandError> {
    let Some(before) = before(made) else { return Ok(None) };
    let VendorRoot::Read(found) = vendor_tree::read(&made.subject().root, vendor)? else { return Ok(None) };
    Ok(kept_places(made.facts(), made.evaluation(), &found, &before))
}

/// Without git, or without a commit, nothing was there before; the same where the commit's files cannot be understood.
fn before(made: &Assessment) -> Option<Before> {
    let commit = Committed::of(made.project())?;
    let config = ways_around::own_config(&made.subject().root.canonicalize_utf8().ok()?);
    let text = String::from_utf8(commit.file(&config)?).ok()?;
    let allowed = allow_list::read_text(&text, &config).ok()??;
    Some(Before::of(&commit.packages, allowed))
}
