//! The second opinion: the `tar` crate, which cargo itself unpacks with, must list the same entries as our own walk.

use std::io::{Cursor, Read};

use super::fault::Fault;
use super::gzip::Unpacked;
use super::walk::Member;

/// Compares path, kind, size, place and mode of every entry.
pub(super) fn confirm(unpacked: &Unpacked<'_>, members: &[Member]) -> Result<(), Fault> {
    match unpacked {
        Unpacked::Held(tar) => {
            let mut archive = tar::Archive::new(Cursor::new(tar));
            compare(archive.entries_with_seek(), members)
        }
        Unpacked::Again(packed) => {
            let mut archive = tar::Archive::new(packed.stream());
            compare(archive.entries(), members)
        }
    }
}

fn compare<R: Read>(entries: std::io::Result<tar::Entries<'_, R>>, members: &[Member]) -> Result<(), Fault> {
    let mut expected = members.iter();
    let mut position = 0;
    let disagree = |position| Fault::ReadersDisagree { position };
    for entry in entries.map_err(|_| disagree(1))? {
        position += 1;
        let entry = entry.map_err(|_| disagree(position))?;
        let member = expected.next().ok_or(disagree(position))?;
        let header = entry.header();
        let same = entry.path_bytes() == member.path.as_slice()
            && header.entry_type().is_dir() == member.is_directory
            && header.entry_type().is_file() != member.is_directory
            && entry.size() == member.content.end.saturating_sub(member.content.start)
            && entry.raw_file_position() == member.content.start
            && header.mode().ok() == Some(member.mode);
        if !same {
            return Err(disagree(position));
        }
    }
    if expected.next().is_some() { Err(disagree(position + 1)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_differs_in_one_thing_is_not_confirmed() -> Result<(), std::io::Error> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        builder.append_data(&mut header, "foo-1.0.0/a", &b"abc"[..])?;
        let tar = builder.into_inner()?;
        let member = |path: &str, mode, end| Member {
            path: path.into(),
            is_directory: false,
            mode,
            mtime: None,
            content: 512..end,
            digest: crate::model::checksum::Checksum::from_bytes([0; 32]),
        };
        let confirm = |members: &[Member]| confirm(&Unpacked::Held(tar.clone()), members);
        assert_eq!(confirm(&[member("foo-1.0.0/a", 0o644, 515)]), Ok(()));
        let differing = [
            vec![],
            vec![member("foo-1.0.0/b", 0o644, 515)],
            vec![member("foo-1.0.0/a", 0o755, 515)],
            vec![member("foo-1.0.0/a", 0o644, 514)],
            vec![member("foo-1.0.0/a", 0o644, 515), member("foo-1.0.0/a", 0o644, 515)],
        ];
        for members in differing {
            assert!(matches!(confirm(&members), Err(Fault::ReadersDisagree { .. })));
        }
        Ok(())
    }
}
