//! A bucket that speaks S3: conditional writes by `If-None-Match` and `If-Match`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutResult, RetryConfig, UpdateVersion,
};
use tokio::sync::OnceCell;

use super::object::{Key, Place, Put, StoreError, Stored, Tag, digest_of};
use crate::gather::environment::Environment;

/// How many write at once to find out whether only one may.
const WRITERS: usize = 8;
/// The most that is read of what is written for that, in bytes.
const SMALL: u64 = 1 << 10;

/// A bucket, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    objects: Arc<dyn ObjectStore>,
    prefix: Arc<str>,
    /// As it was named.
    place: Arc<str>,
    /// Set once it has shown that it keeps to conditions. Nothing is written before.
    tried: Arc<OnceCell<()>>,
}

impl Bucket {
    /// The address, region and credentials are those of the `AWS_…` variables, as every client of S3 reads them.
    pub(super) fn open(name: &str, prefix: &str, environment: &Environment) -> Result<Self, StoreError> {
        // Fails only where a provider was chosen already, and then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = ClientOptions::new()
            .with_timeout(Duration::from_secs(8))
            .with_connect_timeout(Duration::from_secs(3))
            .with_allow_http(environment.get("AWS_ENDPOINT_URL").is_some_and(|url| url.starts_with("http://")));
        let retry = RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(6), ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new().with_client_options(client).with_retry(retry);
        for (variable, value) in environment.iter().filter(|(name, _)| name.starts_with("AWS_")) {
            if let Ok(key) = variable.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let place = Place::Bucket { name: name.to_owned(), prefix: prefix.to_owned() }.to_string();
        let unopened = |error: Error| StoreError::Unopened {
            place: place.clone(),
            cause: error.to_string(),
            help: "set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for an own server",
        };
        let objects = builder.with_bucket_name(name).build().map_err(unopened)?;
        Ok(Self { objects: Arc::new(objects), prefix: prefix.into(), place: place.into(), tried: Arc::default() })
    }

    /// Finds out, once, whether it refuses what must not be written: all that nodes agree on hangs on that.
    pub(super) async fn prove(&self) -> Result<(), StoreError> {
        // Large, and needed once.
        let trial = Box::pin(async {
            match Box::pin(self.fault()).await? {
                None => Ok(()),
                Some(cause) => Err(StoreError::Unopened {
                    place: self.place.to_string(),
                    cause,
                    help: "name a bucket that is there, of a server that honours `If-None-Match` and `If-Match`; or a folder",
                }),
            }
        });
        self.tried.get_or_try_init(|| trial).await.copied()
    }

    /// What it gets wrong about conditions. Other nodes may find out at the same time.
    async fn fault(&self) -> Result<Option<String>, StoreError> {
        let key = Key::trial();
        let mut there = self.get(&key, SMALL).await?;
        if there.is_none() {
            self.put_now(&key, Bytes::from_static(b"trial"), PutMode::Create).await?;
            there = self.get(&key, SMALL).await?;
        }
        let Some(there) = there else {
            return Ok(Some("what is written is not there afterwards".to_owned()));
        };
        // Never what was there before, whoever writes.
        let next = |number: usize| {
            let bytes = [&*there.bytes, &number.to_be_bytes()].concat();
            Bytes::from(digest_of(&bytes).to_string())
        };
        if self.put_now(&key, next(0), PutMode::Create).await? != Put::Lost {
            return Ok(Some("it writes over what is there, against `If-None-Match: *`".to_owned()));
        }
        let other = Tag { etag: Some(format!("\"{}\"", "0".repeat(32))), version: there.tag.version.clone() };
        if self.put_now(&key, next(0), other.update()).await? != Put::Lost {
            return Ok(Some("it writes over what is something else by now, against `If-Match`".to_owned()));
        }
        let writers = (1..=WRITERS).map(|number| self.put_now(&key, next(number), there.tag.update()));
        let mut won = 0;
        for written in join_all(writers).await {
            won += usize::from(written? != Put::Lost);
        }
        let is_untouched = self.get(&key, SMALL).await?.is_some_and(|now| now.tag == there.tag);
        Ok(match won {
            0 if is_untouched => Some("it refuses the tag that it gave itself in `If-Match`".to_owned()),
            0 | 1 => None,
            won => Some(format!("{won} of {WRITERS} that replaced one object at once were told that they did")),
        })
    }

    pub(super) async fn get(&self, key: &Key, limit: u64) -> Result<Option<Stored>, StoreError> {
        let got = match self.objects.get(&self.path(key)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(away(key, &error)),
        };
        if got.meta.size > limit {
            return Err(StoreError::Large { key: key.clone(), limit });
        }
        let tag = Tag { etag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(|error| away(key, &error))?;
        Ok(Some(Stored { bytes, tag }))
    }

    pub(super) async fn create(&self, key: &Key, bytes: Bytes) -> Result<Put, StoreError> {
        self.put(key, bytes, PutMode::Create).await
    }

    pub(super) async fn replace(&self, key: &Key, bytes: Bytes, before: &Tag) -> Result<Put, StoreError> {
        self.put(key, bytes, before.update()).await
    }

    pub(super) async fn mend(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        self.put(key, bytes, PutMode::Overwrite).await.map(drop)
    }

    /// The only way to write what lasts.
    async fn put(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<Put, StoreError> {
        match self.prove().await {
            Ok(()) => self.put_now(key, bytes, mode).await,
            // It was away when the node began, and has been found out since: nothing is told from it.
            Err(StoreError::Unopened { cause, .. }) => Err(StoreError::Away { key: key.clone(), cause }),
            Err(error) => Err(error),
        }
    }

    async fn put_now(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<Put, StoreError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.objects.put_opts(&self.path(key), bytes.into(), options).await {
            Ok(PutResult { e_tag, version, .. }) => Ok(Put::Done(Tag { etag: e_tag, version })),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => Ok(Put::Lost),
            Err(error) => Err(away(key, &error)),
        }
    }

    fn path(&self, key: &Key) -> Path {
        if self.prefix.is_empty() { Path::from(key.as_str()) } else { Path::from(format!("{}/{key}", self.prefix)) }
    }
}

impl Tag {
    /// On the condition that the object is still in this state.
    fn update(&self) -> PutMode {
        let Self { etag, version } = self.clone();
        PutMode::Update(UpdateVersion { e_tag: etag, version })
    }
}

fn away(key: &Key, error: &Error) -> StoreError {
    // The innermost cause says it; the others repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    StoreError::Away { key: key.clone(), cause: cause.to_string() }
}
