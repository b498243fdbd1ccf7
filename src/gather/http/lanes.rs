//! Many requests at once: a lane for each origin, as wide as its connection carries.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::transport::{Fetched, Transport, parse};
use super::{Answer, HttpError, Request, shown};

/// Requests in flight on one HTTP/2 connection; servers commonly allow 100 to 128.
const MULTIPLEXED: usize = 96;
/// Connections to one origin that speaks HTTP/1.
const SINGLE: usize = 8;
/// The most that all bodies of one call may have together, in bytes: what stands between a hostile registry and our memory.
const TOGETHER: u64 = 1 << 30;

/// The lanes' widths outlive one call, so that a second one need not find them out again.
#[derive(Debug)]
pub(super) struct Lanes {
    transport: Arc<Transport>,
    widths: Mutex<BTreeMap<String, usize>>,
}

struct Lane {
    waiting: VecDeque<(usize, Request)>,
    in_flight: usize,
    /// One until the first answer: a client that does not know yet that one connection carries all would open one for each.
    width: usize,
}

struct Done {
    position: usize,
    origin: String,
    result: Result<Fetched, HttpError>,
}

impl Lanes {
    pub(super) fn new(transport: Arc<Transport>) -> Self {
        Self { transport, widths: Mutex::default() }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(super) async fn run(
        &self,
        requests: Vec<Request>,
        progress: &mut dyn FnMut(usize),
    ) -> Vec<Result<Answer, HttpError>> {
        // An answer that never came is an error of its own: a task that died must not look like an answer.
        let mut results: Vec<Result<Answer, HttpError>> =
            requests.iter().map(|request| Err(unanswered(request))).collect();
        let mut done = 0;
        let mut lanes: BTreeMap<String, Lane> = BTreeMap::new();
        for (position, request) in requests.into_iter().enumerate() {
            match parse(&request.url) {
                Ok(url) => {
                    let origin = url.origin().ascii_serialization();
                    let lane = lanes.entry(origin).or_insert_with_key(|origin| self.lane(origin));
                    lane.waiting.push_back((position, request));
                }
                Err(error) => {
                    settle(&mut results, position, Err(error));
                    done += 1;
                }
            }
        }
        let budget = Arc::new(AtomicU64::new(TOGETHER));
        let mut flying = JoinSet::new();
        for (origin, lane) in &mut lanes {
            self.fill(origin, lane, &mut flying, &budget);
        }
        while let Some(landed) = flying.join_next().await {
            let Ok(Done { position, origin, result }) = landed else { continue };
            done += 1;
            if let Some(lane) = lanes.get_mut(&origin) {
                lane.in_flight -= 1;
                match &result {
                    Ok(fetched) => lane.width = self.widen(&origin, fetched.multiplexed),
                    // After all retries: asking the same host for the rest would only take as long again, each time.
                    Err(error @ (HttpError::Unreachable { .. } | HttpError::Slow { received: 0, .. })) => {
                        let cause = error.first_line();
                        for (position, request) in lane.waiting.drain(..) {
                            let error = HttpError::Unreachable { url: shown(&request.url), cause: cause.clone() };
                            settle(&mut results, position, Err(error));
                            done += 1;
                        }
                    }
                    Err(_) => lane.width = lane.width.max(SINGLE),
                }
                self.fill(&origin, lane, &mut flying, &budget);
            }
            settle(&mut results, position, result.map(|fetched| fetched.answer));
            progress(done);
        }
        results
    }

    fn lane(&self, origin: &str) -> Lane {
        let widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        Lane { waiting: VecDeque::new(), in_flight: 0, width: widths.get(origin).copied().unwrap_or(1) }
    }

    fn widen(&self, origin: &str, multiplexed: bool) -> usize {
        let width = if multiplexed { MULTIPLEXED } else { SINGLE };
        let mut widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        if widths.get(origin) != Some(&width) {
            widths.insert(origin.to_owned(), width);
        }
        width
    }

    fn fill(&self, origin: &str, lane: &mut Lane, flying: &mut JoinSet<Done>, budget: &Arc<AtomicU64>) {
        while lane.in_flight < lane.width {
            let Some((position, request)) = lane.waiting.pop_front() else { return };
            lane.in_flight += 1;
            let (transport, budget, origin) = (Arc::clone(&self.transport), Arc::clone(budget), origin.to_owned());
            flying.spawn(async move {
                let mut body = Vec::new();
                let fetched = transport.fetch(&request, &mut body, &budget).await;
                let result = fetched.map(|fetched| Fetched { answer: Answer { body, ..fetched.answer }, ..fetched });
                Done { position, origin, result }
            });
        }
    }
}

fn settle(results: &mut [Result<Answer, HttpError>], position: usize, result: Result<Answer, HttpError>) {
    if let Some(slot) = results.get_mut(position) {
        *slot = result;
    }
}

fn unanswered(request: &Request) -> HttpError {
    HttpError::Unreachable { url: shown(&request.url), cause: String::from("the request was broken off") }
}
