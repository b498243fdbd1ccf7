//! Who git says that the user is.

use std::process::{Command, Stdio};

use camino::Utf8Path;

/// `Name <mail>` as git's configuration has it for this folder, or the one of the two that is set; `None` where neither is, or where
/// there is no git.
#[must_use]
pub fn git_user(folder: &Utf8Path) -> Option<String> {
    match (value(folder, "user.name"), value(folder, "user.email")) {
        (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
        (name, mail) => name.or(mail),
    }
}

fn value(folder: &Utf8Path, key: &str) -> Option<String> {
    let output =
        Command::new("git").args(["-C", folder.as_str(), "config", "--get", key]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
