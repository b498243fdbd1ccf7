//! Folders of advisories: the `crates` of a database, and which files in it are about which crate; the folder that the policy names, and
//! the checkouts that other tools left of RustSec's database.
//!
//! Only what is about a crate in question is parsed: opening the whole database costs ten times as much, and one bad file in it
//! would fail every crate.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Read as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use rayon::prelude::*;

use super::git::AdvisoryRepository;
use super::request::{AdvisoryDbError, AdvisoryRequest, Source, is_in_future, latest_believed};
use super::statement::{FILE_LIMIT, date_line, may_be_malicious, parse_advisory};
use crate::files::regular::{self, Links};
use crate::model::advisory::{Advisory, AdvisoryDb, UnreadableAdvisory};
use crate::model::crate_name::canonical;

/// How many bytes of a file are searched for its date.
const DATE_WITHIN: usize = 4 << 10;
/// The most checkouts of cargo-deny's that are looked at.
const CHECKOUT_LIMIT: usize = 16;
/// A repository's configuration of more bytes is not looked at.
const CONFIG_LIMIT: u64 = 64 << 10;

/// The folders of `crates`, by the canonical form of their names.
#[derive(Debug)]
pub(super) struct Collection {
    crates: Utf8PathBuf,
    folders: HashMap<String, Vec<Folder>>,
}

/// An entry of `crates`, whatever it turned out to be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Folder {
    name: String,
    kind: Kind,
}

/// What a directory entry is. The listing says so by itself, and no link is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Folder,
    File,
    Other,
}

/// Why there is no advisory in a file, and the id by which a person may have it ignored.
struct Unread {
    cause: String,
    ignorable: Option<Arc<str>>,
}

impl Unread {
    /// Of a text that nobody saw: it could be about anything.
    fn unseen(cause: &str) -> Self {
        Self { cause: cause.to_owned(), ignorable: None }
    }
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => Self::Folder,
            (_, true) => Self::File,
            _ => Self::Other,
        }
    }
}

/// The advisories about the crates in question.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) by_crate: BTreeMap<Arc<str>, Vec<Advisory>>,
    pub(super) unreadable: Vec<UnreadableAdvisory>,
}

/// What is known of the whole.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Census {
    pub(super) total: usize,
    pub(super) newest: Option<Date>,
}

