//! A small advisory database in RustSec's layout, with advisories of our own wording.

use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// A database in a folder of its own.
pub struct AdvisoryFolder {
    folder: TempDir,
}

/// One advisory; a vulnerability without a patched version unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Advisory {
    id: String,
    crate_name: String,
    date: String,
    title: String,
    lines: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl Advisory {
    /// About this crate, reported on 2026-01-01.
    pub fn new(id: &str, crate_name: &str) -> Self {
        Self {
            id: id.to_owned(),
            crate_name: crate_name.to_owned(),
            date: "2026-01-01".to_owned(),
            title: format!("A flaw made up for tests in {crate_name}"),
            lines: String::new(),
            patched: Vec::new(),
            unaffected: Vec::new(),
        }
    }

    /// Reported on this day.
    pub fn date(mut self, date: &str) -> Self {
        date.clone_into(&mut self.date);
        self
    }

    /// Another title.
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// Fixed in these versions.
    pub fn patched(mut self, req: &str) -> Self {
        self.patched.push(req.to_owned());
        self
    }

    /// Never present in these versions.
    pub fn unaffected(mut self, req: &str) -> Self {
        self.unaffected.push(req.to_owned());
        self
    }

    /// `unsound`, `unmaintained` or `notice`.
    pub fn informational(self, kind: &str) -> Self {
        self.line(&format!("informational = {kind:?}"))
    }

    /// In the category `malicious`.
    pub fn malicious(self) -> Self {
        self.line("categories = [\"malicious\"]")
    }

    /// Taken back on this day.
    pub fn withdrawn(self, date: &str) -> Self {
        self.line(&format!("withdrawn = {date:?}"))
    }

    /// Any other line of the table `[advisory]`.
    pub fn line(mut self, line: &str) -> Self {
        self.lines += line;
        self.lines.push('\n');
        self
    }

    /// The file's text: Markdown behind a TOML head.
    pub fn text(&self) -> String {
        let Self { id, crate_name, date, title, lines, patched, unaffected } = self;
        let mut toml = format!("[advisory]\nid = {id:?}\npackage = {crate_name:?}\ndate = {date:?}\n{lines}");
        let _ = write!(toml, "\n[versions]\npatched = {patched:?}\nunaffected = {unaffected:?}\n");
        format!("```toml\n{toml}```\n\n# {title}\n\nThis advisory describes nothing real.\n")
    }
}

impl AdvisoryFolder {
    /// A database without advisories.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("sequester-advisories-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crates")).unwrap();
        Self { folder }
    }

    /// Adds an advisory, or replaces the one of its id.
    pub fn with(self, advisory: &Advisory) -> Self {
        self.add(advisory);
        self
    }

    /// As [`Self::with`], on a database that is in use.
    pub fn add(&self, advisory: &Advisory) {
        self.write(&format!("crates/{}/{}.md", advisory.crate_name, advisory.id), &advisory.text());
    }

    /// Writes any file, however malformed.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The database's root, to be given as `--advisory-db`.
    pub fn root(&self) -> Utf8PathBuf {
        Utf8PathBuf::try_from(self.folder.path().to_path_buf()).unwrap()
    }

    /// The database as the archive of a git branch that GitHub serves: the commit in a global pax header, its time (in seconds since
    /// 1970) as every entry's modification time, everything below one folder.
    pub fn archive(&self, commit: &str, time: u64) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let record = format!(" comment={commit}\n");
        // The record's length counts its own two digits.
        let record = format!("{}{record}", record.len() + 2);
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::XGlobalHeader);
        header.set_size(record.len() as u64);
        header.set_mtime(time);
        tar.append_data(&mut header, "pax_global_header", record.as_bytes()).unwrap();
        append_folder(&mut tar, &self.root(), "advisory-db-main", time);
        tar.into_inner().unwrap().finish().unwrap()
    }
}

fn append_folder<W: std::io::Write>(tar: &mut tar::Builder<W>, folder: &Utf8Path, name: &str, time: u64) {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o775);
    header.set_mtime(time);
    tar.append_data(&mut header, format!("{name}/"), std::io::empty()).unwrap();
    let mut entries: Vec<_> = folder.read_dir_utf8().unwrap().map(Result::unwrap).collect();
    entries.sort_by(|left, right| left.file_name().cmp(right.file_name()));
    for entry in entries {
        let name = format!("{name}/{}", entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            append_folder(tar, entry.path(), &name, time);
            continue;
        }
        let content = std::fs::read(entry.path()).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o664);
        header.set_mtime(time);
        tar.append_data(&mut header, name, &content[..]).unwrap();
    }
}
