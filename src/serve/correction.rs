//! What a registry may say otherwise than before, because a person looked at both and says which is right.

use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;

use super::seen::Seen;
use crate::model::checksum::Checksum;
use crate::model::crate_name::is_same;
use crate::model::history::History;
use crate::model::index_line::{Outline, resolution_digest};

/// One release as it is to be from now on; `[[registries.NAME.corrections]]` of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Correction {
    #[serde(rename = "crate")]
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) checksum: Checksum,
    /// When it was published; absent where the registry does not say.
    pub(crate) pubtime: Option<Timestamp>,
    /// The digest of its dependencies and features, as the alarm about them has it; absent where those of the line are to be believed.
    pub(crate) dependencies: Option<Checksum>,
    /// Who looked at it.
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// An advisory about a malicious release that its source has no more, and that was wrong; `[[withdrawn]]` of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Withdrawn {
    /// Its id.
    pub(crate) advisory: String,
    /// Who looked at it.
    pub(crate) by: String,
    pub(crate) reason: String,
}

impl Correction {
    /// Whether a release is what this says, byte for byte and second for second.
    fn is_of(&self, name: &str, outline: &Outline, line: &[u8]) -> bool {
        is_same(&self.name, name)
            && self.dependencies.is_none_or(|digest| resolution_digest(name, line) == Some(digest))
            && self.version == outline.version
            && self.checksum == outline.checksum
            && self.pubtime == outline.pubtime.known()
    }

    /// Whether the notes on its release say otherwise.
    pub(crate) fn is_pending(&self, name: &str, seen: &Seen) -> bool {
        let known = seen.releases.get(&self.version).filter(|_| is_same(&self.name, name));
        known.is_some_and(|known| {
            (known.checksum, known.pubtime) != (self.checksum, self.pubtime)
                || (self.dependencies.is_some() && known.resolution != self.dependencies)
        })
    }
}

/// Changes the notes where the registry now says what a correction does, and gives those. As new bytes, they were first seen now.
pub(crate) fn correct<'c>(
    seen: &mut Seen,
    history: &History,
    corrections: &'c [Correction],
    at: Timestamp,
) -> Vec<&'c Correction> {
    let mut done = Vec::new();
    for correction in corrections {
        let mut lines = history.outlined_lines();
        let said = lines.find(|(outline, line)| correction.is_of(history.name(), outline, line));
        let said = said.filter(|_| correction.is_pending(history.name(), seen));
        if let Some((known, (_, line))) = seen.releases.get_mut(&correction.version).zip(said) {
            if known.checksum != correction.checksum {
                (known.first, known.deleted) = (at, None);
            }
            if known.checksum != correction.checksum || correction.dependencies.is_some() {
                (known.resolution, known.changed) = (resolution_digest(history.name(), line), None);
            }
            (known.checksum, known.pubtime) = (correction.checksum, correction.pubtime);
            done.push(correction);
        }
    }
    done
}
