//! Who git says that the user is.

use camino::Utf8Path;

use super::{Reach, command, run};
use crate::gather::environment::Environment;

/// The most bytes of a name.
const NAME_LIMIT: u64 = 4 << 10;

/// `Name <mail>` as git's configuration has it for this folder, or the one of the two that is set; `None` where neither is, or where
/// there is no git.
#[must_use]
pub fn git_user(folder: &Utf8Path, environment: &Environment) -> Option<String> {
    let value = |key| {
        let mut command = command(environment, Reach::Local);
        command.args(["-C", folder.as_str(), "config", "--get", key]);
        let answer = run(command, Vec::new(), NAME_LIMIT).ok().filter(|answer| answer.status.success())?;
        answer.line().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    match (value("user.name"), value("user.email")) {
        (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
        (name, mail) => name.or(mail),
    }
}
