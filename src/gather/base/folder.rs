//! Reads many files of a commit in one run of git.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use camino::Utf8Path;

use super::{BaseError, Commit, Files, entries};
use crate::gather::trail::{MAX_EVENT_BYTES, MAX_FILES, MAX_TRAIL_BYTES};

impl Commit {
    /// The plain files right in a folder, by name, with their bytes; empty where the commit has no such folder. Of a file larger than
    /// any event of a trail only so much is returned that this can be told.
    ///
    /// # Errors
    /// Git cannot read what the commit has, on the way there is a link, or it is more than any trail.
    pub fn folder(&self, folder: &Utf8Path) -> Result<Files, BaseError> {
        self.nothing_leads_to(folder)?;
        let listed = self.listed(&format!("{folder}/"), &[])?;
        let files: Vec<(&str, &str)> = entries(&listed)
            .filter(|entry| entry.mode.starts_with("100"))
            .filter_map(|entry| Some((entry.object, entry.path.rsplit('/').next()?)))
            .collect();
        self.contents(folder, &files)
    }

    /// The contents of these objects, by the names that stand beside them.
    pub(super) fn contents(&self, folder: &Utf8Path, files: &[(&str, &str)]) -> Result<Files, BaseError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        if files.len() > MAX_FILES {
            return Err(self.unreadable(folder, Some("it has more files than any audit trail")));
        }
        self.read(files).map_err(|error| self.unreadable(folder, Some(&error.to_string())))
    }

    /// Asks one git process for every object.
    fn read(&self, files: &[(&str, &str)]) -> std::io::Result<Files> {
        let mut child = self
            .repository
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("git takes no input"));
        };
        let read = std::thread::scope(|scope| {
            // Git answers while it is still being asked: one after the other would fill both pipes.
            scope.spawn(move || files.iter().try_for_each(|(id, _)| writeln!(questions, "{id}")));
            let mut answers = BufReader::new(answers);
            let mut total = 0;
            let read = files
                .iter()
                .map(|(_, name)| Ok(((*name).to_owned(), answer(&mut answers, &mut total)?)))
                .collect::<std::io::Result<Vec<_>>>();
            if read.is_err() {
                // Whoever still asks would otherwise wait for a git that waits to be read.
                let _ = child.kill();
            }
            read
        });
        child.wait()?;
        read
    }
}
/// Reads `ID blob SIZE`, the bytes and a line end.
fn answer(answers: &mut impl std::io::BufRead, total: &mut u64) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    answers.by_ref().take(200).read_line(&mut head)?;
    let size = head.trim_end().split(' ').collect::<Vec<_>>();
    let [_, "blob", size] = size.as_slice() else {
        return Err(std::io::Error::other(format!("git says `{}`", head.trim_end())));
    };
    let size: u64 = size.parse().map_err(std::io::Error::other)?;
    let kept = size.min(MAX_EVENT_BYTES + 1);
    *total += kept;
    if *total > MAX_TRAIL_BYTES {
        return Err(std::io::Error::other("it has more bytes than any audit trail"));
    }
    let mut bytes = Vec::new();
    let read = answers.by_ref().take(kept).read_to_end(&mut bytes)?;
    let rest = std::io::copy(&mut answers.by_ref().take(size - kept + 1), &mut std::io::sink())?;
    if u64::try_from(read).unwrap_or(u64::MAX) != kept || rest != size - kept + 1 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
