//! A bucket that speaks S3: conditional writes by `If-None-Match` and `If-Match`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutResult, RetryConfig, UpdateVersion,
};

use super::object::{Key, Put, StoreError, Stored, Tag};
use crate::gather::environment::Environment;

/// A bucket, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    objects: Arc<dyn ObjectStore>,
    prefix: Arc<str>,
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
        let unopened = |error: Error| StoreError::Unopened {
            place: format!("s3://{name}/{prefix}"),
            cause: error.to_string(),
            help: "set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for an own server",
        };
        let objects = builder.with_bucket_name(name).build().map_err(unopened)?;
        Ok(Self { objects: Arc::new(objects), prefix: prefix.into() })
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
        let Tag { etag, version } = before.clone();
        self.put(key, bytes, PutMode::Update(UpdateVersion { e_tag: etag, version })).await
    }

    pub(super) async fn mend(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        self.put(key, bytes, PutMode::Overwrite).await.map(drop)
    }

    async fn put(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<Put, StoreError> {
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

fn away(key: &Key, error: &Error) -> StoreError {
    // The innermost cause says it; the others repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    StoreError::Away { key: key.clone(), cause: cause.to_string() }
}