impl Collection {
    /// Lists the folder names below `root/crates`.
    pub(super) fn open(root: &Utf8Path) -> Result<Self, AdvisoryDbError> {
        let crates = root.join("crates");
        let listing = match fs::read_dir(&crates) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && root.is_dir() => {
                return Err(AdvisoryDbError::NoCollection { path: root.to_owned() });
            }
            Err(error) => return Err(AdvisoryDbError::io(crates)(error)),
        };
        let mut folders: HashMap<String, Vec<Folder>> = HashMap::new();
        for entry in listing {
            let entry = entry.map_err(AdvisoryDbError::io(&crates))?;
            // A crate's name is ASCII, so a folder with another name is no crate's.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(AdvisoryDbError::io(&crates))?.into();
            folders.entry(canonical(&name)).or_default().push(Folder { name, kind });
        }
        for spellings in folders.values_mut() {
            spellings.sort_unstable();
        }
        Ok(Self { crates, folders })
    }

    /// The folder that the crates' folders are in.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.crates
    }

    /// The names of the folders of one crate, by its canonical name.
    pub(super) fn spellings(&self, canonical: &str) -> impl Iterator<Item = &str> {
        self.folders.get(canonical).into_iter().flatten().map(|folder| &*folder.name)
    }

    /// Parses the advisories about these crates; about every crate, by its folder's name, where `crates` is `None`.
    pub(super) fn select(&self, crates: Option<&BTreeSet<Arc<str>>>) -> Selection {
        let every: BTreeSet<Arc<str>>;
        let crates = if let Some(crates) = crates {
            crates
        } else {
            every = self.folders.values().flatten().map(|folder| folder.name.as_str().into()).collect();
            &every
        };
        let wanted: Vec<(&Arc<str>, &Folder)> = crates
            .iter()
            .flat_map(|name| self.folders.get(&canonical(name)).into_iter().flatten().map(move |folder| (name, folder)))
            .collect();
        let read: Vec<Vec<Result<Option<Advisory>, UnreadableAdvisory>>> =
            wanted.into_par_iter().map(|(name, folder)| self.read_folder(name, folder)).collect();
        let mut selection = Selection::default();
        for result in read.into_iter().flatten() {
            match result {
                Ok(None) => {}
                Ok(Some(advisory)) => {
                    selection.by_crate.entry(Arc::clone(&advisory.crate_name)).or_default().push(advisory);
                }
                Err(unreadable) => selection.unreadable.push(unreadable),
            }
        }
        selection.by_crate.values_mut().for_each(|advisories| advisories.sort_by(|a, b| a.id.cmp(&b.id)));
        selection
    }

    fn read_folder(&self, crate_name: &Arc<str>, folder: &Folder) -> Vec<Result<Option<Advisory>, UnreadableAdvisory>> {
        let name = &folder.name;
        let path = self.crates.join(name);
        let unreadable = |file: String, unread: Unread| {
            let Unread { cause, ignorable } = unread;
            let (crate_name, file) = (Arc::clone(crate_name), format!("crates/{file}"));
            Err(UnreadableAdvisory { crate_name, ignorable, file, cause })
        };
        match folder.kind {
            Kind::Folder => {}
            Kind::File => return Vec::new(),
            Kind::Other => return vec![unreadable(name.clone(), Unread::unseen("it is neither a file nor a folder"))],
        }
        let mut files = match advisory_files(&path) {
            Ok(files) => files,
            Err(error) => return vec![unreadable(name.clone(), Unread::unseen(&error.to_string()))],
        };
        files.sort_unstable();
        let read = |file: &str, kind: Kind| {
            if kind != Kind::File {
                return Err(Unread::unseen("it is not a regular file"));
            }
            let text = regular::text(&path.join(file), Links::Refused, FILE_LIMIT)
                .map_err(|error| Unread::unseen(&error.to_string()))?;
            let stem = file.get(..file.len().saturating_sub(3)).unwrap_or_default();
            parse_advisory(&text, stem, crate_name).map_err(|error| {
                let ignorable = (!may_be_malicious(&text)).then(|| stem.into());
                Unread { cause: error.to_string(), ignorable }
            })
        };
        files
            .iter()
            .map(|(file, kind)| read(file, *kind).or_else(|unread| unreadable(format!("{name}/{file}"), unread)))
            .collect()
    }

    /// Counts the whole copy and, where asked, looks for its newest date; days after `latest` are not believed.
    ///
    /// RustSec's ids have the year of their date, so the files of the newest year that has a believed date tell the newest day. Where
    /// an older id has a younger date, the copy counts as older than it is, which is the safe side.
    pub(super) fn census(&self, latest: Option<Date>) -> Result<Census, AdvisoryDbError> {
        let folders: Vec<&Folder> =
            self.folders.values().flatten().filter(|folder| folder.kind == Kind::Folder).collect();
        let listed = |folder: &&Folder| -> Result<Vec<(Year, Utf8PathBuf)>, AdvisoryDbError> {
            let path = self.crates.join(&folder.name);
            let files = advisory_files(&path).map_err(AdvisoryDbError::io(&path))?;
            // What is no regular file counts, and has no date.
            let dated = |(file, kind): (String, Kind)| (Year::of(&file, kind), path.join(file));
            Ok(files.into_iter().map(dated).collect())
        };
        let listed: Vec<Vec<(Year, Utf8PathBuf)>> = folders.par_iter().map(listed).collect::<Result<_, _>>()?;
        let mut by_year: BTreeMap<Year, Vec<&Utf8Path>> = BTreeMap::new();
        for (year, file) in listed.iter().flatten() {
            by_year.entry(*year).or_default().push(file);
        }
        let newest = latest.and_then(|latest| {
            let newest = |files: &Vec<&Utf8Path>| {
                files.par_iter().filter_map(|file| newest_line(file)).filter(|date| *date <= latest).max()
            };
            let unsaid = by_year.get(&Year::Unsaid).and_then(newest);
            let said = by_year.iter().rev().filter(|(year, _)| matches!(year, Year::Said(_)));
            let said = said.map(|(_, files)| newest(files)).find(Option::is_some).flatten();
            said.max(unsaid)
        });
        Ok(Census { total: listed.iter().map(Vec::len).sum(), newest })
    }
}

