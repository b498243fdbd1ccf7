//! What a node says while it runs: one JSON object a line on standard error, and no secret in any of them.

use std::fmt;
use std::io::Write as _;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::tokens;
use crate::gather::clock;
use crate::report::escape;

/// The longest text of one field, in bytes.
const LONGEST: usize = 1_000;

/// From here on events are written; each request too where `requests` says so. Only our own are: those of libraries may hold tokens.
pub(crate) fn to_stderr(requests: bool) {
    let most = if requests { Level::DEBUG } else { Level::INFO };
    let ours = Targets::new().with_target("cargo_sequester", most);
    // Nobody else sets one; where that changed, theirs is heard.
    let _ = tracing_subscriber::registry().with(Lines).with(ours).try_init();
}

struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("time".to_owned(), clock::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().to_lowercase().into());
        event.record(&mut Fields(&mut line));
        let text = escape::json(&Value::Object(line).to_string()) + "\n";
        // A log that nobody reads stops no server.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

struct Fields<'l>(&'l mut Map<String, Value>);

impl Fields<'_> {
    fn text(&mut self, field: &Field, text: &str) {
        let cut = text.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST);
        let text = text.get(..cut.unwrap_or(text.len())).unwrap_or_default();
        self.0.insert(field.name().to_owned(), tokens::hidden(text).into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
