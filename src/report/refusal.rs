//! Why a team's registry does not give a release, in a few plain lines: cargo shows them to whoever asked.

use semver::Version;

use super::context::Context;
use super::escape::shell_word;
use super::reason::sentence;
use super::words::eligible;
use crate::model::package::PackageId;
use crate::model::verdict::{ReasonCode, Reasons};

/// A release that is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    pub(crate) id: &'a PackageId,
    /// Why; `None` where there are no advisories to decide by.
    pub(crate) reasons: Option<&'a Reasons>,
    /// What may be used in its place.
    pub(crate) newest_approved: Option<&'a Version>,
    /// Where a person reads on.
    pub(crate) page: &'a str,
    /// Whose policy it is.
    pub(crate) team: &'a str,
    pub(crate) context: Context<'a>,
}

/// The lines, each with its end.
#[must_use]
pub(crate) fn refusal(refusal: &Refusal<'_>) -> String {
    let Refusal { id, reasons, newest_approved, page, team, context } = *refusal;
    let (name, version) = (&id.name, &id.version);
    let malicious = reasons.is_some_and(|reasons| reasons.iter().any(|one| one.code() == ReasonCode::Malicious));
    let lifts = reasons.is_none_or(|reasons| reasons.iter().all(|reason| reason.code().an_approval_lifts()));
    let mut lines = vec![match (malicious, lifts) {
        (true, _) => format!("{name} {version} was made to do harm, and is given to nobody"),
        (false, true) => format!("{name} {version} is held in quarantine for the team `{team}`"),
        (false, false) => format!("{name} {version} is refused to the team `{team}`"),
    }];
    match reasons {
        Some(reasons) => lines.extend(reasons.iter().map(|reason| format!("- {}", sentence(reason, id, &context)))),
        None => lines.push("- there are no advisories to decide by, so nothing new is approved".to_owned()),
    }
    if let Some(at) = reasons.and_then(Reasons::eligible_at) {
        lines.push(format!("it is approved {}", eligible(context.now, at)));
    } else if reasons.is_some() {
        lines
            .push(if lifts { "time does not lift this" } else { "neither time nor an approval lifts this" }.to_owned());
    }
    if malicious {
        let spec = shell_word(&format!("{name}@{version}"));
        lines.push(format!(
            "where it was built its code may have run: `cargo sequester incident {spec}`, in each project, finds those places"
        ));
    }
    if let Some(version) = newest_approved {
        lines.push(format!("the newest approved release is {version}"));
    }
    if lifts {
        let spec = shell_word(&format!("{name}@{version}"));
        lines.push(format!(
            "to ask for it: let whoever keeps the policy ({}) look at `cargo sequester explain {spec}`, and approve it there",
            context.judged_by.sentence(),
        ));
    }
    lines.push(format!("see {page}"));
    let mut text = lines.iter().map(|line| super::escape::terminal(line)).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}
