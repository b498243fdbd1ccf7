//! Moments and days on the command line: one form each, so that what is written into a record or a script means one thing.

use jiff::Timestamp;
use jiff::civil::Date;

/// A moment as RFC 3339 has it: `2026-08-21T00:00:00Z`, with a fraction of a second or another offset if need be.
pub(super) fn rfc3339(text: &str) -> Result<Timestamp, String> {
    let form = || "expected a moment by RFC 3339, such as 2026-08-21T00:00:00Z".to_owned();
    if !is_rfc3339(text) {
        return Err(form());
    }
    text.parse().map_err(|_| form())
}

/// A day: `2026-08-21`.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let form = || "expected a day, such as 2026-08-21".to_owned();
    if !fits(text, "9999-99-99") {
        return Err(form());
    }
    text.parse().map_err(|_| form())
}

/// The grammar of `date-time` in RFC 3339, section 5.6; that the numbers are a moment is for the parser to say.
fn is_rfc3339(text: &str) -> bool {
    let Some((seconds, rest)) = text.split_at_checked("9999-99-99T99:99:99".len()) else { return false };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
        None => rest,
    };
    let is_offset = matches!(offset, "Z" | "z") || fits(offset, "+99:99") || fits(offset, "-99:99");
    is_offset && (fits(seconds, "9999-99-99T99:99:99") || fits(seconds, "9999-99-99t99:99:99"))
}

/// Whether a text has a digit wherever the form has a nine, and the form's character everywhere else.
fn fits(text: &str, form: &str) -> bool {
    let is_it = |(byte, wanted): (u8, u8)| if wanted == b'9' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(is_it)
}
