//! One tar header: 512 bytes, read strictly.

/// The size of a header, and of the blocks that content is padded to.
pub(super) const BLOCK: usize = 512;

/// A header whose checksum holds.
pub(super) struct Header<'a> {
    block: &'a [u8; BLOCK],
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    V7,
    Ustar,
    Gnu,
}

/// The field that cannot be read.
pub(super) type Damage = &'static str;

impl<'a> Header<'a> {
    /// Takes a block that is not all zeros.
    pub(super) fn read(block: &'a [u8; BLOCK]) -> Result<Self, Damage> {
        let form = match &block[257..265] {
            b"ustar\x0000" => Form::Ustar,
            b"ustar  \0" => Form::Gnu,
            [0, 0, 0, 0, 0, 0, 0, 0] => Form::V7,
            _ => return Err("magic"),
        };
        let written = octal(&block[148..156]).ok_or("checksum")?;
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
            .sum();
        if sum == written { Ok(Self { block, form }) } else { Err("checksum") }
    }

    /// The type flag.
    pub(super) const fn kind(&self) -> u8 {
        self.block[156]
    }

    /// The path as this header has it, before any extended header replaces it.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = until_nul(&self.block[..100]);
        let prefix = if self.form == Form::Ustar { until_nul(&self.block[345..500]) } else { &[] };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    /// The number of content bytes. Only octal: the other form exists for files of 8 GiB and more.
    pub(super) fn size(&self) -> Result<u64, Damage> {
        octal(&self.block[124..136]).ok_or("size")
    }

    /// The permission bits, with the bits above them that some writers put there.
    pub(super) fn mode(&self) -> Result<u32, Damage> {
        octal(&self.block[100..108]).and_then(|mode| u32::try_from(mode).ok()).ok_or("mode")
    }

    /// The time of the last change, in seconds since 1970. Cargo of 2017 left it out for the manifests that it generated.
    pub(super) fn mtime(&self) -> Option<u64> {
        octal(&self.block[136..148])
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Spaces, octal digits, then spaces and NULs only. Anything else is read differently by different readers.
fn octal(field: &[u8]) -> Option<u64> {
    let field = field.trim_ascii_start();
    let digits = field.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = field.split_at(digits);
    if digits.is_empty() || rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}
