//! Many requests at once: a queue for each origin, with as many in flight as its connection carries.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::{HttpError, parse, shown};
use super::message::{Answer, Request};
use super::transport::{Fetched, Transport};

/// Requests in flight on one HTTP/2 connection; servers commonly allow 100 to 128.
const MULTIPLEXED: usize = 96;
/// Connections to one origin that speaks HTTP/1.
const SINGLE: usize = 8;
/// The most that all bodies of one call may have together, in bytes: what stands between a hostile registry and our memory.
const TOGETHER: u64 = 1 << 30;
/// So many requests that an origin leaves without any answer, and none that it answers between them: then it is away. One alone may be its
/// own trouble, and keeps no other from being asked.
const SILENT: usize = 3;
/// How long a call may go without telling how far it is.
const TICK: Duration = Duration::from_millis(100);

/// Which bodies count towards the bound of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// All: the caller keeps them.
    All,
    /// Those that were not yet handed over.
    InFlight,
}

/// What is known of an origin outlives one call, so that a second one need not find it out again.
#[derive(Debug)]
pub(super) struct RequestQueue {
    transport: Arc<Transport>,
    /// How many requests may be in flight, by origin.
    widths: Mutex<BTreeMap<String, usize>>,
}

struct OriginQueue {
    waiting: VecDeque<(usize, Request)>,
    in_flight: usize,
    /// One until the first answer: a client that does not know yet that one connection carries all would open one for each.
    width: usize,
    /// How many in a row were left without an answer, after all their tries.
    unanswered: usize,
}

struct Done {
    position: usize,
    origin: String,
    result: Result<Fetched, HttpError>,
}

impl RequestQueue {
    pub(super) fn new(transport: Arc<Transport>) -> Self {
        Self { transport, widths: Mutex::default() }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Hands each result to `each` as it comes; a request whose task died gets its error at the end.
    pub(super) async fn run(
        &self,
        requests: Vec<Request>,
        hold: Hold,
        each: &mut dyn FnMut(usize, Result<Answer, HttpError>),
        progress: &mut dyn FnMut(usize, u64),
    ) {
        let mut open: BTreeMap<usize, String> = BTreeMap::new();
        let mut done = 0;
        let mut queues: BTreeMap<String, OriginQueue> = BTreeMap::new();
        for (position, request) in requests.into_iter().enumerate() {
            match parse(&request.url) {
                Ok(url) => {
                    let origin = url.origin().ascii_serialization();
                    let queue = queues.entry(origin).or_insert_with_key(|origin| self.queue_of(origin));
                    open.insert(position, shown(&request.url));
                    queue.waiting.push_back((position, request));
                }
                Err(error) => {
                    each(position, Err(error));
                    done += 1;
                }
            }
        }
        let budget = Arc::new(AtomicU64::new(TOGETHER));
        let mut taken = 0;
        let mut flying = JoinSet::new();
        for (origin, queue) in &mut queues {
            self.fill(origin, queue, &mut flying, &budget);
        }
        loop {
            let landed = match timeout(TICK, flying.join_next()).await {
                Ok(Some(landed)) => landed,
                Ok(None) => break,
                Err(_) => {
                    progress(done, taken + (TOGETHER - budget.load(Ordering::Relaxed)));
                    continue;
                }
            };
            let Ok(Done { position, origin, result }) = landed else { continue };
            done += 1;
            open.remove(&position);
            if let Some(queue) = queues.get_mut(&origin) {
                queue.in_flight -= 1;
                match &result {
                    Err(HttpError::Unreachable { .. }) => queue.unanswered = SILENT,
                    Err(HttpError::HungUp { .. } | HttpError::Slow { received: 0, .. }) => queue.unanswered += 1,
                    Ok(_) | Err(_) => queue.unanswered = 0,
                }
                match &result {
                    Ok(fetched) => queue.width = self.widen(&origin, fetched.multiplexed),
                    // After all retries: asking the same host for the rest would only take as long again, each time.
                    Err(error) if queue.unanswered >= SILENT => {
                        let cause = error.first_line();
                        for (position, request) in queue.waiting.drain(..) {
                            let error = HttpError::Unreachable { url: shown(&request.url), cause: cause.clone() };
                            open.remove(&position);
                            each(position, Err(error));
                            done += 1;
                        }
                    }
                    Err(_) => queue.width = queue.width.max(SINGLE),
                }
                self.fill(&origin, queue, &mut flying, &budget);
            }
            // Only what a request asked for counts; the few words of a refusal do not.
            let asked_for = result.as_ref().ok().filter(|fetched| fetched.answer.status == 200);
            let length = asked_for.map_or(0, |fetched| fetched.answer.body.len() as u64);
            each(position, result.map(|fetched| fetched.answer));
            if hold == Hold::InFlight {
                taken += length;
                budget.fetch_add(length, Ordering::Relaxed);
            }
            progress(done, taken + (TOGETHER - budget.load(Ordering::Relaxed)));
        }
        for (position, url) in open {
            each(position, Err(HttpError::Unreachable { url, cause: String::from("the request was broken off") }));
        }
    }

    fn queue_of(&self, origin: &str) -> OriginQueue {
        let widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        let width = widths.get(origin).copied().unwrap_or(1);
        OriginQueue { waiting: VecDeque::new(), in_flight: 0, width, unanswered: 0 }
    }

    fn widen(&self, origin: &str, multiplexed: bool) -> usize {
        let width = if multiplexed { MULTIPLEXED } else { SINGLE };
        let mut widths = self.widths.lock().unwrap_or_else(PoisonError::into_inner);
        if widths.get(origin) != Some(&width) {
            widths.insert(origin.to_owned(), width);
        }
        width
    }

    fn fill(&self, origin: &str, queue: &mut OriginQueue, flying: &mut JoinSet<Done>, budget: &Arc<AtomicU64>) {
        while queue.in_flight < queue.width {
            let Some((position, request)) = queue.waiting.pop_front() else { return };
            queue.in_flight += 1;
            let (transport, budget, origin) = (Arc::clone(&self.transport), Arc::clone(budget), origin.to_owned());
            flying.spawn(async move {
                let result = transport.fetch(&request, &budget).await;
                Done { position, origin, result }
            });
        }
    }
}
