//! The only door to what nodes remember: an object store, in which a conditional write is the only way to agree.
//!
//! A node holds nothing of its own. Whatever two nodes could write differently lies under one key that is replaced only where it still is
//! what the writer read; everything else lies under the digest of its content and is written once. A folder of one machine has the same
//! conditions by a lock, and each write is on the disk before it counts.

mod bucket;
mod ends;
mod folder;
mod object;

use std::time::Duration;

use bytes::Bytes;

use self::bucket::Bucket;
use self::ends::Ends;
use self::folder::Folder;
pub(crate) use self::object::{Key, Place, PlaceError, Put, StoreError, Stored, Tag, digest_of};
use crate::gather::environment::Environment;

/// How long one question to the store may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An object store.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    kind: Kind,
    /// Every write takes a step before it and one behind it.
    ends: Ends,
}

#[derive(Clone, Debug)]
enum Kind {
    Folder(Folder),
    Bucket(Bucket),
}

impl Store {
    /// Opens it. A folder is made where there is none; of a bucket nothing is asked.
    pub(crate) fn open(place: &Place, environment: &Environment) -> Result<Self, StoreError> {
        let ends = Ends::of(environment);
        let kind = match place {
            Place::Folder(folder) => Kind::Folder(Folder::open(&environment.current_dir().join(folder), ends.clone())?),
            Place::Bucket { name, prefix } => Kind::Bucket(Bucket::open(name, prefix, environment)?),
        };
        Ok(Self { kind, ends })
    }

    /// An error where it does not keep to the conditions of writes, by which nodes agree. A folder keeps to them by our own lock.
    pub(crate) async fn prove(&self) -> Result<(), StoreError> {
        match &self.kind {
            Kind::Folder(_) => Ok(()),
            Kind::Bucket(bucket) => in_time(&Key::trial(), bucket.prove()).await,
        }
    }

    /// The object under a key, where there is one. One that is larger than `limit` bytes is no object of ours.
    pub(crate) async fn get(&self, key: &Key, limit: u64) -> Result<Option<Stored>, StoreError> {
        match &self.kind {
            Kind::Folder(folder) => folder.get(key, limit).await,
            Kind::Bucket(bucket) => in_time(key, bucket.get(key, limit)).await,
        }
    }

    /// Has an object under a key that ends in the digest of its content: it is written once, and over whatever else was found there.
    pub(crate) async fn ensure(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        if self.create(key, bytes.clone()).await? != Put::Lost {
            return Ok(());
        }
        match self.get(key, bytes.len() as u64).await {
            Ok(Some(there)) if there.bytes == bytes => Ok(()),
            Err(error @ StoreError::Away { .. }) => Err(error),
            Ok(_) | Err(_) => self.mend(key, bytes).await,
        }
    }

    /// Writes an object that must not be there yet.
    async fn create(&self, key: &Key, bytes: Bytes) -> Result<Put, StoreError> {
        self.write(async {
            match &self.kind {
                Kind::Folder(folder) => folder.create(key, bytes).await,
                Kind::Bucket(bucket) => in_time(key, bucket.create(key, bytes)).await,
            }
        })
        .await
    }

    /// Writes an object in the place of the one that was read in the state `before`; where that is `None`, there must be none.
    pub(crate) async fn replace(&self, key: &Key, bytes: Bytes, before: Option<&Tag>) -> Result<Put, StoreError> {
        let Some(before) = before else { return self.create(key, bytes).await };
        self.write(async {
            match &self.kind {
                Kind::Folder(folder) => folder.replace(key, bytes, before).await,
                Kind::Bucket(bucket) => in_time(key, bucket.replace(key, bytes, before)).await,
            }
        })
        .await
    }

    /// Writes an object over whatever lies there.
    async fn mend(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        self.write(async {
            match &self.kind {
                Kind::Folder(folder) => folder.mend(key, bytes).await,
                Kind::Bucket(bucket) => in_time(key, bucket.mend(key, bytes)).await,
            }
        })
        .await
    }

    /// There is no other way to write.
    async fn write<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.ends.step();
        let written = work.await;
        self.ends.step();
        written
    }
}

async fn in_time<T>(key: &Key, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Away { key: key.clone(), cause: format!("no answer in {} seconds", PATIENCE.as_secs()) };
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Key, Place, Put, Store, digest_of};
    use crate::gather::environment::Environment;

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        let bucket = |name: &str, prefix: &str| Place::Bucket { name: name.into(), prefix: prefix.into() };
        for (text, place) in [
            ("state", Some(Place::Folder("state".into()))),
            ("/var/lib/x", Some(Place::Folder("/var/lib/x".into()))),
            ("s3://b", Some(bucket("b", ""))),
            ("s3://b/a/c/", Some(bucket("b", "a/c"))),
            ("s3://b/../c", None),
            ("s3://b/a//c", None),
            ("s3:///c", None),
            ("s3://b/a?x=1", None),
            ("https://b/", None),
            ("", None),
        ] {
            assert_eq!(Place::parse(text).ok(), place, "{text}");
        }
    }

    /// Two writers that read the same state: one of them wins, and the other hears of it.
    #[tokio::test]
    async fn of_two_writers_one_wins() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_str().ok_or("a path")?.to_owned();
        let environment = Environment::of("/", []);
        let store = Store::open(&Place::Folder(path.into()), &environment)?;
        let key = Key::index_head("crates-io", "Serde");
        assert!(store.get(&key, 100).await?.is_none());
        let Put::Done(first) = store.replace(&key, Bytes::from_static(b"1"), None).await? else {
            panic!("nobody else")
        };
        assert_eq!(store.create(&key, Bytes::from_static(b"x")).await?, Put::Lost);
        let racers = (0..8).map(|number| {
            let (store, key, first) = (store.clone(), key.clone(), first.clone());
            tokio::spawn(async move { store.replace(&key, Bytes::from(format!("racer {number}")), Some(&first)).await })
        });
        let mut won = 0;
        for racer in racers.collect::<Vec<_>>() {
            won += usize::from(racer.await?? != Put::Lost);
        }
        assert_eq!(won, 1);
        let stored = store.get(&key, 100).await?.ok_or("the winner's")?;
        assert!(stored.bytes.starts_with(b"racer "));
        assert!(store.get(&key, 3).await.is_err(), "larger than anything of ours");
        let content = Key::crate_file(digest_of(b"content"));
        store.create(&content, Bytes::from_static(b"poison")).await?;
        store.mend(&content, Bytes::from_static(b"content")).await?;
        assert_eq!(store.get(&content, 100).await?.ok_or("mended")?.bytes, "content");
        Ok(())
    }
}
