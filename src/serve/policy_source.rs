//! Where a team's policy is read from: a file of this machine, or a repository that people review.

use camino::{Utf8Path, Utf8PathBuf};

use super::config::PolicySource;
use super::team::Rules;
use crate::gather::environment::Environment;
use crate::gather::policy_file::{self, PolicyError};
use crate::gather::policy_repository::{self, PolicyRepositoryError};

/// A policy that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicySourceError {
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Repository(#[from] PolicyRepositoryError),
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
