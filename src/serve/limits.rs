//! How many requests one client may make.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The most clients that are remembered; one that is forgotten begins anew.
const MOST: usize = 100_000;

/// A bucket for each client that fills at a steady rate.
#[derive(Debug)]
pub(crate) struct Rates {
    /// Requests a second.
    rate: f64,
    /// Requests at once.
    most: f64,
    buckets: Mutex<HashMap<Box<str>, (f64, Instant)>>,
}

impl Rates {
    pub(crate) fn new(per_minute: u32) -> Self {
        let rate = f64::from(per_minute) / 60.0;
        // A first build asks for hundreds of crates at once.
        Self { rate, most: (rate * 10.0).max(1.0), buckets: Mutex::default() }
    }

    /// Whether a client may make one more request now.
    pub(crate) fn allow(&self, client: &str) -> bool {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(client) {
            // Those that are full again are as good as new.
            let is_full =
                |(left, since): &(f64, Instant)| left + since.elapsed().as_secs_f64() * self.rate >= self.most;
            buckets.retain(|_, bucket| !is_full(bucket));
            if buckets.len() >= MOST {
                buckets.clear();
            }
        }
        let bucket = match buckets.get_mut(client) {
            Some(bucket) => bucket,
            None => buckets.entry(client.into()).or_insert((self.most, now)),
        };
        let (left, since) = bucket;
        *left = (*left + now.duration_since(*since).as_secs_f64() * self.rate).min(self.most);
        *since = now;
        let allowed = *left >= 1.0;
        if allowed {
            *left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::Rates;

    #[test]
    fn a_client_has_a_share_of_its_own() {
        let rates = Rates::new(60);
        assert_eq!((0..30).filter(|_| rates.allow("one")).count(), 10);
        assert!(rates.allow("other"));
    }
}
