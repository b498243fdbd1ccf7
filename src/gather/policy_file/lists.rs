//! `[bans]` and `[licenses]`.

use super::error::Fault;
use super::grammar;
use super::reader::TableReader;
use crate::model::policy::Ban;

/// `[bans] deny`.
pub(super) fn deny(root: &mut TableReader<'_, '_>) -> Vec<Ban> {
    let Some(mut table) = root.table("bans") else {
        return Vec::new();
    };
    let bans = table.list("deny", grammar::ban).unwrap_or_default();
    table.finish();
    bans.into_iter().map(|ban| ban.value).collect()
}

/// `[licenses] allow`.
pub(super) fn licenses(root: &mut TableReader<'_, '_>) -> Vec<String> {
    let Some(mut table) = root.table("licenses") else {
        return Vec::new();
    };
    let licenses = table.list("allow", license).unwrap_or_default();
    table.finish();
    licenses.into_iter().map(|license| license.value).collect()
}

/// An SPDX id in its exact spelling; `spdx` itself would take `MIT+` for `MIT`.
fn license(text: &str) -> Result<String, Fault> {
    if spdx::license_id(text).is_some_and(|id| id.name == text) {
        return Ok(text.to_owned());
    }
    let nearest = spdx::imprecise_license_id(text).map(|(id, _)| id.name);
    Err(Fault::License { text: grammar::shown(text), nearest })
}
