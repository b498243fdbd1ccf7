//! The records of a pax extended header (POSIX.1-2001, `pax`): `length key=value\n`, repeated.

/// What an extended header may say about the entry that follows.
#[derive(Default)]
pub(super) struct Pax {
    /// Replaces the path.
    pub(super) path: Option<Vec<u8>>,
    /// Must be the size that the entry's own header has.
    pub(super) size: Option<u64>,
}

/// Reads the records. Times, owners and comments change nothing; a key that would change what the entry is (`linkpath`,
/// `GNU.sparse.…`, extended attributes, …) and a key that is there twice are refused.
pub(super) fn read(mut records: &[u8]) -> Result<Pax, Box<str>> {
    let mut pax = Pax::default();
    while !records.is_empty() {
        let (key, value, rest) = record(records).ok_or("a malformed record")?;
        records = rest;
        match key {
            b"path" if pax.path.is_none() => pax.path = Some(value.to_vec()),
            b"size" if pax.size.is_none() => pax.size = Some(number(value).ok_or("a malformed size")?),
            b"path" | b"size" => return Err("a key that is there twice".into()),
            b"mtime" | b"atime" | b"ctime" | b"uname" | b"gname" | b"uid" | b"gid" | b"comment" => {}
            other => return Err(format!("the key {}", other.escape_ascii()).into()),
        }
    }
    Ok(pax)
}

fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&records[..space])?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    Some((&pair[..equals], &pair[equals + 1..], rest))
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}
