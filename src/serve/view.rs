//! What `report` needs to tell of a team.

use std::sync::Arc;

use jiff::Timestamp;

use super::decide::Decided;
use super::node::Node;
use super::overview::alarms;
use super::team::{State, Team as Served};
use crate::model::approval::Approval;
use crate::model::package::CrateId;
use crate::model::run::Invocation;
use crate::report::context::Context;
use crate::report::team::{Alarm, Crate, Release, Team};

/// A team at one moment.
pub(crate) struct View<'n> {
    team: &'n Served,
    path: String,
    state: Arc<State>,
    now: Timestamp,
    alarms: Vec<Alarm>,
    situation: Invocation,
}

impl<'n> View<'n> {
    pub(crate) fn of(node: &Node, team: &'n Served, state: &Arc<State>) -> Self {
        let path = format!("{}/{}/", path_of(&node.url), team.name);
        let (state, situation) = (Arc::clone(state), Invocation::default());
        Self { team, path, state, now: node.moment.now(), alarms: alarms(node, team), situation }
    }

    /// The same, judged at another moment.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    pub(crate) fn told(&self) -> Team<'_> {
        let context = Context {
            now: self.now,
            advisories: self.state.advisories.fact(),
            judged_by: self.state.rules.judged_by(),
            situation: &self.situation,
        };
        Team {
            name: &self.team.name,
            path: &self.path,
            registries: &self.team.config.registries,
            context,
            policy: self.state.rules.digest,
            alarms: &self.alarms,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The approvals of the policy that name a crate.
    pub(crate) fn approvals(&self, decided: &Decided) -> Vec<&Approval> {
        let CrateId { registry, name } = &decided.entry.crate_id;
        let of_crate = |approval: &&Approval| approval.registry == *registry && approval.crate_name.names(name);
        self.state.rules.approvals.iter().filter(of_crate).collect()
    }

    /// One crate; `releases` are those of `decided`, or one of them.
    pub(crate) fn of_crate<'v>(
        &'v self,
        registry: &'v str,
        decided: &'v Decided,
        releases: &'v [Release],
        approvals: &'v [&'v Approval],
    ) -> Crate<'v> {
        let entry = &decided.entry;
        Crate {
            team: self.told(),
            registry,
            name: &entry.crate_id.name,
            releases,
            newest_approved: decided.newest_approved(),
            checked: entry.checked,
            stale: entry.stale,
            approvals,
        }
    }
}

/// Below which path clients reach this server, without a slash at its end.
fn path_of(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.find('/').map_or("", |at| host.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_proxy_may_serve_it_below_a_path() {
        assert_eq!(path_of("http://127.0.0.1:8080"), "");
        assert_eq!(path_of("https://example.org/crates"), "/crates");
    }
}
