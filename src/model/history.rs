//! A crate's index file: all that was ever published of it, one line a release.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use memchr::memmem;
use semver::Version;

use super::index_line::{LineError, Outline, Pubtime, Release};

/// A crate's index file, read as far as it is asked about. Files of 18 MB exist and most questions are about one line, so lines
/// are parsed when wanted; that shows in the time taken and in nothing else.
#[derive(Debug)]
pub struct History {
    name: Arc<str>,
    text: Bytes,
    lines: Vec<Line>,
    outlines: OnceLock<Vec<(usize, Outline)>>,
    first_published: OnceLock<Option<Timestamp>>,
    lookups: AtomicUsize,
    by_version: OnceLock<BTreeMap<Box<[u8]>, Vec<usize>>>,
    read: Mutex<BTreeMap<Version, Arc<Release>>>,
    standing: Standing,
    /// When releases that are yanked now were last seen unyanked in an older copy.
    unyanked: BTreeMap<Version, Timestamp>,
}

/// Where a line lies in the text.
#[derive(Debug)]
struct Line {
    range: Range<usize>,
    /// The version that cargo's cache files it under.
    key: Option<Range<usize>>,
}

/// After so many questions about single releases, every line is read.
const SEARCHES: usize = 32;

/// So many releases of a file are remembered. Of most crates one or two are locked, and a judge asks about them again and again; who looks
/// for a way out asks about some more.
const REMEMBERED: usize = 16;

/// How far an index file can be believed to be today's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Fetched, or confirmed unchanged by the registry, in this run.
    Confirmed,
    /// From cargo's index cache, last written at this time where the file system tells.
    Cached(Option<Timestamp>),
}

