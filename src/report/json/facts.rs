//! Reasons, warnings, bases and blockers as objects: `code`, their facts, and the sentence as `message`.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::super::duration::rfc3339;
use super::super::reason::{kind_name, sentence, signal_name, witness_code};
use super::super::{AuditReport, Context, blocker as blockers, remark};
use crate::model::Timestamp;
use crate::model::evaluation::Blocker;
use crate::model::package::{Package, PackageId};
use crate::model::verdict::{
    Basis, Exemption, FixNeed, FixRole, HeldFix, LockedBy, Reason, ReasonCode, Signal, Warning,
};

/// A JSON object whose fields keep their order, the first being `code`.
pub(in crate::report) struct Object(Vec<(&'static str, Value)>);

impl Object {
    pub(super) fn new(code: &'static str) -> Self {
        Self(vec![("code", code.into())])
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    fn at(self, name: &'static str, moment: Timestamp) -> Self {
        self.with(name, rfc3339(moment))
    }

    fn maybe_at(self, name: &'static str, moment: Option<Timestamp>) -> Self {
        self.with(name, moment.map(rfc3339))
    }

    pub(super) fn message(self, message: String) -> Self {
        self.with("message", message)
    }

    /// Says of an approval that the change under judgement brings it along.
    pub(super) fn of_change(self, is: bool) -> Self {
        let is_approval = self.0.first().is_some_and(|(_, code)| *code == "approval");
        if is_approval { self.with("of_change", is) } else { self }
    }

    fn cited(self, advisory: &str, id: &PackageId, context: &Context<'_>) -> Self {
        let known = context.advisory(&id.name, advisory);
        self.with("advisory", advisory)
            .with("title", known.map(|advisory| &*advisory.title))
            .with("url", known.and_then(|advisory| advisory.url.as_deref()))
            .with("os", known.map(|advisory| texts(&advisory.os)).unwrap_or_default())
            .with("arch", known.map(|advisory| texts(&advisory.arch)).unwrap_or_default())
    }

    fn signal(self, signal: &Signal) -> Self {
        let object = self.with("signal", signal_name(signal));
        match signal {
            Signal::NewDependency { dependency, first_published } => {
                object.with("dependency", &**dependency).maybe_at("first_published", *first_published)
            }
            Signal::Dormant { previous, previous_pubtime } => {
                object.with("previous", previous.to_string()).at("previous_pubtime", *previous_pubtime)
            }
            Signal::LookAlike { resembles } => object.with("resembles", &**resembles),
            Signal::YankLure { yanked } => {
                object.with("yanked", yanked.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

pub(in crate::report) fn reason(reason: &Reason, id: &PackageId, context: &Context<'_>) -> Object {
    let object = Object::new(reason.code().as_str());
    let object = match reason {
        Reason::TooNew { pubtime, min_age, rule, eligible_at, fix } => {
            let object = object
                .at("pubtime", *pubtime)
                .with("min_age_seconds", min_age.as_secs())
                .with("rule", rule.to_string())
                .at("eligible_at", *eligible_at);
            match fix {
                Some(HeldFix { advisory, min_age }) => {
                    object.with("fix", json!({ "advisory": **advisory, "min_age_seconds": min_age.as_secs() }))
                }
                None => object,
            }
        }
        Reason::NewCrate { first_published, min_age, eligible_at } => object
            .maybe_at("first_published", *first_published)
            .with("min_age_seconds", min_age.as_secs())
            .at("eligible_at", *eligible_at),
        Reason::Signal { signal, eligible_at } => object.signal(signal).at("eligible_at", *eligible_at),
        Reason::PubtimeUnknown { found } => object.with("found", found.as_deref()),
        Reason::PubtimeInFuture { pubtime, eligible_at } => {
            object.at("pubtime", *pubtime).at("eligible_at", *eligible_at)
        }
        Reason::PubtimeChanged { recorded, found } => object.at("recorded", *recorded).maybe_at("found", *found),
        Reason::ChecksumMismatch { locked, expected, witness } => object
            .with("locked", &**locked)
            .with("expected", expected.to_string())
            .with("witness", witness_code(*witness)),
        Reason::ChecksumMissing
        | Reason::NotInIndex
        | Reason::IndexUnavailable
        | Reason::Yanked
        | Reason::SourceNotAllowed => object,
        Reason::IndexEntryUnreadable { cause } => object.with("cause", &**cause),
        Reason::AdvisoryUnreadable { advisory, file, cause } => {
            object.with("advisory", advisory.as_deref()).with("file", &**file).with("cause", &**cause)
        }
        Reason::Malicious { advisory } => object.cited(advisory, id, context),
        Reason::Advisory { advisory, kind } => object.with("kind", kind_name(*kind)).cited(advisory, id, context),
        Reason::Denied { entry } => object.with("entry", &**entry),
        Reason::LicenseNotAllowed { expression } => object.with("expression", expression.as_deref()),
    };
    object.message(sentence(reason, id, context))
}

pub(super) fn warning(warning: &Warning, id: &PackageId, context: &Context<'_>) -> Object {
    let object = Object::new(remark::warning_code(warning));
    let object = match warning {
        Warning::Advisory { advisory, kind } | Warning::NamedByAdvisory { advisory, kind } => {
            object.with("kind", kind_name(*kind)).cited(advisory, id, context)
        }
        Warning::Ignored { advisory, until } => object.cited(advisory, id, context).with("until", until.to_string()),
        Warning::Yanked | Warning::LicenseUndecided => object,
        Warning::Signal(signal) => object.signal(signal),
        Warning::OutsideWorkspace { path } => object.with("path", path.as_str()),
    };
    object.message(remark::warning(warning, id, context))
}

pub(in crate::report) fn basis(basis: &Basis) -> Object {
    let object = Object::new(remark::basis_code(basis));
    match basis {
        Basis::Aged | Basis::TrustedRegistry | Basis::AllowedSource => object,
        Basis::SecurityFix { advisory, fix, need } => {
            let object = object.with("advisory", &**advisory);
            let object = match fix {
                FixRole::Named => object.with("role", "named"),
                FixRole::Companion { of, version } => {
                    object.with("role", "companion").with("of", &**of).with("version", version.to_string())
                }
                FixRole::Dependent { of, version } => {
                    object.with("role", "dependent").with("of", &**of).with("version", version.to_string())
                }
            };
            object.with("need", fix_need(need))
        }
        Basis::Approval { given } => {
            let codes = |lifted: &[ReasonCode]| lifted.iter().map(|code| code.as_str()).collect::<Vec<_>>();
            let all: Vec<_> = given.iter().flat_map(|one| codes(&one.lifted)).collect();
            let one = |one: &Exemption| json!({ "line": one.line, "by": one.by, "lifted": codes(&one.lifted) });
            object.with("lifted", all).with("approvals", given.iter().map(one).collect::<Vec<_>>())
        }
    }
}

/// What made a security fix needed.
fn fix_need(need: &FixNeed) -> Value {
    match need {
        FixNeed::Vulnerable { version, locked_by } => {
            let locked_by = match locked_by {
                LockedBy::LockFile => "lock-file",
                LockedBy::Base => "base",
                LockedBy::ReplacedLockFile => "replaced-lock-file",
                LockedBy::Trail => "trail",
            };
            json!({ "code": "vulnerable-locked", "version": version.to_string(), "locked_by": locked_by })
        }
        FixNeed::Locked { instead_of } => json!({ "code": "fix-locked", "version": instead_of.to_string() }),
        FixNeed::NotLocked { instead_of } => json!({ "code": "crate-not-locked", "version": instead_of.to_string() }),
    }
}

pub(super) fn blocker(blocker: &Blocker, report: &AuditReport<'_>) -> Object {
    let id = blockers::package(blocker).map(|wanted| {
        let known = report.packages.iter().find(|package| package.id == *wanted);
        known.map_or_else(|| wanted.to_string(), Package::spec)
    });
    Object::new(blockers::code(blocker)).message(blockers::message(blocker, &report.context())).with("package", id)
}

fn texts(list: &[Box<str>]) -> Vec<&str> {
    list.iter().map(|text| &**text).collect()
}
