//! What was ever seen of a crate: grown only, so that a registry is held to what it said first.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::model::checksum::Checksum;
use crate::model::history::History;
use crate::model::index_line::{Outline, resolution_digest};
use crate::model::package::CrateId;
use crate::model::recorded::{Recorded, RecordedCrate, RecordedRelease};
use crate::model::trail::EventId;

/// The most that is read of it, in bytes.
pub(super) const LARGEST: u64 = 64 << 20;

/// The releases of one crate, as they were first seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) releases: BTreeMap<Version, SeenRelease>,
}

/// One release as it was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenRelease {
    /// When: the earlier of the node's clock and the registry's.
    pub(crate) first: Timestamp,
    pub(crate) checksum: Checksum,
    /// When it said that it was published, once it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pubtime: Option<Timestamp>,
    /// When it was last seen not yanked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unyanked: Option<Timestamp>,
    /// The digest of what its line says to a resolver; absent in notes that are older than this is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resolution: Option<Checksum>,
    /// That its registry gives it other bytes or other dependencies now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Changed>,
    /// When its registry last did not have it yet, where that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) absent: Option<Timestamp>,
    /// That its registry has it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted: Option<Deleted>,
}

/// A release that is gone, and the line that it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deleted {
    pub(crate) at: Timestamp,
    pub(crate) line: String,
}

/// A release that is another one now, and the line that it had, where that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changed {
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<String>,
}

/// Something that a registry says otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) version: Version,
    pub(crate) about: About,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Checksum,
    Pubtime,
    /// What it asks of other crates, features and links; the digest that they have now.
    Resolution(Checksum),
}

/// As part of a message about a crate.
impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.about {
            About::Checksum => "checksum",
            About::Pubtime => "time of publication",
            About::Resolution(now) => {
                return write!(f, "{} has other dependencies or features than before (now {now})", self.version);
            }
        };
        write!(f, "{} has another {what} than before", self.version)
    }
}

impl Seen {
    /// Takes note of an index file; gives what contradicts the notes, which stay as they are. `before` is the file that was there before.
    ///
    /// `absent` is when the registry was last seen to have nothing but what is noted here. A release that it says to have published long before
    /// that is as old as the first look at it, whatever it says.
    pub(crate) fn learn(
        &mut self,
        history: &History,
        at: Timestamp,
        absent: Option<Timestamp>,
        before: Option<&History>,
    ) -> Vec<Contradiction> {
        let mut contradictions = Vec::new();
        for (outline, line) in history.outlined_lines() {
            let last = || before.and_then(|before| before.line(&outline.version).ok()?);
            let pubtime = outline.pubtime.known();
            let unyanked = (!outline.yanked).then_some(at);
            let first = || {
                let pubtime = if is_backdated(pubtime, absent) { Some(at) } else { pubtime };
                let (checksum, resolution) = (outline.checksum, resolution_digest(history.name(), line));
                SeenRelease { first: at, checksum, pubtime, unyanked, resolution, changed: None, absent, deleted: None }
            };
            let known = self.releases.entry(outline.version.clone()).or_insert_with(first);
            let mut contradicts =
                |about| contradictions.push(Contradiction { version: outline.version.clone(), about });
            if known.checksum != outline.checksum {
                contradicts(About::Checksum);
                known.change(history.name(), last(), at);
                continue;
            }
            // What is as it was need not be read: the files are large, and one line of them is new.
            if known.resolution.is_none() || known.changed.is_some() || last() != Some(line) {
                match (known.resolution, resolution_digest(history.name(), line)) {
                    (Some(before), Some(now)) if before != now => {
                        contradicts(About::Resolution(now));
                        known.change(history.name(), last(), at);
                    }
                    (before, now) => {
                        known.resolution = before.or(now);
                        // It came back as it was.
                        known.changed = None;
                    }
                }
            }
            match known.pubtime {
                None if is_backdated(pubtime, known.absent) => {
                    known.pubtime = Some(known.first);
                    contradicts(About::Pubtime);
                }
                None => known.pubtime = pubtime,
                Some(before) if pubtime != Some(before) => contradicts(About::Pubtime),
                Some(_) => {}
            }
            known.unyanked = unyanked.or(known.unyanked);
            // It came back as it was.
            known.deleted = None;
        }
        contradictions
    }

