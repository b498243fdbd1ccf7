//! `[[approval]]`: a person's exemption of one exact release from named reasons.

use super::error::Fault;
use super::reader::{At, TableReader};
use super::{grammar, registries};
use crate::model::approval::{Approval, Approvals};
use crate::model::policy::Policy;
use crate::model::source::Registry;
use crate::model::verdict::ReasonCode;

/// `[[approval]]`, in the file's order.
pub(super) fn approvals(root: &mut TableReader<'_, '_>, policy: &Policy) -> Approvals {
    let mut approvals = Approvals::new();
    root.each_table("approval", |mut table| {
        if let Some(approval) = one(&mut table, policy) {
            if let Some(first) = approvals.iter().find(|first| same(first, &approval)) {
                table.missing("crate", Fault::Duplicate { line: first.line });
            }
            approvals.push(approval);
        }
        table.finish();
    });
    approvals
}

fn one(table: &mut TableReader<'_, '_>, policy: &Policy) -> Option<Approval> {
    let crate_name = table.required("crate", grammar::crate_name);
    let has_registry = table.has("registry");
    let registry = table.parsed("registry", |text| registries::resolve(&policy.registries, text));
    let version = table.required("version", grammar::version);
    let checksum = table.required("checksum", |text| text.parse().map_err(|_| Fault::Checksum));
    let lifts = table.required_list("lifts", code);
    let reason = table.required("reason", grammar::prose);
    let by = table.parsed("by", grammar::prose);
    let at = table.date("at");
    let has_until = table.has("until");
    let until = table.date("until");
    if let Some(lifts) = &lifts {
        repeated(table, lifts);
        if let Some(lasting) = lifts.iter().find(|code| !code.time_lifts())
            && !has_until
        {
            table.missing("until", Fault::UntilRequired(*lasting));
        }
    }
    if let (Some(At { value: at, .. }), Some(At { line, value: until })) = (&at, &until)
        && until < at
    {
        table.fault(*line, "until", Fault::UntilBeforeAt { at: *at, until: *until });
    }
    // Where the registry is named but wrong, it must not be taken for crates.io.
    let registry = match registry {
        Some(registry) => registry.value,
        None if has_registry => return None,
        None => Registry::CratesIo,
    };
    Some(Approval {
        crate_name: crate_name?.value,
        registry,
        version: version?.value,
        checksum: checksum?.value,
        lifts: lifts?,
        reason: reason?.value,
        by: by.map(|by| by.value),
        at: at.map(|at| at.value),
        until: until.map(|until| until.value),
        line: table.line(),
    })
}

fn repeated(table: &mut TableReader<'_, '_>, lifts: &[ReasonCode]) {
    let mut sorted = lifts.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        table.missing("lifts", Fault::Repeated);
    }
}

fn code(text: &str) -> Result<ReasonCode, Fault> {
    let code = ReasonCode::named(text).ok_or_else(|| Fault::ReasonCode(grammar::shown(text)))?;
    if code.an_approval_lifts() { Ok(code) } else { Err(Fault::NotLiftable(code)) }
}

fn same(one: &Approval, other: &Approval) -> bool {
    let sorted = |approval: &Approval| {
        let mut lifts = approval.lifts.clone();
        lifts.sort_unstable();
        lifts
    };
    one.crate_name == other.crate_name
        && one.registry == other.registry
        && one.version == other.version
        && one.checksum == other.checksum
        && sorted(one) == sorted(other)
}
