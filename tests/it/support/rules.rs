//! Small pieces of policies and worlds that the tests of the rules share.

use super::facts::{Line, World, age, approval, date};
use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::policy::{AgeOverride, Ban, Ignore, Origin, Setting};
use cargo_sequester::door::model::source::{GitSource, Registry, Source};
use cargo_sequester::door::model::verdict::ReasonCode;

pub const EVERY_CODE: [ReasonCode; 20] = [
    ReasonCode::TooNew,
    ReasonCode::NewCrate,
    ReasonCode::Signal,
    ReasonCode::Inspection,
    ReasonCode::PubtimeUnknown,
    ReasonCode::PubtimeInFuture,
    ReasonCode::PubtimeChanged,
    ReasonCode::ChecksumMismatch,
    ReasonCode::ChecksumMissing,
    ReasonCode::NotInIndex,
    ReasonCode::IndexUnavailable,
    ReasonCode::IndexEntryUnreadable,
    ReasonCode::AdvisoryUnreadable,
    ReasonCode::Malicious,
    ReasonCode::Advisory,
    ReasonCode::Yanked,
    ReasonCode::SourceNotAllowed,
    ReasonCode::Denied,
    ReasonCode::LicenseNotAllowed,
    ReasonCode::LicenseUnknown,
];

pub fn one(line: Line) -> World {
    let locked = line.version.clone();
    World::new().publish(Line::new("foo", "0.1.0")).publish(line).lock("foo", &locked)
}

pub fn plain() -> World {
    one(Line::new("foo", "1.0.0"))
}

/// An approval of everything that can be named, until the end of the year.
pub fn of_everything(line: u32) -> Approval {
    let mut all = approval("foo", "1.0.0", &EVERY_CODE);
    (all.until, all.line) = (Some(date("2026-12-31")), line);
    all
}

pub fn ban(text: &str) -> Ban {
    let (name, req) = text.split_once('@').map_or((text, None), |(name, req)| (name, Some(req.parse().unwrap())));
    Ban { crate_name: name.into(), req, text: text.into() }
}

pub fn ignore(id: &str, until: &str) -> Ignore {
    Ignore {
        id: id.into(),
        crate_name: None,
        reason: "not reached".into(),
        until: date(until),
        justification: None,
        line: 3,
    }
}

pub fn set(value: &str) -> Setting<cargo_sequester::door::model::age::Age> {
    Setting { value: age(value), origin: Origin::Default }
}

pub fn longer_rule(pattern: &str, registry: Registry, value: &str) -> AgeOverride {
    AgeOverride { crates: vec![pattern.into()], registry, min_publish_age: set(value), reason: None }
}

pub fn git(url: &str, commit: Option<&str>) -> Source {
    Source::Git(GitSource { url: url.into(), reference: None, commit: commit.map(Into::into) })
}

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