impl History {
    /// Takes the body that a sparse registry serves for the crate `name`: a JSON object a line.
    #[must_use]
    pub fn from_lines(name: &str, text: impl Into<Bytes>, standing: Standing) -> Self {
        let text = text.into();
        let mut lines = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &text).chain([text.len()]) {
            if !text[start..end].trim_ascii().is_empty() {
                lines.push(Line { range: start..end, key: None });
            }
            start = end + 1;
        }
        Self::new(name, text, lines, standing)
    }

    /// Takes a file of cargo's index cache, whose version entries, `version\0line\0` repeated, begin at `start`. `None` for one that
    /// is cut short: it would be a crate with fewer releases than it has.
    #[must_use]
    pub fn from_cache(name: &str, file: impl Into<Bytes>, start: usize, standing: Standing) -> Option<Self> {
        let text = file.into();
        let mut lines = Vec::new();
        let mut ends = memchr::memchr_iter(0, text.get(start..)?).map(|end| start + end);
        let mut key = start;
        while let Some(key_end) = ends.next() {
            let end = ends.next()?;
            lines.push(Line { range: key_end + 1..end, key: Some(key..key_end) });
            key = end + 1;
        }
        (key == text.len()).then(|| Self::new(name, text, lines, standing))
    }

    /// The same releases, confirmed unchanged by the registry in this run.
    #[must_use]
    pub fn confirmed(self) -> Self {
        Self { standing: Standing::Confirmed, ..self }
    }

    /// The same releases, of which older copies showed some before they were yanked.
    #[must_use]
    pub fn with_unyanked(self, unyanked: BTreeMap<Version, Timestamp>) -> Self {
        Self { unyanked, ..self }
    }

    /// When an older copy last showed a release that was not yanked then.
    #[must_use]
    pub fn last_unyanked(&self, version: &Version) -> Option<Timestamp> {
        self.unyanked.get(version).copied()
    }

    fn new(name: &str, text: Bytes, lines: Vec<Line>, standing: Standing) -> Self {
        Self {
            name: name.into(),
            text,
            lines,
            outlines: OnceLock::new(),
            first_published: OnceLock::new(),
            lookups: AtomicUsize::new(0),
            by_version: OnceLock::new(),
            read: Mutex::default(),
            standing,
            unyanked: BTreeMap::new(),
        }
    }

    /// The crate's name, as asked for.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How far the file can be believed to be today's.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// The lines, verbatim, in the file's order.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(|line| self.text(line))
    }

    /// Whether the text breaks off within its last line, as an answer that tells no length does when its connection ends early. Registries end
    /// every line, or all but the last, which is a whole JSON value then.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        let last = self.lines.last().filter(|line| line.key.is_none()).map(|line| self.text(line));
        !self.text.ends_with(b"\n")
            && last.is_some_and(|line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err())
    }

    /// Whether a line is plainly no JSON object: such an answer may have been garbled on its way, and a registry that then confirms it by its
    /// validators speaks of what it sent.
    #[must_use]
    pub fn has_garbled_line(&self) -> bool {
        !self.lines().all(|line| line.starts_with(b"{") && line.ends_with(b"}") && str::from_utf8(line).is_ok())
    }

    /// The release with exactly this version, build metadata included: `None` where the index does not have it.
    ///
    /// # Errors
    /// Its line cannot be believed, or two lines differ.
    pub fn release(&self, version: &Version) -> Result<Option<Arc<Release>>, LineError> {
        if let Some(release) = self.remembered().get(version) {
            return Ok(Some(Arc::clone(release)));
        }
        let Some(line) = self.line_about(version)? else { return Ok(None) };
        let release = Arc::new(Release::parse(&self.name, line)?);
        exactly(version, &release.outline)?;
        let mut remembered = self.remembered();
        if remembered.len() < REMEMBERED {
            remembered.insert(version.clone(), Arc::clone(&release));
        }
        Ok(Some(release))
    }

    /// The line of exactly this version, verbatim.
    ///
    /// # Errors
    /// Two lines differ.
    pub fn line(&self, version: &Version) -> Result<Option<&[u8]>, LineError> {
        self.line_about(version)
    }

    /// As [`Self::release`], without what it depends on, which need not be readable: a third of the work, but for the first that are asked
    /// about.
    ///
    /// # Errors
    /// Its line cannot be believed, or two lines differ.
    pub fn outline(&self, version: &Version) -> Result<Option<Outline>, LineError> {
        // Who asks so much of one of the first releases will be asked about the rest of it.
        let has_room = {
            let remembered = self.remembered();
            remembered.len() < REMEMBERED || remembered.contains_key(version)
        };
        if has_room && let Ok(release) = self.release(version) {
            return Ok(release.map(|release| release.outline.clone()));
        }
        let Some(line) = self.line_about(version)? else { return Ok(None) };
        let outline = Outline::parse(&self.name, line)?;
        exactly(version, &outline)?;
        Ok(Some(outline))
    }

    /// Every release whose line can be read, in the file's order.
    pub fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.parsed().iter().map(|(_, outline)| outline)
    }

    /// The versions, highest first, each with the place of its line, which may turn out to be unreadable. Cargo's cache files lines by
    /// version, so there nothing else of them is read.
    #[must_use]
    pub fn newest_first(&self) -> Vec<(Version, usize)> {
        self.versions(|_| true)
    }

    /// As [`Self::newest_first`], but those above `floor`. A version with two lines that differ is left out: nobody can tell which of them
    /// is the release.
    #[must_use]
    pub fn above(&self, floor: &Version) -> Vec<(Version, usize)> {
        let above = self.versions(|version| version > floor);
        let text = |place: usize| self.lines.get(place).map(|line| self.text(line));
        let groups = above.chunk_by(|one, other| one.0 == other.0);
        let single = groups.filter(|group| group.windows(2).all(|pair| text(pair[0].1) == text(pair[1].1)));
        single.filter_map(|group| group.first().cloned()).collect()
    }

    fn versions(&self, wanted: impl Fn(&Version) -> bool) -> Vec<(Version, usize)> {
        let filed = self.lines.first().is_some_and(|line| line.key.is_some());
        let mut all: Vec<(Version, usize)> = if filed {
            let version = |line: &Line| std::str::from_utf8(self.text.get(line.key.clone()?)?).ok()?.parse().ok();
            self.lines.iter().enumerate().filter_map(|(place, line)| Some((version(line)?, place))).collect()
        } else {
            self.parsed().iter().map(|(place, outline)| (outline.version.clone(), *place)).collect()
        };
        all.retain(|(version, _)| wanted(version));
        all.sort_by(|one, other| other.cmp(one));
        all
    }

    /// The release on the line at this place; `None` where the line cannot be believed, or is filed under another version.
    #[must_use]
    pub fn outline_at(&self, place: usize) -> Option<Outline> {
        let line = self.lines.get(place)?;
        let outline = Outline::parse(&self.name, self.text(line)).ok()?;
        let filed = line.key.clone().and_then(|key| self.text.get(key));
        filed.is_none_or(|key| outline.version.to_string().as_bytes() == key).then_some(outline)
    }

    /// The readable releases with their lines, verbatim.
    pub fn outlined_lines(&self) -> impl Iterator<Item = (&Outline, &[u8])> {
        self.parsed().iter().filter_map(|(position, outline)| Some((outline, self.text(self.lines.get(*position)?))))
    }

    /// When the crate's first release was published: the earliest pubtime of all readable lines, `None` where none has one. Lines
    /// without a pubtime can only be older, so a crate never counts as older than it is.
    #[must_use]
    pub fn first_published(&self) -> Option<Timestamp> {
        *self.first_published.get_or_init(|| self.earliest())
    }

    /// When the release on the file's first line was published, which nearly always is the crate's first: the cheapest proof that the
    /// crate was there by then.
    #[must_use]
    pub(crate) fn first_line(&self) -> Option<Timestamp> {
        Outline::parse(&self.name, self.text(self.lines.first()?)).ok()?.pubtime.known()
    }

    fn earliest(&self) -> Option<Timestamp> {
        // The canonical form sorts as text, so the one line that matters is found without parsing any other.
        let earliest = self.plain_pubtimes().min()?;
        let (text, at) = earliest;
        let confirmed = self.line_at(at).and_then(|line| Outline::parse(&self.name, self.text(line)).ok());
        match (confirmed.map(|outline| outline.pubtime), std::str::from_utf8(text).map(Pubtime::parse)) {
            (Some(Pubtime::Known(said)), Ok(Pubtime::Known(found))) if said == found => Some(said),
            _ => self.outlines().filter_map(|outline| outline.pubtime.known()).min(),
        }
    }

    fn text(&self, line: &Line) -> &[u8] {
        self.text.get(line.range.clone()).unwrap_or_default()
    }

    fn line_at(&self, at: usize) -> Option<&Line> {
        let after = self.lines.partition_point(|line| line.range.start <= at);
        self.lines.get(after.checked_sub(1)?).filter(|line| line.range.contains(&at))
    }

    fn remembered(&self) -> MutexGuard<'_, BTreeMap<Version, Arc<Release>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parsed(&self) -> &[(usize, Outline)] {
        self.outlines.get_or_init(|| {
            self.lines()
                .enumerate()
                .filter_map(|(position, line)| Some((position, Outline::parse(&self.name, line).ok()?)))
                .collect()
        })
    }

    /// The one line that claims to be about this version; the same line twice is one.
    fn line_about(&self, version: &Version) -> Result<Option<&[u8]>, LineError> {
        let mut lines = self.lines_about(&version.to_string()).into_iter();
        let first = lines.next();
        if lines.any(|line| Some(line) != first) { Err(LineError::Ambiguous) } else { Ok(first) }
    }

    /// The lines that claim to be about this version. Cargo's cache files them by version; in a registry's own file every line is
    /// looked at that has the version's text, or an escape that could spell it. A lock file with thousands of versions of one crate
    /// must not have the file searched thousands of times, so after a few questions every line is read once and remembered.
    fn lines_about(&self, version: &str) -> Vec<&[u8]> {
        if self.lookups.fetch_add(1, Ordering::Relaxed) >= SEARCHES {
            let about = self.by_version().get(version.as_bytes()).into_iter().flatten();
            return about.filter_map(|at| self.lines.get(*at)).map(|line| self.text(line)).collect();
        }
        if self.lines.first().is_some_and(|line| line.key.is_some()) {
            let filed = |line: &&Line| {
                line.key.clone().and_then(|key| self.text.get(key)).is_some_and(|key| key == version.as_bytes())
            };
            return self.lines.iter().filter(filed).map(|line| self.text(line)).collect();
        }
        let quoted = format!("\"{version}\"");
        let plain = memmem::find_iter(&self.text, quoted.as_bytes());
        let escaped = memmem::find_iter(&self.text, br"\u");
        let mut lines: Vec<&Line> = plain.chain(escaped).filter_map(|at| self.line_at(at)).collect();
        lines.sort_by_key(|line| line.range.start);
        lines.dedup_by_key(|line| line.range.start);
        lines.into_iter().map(|line| self.text(line)).filter(|line| claims(line, version)).collect()
    }

    /// The positions of the lines about each version.
    fn by_version(&self) -> &BTreeMap<Box<[u8]>, Vec<usize>> {
        self.by_version.get_or_init(|| {
            let mut all: BTreeMap<Box<[u8]>, Vec<usize>> = BTreeMap::new();
            for (position, line) in self.lines.iter().enumerate() {
                let versions = match &line.key {
                    Some(key) => self.text.get(key.clone()).map(Box::from).into_iter().collect(),
                    None => claimed(self.text(line)),
                };
                for version in versions {
                    all.entry(version).or_default().push(position);
                }
            }
            all
        })
    }

    /// Every text in the canonical form of a pubtime that stands behind that key, with its place.
    fn plain_pubtimes(&self) -> impl Iterator<Item = (&[u8], usize)> {
        memmem::find_iter(&self.text, br#""pubtime""#).filter_map(|at| {
            let text = plain_value(self.text.get(at + 9..)?)?;
            (text.len() == 20 && text.ends_with(b"Z")).then_some((text, at))
        })
    }
}

