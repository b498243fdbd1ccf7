//! Moments in whole seconds, `YYYY-MM-DDThh:mm:ssZ`: one spelling each, as registries write pubtimes.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::model::index_line::Pubtime;

/// A moment without its fraction of a second.
#[must_use]
pub(super) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

pub(super) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    match Pubtime::parse(&text) {
        Pubtime::Known(moment) => Ok(moment),
        Pubtime::Absent | Pubtime::Malformed(_) => Err(D::Error::custom("not a moment as `2026-11-22T17:05:00Z`")),
    }
}

/// What is written.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(extend("format" = "date-time", "pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Written(String);

/// The same where there may be none: for `#[serde(with = …)]`, which takes a type as well as a module.
pub(super) struct Optional;

#[derive(Deserialize)]
struct Moment(#[serde(deserialize_with = "deserialize")] Timestamp);

impl Optional {
    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(moment: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => serialize(moment, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Moment>::deserialize(from)?.map(|Moment(moment)| moment))
    }
}