/// The year that an advisory file's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Year {
    /// It is no regular file.
    None,
    /// It is named otherwise than RustSec does.
    Unsaid,
    Said(u16),
}

impl Year {
    fn of(file: &str, kind: Kind) -> Self {
        if kind != Kind::File {
            return Self::None;
        }
        let year = file.strip_prefix("RUSTSEC-").and_then(|rest| rest.split_once('-')).map(|(year, _)| year);
        year.filter(|year| year.len() == 4).and_then(|year| year.parse().ok()).map_or(Self::Unsaid, Self::Said)
    }
}

/// The names of the folder's `.md` files, hidden ones left out as rustsec does.
fn advisory_files(folder: &Utf8Path) -> std::io::Result<Vec<(String, Kind)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name.to_ascii_lowercase().ends_with(".md") {
            files.push((name, entry.file_type()?.into()));
        }
    }
    Ok(files)
}

/// The date near the file's start, found with one read: a file that the system hands out in smaller pieces has none for us, and so
/// can only make the copy look older.
fn newest_line(path: &Utf8Path) -> Option<Date> {
    let mut start = [0; DATE_WITHIN];
    let count = regular::open(path, Links::Refused).ok()?.file.read(&mut start).ok()?;
    date_line(start.get(..count)?)
}

/// A folder that the policy names. Nobody confirms it.
pub(super) fn read_folder(request: &AdvisoryRequest<'_>, folder: &Utf8Path) -> Result<AdvisoryDb, AdvisoryDbError> {
    let collection = Collection::open(folder)?;
    // The top of a checkout only: a folder inside a project's repository has that project's commits, not the advisories'.
    let git = folder.join(".git");
    let head = || AdvisoryRepository::at(git.clone(), request.environment).head().ok();
    let crates = request.crates;
    let (head, selection) =
        rayon::join(|| git.symlink_metadata().ok().and_then(|_| head()), || collection.select(crates));
    let head = head.filter(|(_, committed)| !is_in_future(*committed, request.now));
    let latest = if head.is_some() { None } else { Some(latest_believed(request.now)) };
    let census = collection.census(latest)?;
    let (commit, committed) = head.unzip();
    Ok(AdvisoryDb {
        source: request.db.to_owned(),
        copy: None,
        commit,
        committed,
        newest: census.newest,
        confirmed: None,
        rolled_back_from: None,
        forgotten: Vec::new(),
        total: census.total,
        by_crate: selection.by_crate,
        unreadable: selection.unreadable,
    })
}

/// The usable checkouts of RustSec's database that cargo-audit and cargo-deny left.
pub(super) fn checkouts(request: &AdvisoryRequest<'_>) -> Vec<AdvisoryDb> {
    let audit = request.cargo_home.join("advisory-db");
    let deny = request.cargo_home.join("advisory-dbs");
    let mut folders: Vec<Utf8PathBuf> = fs::read_dir(&deny)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| deny.join(name))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort_unstable();
    folders.truncate(CHECKOUT_LIMIT);
    folders.insert(0, audit);
    folders
        .into_iter()
        .filter(|folder| is_rustsec(folder))
        .filter_map(|folder| {
            let db = read_folder(request, &folder).ok().filter(|db| db.total > 0)?;
            Some(AdvisoryDb { copy: Some(folder.into_string()), ..db })
        })
        .collect()
}

/// Whether the checkout's remote is RustSec's. cargo-deny keeps the databases of companies in the same place; a folder that says
/// nothing of its remote is RustSec's by its name alone.
fn is_rustsec(folder: &Utf8Path) -> bool {
    let Ok(text) = regular::text(&folder.join(".git").join("config"), Links::Followed, CONFIG_LIMIT) else {
        return folder.file_name().is_some_and(|name| name == "advisory-db" || name.starts_with("advisory-db-"));
    };
    let mut addresses = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("url").then(|| value.trim().trim_matches('"'))
    });
    addresses.any(|address| Source::Git(address.to_owned()).is_rustsec())
}
