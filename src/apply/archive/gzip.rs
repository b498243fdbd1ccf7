//! One gzip stream, bounded, with nothing after it.

use std::io::Read;

use flate2::bufread::GzDecoder;

use super::error::Fault;
use super::limits::Limits;

/// Unpacks the gzip stream that `bytes` consist of. Cargo reads the first member of a stream and passes over what follows; as no
/// crate that cargo has packed has anything there, and other readers would go on, both a second member and stray bytes are refused.
pub(super) fn gunzip(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Fault> {
    if !bytes.starts_with(&[0x1f, 0x8b, 8]) {
        return Err(Fault::NotGzip);
    }
    let limit = limits.unpacked_from(bytes.len());
    let mut decoder = GzDecoder::new(bytes);
    let mut unpacked = Vec::with_capacity(bytes.len().saturating_mul(5).min(64 << 20));
    (&mut decoder).take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(|_| Fault::DamagedGzip)?;
    if unpacked.len() as u64 > limit {
        return Err(Fault::TooLarge { limit });
    }
    match decoder.into_inner() {
        [] => Ok(unpacked),
        [0x1f, 0x8b, ..] => Err(Fault::SecondGzipMember),
        rest => Err(Fault::BytesAfterGzip(rest.len())),
    }
}
