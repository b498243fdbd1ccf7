//! Many files, read into one piece of memory.
//!
//! The index files of a thousand crates have sixty megabytes. Where memory is given out in small pages, getting it costs as much as reading
//! them; in one piece it can be had in large ones.

use std::fs::File;
use std::io::{self, Read as _};

use bytes::Bytes;
use memmap2::MmapMut;
use rayon::prelude::*;

use super::regular::{ReadError, RegularFile};

/// Less than this is not worth a piece of its own.
const PIECE: usize = 4 << 20;

/// Reads each file whole, as [`RegularFile::bytes`] does. They are read into one piece of memory, which is given back when the last of them is
/// dropped.
pub(crate) fn read_together(files: Vec<RegularFile>, limit: u64) -> Vec<Result<Bytes, ReadError>> {
    // One byte more for each, so that one that has grown is seen.
    let rooms: Option<Vec<usize>> =
        files.iter().map(|file| usize::try_from(file.metadata.len().min(limit)).ok()?.checked_add(1)).collect();
    let Some((mut piece, rooms)) = rooms.and_then(|rooms| Some((large_pages(rooms.iter().sum())?, rooms))) else {
        return files.into_par_iter().map(|file| file.bytes(limit).map(Bytes::from)).collect();
    };
    let mut rest = &mut piece[..];
    let mut places = Vec::with_capacity(files.len());
    for (file, room) in files.into_iter().zip(&rooms) {
        let left = std::mem::take(&mut rest);
        let here = (*room).min(left.len());
        let (place, behind) = left.split_at_mut(here);
        places.push((file, place));
        rest = behind;
    }
    let read: Vec<Result<Part, ReadError>> =
        places.into_par_iter().map(|(file, place)| fill(&file, place, limit)).collect();
    let piece = Bytes::from_owner(piece);
    let starts = rooms.iter().scan(0, |next, room| Some(std::mem::replace(next, *next + room)));
    let taken = |(part, start): (Result<Part, ReadError>, usize)| {
        part.map(|part| match part {
            Part::InPlace(length) => piece.slice(start..start + length),
            Part::Apart(bytes) => bytes,
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
    use std::io::Write as _;

    use bytes::Bytes;
    use camino::Utf8PathBuf;

    use crate::files::regular::{Links, ReadError, open};
    use crate::files::together::read_together;

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
            let together =
                read_together(paths.iter().map(|path| open(path, Links::Followed).unwrap()).collect(), 6 << 20);
            for (path, bytes) in paths.iter().zip(together) {
                assert!(bytes.unwrap() == std::fs::read(path).unwrap(), "{path}");
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn many_lie_in_one_piece() {
        let lengths = [3 << 20, 100, 2 << 20, 7];
        let (_folder, paths) = files(&lengths);
        let together = read_together(paths.iter().map(|path| open(path, Links::Followed).unwrap()).collect(), 6 << 20);
        let starts: Vec<usize> = together.iter().map(|bytes| bytes.as_ref().unwrap().as_ptr().addr()).collect();
        let between: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(between, [(3 << 20) + 1, 101, (2 << 20) + 1]);
    }

    #[test]
    fn what_grows_is_read_to_its_end_and_what_is_too_large_is_refused_alone() {
        let (_folder, paths) = files(&[5 << 20, 100, 7 << 20, 200]);
        let opened = paths.iter().map(|path| open(path, Links::Followed).unwrap()).collect();
        std::fs::File::options().append(true).open(&paths[1]).unwrap().write_all(&[9; 9000]).unwrap();
        let shorter = std::fs::File::options().write(true).open(&paths[3]).unwrap();
        shorter.set_len(50).unwrap();
        let together = read_together(opened, 6 << 20);
        let lengths: Vec<Option<usize>> = together.iter().map(|one| one.as_ref().ok().map(Bytes::len)).collect();
        assert_eq!(lengths, [Some(5 << 20), Some(9100), None, Some(50)]);
        assert!(matches!(together[2], Err(ReadError::TooLarge(_))));
        assert_eq!(together[1].as_ref().unwrap().last(), Some(&9));
    }
}
