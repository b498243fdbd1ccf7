//! Which paths an archive may hold. The answer is the same on every system: a crate that would do harm on one of them is refused on all.

use super::limits::Limits;

/// What is wrong with an entry's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Bytes that are not UTF-8.
    #[error("has a path that is not UTF-8")]
    NotUtf8,
    /// A control character, NUL included.
    #[error("has a control character in its path")]
    ControlCharacter,
    /// A character that is not seen, or that turns the direction of the text around it.
    #[error("has an invisible or direction-changing character in its path")]
    InvisibleCharacter,
    /// A character that Windows gives another meaning; cargo packs no file with one in its name.
    #[error("has the character `{0}` in its path")]
    ForbiddenCharacter(char),
    /// It starts at the root of a file system.
    #[error("has an absolute path")]
    Absolute,
    /// A `..` component.
    #[error("has a `..` in its path")]
    ParentComponent,
    /// A `.` component, or none between two slashes.
    #[error("has an empty component in its path")]
    EmptyComponent,
    /// A component that ends in a dot or a space: Windows takes both away.
    #[error("has a dot or a space at the end of a component")]
    TrailingDotOrSpace,
    /// Not below the one folder of the package.
    #[error("is not in the folder `name-version/` of the package")]
    OutsidePrefix,
    /// Longer than any crate needs.
    #[error("has a path that is too long")]
    TooLong,
    /// Deeper than any crate needs.
    #[error("has a path that is too deep")]
    TooDeep,
}

/// The path below the package's folder; empty for that folder itself. `prefix` is `name-version`.
pub(super) fn relative<'a>(
    path: &'a [u8],
    prefix: &str,
    is_directory: bool,
    limits: &Limits,
) -> Result<&'a str, PathFault> {
    let path = str::from_utf8(path).map_err(|_| PathFault::NotUtf8)?;
    if path.len() > limits.path_bytes {
        return Err(PathFault::TooLong);
    }
    let path = if is_directory { path.strip_suffix('/').unwrap_or(path) } else { path };
    if path.starts_with('/') {
        return Err(PathFault::Absolute);
    }
    path.chars().try_for_each(character)?;
    let mut depth = 0;
    for part in path.split('/') {
        depth += 1;
        component(part, limits)?;
    }
    if depth > limits.path_depth {
        return Err(PathFault::TooDeep);
    }
    match path.strip_prefix(prefix) {
        Some("") if is_directory => Ok(""),
        Some(rest) => rest.strip_prefix('/').ok_or(PathFault::OutsidePrefix),
        None => Err(PathFault::OutsidePrefix),
    }
}

fn character(character: char) -> Result<(), PathFault> {
    match character {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\' => Err(PathFault::ForbiddenCharacter(character)),
        _ if character.is_control() => Err(PathFault::ControlCharacter),
        // Unicode's default-ignorable and bidi-control characters: some file systems drop them from names.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Err(PathFault::InvisibleCharacter),
        _ => Ok(()),
    }
}

fn component(part: &str, limits: &Limits) -> Result<(), PathFault> {
    match part {
        "" | "." => Err(PathFault::EmptyComponent),
        ".." => Err(PathFault::ParentComponent),
        _ if part.ends_with(['.', ' ']) => Err(PathFault::TrailingDotOrSpace),
        _ if part.len() > limits.component_bytes => Err(PathFault::TooLong),
        _ => Ok(()),
    }
}

/// Whether a component is a device on Windows, so that no file of this name can be made there: `CON`, `nul.txt`, `COM1`, …: the part before the first dot decides, spaces at its end do not count, and the superscript digits
/// ¹²³ count as digits (Microsoft, "Naming Files, Paths, and Namespaces").
pub(super) fn is_windows_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].into_iter().any(is) {
        return true;
    }
    let numbered =
        stem.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("com") || name.eq_ignore_ascii_case("lpt"));
    let mut rest = stem.chars().skip(3);
    numbered && matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}
