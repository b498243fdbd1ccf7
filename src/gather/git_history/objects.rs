//! What `cat-file --batch` and the other plumbing answer, taken apart.

use std::io::{self, BufRead, Read as _};

use jiff::Timestamp;

use crate::model::incident::CommitTold;

/// The next text up to a NUL.
pub(super) fn next(out: &mut dyn BufRead, token: &mut Vec<u8>) -> io::Result<bool> {
    token.clear();
    out.read_until(0, token)?;
    if token.last() == Some(&0) {
        token.pop();
        return Ok(true);
    }
    Ok(!token.is_empty())
}

/// An answer of `cat-file --batch`.
pub(super) enum Object {
    Blob(Vec<u8>),
    TooLarge,
    Missing,
}

/// `ID TYPE SIZE`, a line end, so many bytes, a line end; or `ID missing`.
pub(super) fn object(out: &mut dyn BufRead, limit: u64) -> io::Result<Object> {
    let mut header = String::new();
    if out.read_line(&mut header)? == 0 {
        return Ok(Object::Missing);
    }
    let Some(size) = header.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok()) else {
        return Ok(Object::Missing);
    };
    if size > limit {
        io::copy(&mut out.take(size.saturating_add(1)), &mut io::sink())?;
        return Ok(Object::TooLarge);
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    out.read_exact(&mut bytes)?;
    out.read_exact(&mut [0])?;
    Ok(Object::Blob(bytes))
}

/// By the commit's own header: its lines up to the first empty one.
pub(super) fn commit_told(id: &str, bytes: &[u8]) -> CommitTold {
    let text = String::from_utf8_lossy(bytes);
    let header = text.split("\n\n").next().unwrap_or_default();
    let line = |key: &str| header.lines().find_map(|line| line.strip_prefix(key));
    let parted = |line: Option<&str>| {
        let mut words = line.unwrap_or_default().rsplitn(3, ' ');
        let (_zone, seconds, who) = (words.next(), words.next(), words.next());
        let at = seconds.and_then(|seconds| seconds.parse().ok()).and_then(|at| Timestamp::from_second(at).ok());
        (who.unwrap_or_default().to_owned(), at)
    };
    let (author, authored) = parted(line("author "));
    let (_, committed) = parted(line("committer "));
    CommitTold { id: id.to_owned(), author, authored, committed }
}
