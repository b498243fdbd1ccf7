//! Text from outside, made harmless for where it is shown: a terminal, JSON, Markdown, SARIF, a CI system's log.
//!
//! Names, titles, addresses, paths and error texts are an attacker's to choose. What moves a cursor, turns the reading direction,
//! shows nothing, ends a line or starts a CI system's command is written as a visible escape instead. Whatever an address has that lets
//! somebody in stays out of every output: a lock file is in the house, a report may not be.

use std::fmt::Write as _;

use crate::model::source::{without_credentials, without_credentials_in_json};

/// Whether a character does something else than being seen: controls, line and paragraph separators, bidirectional controls,
/// zero-width and filler characters, variation selectors, tags.
#[must_use]
pub const fn is_hostile(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// For a terminal or a log: one line, hostile characters as `\u{1b}`. GitHub reads `##[` and Azure `##vso[` anywhere in a line as
/// a command, so a `#` behind another is escaped too; a line that begins with `::` is one for GitHub, so a leading colon is.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    let mut started = false;
    for character in without_credentials(text).chars() {
        let command = (character == '#' && before == '#') || (character == ':' && !started);
        if is_hostile(character) || command {
            let _ = write!(safe, "{}", character.escape_unicode());
        } else {
            safe.push(character);
        }
        started |= !character.is_whitespace();
        before = character;
    }
    safe
}

/// For a whole JSON document, already serialised: hostile characters (which stand only inside its strings) become `\u202e` and read
/// back as themselves; so does a `#` behind another.
#[must_use]
pub fn json(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    let mut before = ' ';
    for character in without_credentials_in_json(document).chars() {
        if character != '\n' && (is_hostile(character) || (character == '#' && before == '#')) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
        before = character;
    }
    safe
}

/// For a message of SARIF, where `[…](…)` is a link and `{0}` a placeholder (sections 3.11.5 and 3.11.6 of the standard).
#[must_use]
pub fn sarif(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in without_credentials(text).chars() {
        match character {
            '\\' | '[' | ']' => safe.extend(['\\', character]),
            '{' | '}' => safe.extend([character, character]),
            character if is_hostile(character) => {
                let _ = write!(safe, "U+{:04X}", u32::from(character));
            }
            character => safe.push(character),
        }
    }
    safe
}

/// For running text in Markdown and HTML: no markup, link, table cell or mention can begin in it. `@` and `#` stand in code spans of
/// their own, because hosts look for mentions and issue numbers after entities are decoded, but not in code.
#[must_use]
pub(crate) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let text = terminal(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '@' | '#' => {
                let _ = write!(safe, "<code>{character}</code>");
            }
            character => entity(&mut safe, character, characters.peek().copied()),
        }
    }
    safe
}

/// For a name or a command in Markdown: a code span that nothing in it can end.
#[must_use]
pub(crate) fn markdown_code(text: &str) -> String {
    let mut safe = String::from("<code>");
    let text = terminal(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '@' | '#' => {
                let _ = write!(safe, "&#{};", u32::from(character));
            }
            character => entity(&mut safe, character, characters.peek().copied()),
        }
    }
    safe.push_str("</code>");
    safe
}

/// A character, as an entity where Markdown, HTML or a host's own marks give it a meaning. Bare addresses become links by the dot
/// behind `www` and by the colon of their scheme; a colon before a space or a digit is only a colon.
fn entity(safe: &mut String, character: char, next: Option<char>) {
    let marks = matches!(character, '\\' | '&' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$')
        || (character == ':' && next.is_some_and(|next| next != ' ' && !next.is_ascii_digit()));
    let link =
        character == '.' && safe.get(safe.len().saturating_sub(3)..).is_some_and(|end| end.eq_ignore_ascii_case("www"));
    if marks || link {
        let _ = write!(safe, "&#{};", u32::from(character));
    } else {
        safe.push(character);
    }
}

/// For the message of a GitHub workflow command, by its documented encoding.
#[must_use]
pub fn github_message(text: &str) -> String {
    terminal(text).replace('%', "%25")
}

/// For a property of a GitHub workflow command, such as `title`.
#[must_use]
pub fn github_property(text: &str) -> String {
    github_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path as a relative or absolute URI reference: everything but unreserved characters and `/` percent-encoded (RFC 3986).
#[must_use]
pub(crate) fn uri_path(path: &str) -> String {
    let mut safe = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            safe.push(char::from(byte));
        } else if byte == b'\\' {
            safe.push('/');
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

/// A word of a POSIX shell, quoted where it needs to be.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+@:/=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
