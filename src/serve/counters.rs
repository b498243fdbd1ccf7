//! What is counted of requests, for whoever watches a node.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The statuses that this server answers with; all others are counted together.
const STATUSES: [u16; 14] = [200, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
/// Upper bounds of how long an answer took, in microseconds.
const BOUNDS: [u64; 10] = [250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    statuses: [AtomicU64; STATUSES.len()],
    other: AtomicU64,
    /// Answers by the first bound that they kept within.
    times: [AtomicU64; BOUNDS.len()],
    slower: AtomicU64,
    microseconds: AtomicU64,
    pub(crate) index_files: AtomicU64,
    pub(crate) downloads: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) locks_posted: AtomicU64,
}

impl Counters {
    /// One answer with this status, whose head took so long to make.
    pub(crate) fn answered(&self, status: u16, took: Duration) {
        let one = STATUSES.iter().zip(&self.statuses).find(|(known, _)| **known == status).map(|(_, counter)| counter);
        one.unwrap_or(&self.other).fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let within = BOUNDS.iter().zip(&self.times).find(|(bound, _)| took <= **bound).map(|(_, counter)| counter);
        within.unwrap_or(&self.slower).fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// All of them, as Prometheus reads them.
    pub(crate) fn write(&self, out: &mut String) -> fmt::Result {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        family(out, "sequester_answers_total", "counter", "Answers by their status.")?;
        for (status, counter) in STATUSES.iter().zip(&self.statuses) {
            writeln!(out, "sequester_answers_total{{status=\"{status}\"}} {}", read(counter))?;
        }
        writeln!(out, "sequester_answers_total{{status=\"other\"}} {}", read(&self.other))?;
        let name = "sequester_answer_seconds";
        family(out, name, "histogram", "How long the head of an answer took to make.")?;
        let mut within = 0;
        for (bound, counter) in BOUNDS.iter().zip(&self.times) {
            within += read(counter);
            writeln!(out, "{name}_bucket{{le=\"{}\"}} {within}", seconds(*bound))?;
        }
        within += read(&self.slower);
        let sum = seconds(read(&self.microseconds));
        writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {within}\n{name}_sum {sum}\n{name}_count {within}")?;
        for (name, help, counter) in [
            ("sequester_index_requests_total", "Requests for index files.", &self.index_files),
            ("sequester_downloads_total", "Archives that were given.", &self.downloads),
            ("sequester_refusals_total", "Archives and names that were refused.", &self.refused),
            ("sequester_locks_posted_total", "Lock files that were taken.", &self.locks_posted),
        ] {
            family(out, name, "counter", help)?;
            writeln!(out, "{name} {}", read(counter))?;
        }
        Ok(())
    }
}

/// What stands before the samples of one name.
pub(crate) fn family(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Microseconds as seconds, exactly.
fn seconds(microseconds: u64) -> String {
    let text = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_once_by_status_and_once_by_time() {
        let counters = Counters::default();
        counters.answered(200, Duration::from_micros(300));
        counters.answered(200, Duration::from_secs(60));
        counters.answered(418, Duration::ZERO);
        let mut text = String::new();
        assert!(counters.write(&mut text).is_ok());
        for line in [
            "sequester_answers_total{status=\"200\"} 2",
            "sequester_answers_total{status=\"other\"} 1",
            "sequester_answer_seconds_bucket{le=\"0.00025\"} 1",
            "sequester_answer_seconds_bucket{le=\"0.0005\"} 2",
            "sequester_answer_seconds_bucket{le=\"10\"} 2",
            "sequester_answer_seconds_bucket{le=\"+Inf\"} 3",
            "sequester_answer_seconds_sum 60.0003",
            "sequester_answer_seconds_count 3",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}\n{text}");
        }
    }
}
