//! The files by which a host's CI runs this program, for `init --ci`. They are written where nothing is, and never over a file.

use camino::{Utf8Path, Utf8PathBuf};

use super::outcome::InitError;
use crate::cli::CiHost;
use crate::gather::git;
use crate::write::project_file::FileChange;

/// The job that judges changes, the one that judges the main branch, the one that moves it forward: where each goes and what it says, but for
/// what depends on the project.
const GITHUB: [(&str, &str); 3] = [
    (".github/workflows/sequester.yml", include_str!("../../examples/ci/github/sequester.yml")),
    (".github/workflows/sequester-nightly.yml", include_str!("../../examples/ci/github/sequester-nightly.yml")),
    (".github/workflows/sequester-update.yml", include_str!("../../examples/ci/github/sequester-update.yml")),
];
const GITLAB: [(&str, &str); 2] = [
    (".gitlab/sequester.yml", include_str!("../../examples/ci/gitlab/sequester.yml")),
    (GITLAB_ENTRY, include_str!("../../examples/ci/gitlab/gitlab-ci.yml")),
];
/// The file that GitLab reads; all others are taken in by it.
const GITLAB_ENTRY: &str = ".gitlab-ci.yml";

/// What the jobs build.
#[derive(Debug)]
struct Tool<'a> {
    url: &'a str,
    commit: &'a str,
}

impl<'a> Tool<'a> {
    /// Reads `URL#COMMIT`, which then stands in YAML and in a shell's words.
    fn read(text: &'a str) -> Result<Self, InitError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte);
        let is_commit = |id: &str| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        text.split_once('#')
            .filter(|(url, commit)| url.starts_with("https://") && url.bytes().all(plain) && is_commit(commit))
            .map(|(url, commit)| Self { url, commit })
            .ok_or_else(|| InitError::Tool { text: text.to_owned() })
    }
}

/// The files of one host for one project.
#[derive(Debug, Default)]
pub(super) struct CiFiles {
    /// Those that are to be written, with their texts.
    wanted: Vec<(Utf8PathBuf, String)>,
    /// Those in whose place there is something already.
    pub(super) kept: Vec<Utf8PathBuf>,
}

impl CiFiles {
    /// Works out what is to be written for the workspace at `root`. The jobs build this program from `tool`, a repository and a commit in it.
    ///
    /// # Errors
    /// The workspace's folder or the tool cannot stand in such a file, or no tool is named for one that is to be written.
    pub(super) fn plan(host: CiHost, tool: Option<&str>, root: &Utf8Path) -> Result<Self, InitError> {
        let tool = tool.map(Tool::read).transpose()?;
        let top = git::root_around(root).unwrap_or(root);
        let below = root.strip_prefix(top).map_or("", Utf8Path::as_str);
        // It stands in YAML and in a shell's words.
        if !below.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+ ".contains(&byte)) {
            return Err(InitError::CiFolder { path: root.to_owned() });
        }
        let directory = if below.is_empty() { "." } else { below };
        let templates: &[(&str, &str)] = match host {
            CiHost::Github => &GITHUB,
            CiHost::Gitlab => &GITLAB,
        };
        let mut files = Self::default();
        for (path, text) in templates {
            let path = top.join(path);
            if path.symlink_metadata().is_ok() {
                files.kept.push(path);
                continue;
            }
            // A name that a registry does not have yet could become anybody's, who would then run in everybody's CI.
            let text = match &tool {
                Some(tool) => text.replace("@URL@", tool.url).replace("@COMMIT@", tool.commit),
                None if text.contains("@COMMIT@") => return Err(InitError::NoTool),
                None => (*text).to_owned(),
            };
            files.wanted.push((path, text.replace("@DIRECTORY@", directory).replace("@LOOSENED@", "fail")));
        }
        Ok(files)
    }

    /// What is to be written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.wanted.iter().map(|(path, _)| path.as_path())
    }

    /// Whether the jobs take effect only once a file that stays as it is takes them in.
    pub(super) fn needs_entry(&self) -> bool {
        self.kept.iter().any(|path| path.file_name() == Some(GITLAB_ENTRY))
    }

    /// Writes them beside their places.
    ///
    /// # Errors
    /// A folder cannot be made, or a file not be written: it may have come there meanwhile.
    pub(super) fn stage(&self) -> Result<Vec<FileChange>, InitError> {
        let staged = self.wanted.iter().map(|(path, text)| {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|cause| InitError::Folder { path: folder.to_owned(), cause })?;
            }
            Ok(FileChange::of_text(path, None, text)?)
        });
        staged.collect()
    }
}
