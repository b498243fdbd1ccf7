//! What a base's name stands for: a whole commit id, or exactly one reference. Git itself would guess: it takes a tag before a branch of
//! the same name, and reads a few digits as a commit, and both can be a change's own doing.

use super::error::BaseError;
use super::repository::Repository;

/// References that git keeps for itself, outside `refs/`: what is checked out, and what was fetched last.
const SPECIAL: [&str; 2] = ["HEAD", "FETCH_HEAD"];
/// What git writes before a name that is no whole reference, in its order of search. What stands for a remote's default branch comes last.
const PREFIXES: [&str; 4] = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
/// The fewest digits that git reads as a commit id.
const MIN_DIGITS: usize = 4;

/// The id of the commit that `reference` names.
pub(super) fn commit_id(repository: &Repository, reference: &str) -> Result<String, BaseError> {
    let nothing = || BaseError::NoCommit { reference: reference.to_owned(), folder: repository.top().to_string() };
    let at = reference.find(['^', '~']).unwrap_or(reference.len());
    let (name, steps) = reference.split_at(at);
    if !is_name(name) || !is_steps(steps) {
        return Err(nothing());
    }
    let start = if is_id(name) { name.to_owned() } else { whole_name(repository, name)?.ok_or_else(nothing)? };
    let wanted = format!("{start}{steps}^{{commit}}");
    let answer = repository.ask("rev-parse", &["--verify", "--quiet", "--end-of-options", &wanted], Vec::new())?;
    // In a repository whose ids have another length the digits could be a branch's name.
    let fits = |id: &&str| !is_id(name) || id.len() == name.len();
    let id = answer.line().filter(|id| answer.status.success() && is_id(id)).filter(fits);
    id.map(str::to_owned).ok_or_else(nothing)
}

/// The one reference that a name stands for; `None` where there is none.
fn whole_name(repository: &Repository, name: &str) -> Result<Option<String>, BaseError> {
    if name.starts_with("refs/") {
        return Ok(Some(name.to_owned()));
    }
    let patterns = PREFIXES.iter().map(|prefix| format!("{prefix}{name}"));
    let patterns: Vec<String> = patterns.chain([format!("refs/remotes/{name}/HEAD")]).collect();
    let mut arguments = vec!["--format=%(refname)", "--"];
    arguments.extend(patterns.iter().map(String::as_str));
    let found = repository.answer("for-each-ref", &arguments, Vec::new())?;
    let found = String::from_utf8_lossy(&found);
    // A pattern also finds what lies below a folder of that name.
    let mut candidates: Vec<&str> = found.lines().filter(|found| patterns.iter().any(|one| one == found)).collect();
    if SPECIAL.contains(&name) {
        // Where it is absent, a branch of that name is not what was meant.
        match candidates.as_slice() {
            [] => return Ok(is_there(repository, name)?.then(|| name.to_owned())),
            [..] => candidates.insert(0, name),
        }
    }
    match candidates.as_slice() {
        [] if is_short_id(name) => Err(BaseError::ShortId { reference: name.to_owned() }),
        [] => Ok(None),
        // Where the commit is absent whose id begins so, a tag of that name would stand in for it.
        [one] if !is_short_id(name) => Ok(Some((*one).to_owned())),
        several => {
            let likely = several.iter().rev().find(|one| !one.starts_with("refs/tags/")).or_else(|| several.first());
            Err(BaseError::Ambiguous {
                reference: name.to_owned(),
                candidates: several.join(", "),
                likely: likely.copied().unwrap_or_default().to_owned(),
            })
        }
    }
}

/// Whether one of git's own references is there. They are files, whatever keeps the others.
fn is_there(repository: &Repository, name: &str) -> Result<bool, BaseError> {
    let path = repository.answer("rev-parse", &["--git-path", name], Vec::new())?;
    let path = String::from_utf8_lossy(&path).trim_end_matches(['\n', '\r']).to_owned();
    Ok(repository.top().join(path).is_file())
}

/// What can be a reference's name: nothing that git would read as an option, a pattern or an expression.
fn is_name(name: &str) -> bool {
    let plain = |character: char| !character.is_control() && !" :?*[\\".contains(character);
    let expression = name == "@" || name.starts_with('-') || name.contains("..") || name.contains("@{");
    !name.is_empty() && !expression && name.chars().all(plain)
}

/// `^`, `^2`, `~3` and any row of these.
fn is_steps(steps: &str) -> bool {
    steps.chars().all(|character| matches!(character, '^' | '~') || character.is_ascii_digit())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A whole object id, by SHA-1 or SHA-256.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_digits(text)
}

/// Fewer digits; also as the last part of what `git describe` prints.
fn is_short_id(name: &str) -> bool {
    let digits = name.rsplit_once("-g").map_or(name, |(_, digits)| digits);
    digits.len() >= MIN_DIGITS && digits.len() < 64 && is_digits(digits)
}
