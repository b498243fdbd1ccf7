//! A policy that lies in a git repository: the newest commit of a branch, and one file of it.

use std::io;

use camino::Utf8Path;

use super::environment::Environment;
use super::git::{self, Answer, Failure, Reach};
use crate::files::{Errand, temporary_folder};

/// The largest policy, in bytes.
const LARGEST: u64 = 1 << 20;
/// Where the fetched commit is kept.
const FETCHED: &str = "refs/sequester/policy";

/// A policy that could not be had from its repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyRepositoryError {
    #[error("a folder for the policy's repository could not be made: {0}\nhelp: check TMPDIR")]
    Folder(#[source] io::Error),
    #[error("{url}: git {call}: {cause}\nhelp: check `policy-git` in the configuration")]
    Git { url: String, call: &'static str, cause: String },
    #[error("{url}: {path} is no text\nhelp: check `policy-git` in the configuration")]
    Text { url: String, path: String },
}

/// The text of a file as the newest commit of a branch has it; of the default branch where none is named.
pub(crate) fn file(
    url: &str,
    branch: Option<&str>,
    path: &str,
    environment: &Environment,
) -> Result<String, PolicyRepositoryError> {
    let folder = temporary_folder(Errand::Policy).map_err(PolicyRepositoryError::Folder)?;
    let folder = Utf8Path::from_path(folder.path())
        .ok_or_else(|| PolicyRepositoryError::Folder(io::Error::other("its path is no text")))?
        .to_owned();
    let shown = super::http::shown(url);
    let run = |call: &'static str, reach: Reach<'_>, arguments: &[&str]| -> Result<Answer, PolicyRepositoryError> {
        let failed = |cause: String| PolicyRepositoryError::Git { url: shown.clone(), call, cause };
        let mut command = git::command(environment, reach);
        command.current_dir("/").arg("--git-dir").arg(&folder).arg(call).args(arguments);
        let answer = git::run(command, Vec::new(), LARGEST).map_err(|failure: Failure| failed(failure.to_string()))?;
        if answer.status.success() {
            return Ok(answer);
        }
        Err(failed(answer.last_words().unwrap_or("it failed").to_owned()))
    };
    run("init", Reach::Sealed, &["--bare", "--quiet", "--template=", "--", folder.as_str()])?;
    let refspec = branch.map_or_else(|| format!("+HEAD:{FETCHED}"), |branch| format!("+refs/heads/{branch}:{FETCHED}"));
    let protocols = if url.starts_with("file:") { "file" } else { "https:ssh" };
    let quietly = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--depth=1", "--"];
    let arguments: Vec<&str> = quietly.into_iter().chain([url, refspec.as_str()]).collect();
    run("fetch", Reach::Out(protocols), &arguments)?;
    let object = format!("{FETCHED}:{path}");
    let answer = run("cat-file", Reach::Sealed, &["blob", &object])?;
    String::from_utf8(answer.stdout).map_err(|_| PolicyRepositoryError::Text { url: shown, path: path.to_owned() })
}
