//! `.crate` files: from the store, or once from their registry, and hashed each time they come and each time they go.
//!
//! A file is whole in memory before its first byte is sent, so that nothing leaves that is not what its checksum says. What is on its way has
//! a bound for all of it together.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::alarms::{Alarm, Alarms};
use super::config::Limits;
use super::memory::Flights;
use super::store::{Key, Store, StoreError, digest_of};
use super::upstream::{Upstream, UpstreamError};
use crate::gather::http::HttpError;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

/// The bound is counted in pieces of so many bytes.
const PIECE: u64 = 1 << 10;
/// A file of unknown size is first taken for one of at most so many bytes, as nearly all are.
const USUAL: u64 = 4 << 20;
/// How long a request waits for its share of the bound.
const PATIENCE: Duration = Duration::from_secs(20);

/// Files on their way.
#[derive(Debug)]
pub(crate) struct Downloads {
    store: Store,
    alarms: Arc<Alarms>,
    largest: u64,
    room: Arc<Semaphore>,
    flights: Flights<Checksum>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error("too much is on its way already")]
    Full,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("its registry does not have the file any more")]
    Gone,
    #[error("its registry sent other bytes than its index names")]
    WrongBytes,
}

impl DownloadError {
    /// Whether the file has more bytes than it was asked for with.
    const fn is_of_size(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Large { .. }) | Self::Upstream(UpstreamError::Http(HttpError::Large { .. }))
        )
    }
}

/// A file and its share of the bound, which ends with it.
#[derive(Debug)]
pub(crate) struct Spooled {
    bytes: Option<Bytes>,
    _share: OwnedSemaphorePermit,
}

impl Downloads {
    pub(crate) fn new(store: Store, alarms: Arc<Alarms>, limits: &Limits) -> Self {
        let pieces = usize::try_from(limits.spool / PIECE).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(pieces));
        Self { store, alarms, largest: limits.largest_crate, room, flights: Flights::default() }
    }

    /// The bytes that are still free for what comes.
    pub(crate) fn free(&self) -> u64 {
        self.room.available_permits() as u64 * PIECE
    }

    /// A file with this checksum.
    pub(crate) async fn get(
        &self,
        upstream: &Upstream,
        id: &PackageId,
        checksum: Checksum,
    ) -> Result<Spooled, DownloadError> {
        match self.within(upstream, id, checksum, USUAL.min(self.largest)).await {
            Err(error) if error.is_of_size() && USUAL < self.largest => {}
            done => return done,
        }
        self.within(upstream, id, checksum, self.largest).await
    }

    async fn within(
        &self,
        upstream: &Upstream,
        id: &PackageId,
        checksum: Checksum,
        limit: u64,
    ) -> Result<Spooled, DownloadError> {
        let share = u32::try_from(limit.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let share = tokio::time::timeout(PATIENCE, Arc::clone(&self.room).acquire_many_owned(share));
        let share = share.await.ok().and_then(Result::ok).ok_or(DownloadError::Full)?;
        if let Some(bytes) = self.stored(checksum, limit).await? {
            return Ok(Spooled::new(bytes, share));
        }
        let flight = self.flights.of(&checksum);
        let _alone = flight.lock().await;
        // Whoever was on the way before may have brought it.
        let bytes = match self.stored(checksum, limit).await? {
            Some(bytes) => bytes,
            None => self.fetch(upstream, id, checksum, limit).await?,
        };
        Ok(Spooled::new(bytes, share))
    }

    /// What the store has, where it is what it is called.
    async fn stored(&self, checksum: Checksum, limit: u64) -> Result<Option<Bytes>, StoreError> {
        let key = Key::crate_file(checksum);
        let stored = match self.store.get(&key, limit).await {
            Ok(stored) => stored,
            Err(error) => {
                if matches!(error, StoreError::Away { .. }) {
                    self.alarms.raise(Alarm::StoreAway { cause: error.to_string() });
                }
                return Err(error);
            }
        };
        let Some(stored) = stored else { return Ok(None) };
        if digest_of(&stored.bytes) == checksum {
            return Ok(Some(stored.bytes));
        }
        self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
        Ok(None)
    }

    async fn fetch(
        &self,
        upstream: &Upstream,
        id: &PackageId,
        checksum: Checksum,
        limit: u64,
    ) -> Result<Bytes, DownloadError> {
        let bytes = upstream.crate_file(id, checksum, limit).await?.ok_or(DownloadError::Gone)?;
        if digest_of(&bytes) != checksum {
            let what = format!("{} {}", id.name, id.version);
            self.alarms.raise(Alarm::WrongBytes { registry: upstream.name.clone(), what });
            return Err(DownloadError::WrongBytes);
        }
        let bytes = Bytes::from(bytes);
        let key = Key::crate_file(checksum);
        self.store.ensure(&key, bytes.clone()).await?;
        Ok(bytes)
    }
}

impl Spooled {
    /// Gives back what the file does not need of its share.
    fn new(bytes: Bytes, mut share: OwnedSemaphorePermit) -> Self {
        let needed = usize::try_from((bytes.len() as u64).div_ceil(PIECE)).unwrap_or(usize::MAX);
        drop(share.split(share.num_permits().saturating_sub(needed)));
        Self { bytes: Some(bytes), _share: share }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.as_ref().map_or(0, Bytes::len)
    }
}

impl Body for Spooled {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}
