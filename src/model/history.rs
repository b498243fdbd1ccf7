//! A crate's index file: all that was ever published of it, one line a release.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use memchr::memmem;
use semver::Version;

use super::index_line::{LineError, Outline, Pubtime, Release};

/// A crate's index file, read as far as it is asked about. Files of 18 MB exist and most questions are about one line, so lines
/// are parsed when wanted; that shows in the time taken and in nothing else.
#[derive(Debug)]
pub struct History {
    name: Arc<str>,
    text: Box<[u8]>,
    lines: Vec<Range<usize>>,
    outlines: OnceLock<Vec<(usize, Result<Outline, LineError>)>>,
    standing: Standing,
}

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
    pub fn from_lines(name: &str, text: impl Into<Box<[u8]>>, standing: Standing) -> Self {
        let text = text.into();
        let mut lines = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &text).chain([text.len()]) {
            if !text[start..end].trim_ascii().is_empty() {
                lines.push(start..end);
            }
            start = end + 1;
        }
        Self { name: name.into(), text, lines, outlines: OnceLock::new(), standing }
    }

    /// Takes the version entries of cargo's index cache: `version\0line\0`, repeated.
    #[must_use]
    pub fn from_cache(name: &str, entries: impl Into<Box<[u8]>>, standing: Standing) -> Self {
        let text = entries.into();
        let ends: Vec<usize> = memchr::memchr_iter(0, &text).collect();
        let lines = ends.chunks_exact(2).map(|pair| pair[0] + 1..pair[1]).collect();
        Self { name: name.into(), text, lines, outlines: OnceLock::new(), standing }
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
        self.lines.iter().map(|range| &self.text[range.clone()])
    }

    /// The release with exactly this version: `None` where the index does not have it.
    ///
    /// # Errors
    /// Its line cannot be believed, or two lines differ.
    pub fn release(&self, version: &Version) -> Result<Option<Release>, LineError> {
        let mut found: Option<&[u8]> = None;
        for line in self.lines_about(version) {
            match found {
                Some(first) if first != line => return Err(LineError::Ambiguous),
                _ => found = Some(line),
            }
        }
        found.map(|line| Release::parse(&self.name, line)).transpose()
    }

    /// Every release whose line can be read, in the file's order.
    pub fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.parsed().iter().filter_map(|(_, outline)| outline.as_ref().ok())
    }

    /// The readable releases with their lines, verbatim.
    pub fn outlined_lines(&self) -> impl Iterator<Item = (&Outline, &[u8])> {
        self.parsed().iter().filter_map(|(line, outline)| {
            outline.as_ref().ok().map(|outline| (outline, &self.text[self.lines[*line].clone()]))
        })
    }

    /// When the crate's first release was published: the earliest pubtime of all lines, `None` where any line has none.
    #[must_use]
    pub fn first_published(&self) -> Option<Timestamp> {
        let finder = memmem::Finder::new(br#""pubtime":""#);
        let mut first: Option<Timestamp> = None;
        for line in self.lines() {
            let mut hits = finder.find_iter(line);
            let text = match (hits.next(), hits.next()) {
                (Some(at), None) => line.get(at + 11..at + 31).and_then(|text| std::str::from_utf8(text).ok()),
                _ => None,
            };
            let pubtime = match text {
                Some(text) => Pubtime::parse(text),
                None => Outline::parse(&self.name, line).ok()?.pubtime,
            };
            let Pubtime::Known(moment) = pubtime else { return None };
            first = Some(first.map_or(moment, |first| first.min(moment)));
        }
        first
    }

    fn parsed(&self) -> &[(usize, Result<Outline, LineError>)] {
        self.outlines.get_or_init(|| {
            self.lines().enumerate().map(|(position, line)| (position, Outline::parse(&self.name, line))).collect()
        })
    }

    /// Lines whose version is `version`. Registries write JSON without spaces, so the text `"vers":"1.2.3"` finds them without
    /// parsing; where that finds nothing, every line is parsed.
    fn lines_about(&self, version: &Version) -> Vec<&[u8]> {
        let version_text = version.to_string();
        let needle = format!(r#""vers":"{version_text}""#);
        let finder = memmem::Finder::new(needle.as_bytes());
        let candidates: Vec<&[u8]> =
            self.lines().filter(|line| finder.find(line).is_some() && says(line, &version_text)).collect();
        if !candidates.is_empty() {
            return candidates;
        }
        self.lines().filter(|line| says(line, &version_text)).collect()
    }
}

/// Whether the line's own `vers` (not one deeper inside) is this text.
fn says(line: &[u8], version: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Vers<'a> {
        #[serde(borrow)]
        vers: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Vers<'_>>(line).is_ok_and(|line| line.vers == version)
}