    /// Takes note that an index file was still so at a moment.
    pub(crate) fn confirm(&mut self, history: &History, at: Timestamp) {
        for outline in history.outlines().filter(|outline| !outline.yanked) {
            if let Some(known) = self.releases.get_mut(&outline.version) {
                known.unyanked = known.unyanked.max(Some(at));
            }
        }
    }

    /// Takes note that releases of `before` are not in `after`, which nothing between here and the registry kept. Gives their versions.
    pub(crate) fn lose(&mut self, before: &History, after: Option<&History>, at: Timestamp) -> Vec<Version> {
        let mut lost = Vec::new();
        for (outline, line) in vanished(before, after) {
            let Some(known) = self.releases.get_mut(&outline.version) else { continue };
            if known.deleted.is_none() && known.checksum == outline.checksum {
                let first = known.changed.as_ref().and_then(|changed| changed.line.clone());
                let line = first.unwrap_or_else(|| String::from_utf8_lossy(line).into_owned());
                known.deleted = Some(Deleted { at, line });
                lost.push(outline.version.clone());
            }
        }
        lost
    }

    /// Whether these bytes were seen under another number before, or at the same time.
    pub(crate) fn is_anothers(&self, version: &Version, checksum: Checksum) -> bool {
        let first = self.releases.get(version).map_or(Timestamp::MAX, |own| own.first);
        let mut others = self.releases.iter().filter(|(other, _)| *other != version);
        others.any(|(_, other)| other.checksum == checksum && other.first <= first)
    }

    /// What the rules hold an index file to.
    pub(crate) fn recorded(&self, crate_id: &CrateId) -> Recorded {
        let event = EventId::of(b"seen");
        let release = |seen: &SeenRelease| RecordedRelease {
            event,
            since: seen.first,
            pubtime: seen.pubtime,
            checksum: Some(seen.checksum),
            tree: None,
            publication: None,
            unyanked: seen.unyanked,
            approved: None,
            left: false,
            used: false,
        };
        let releases = self.releases.iter().map(|(version, seen)| (version.clone(), release(seen))).collect();
        let latest = self.releases.values().map(|seen| seen.first).max();
        Recorded { crates: BTreeMap::from([(crate_id.clone(), RecordedCrate { releases })]), latest }
    }
}

impl SeenRelease {
    /// Takes note that its registry says something else, and of the last line where that is still the first one's.
    fn change(&mut self, name: &str, last: Option<&[u8]>, at: Timestamp) {
        if self.changed.as_ref().is_some_and(|changed| changed.line.is_some()) {
            return;
        }
        let is_first = |line: &&[u8]| {
            Outline::parse(name, line).is_ok_and(|outline| outline.checksum == self.checksum)
                && (self.resolution.is_none() || self.resolution == resolution_digest(name, line))
        };
        let line = last.filter(is_first).and_then(|line| String::from_utf8(line.to_vec()).ok());
        let at = self.changed.as_ref().map_or(at, |changed| changed.at);
        self.changed = Some(Changed { at, line });
    }
}

/// How long after its publication a release may come into an index.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// Whether a release was published longer ago than that when it was not there yet.
fn is_backdated(pubtime: Option<Timestamp>, absent: Option<Timestamp>) -> bool {
    pubtime.zip(absent).is_some_and(|(pubtime, absent)| absent.duration_since(pubtime) > LATE)
}

