//! The real corpus beside the checkout, which a fresh clone does not have.

use camino::{Utf8Path, Utf8PathBuf};

/// `../shared/PATH`, or `None` with a printed line that says what was skipped.
pub fn shared(path: &str) -> Option<Utf8PathBuf> {
    let found = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared").join(path);
    if found.exists() {
        return Some(found);
    }
    skipped(&format!("../shared/{path} is not there"));
    None
}

/// Says that a test was skipped, and why.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where to note that it was skipped")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    // The harness swallows what a passing test says; whoever counts the skips names a file.
    if let Some(list) = std::env::var_os("SKIPPED_TESTS") {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let mut list = std::fs::File::options().append(true).create(true).open(list).unwrap();
        std::io::Write::write_all(&mut list, format!("{test}: {why}\n").as_bytes()).unwrap();
    }
}
