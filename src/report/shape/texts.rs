//! The shapes of texts that have a form.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::model;

/// RFC 3339 in UTC and whole seconds.
#[derive(JsonSchema)]
#[schemars(extend("format" = "date-time", "pattern" = "^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))]
pub(in crate::report) struct Time(String);

/// A UTC day.
#[derive(JsonSchema)]
#[schemars(extend("format" = "date"))]
pub(in crate::report) struct Day(String);

/// A semantic version.
#[derive(JsonSchema)]
#[schemars(extend("minLength" = 5))]
pub(in crate::report) struct Version(String);

/// 64 lower-case hexadecimal digits.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub(in crate::report) struct Sha256(String);

/// A cargo package-id spec. For git it has the locked commit as rev. For a local package it is path+file://… where its folder is known,
/// else name@version.
#[derive(JsonSchema)]
pub(in crate::report) struct PackageId(String);

/// The same in a sentence for people, without its full stop.
#[derive(JsonSchema)]
pub(in crate::report) struct Message(String);

/// A reason's code.
pub(in crate::report) struct ReasonCode;

impl JsonSchema for ReasonCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ReasonCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": model::verdict::ReasonCode::ALL })
    }
}
