//! As much of an index line as a cache entry needs.

use std::borrow::Cow;

use semver::Version;
use serde::Deserialize;

/// The version that a line is about; `None` for a line that is no JSON object with one, which cargo leaves out of its cache too.
pub(super) fn version_of(line: &[u8]) -> Option<Version> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        vers: Cow<'a, str>,
    }
    serde_json::from_slice::<Line<'_>>(line).ok()?.vers.parse().ok()
}