/// The releases of an index file that a later one does not name.
pub(crate) fn vanished<'h>(
    before: &'h History,
    after: Option<&'h History>,
) -> impl Iterator<Item = (&'h Outline, &'h [u8])> {
    let is_there =
        move |outline: &Outline| after.is_some_and(|after| !matches!(after.line(&outline.version), Ok(None)));
    before.outlined_lines().filter(move |(outline, _)| !is_there(outline))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{About, Seen};
    use crate::model::history::{History, Standing};

    fn history(lines: &[(&str, char, &str, bool)]) -> History {
        let line = |(version, digit, pubtime, yanked): &(&str, char, &str, bool)| {
            let pubtime = if pubtime.is_empty() { String::new() } else { format!(r#","pubtime":"{pubtime}""#) };
            let cksum = digit.to_string().repeat(64);
            format!(
                r#"{{"name":"a","vers":"{version}","deps":[],"cksum":"{cksum}","features":{{}},"yanked":{yanked}{pubtime}}}"#
            )
        };
        let text: Vec<String> = lines.iter().map(line).collect();
        History::from_lines("a", text.join("\n"), Standing::Confirmed)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_was_said_first_holds() {
        let mut seen = Seen::default();
        assert_eq!(seen.learn(&history(&[("1.0.0", 'a', "", false)]), at(1), None, None), []);
        // That a time is added is no contradiction; that it changes is one, and so is its loss.
        assert_eq!(seen.learn(&history(&[("1.0.0", 'a', "2026-01-01T00:00:00Z", false)]), at(2), None, None), []);
        for changed in ["2026-01-02T00:00:00Z", ""] {
            let found = seen.learn(&history(&[("1.0.0", 'a', changed, false)]), at(3), None, None);
            assert_eq!(found.iter().map(|one| one.about).collect::<Vec<_>>(), [About::Pubtime]);
        }
        let found = seen.learn(&history(&[("1.0.0", 'b', "2026-01-01T00:00:00Z", false)]), at(4), None, None);
        assert_eq!(found.iter().map(|one| one.about).collect::<Vec<_>>(), [About::Checksum]);
        let kept = seen.releases.values().next().cloned();
        let kept = kept.unwrap_or_else(|| panic!("a release"));
        assert_eq!((kept.first, kept.checksum.to_string()), (at(1), "a".repeat(64)));
    }

    #[test]
    fn a_release_is_no_older_than_the_last_look_that_did_not_find_it() {
        let day = 86_400;
        let mut seen = Seen::default();
        let (old, young) = ("1970-01-02T00:00:00Z", "1970-01-10T12:00:00Z");
        let one = ("1.0.0", 'a', old, false);
        assert_eq!(seen.learn(&history(&[one]), at(10 * day), None, None), [], "nobody looked before");
        let all = [one, ("1.1.0", 'b', young, false), ("1.2.0", 'c', old, false), ("1.3.0", 'd', "", false)];
        let found = seen.learn(&history(&all), at(11 * day), Some(at(10 * day)), None);
        assert_eq!(found.iter().map(|one| one.version.to_string()).collect::<Vec<_>>(), ["1.2.0"]);
        let late = [one, ("1.1.0", 'b', young, false), ("1.3.0", 'd', old, false)];
        let found = seen.learn(&history(&late), at(12 * day), Some(at(11 * day)), None);
        assert_eq!(found.iter().map(|one| one.version.to_string()).collect::<Vec<_>>(), ["1.3.0"], "told later");
        let noted = |version: &str| seen.releases.get(&version.parse().ok()?)?.pubtime;
        assert_eq!((noted("1.2.0"), noted("1.3.0")), (Some(at(11 * day)), Some(at(11 * day))));
        let twice = history(&[one, ("9.0.0", 'a', "", false)]);
        seen.learn(&twice, at(13 * day), None, None);
        let digest = |digit: char| digit.to_string().repeat(64).parse().unwrap_or_else(|_| panic!("a digest"));
        let version = |text: &str| text.parse().unwrap_or_else(|_| panic!("a version"));
        assert!(seen.is_anothers(&version("9.0.0"), digest('a')) && !seen.is_anothers(&version("1.0.0"), digest('a')));
    }

    fn line(rest: &str) -> History {
        let line = format!(r#"{{"name":"a","vers":"1.0.0","cksum":"{}",{rest}}}"#, "a".repeat(64));
        History::from_lines("a", line, Standing::Confirmed)
    }

    /// Registries move keys, add some and spell what says nothing in several ways; none of that is another dependency.
    #[test]
    fn only_what_a_resolver_reads_contradicts() {
        let dep = |name: &str, rest: &str| {
            format!(r#"{{"name":"{name}","req":"^1.0","features":["x","y"],"optional":true{rest}}}"#)
        };
        let (b, c) = (dep("b", r#","default_features":true,"target":null,"kind":"normal""#), dep("c", ""));
        let first = line(&format!(r#""deps":[{b},{c}],"features":{{"f":["dep:b","c"]}}"#));
        let same = [
            format!(r#""features":{{"f":["c","dep:b"]}},"deps":[{c},{b}],"yanked":true,"rust_version":"1.60""#),
            format!(r#""deps":[{c},{b},{b}],"features":{{}},"features2":{{"f":["dep:b","c"]}},"v":2,"links":null"#),
            format!(r#""deps":[{c},{b},{{"name":"t","req":"*","kind":"dev"}}],"features":{{"f":["dep:b","c"]}}"#),
            format!(
                r#""deps":[{},{c}],"features":{{"f":["dep:b","c"]}}"#,
                b.replace("^1.0", "1.0").replace(r#""x","y""#, r#""y","x""#)
            ),
        ];
        let other = [
            format!(r#""deps":[{b}],"features":{{"f":["dep:b","c"]}}"#),
            format!(r#""deps":[{b},{c}],"features":{{"f":["c"]}}"#),
            format!(r#""deps":[{b},{c}],"features":{{"f":["dep:b","c"]}},"links":"z""#),
            format!(r#""deps":[{b},{c},{{"name":"d","req":"*","kind":"build"}}],"features":{{"f":["dep:b","c"]}}"#),
            format!(r#""deps":[{},{c}],"features":{{"f":["dep:b","c"]}}"#, b.replace("^1.0", "^1.1")),
            format!(
                r#""deps":[{},{c}],"features":{{"f":["dep:b","c"]}}"#,
                b.replace(r#""optional":true"#, r#""optional":false"#)
            ),
        ];
        for (texts, contradicts) in [(&same[..], false), (&other[..], true)] {
            for text in texts {
                let mut seen = Seen::default();
                assert_eq!(seen.learn(&first, at(1), None, None), []);
                let found = seen.learn(&line(text), at(2), None, Some(&first));
                assert_eq!(found.iter().any(|one| matches!(one.about, About::Resolution(_))), contradicts, "{text}");
                let changed = seen.releases.values().next().and_then(|one| one.changed.clone());
                assert_eq!(changed.is_some_and(|changed| changed.line.is_some()), contradicts, "{text}");
                assert_eq!(seen.learn(&first, at(3), None, None), [], "it came back as it was");
                assert!(seen.releases.values().all(|one| one.changed.is_none()));
            }
        }
    }

    #[test]
    fn what_vanishes_keeps_its_line() {
        let before = history(&[("1.0.0", 'a', "", false), ("2.0.0", 'b', "", false)]);
        let after = history(&[("2.0.0", 'b', "", false)]);
        let mut seen = Seen::default();
        seen.learn(&before, at(1), None, None);
        assert_eq!(seen.lose(&before, Some(&after), at(2)), ["1.0.0".parse().unwrap_or_else(|_| panic!("a version"))]);
        assert_eq!(seen.lose(&before, Some(&after), at(3)), [], "told once");
        let gone = seen.releases.values().find_map(|release| release.deleted.clone());
        assert!(gone.is_some_and(|gone| gone.line.contains("1.0.0") && gone.at == at(2)));
        assert_eq!(seen.lose(&after, None, at(4)).len(), 1, "the whole crate");
        seen.learn(&before, at(5), None, None);
        assert!(seen.releases.values().all(|release| release.deleted.is_none()), "it came back");
    }
}
