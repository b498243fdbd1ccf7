//! `[advisories]`: where they come from, how fresh they must be, and what is made of them.

use super::error::Fault;
use super::grammar;
use super::reader::{At, TableReader};
use crate::model::policy::{AdvisoryPolicy, Ignore};

/// `[advisories]` with its `[[advisories.ignore]]`.
pub(super) fn advisories(root: &mut TableReader<'_, '_>) -> AdvisoryPolicy {
    let mut policy = AdvisoryPolicy::default();
    let Some(mut table) = root.table("advisories") else {
        return policy;
    };
    if let Some(db) = table.parsed("db", grammar::prose) {
        policy.db = Some(db.value);
    }
    for (key, age) in [("max-age", &mut policy.max_age), ("max-copy-age", &mut policy.max_copy_age)] {
        if let Some(At { value, .. }) = table.age(key) {
            *age = value;
        }
    }
    for (key, level) in [
        ("unsound", &mut policy.unsound),
        ("unmaintained", &mut policy.unmaintained),
        ("notice", &mut policy.notice),
        ("yanked", &mut policy.yanked),
    ] {
        if let Some(At { value, .. }) = table.parsed(key, grammar::level) {
            *level = value;
        }
    }
    table.each_table("ignore", |mut table| {
        if let Some(ignore) = ignore(&mut table) {
            if policy.ignore.iter().any(|other| other.id == ignore.id && other.crate_name == ignore.crate_name) {
                table.fault(ignore.line, "id", Fault::Repeated);
            }
            policy.ignore.push(ignore);
        }
        table.finish();
    });
    table.finish();
    policy
}

fn ignore(table: &mut TableReader<'_, '_>) -> Option<Ignore> {
    let id = table.required("id", grammar::advisory_id);
    let crate_name = table.parsed("crate", grammar::crate_name);
    let reason = table.required("reason", grammar::prose);
    let until = table.required_date("until");
    Some(Ignore {
        id: id?.value.into(),
        crate_name: crate_name.map(|name| name.value),
        reason: reason?.value,
        until: until?.value,
        line: table.line(),
    })
}
