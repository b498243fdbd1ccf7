//! Where a team's policy is read from: a file of this machine, or a repository that people review; and when what is read there is believed.
//!
//! A file that is being written is cut off somewhere, and a policy that is cut off lets more through than the whole one, where it can be read
//! at all. So a new text counts once two looks a moment apart have found the same, and nothing never takes the place of something.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::config::PolicySource;
use super::team::Rules;
use crate::gather::environment::Environment;
use crate::gather::policy_file::{self, PolicyError};
use crate::gather::policy_repository::{self, PolicyRepositoryError};
use crate::policy::policy_drift;
use crate::report::change;

/// A policy that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicySourceError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Repository(#[from] PolicyRepositoryError),
    #[error(
        "the policy is empty, and the last one was not\nhelp: where the defaults are meant, let a line of comment say so: `# the defaults`"
    )]
    Empty,
    #[error("the policy is another one at every look\nhelp: let whatever writes it come to an end")]
    Unsettled,
}

impl PolicySourceError {
    /// What is wrong, in a line for the team. Where its policy lies on this machine is none of that.
    pub(crate) fn for_team(&self, source: &PolicySource) -> String {
        let words = self.to_string();
        let first = words.lines().next().unwrap_or_default();
        match source {
            PolicySource::File(Some(path)) => {
                let folder = path.parent().map(|folder| format!("{folder}/")).unwrap_or_default();
                if folder.len() > 1 { first.replace(&folder, "") } else { first.to_owned() }
            }
            PolicySource::File(None) | PolicySource::Git { .. } => first.to_owned(),
        }
    }
}

/// How far two looks are apart, and how often a policy that changes meanwhile is looked at again.
const MOMENT: Duration = Duration::from_secs(1);
const LOOKS: usize = 3;

/// Reads it where it may have changed since `last`: what two looks a moment apart agree about. It waits for disk, network and that moment.
pub(crate) fn read_since(
    last: Option<&Rules>,
    source: &PolicySource,
    environment: &Environment,
) -> Result<Rules, PolicySourceError> {
    let mut rules = read(source, environment)?;
    let Some(last) = last else { return Ok(rules) };
    for _ in 0..LOOKS {
        if rules.digest == last.digest || matches!(source, PolicySource::File(None)) {
            return Ok(rules);
        }
        std::thread::sleep(MOMENT);
        let again = read(source, environment)?;
        if again.digest == rules.digest {
            let is_empty = |rules: &Rules| rules.text.trim().is_empty();
            return if is_empty(&again) && !is_empty(last) { Err(PolicySourceError::Empty) } else { Ok(again) };
        }
        rules = again;
    }
    Err(PolicySourceError::Unsettled)
}

/// In what a policy lets more through than the last one: the rules, and how many approvals and ignored advisories are new.
pub(crate) fn loosened(last: &Rules, rules: &Rules) -> (Vec<String>, usize) {
    let all = policy_drift::loosened((&last.policy, &last.approvals), (&rules.policy, &rules.approvals));
    let (decided, loosened) = policy_drift::decided(all);
    (loosened.iter().map(change::loosened).collect(), decided.len())
}

/// Reads it. It waits for disk and network.
pub(crate) fn read(source: &PolicySource, environment: &Environment) -> Result<Rules, PolicySourceError> {
    match source {
        PolicySource::File(None) => Ok(Rules::parse(String::new(), None, environment.current_dir())?),
        PolicySource::File(Some(path)) => {
            let path = environment.current_dir().join(path);
            let absent = || PolicyError::Absent { path: path.clone() };
            let text = policy_file::text(&path)?.ok_or_else(absent)?;
            let folder = path.parent().unwrap_or(Utf8Path::new("."));
            Ok(Rules::parse(text, path.file_name().map(Utf8PathBuf::from), folder)?)
        }
        PolicySource::Git { url, branch, path } => {
            let text = policy_repository::file(url, branch.as_deref(), path, environment)?;
            // A folder of a repository is none of this machine.
            Ok(Rules::parse(text, Some(Utf8PathBuf::from(path)), environment.current_dir())?)
        }
    }
}