/// Whether the line says of itself what its place says of it.
fn exactly(version: &Version, outline: &Outline) -> Result<(), LineError> {
    if outline.version == *version { Ok(()) } else { Err(LineError::WrongVersion(outline.version.to_string().into())) }
}

/// Whether a line says that it is about this version.
fn claims(line: &[u8], version: &str) -> bool {
    claimed(line).iter().any(|claimed| **claimed == *version.as_bytes())
}

/// The version that a line's own `vers` gives. A line that is no JSON claims all that it seems to say: it must not hide the release
/// that it garbles.
fn claimed(line: &[u8]) -> BTreeSet<Box<[u8]>> {
    #[derive(serde::Deserialize)]
    struct Vers<'a> {
        #[serde(borrow)]
        vers: std::borrow::Cow<'a, str>,
    }
    match serde_json::from_slice::<Vers<'_>>(line) {
        Ok(line) => BTreeSet::from([line.vers.as_bytes().into()]),
        Err(_) => memmem::find_iter(line, br#""vers""#)
            .filter_map(|at| line.get(at + 6..).and_then(plain_value).map(Box::from))
            .collect(),
    }
}

/// The text value behind a key: white space, a colon, white space, a string without escapes.
fn plain_value(after_key: &[u8]) -> Option<&[u8]> {
    let value = after_key.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    value.get(..memchr::memchr(b'"', value)?)
}
