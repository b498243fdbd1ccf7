//! Whether the licence that a release states is on the policy's list.
//!
//! Expressions are read as cargo-deny reads them: the old `MIT/Apache-2.0` for `OR`, deprecated ids, and a `+` behind a GNU licence. `OR`
//! leaves the choice to whoever uses the release, so that one allowed side will do; of `AND` each side must be allowed.

use spdx::expression::ExpressionReq;
use spdx::{Expression, Licensee, ParseMode};

use crate::model::facts::Facts;
use crate::model::license::{
    Clarification, LicenseFact, LicenseFile, LicenseGap, LicenseLack, LicensePolicy, LicenseStatement,
};
use crate::model::package::{Package, PackageId};
use crate::model::verdict::Reason;

/// What a registry's locked package lacks. Where licences are judged, one that nobody knows is not approved.
#[must_use]
pub(super) fn of_locked(facts: &Facts, policy: &LicensePolicy, package: &Package) -> Option<Reason> {
    if !policy.is_set() {
        return None;
    }
    match facts.licenses.of_package(package) {
        Some(LicenseFact::Read(stated)) => judged(policy, &package.id, stated),
        Some(LicenseFact::Unknown(gap)) => Some(Reason::LicenseUnknown { gap: gap.clone() }),
        None => Some(Reason::LicenseUnknown { gap: LicenseGap::NotAtHand }),
    }
}

/// What a stated licence lacks.
#[must_use]
pub(crate) fn judged(policy: &LicensePolicy, id: &PackageId, stated: &LicenseStatement) -> Option<Reason> {
    let expression = expression(policy, id, stated);
    let lack = lack(policy, id, expression, stated)?;
    Some(Reason::LicenseNotAllowed { expression: expression.map(str::to_owned), lack })
}

/// The expression that counts: a clarification's that is of these files, or the manifest's.
#[must_use]
pub(crate) fn expression<'a>(
    policy: &'a LicensePolicy,
    id: &PackageId,
    stated: &'a LicenseStatement,
) -> Option<&'a str> {
    let clarified = policy.clarify.iter().find(|one| clarifies(one, id, stated));
    clarified.map(|one| &*one.expression).or(stated.expression.as_deref())
}

/// Whether a clarification is about a release, and the release has the files that its author read.
fn clarifies(one: &Clarification, id: &PackageId, stated: &LicenseStatement) -> bool {
    one.releases.has(&id.name, &id.version) && other_file(one, stated).is_none()
}

/// The first file of a clarification that a release does not have, or not with these bytes.
#[must_use]
pub(super) fn other_file<'a>(one: &'a Clarification, stated: &LicenseStatement) -> Option<&'a LicenseFile> {
    one.files.iter().find(|file| stated.files.get(&file.path) != Some(&file.digest))
}

fn lack(
    policy: &LicensePolicy,
    id: &PackageId,
    expression: Option<&str>,
    stated: &LicenseStatement,
) -> Option<LicenseLack> {
    let Some(text) = expression else {
        return Some(match &stated.file {
            None => LicenseLack::Unstated,
            Some(path) => LicenseLack::FileAlone { path: path.clone(), digest: stated.files.get(path).copied() },
        });
    };
    let parsed = match Expression::parse_mode(text, ParseMode::LAX) {
        Ok(parsed) => parsed,
        Err(error) => return Some(LicenseLack::Malformed { cause: error.reason.to_string() }),
    };
    let exceptions = policy.exceptions.iter().filter(|one| one.releases.has(&id.name, &id.version));
    let allowed: Vec<Licensee> =
        policy.allow.iter().chain(exceptions.flat_map(|one| &one.allow)).filter_map(|text| licensee(text)).collect();
    let unlisted = parsed.evaluate_with_failures(|wanted| allowed.iter().any(|one| one.satisfies(wanted))).err()?;
    let mut unlisted: Vec<String> = unlisted.into_iter().map(|one: &ExpressionReq| one.req.to_string()).collect();
    unlisted.sort();
    unlisted.dedup();
    Some(LicenseLack::Unlisted { licenses: unlisted })
}

/// An entry of a list of allowed licences, deprecated ids included; `None` where it is none.
#[must_use]
pub(crate) fn licensee(text: &str) -> Option<Licensee> {
    Licensee::parse_mode(text, ParseMode { allow_deprecated: true, ..ParseMode::STRICT }).ok()
}
