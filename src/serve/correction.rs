//! What a registry may say otherwise than before, because a person looked at both and says which is right.

use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;

use super::seen::Seen;
use crate::model::checksum::Checksum;
use crate::model::crate_name::is_same;
use crate::model::history::History;
use crate::model::index_line::Outline;

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
    fn is_of(&self, name: &str, outline: &Outline) -> bool {
        is_same(&self.name, name)
            && self.version == outline.version
            && self.checksum == outline.checksum
            && self.pubtime == outline.pubtime.known()
    }

    /// Whether the notes on its release say otherwise.
    pub(crate) fn is_pending(&self, name: &str, seen: &Seen) -> bool {
        let known = seen.releases.get(&self.version).filter(|_| is_same(&self.name, name));
        known.is_some_and(|known| (known.checksum, known.pubtime) != (self.checksum, self.pubtime))
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
        let says = correction.is_pending(history.name(), seen)
            && history.outlines().any(|outline| correction.is_of(history.name(), outline));
        if let Some(known) = seen.releases.get_mut(&correction.version).filter(|_| says) {
            if known.checksum != correction.checksum {
                (known.first, known.deleted) = (at, None);
            }
            (known.checksum, known.pubtime) = (correction.checksum, correction.pubtime);
            done.push(correction);
        }
    }
    done
}
