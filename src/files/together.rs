//! Many files, read into one piece of memory.
//!
//! The index files of a thousand crates have sixty megabytes. Where memory is given out in small pages, getting it costs as much as reading
//! them; in one piece it can be had in large ones.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};

use bytes::Bytes;
use camino::Utf8PathBuf;
use memmap2::MmapMut;
use rayon::prelude::*;

use super::regular::{self, Links, ReadError, RegularFile};

/// Less than this is not worth a piece of its own.
#[cfg(target_os = "linux")]
const PIECE: usize = 4 << 20;

/// A file's bytes, and what the system said of it when it was opened.
pub(crate) type Whole = (Bytes, Metadata);

/// Reads each file whole, if it has no more than `limit` bytes; no more files are open at once than there are threads. All are read into one
/// piece of memory, which is given back when the last of them is dropped.
pub(crate) fn read_together(paths: &[Utf8PathBuf], links: Links, limit: u64) -> Vec<Result<Whole, ReadError>> {
    let alone = |path: &Utf8PathBuf| {
        let file = regular::open(path, links)?;
        let metadata = file.metadata.clone();
        Ok((Bytes::from(file.bytes(limit)?), metadata))
    };
    // One byte more for each, so that one that has grown is seen.
    let room = |path: &Utf8PathBuf| {
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if length > limit { 0 } else { usize::try_from(length).map_or(0, |length| length.saturating_add(1)) }
    };
    let rooms: Vec<usize> = paths.par_iter().map(room).collect();
    let wanted = rooms.iter().try_fold(0_usize, |sum, room| sum.checked_add(*room));
    let Some(mut piece) = wanted.and_then(large_pages) else {
        return paths.par_iter().map(alone).collect();
    };
    let mut rest = &mut piece[..];
    let mut places = Vec::with_capacity(paths.len());
    for (path, room) in paths.iter().zip(&rooms) {
        let left = std::mem::take(&mut rest);
        let here = (*room).min(left.len());
        let (place, behind) = left.split_at_mut(here);
        places.push((path, place));
        rest = behind;
    }
    let read: Vec<Result<(Part, Metadata), ReadError>> = places
        .into_par_iter()
        .map(|(path, place)| {
            let file = regular::open(path, links)?;
            Ok((fill(&file, place, limit)?, file.metadata))
        })
        .collect();
    let piece = Bytes::from_owner(piece);
    let starts = rooms.iter().scan(0, |next, room| Some(std::mem::replace(next, *next + room)));
    let taken = |(read, start): (Result<(Part, Metadata), ReadError>, usize)| {
        read.map(|(part, metadata)| match part {
            Part::InPlace(length) => (piece.slice(start..start + length), metadata),
            Part::Apart(bytes) => (bytes, metadata),
        })
    };
    read.into_iter().zip(starts).map(taken).collect()
}

/// Where a file's bytes are.
enum Part {
    /// In the place that was kept for them, so many.
    InPlace(usize),
    Apart(Bytes),
}

fn fill(file: &RegularFile, place: &mut [u8], limit: u64) -> Result<Part, ReadError> {
    let length = read_into(&file.file, place)?;
    if length < place.len() && file.metadata.len() > 0 {
        return Ok(Part::InPlace(length));
    }
    // It has grown since, is larger than it may be, or is made up by the kernel on reading, and so has no length.
    let mut bytes = place.get(..length).unwrap_or_default().to_vec();
    let left = limit.saturating_add(1).saturating_sub(bytes.len() as u64);
    (&file.file).take(left).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(Part::Apart(Bytes::from(bytes)))
}

/// How many bytes came before the file or the place ended.
fn read_into(mut file: &File, place: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = place.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Memory in large pages; `None` where the system has none, or where little is wanted.
#[cfg(target_os = "linux")]
fn large_pages(length: usize) -> Option<MmapMut> {
    if length < PIECE {
        return None;
    }
    let piece = MmapMut::map_anon(length).ok()?;
    piece.advise(memmap2::Advice::HugePage).ok()?;
    Some(piece)
}

#[cfg(not(target_os = "linux"))]
fn large_pages(_length: usize) -> Option<MmapMut> {
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use camino::{Utf8Path, Utf8PathBuf};

    use crate::files::regular::{Links, ReadError, open};
    use crate::files::together::{Part, fill, read_together};

    const LIMIT: u64 = 6 << 20;

    /// A folder with files of these lengths, each of bytes of its own.
    fn files(lengths: &[usize]) -> (tempfile::TempDir, Vec<Utf8PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths = lengths.iter().enumerate().map(|(at, length)| {
            let path = Utf8PathBuf::from_path_buf(folder.path().join(at.to_string())).unwrap();
            std::fs::write(&path, vec![u8::try_from(at % 250).unwrap() + 1; *length]).unwrap();
            path
        });
        let paths = paths.collect();
        (folder, paths)
    }

    #[test]
    fn each_file_is_what_it_is_alone() {
        for lengths in [&[0, 1, 4096, 5_000_000, 0, 70_000, 2 << 20][..], &[3, 0, 10], &[]] {
            let (_folder, paths) = files(lengths);
            for (path, read) in paths.iter().zip(read_together(&paths, Links::Followed, LIMIT)) {
                let (bytes, metadata) = read.unwrap();
                assert!(bytes == std::fs::read(path).unwrap(), "{path}");
                assert_eq!(metadata.len(), bytes.len() as u64);
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn many_lie_in_one_piece() {
        let (_folder, paths) = files(&[3 << 20, 100, 2 << 20, 7]);
        let together = read_together(&paths, Links::Followed, LIMIT);
        let starts: Vec<usize> = together.iter().map(|read| read.as_ref().unwrap().0.as_ptr().addr()).collect();
        let between: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(between, [(3 << 20) + 1, 101, (2 << 20) + 1]);
    }

    #[test]
    fn what_is_absent_or_too_large_is_refused_alone() {
        let (folder, mut paths) = files(&[5 << 20, 7 << 20, 200]);
        paths.insert(1, Utf8Path::from_path(folder.path()).unwrap().join("absent"));
        paths.insert(2, Utf8Path::from_path(folder.path()).unwrap().to_owned());
        let together = read_together(&paths, Links::Followed, LIMIT);
        let lengths: Vec<Option<usize>> =
            together.iter().map(|one| one.as_ref().ok().map(|read| read.0.len())).collect();
        assert_eq!(lengths, [Some(5 << 20), None, None, None, Some(200)]);
        assert!(matches!(together[3], Err(ReadError::TooLarge(_))));
    }

    #[test]
    fn what_has_grown_is_read_to_its_end() {
        let (_folder, paths) = files(&[9100]);
        for room in [0, 101, 9100, 9101] {
            let file = open(&paths[0], Links::Followed).unwrap();
            let length = match fill(&file, &mut vec![0; room], LIMIT).unwrap() {
                Part::InPlace(length) => length,
                Part::Apart(bytes) => bytes.len(),
            };
            assert_eq!(length, 9100, "in {room} bytes of room");
        }
        let file = open(&paths[0], Links::Followed).unwrap();
        assert!(matches!(fill(&file, &mut [0; 50], 9099), Err(ReadError::TooLarge(9099))));
    }
}
