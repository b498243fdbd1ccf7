//! The real corpus beside the checkout, which a fresh clone does not have.

use camino::{Utf8Path, Utf8PathBuf};

/// `../shared/PATH`, or `None` with a printed line that says what was skipped.
pub fn shared(path: &str) -> Option<Utf8PathBuf> {
    let found = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: ../shared/{path} is not there");
    None
}
