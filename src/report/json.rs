//! `--format json`: what every document is made of. Reasons, warnings, bases and blockers are objects: `code`, their facts, and the
//! sentence as `message`.
//!
//! Texts from outside are the raw ones once read back; in the document what could harm a terminal is a `\u` escape.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::audit::AuditReport;
use super::context::Context;
use super::reason::sentence;
use super::words::rfc3339;
use super::{blocker as blockers, escape, notice};
use crate::model::evaluation::Blocker;
use crate::model::package::{Line, Package, PackageId};
use crate::model::reason_facts::{Fact, Facts};
use crate::model::signal::Signal;
use crate::model::source::Source;
use crate::model::verdict::{Basis, Exemption, FixNeed, FixRole, Reason, ReasonCode, Warning};

/// Writes any document in the same way: indented, harmless to print.
///
/// # Errors
/// The writer's.
pub(super) fn write(document: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    out.write_all(escape::json(&text).as_bytes())?;
    out.write_all(b"\n")
}

/// A line of a manifest of this workspace.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ManifestLine<'a> {
    /// The manifest, relative to the working directory where it lies below it.
    file: &'a str,
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: u32,
}

impl<'a> ManifestLine<'a> {
    pub(super) fn of(line: &'a Line) -> Self {
        Self { file: line.file.as_str(), line: line.number }
    }
}

/// A JSON object whose fields keep their order, the first being `code`.
pub(super) struct Object(Vec<(&'static str, Value)>);

impl Object {
    pub(super) fn new(code: &'static str) -> Self {
        Self(vec![("code", code.into())])
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
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

    fn facts(mut self, facts: Facts<'_>, id: &PackageId, context: &Context<'_>) -> Self {
        for (name, fact) in facts {
            self = if let Fact::Advisory(advisory) = fact {
                self.cited(advisory, id, context)
            } else {
                self.with(name, value(fact))
            };
        }
        self
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

pub(super) fn reason(reason: &Reason, id: &PackageId, context: &Context<'_>) -> Object {
    let object = Object::new(reason.code().as_str()).facts(reason.facts(), id, context);
    object.message(sentence(reason, id, context))
}

pub(super) fn warning(warning: &Warning, id: &PackageId, context: &Context<'_>) -> Object {
    let object = Object::new(warning.code());
    let object = match warning {
        Warning::Advisory { advisory, kind } | Warning::NamedByAdvisory { advisory, kind } => {
            object.with("kind", kind.as_str()).cited(advisory, id, context)
        }
        Warning::Ignored { advisory, until } => object.cited(advisory, id, context).with("until", until.to_string()),
        Warning::Yanked | Warning::LicenseUndecided => object,
        Warning::Signal(signal) => object.facts(signal.facts(), id, context),
        Warning::OutsideWorkspace { path } | Warning::OtherRepository { path } => object.with("path", path.as_str()),
    };
    object.message(notice::warning(warning, id, context))
}

pub(super) fn signal(signal: &Signal, id: &PackageId, context: &Context<'_>) -> Object {
    Object(Vec::new()).facts(signal.facts(), id, context)
}

pub(super) fn basis(basis: &Basis) -> Object {
    let object = Object::new(basis.code().as_str());
    match basis {
        Basis::Aged | Basis::TrustedRegistry | Basis::AllowedSource => object,
        Basis::SecurityFix { advisory, fix, need } => {
            let object = object.with("advisory", &**advisory).with("role", fix.code());
            let object = match fix {
                FixRole::Named => object,
                FixRole::Companion { of, version } | FixRole::Dependent { of, version } => {
                    object.with("of", &**of).with("version", version.to_string())
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
            json!({ "code": need.code(), "version": version.to_string(), "locked_by": locked_by.as_str() })
        }
        FixNeed::Locked { instead_of } | FixNeed::NotLocked { instead_of } => {
            json!({ "code": need.code(), "version": instead_of.to_string() })
        }
    }
}

pub(super) fn blocker(blocker: &Blocker, report: &AuditReport<'_>) -> Object {
    let id = blockers::package(blocker).map(|wanted| {
        // Only a local package has a spec that its id does not tell, and there can be a problem for each of many others.
        let local =
            (wanted.source == Source::Local).then(|| report.packages.iter().find(|package| package.id == *wanted));
        local.flatten().map_or_else(|| wanted.to_string(), Package::spec)
    });
    Object::new(blocker.code()).message(blockers::message(blocker, &report.context())).with("package", id)
}

fn value(fact: Fact<'_>) -> Value {
    match fact {
        Fact::Text(text) => text.into(),
        Fact::Texts(texts) => texts.into(),
        Fact::Number(number) => number.into(),
        Fact::Moment(moment) => rfc3339(moment).into(),
        Fact::Unknown => Value::Null,
        Fact::Advisory(id) => id.into(),
        Fact::Truth(truth) => truth.into(),
        Fact::Group(facts) => group(facts),
        Fact::Groups(groups) => groups.into_iter().map(group).collect(),
    }
}

fn group(facts: Facts<'_>) -> Value {
    facts.into_iter().map(|(name, fact)| (name.to_owned(), value(fact))).collect()
}

fn texts(list: &[Box<str>]) -> Vec<&str> {
    list.iter().map(|text| &**text).collect()
}
