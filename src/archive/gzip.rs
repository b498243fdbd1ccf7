//! One gzip stream, bounded, with nothing after it.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::fault::{Fault, Limits};

/// What an archive unpacks to: held whole where it is small, and otherwise unpacked again by everybody who reads it.
#[derive(Debug)]
pub(super) enum Unpacked<'v> {
    Held(Vec<u8>),
    Again(Packed<'v>),
}

/// A gzip file that is too large to be held unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'v> {
    bytes: &'v [u8],
    limit: u64,
}

/// Unpacks the gzip stream that `bytes` consist of, at once where it says that it is small. Cargo reads the first member of a stream
/// and passes over what follows; as no crate that cargo has packed has anything there, and other readers would go on, both a second
/// member and stray bytes are refused.
pub(super) fn gunzip<'v>(bytes: &'v [u8], limits: &Limits) -> Result<Unpacked<'v>, Fault> {
    if !bytes.starts_with(&[0x1f, 0x8b, 8]) {
        return Err(Fault::NotGzip);
    }
    let packed = Packed { bytes, limit: limits.unpacked_from(bytes.len()) };
    let announced = announced(bytes);
    if announced > limits.held {
        return Ok(Unpacked::Again(packed));
    }
    let mut stream = packed.stream();
    let mut unpacked = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    (&mut stream).take(announced).read_to_end(&mut unpacked).map_err(|error| fault_of(&error))?;
    // Whatever else comes is more than the stream's own end says. It is not kept, and one of the two checks has a name for it.
    stream.end()?;
    Ok(Unpacked::Held(unpacked))
}

/// The unpacked size by the file's last four bytes (RFC 1952's `ISIZE`). They may lie: nothing is made room for beyond
/// [`Limits::held`], and a stream that has another size is refused by its own check.
pub(super) fn announced(gzip: &[u8]) -> u64 {
    gzip.last_chunk::<4>().map_or(0, |size| u64::from(u32::from_le_bytes(*size)))
}

impl<'v> Packed<'v> {
    /// From the beginning.
    pub(super) fn stream(self) -> Stream<'v> {
        Stream { decoder: GzDecoder::new(self.bytes), read: 0, limit: self.limit }
    }
}

/// The bytes as they are unpacked. Errors carry a [`Fault`]; [`fault_of`] gets it back.
pub(super) struct Stream<'v> {
    decoder: GzDecoder<&'v [u8]>,
    read: u64,
    limit: u64,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer).map_err(|_| io::Error::other(Fault::DamagedGzip))?;
        self.read = self.read.saturating_add(count as u64);
        if self.read > self.limit {
            return Err(io::Error::other(Fault::TooLarge { limit: self.limit }));
        }
        Ok(count)
    }
}

impl Stream<'_> {
    /// Reads what is left, and makes sure that nothing follows.
    pub(super) fn end(mut self) -> Result<(), Fault> {
        io::copy(&mut self, &mut io::sink()).map_err(|error| fault_of(&error))?;
        match self.decoder.into_inner() {
            [] => Ok(()),
            [0x1f, 0x8b, ..] => Err(Fault::SecondGzipMember),
            rest => Err(Fault::BytesAfterGzip(rest.len())),
        }
    }
}

/// The fault that an error from a [`Stream`] carries.
pub(super) fn fault_of(error: &io::Error) -> Fault {
    let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>());
    fault.cloned().unwrap_or(Fault::DamagedGzip)
}
