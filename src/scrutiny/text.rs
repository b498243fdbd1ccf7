//! What a reader does not see in source: characters that hide or turn text, code behind blanks, long constants.

use super::lexer::{Lexer, Token};
use super::reach::Place;
use crate::model::finding::{Finding, FindingCode, Severity};

/// The most findings of one kind in one file.
const MOST: usize = 5;

pub(super) fn findings(path: &str, text: &str, place: Place) -> Vec<Finding> {
    let mut found = hidden(path, text);
    found.extend(behind_blanks(path, text, place));
    found.extend(constants(path, text, place));
    found
}

/// Turns the reading direction of what follows.
const fn turns(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Takes no room, or looks like a blank, where letters may stand. Joiners and the variation of emoji are left alone: comments have them.
const fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}' | '\u{fe00}'..='\u{fe0e}')
}

/// So many in one line are no accident: a text is written with them.
const WRITTEN: usize = 16;

fn hidden(path: &str, text: &str) -> Vec<Finding> {
    if text.is_ascii() {
        return Vec::new();
    }
    let (mut turned, mut unseen) = (Vec::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_ascii()) {
        if line.chars().any(turns) && turned.len() < MOST {
            let finding = Finding::new(FindingCode::BidirectionalText, Severity::High, line.trim());
            turned.push(finding.at(path, number));
        }
        let count = line.chars().filter(|letter| is_unseen(*letter)).count();
        if count > 0 && unseen.len() < MOST {
            let severity = if count >= WRITTEN { Severity::High } else { Severity::Low };
            unseen.push(Finding::new(FindingCode::InvisibleText, severity, line.trim()).at(path, number));
        }
    }
    turned.extend(unseen);
    turned
}

/// So many columns of blanks put what follows outside of every window.
const MOST_COLUMNS: usize = 160;
/// So many empty lines end a file for whoever scrolls.
const MOST_LINES: usize = 200;

fn behind_blanks(path: &str, text: &str, place: Place) -> Vec<Finding> {
    let severity = if place.at_build() { Severity::High } else { Severity::Medium };
    let told =
        |line: &str, number: u32| Finding::new(FindingCode::CodeAfterBlank, severity, line.trim()).at(path, number);
    let mut found = Vec::new();
    let mut empty = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let is_empty = line.trim().is_empty();
        if empty > MOST_LINES && !is_empty {
            found.push(told(line, number));
        }
        empty = if is_empty { empty + 1 } else { 0 };
        if line.len() > MOST_COLUMNS
            && let Some(code) = behind(line)
        {
            found.push(told(code, number));
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// The code behind a long run of blanks in a line that has something before it, or begins with more of them than any indentation.
fn behind(line: &str) -> Option<&str> {
    let mut run = 0;
    for (at, letter) in line.char_indices() {
        if letter.is_whitespace() {
            run += if letter == '\t' { 4 } else { 1 };
            continue;
        }
        if run >= MOST_COLUMNS {
            let rest = line.get(at..).unwrap_or_default();
            // What ends in the margin of a table, or only ends a line, is nothing that runs.
            let is_code = !rest.starts_with("//") && rest.contains(['(', '=', '!', '{']);
            return is_code.then_some(rest);
        }
        run = 0;
    }
    None
}

/// So many characters without a blank, of an alphabet that encoders use.
const LONG: usize = 1024;
/// So many are a piece of one, and so many in pieces are one.
const PIECE: usize = 32;
const IN_PIECES: usize = 2048;
/// So many numbers in one list.
const MANY: usize = 1024;

fn constants(path: &str, text: &str, place: Place) -> Vec<Finding> {
    let severity = if place.at_build() { Severity::Medium } else { Severity::Note };
    let mut found = Vec::new();
    let (mut numbers, mut begun) = (0_usize, 1);
    // The same in many pieces.
    let (mut pieces, mut bytes, mut first) = (0_usize, 0_usize, 1);
    for word in Lexer::new(text) {
        if let Token::Text { written, .. } = &word.token
            && written.len() >= LONG
            && let Some(alphabet) = alphabet(written)
        {
            let start: String = written.chars().take(40).collect();
            let evidence = format!("{} characters of {alphabet}: {start}…", written.len());
            found.push(Finding::new(FindingCode::EncodedConstant, severity, evidence).at(path, word.line));
        }
        if let Token::Text { written, .. } = &word.token
            && (PIECE..LONG).contains(&written.len())
            && alphabet(written).is_some()
        {
            first = if pieces == 0 { word.line } else { first };
            (pieces, bytes) = (pieces + 1, bytes + written.len());
        }
        // Tables are a library's daily bread.
        match word.token {
            Token::Number(_) | Token::Character(_) if place.at_build() => {
                if numbers == 0 {
                    begun = word.line;
                }
                numbers += 1;
            }
            Token::Mark(',' | '-') => {}
            Token::Name(_)
            | Token::Text { .. }
            | Token::Lifetime(_)
            | Token::Mark(_)
            | Token::Number(_)
            | Token::Character(_) => {
                if numbers >= MANY {
                    let evidence = format!("a list of {numbers} numbers");
                    found.push(Finding::new(FindingCode::EncodedConstant, severity, evidence).at(path, begun));
                }
                numbers = 0;
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    if bytes >= IN_PIECES {
        let evidence = format!("{bytes} encoded characters in {pieces} pieces");
        found.push(Finding::new(FindingCode::EncodedConstant, severity, evidence).at(path, first));
    }
    found
}

fn alphabet(text: &str) -> Option<&'static str> {
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("hexadecimal");
    }
    // Base64 of bytes mixes its cases and digits; a long identifier or a list of letters does not.
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| test(byte)).count() * 20 > text.len();
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    if text.bytes().all(is_letter) && mixed {
        return Some("base64");
    }
    let escaped = text.matches("\\x").count();
    (escaped * 4 * 10 > text.len() * 9).then_some("escaped bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, place: Place) -> Vec<(&'static str, &'static str, u32)> {
        let found = findings("src/lib.rs", text, place);
        found.iter().map(|one| (one.code.as_str(), one.severity.as_str(), one.line.unwrap_or_default())).collect()
    }

    #[test]
    fn hidden_characters_are_told_with_their_line() {
        assert_eq!(told("// a\n// \u{202e}b\n", Place::Library), [("bidirectional-text", "high", 2)]);
        assert_eq!(told("let a\u{200b}b = 1;\n", Place::Library), [("invisible-text", "low", 1)]);
        let tags: String =
            "hidden payload text".chars().filter_map(|one| char::from_u32(0xe0000 + u32::from(one))).collect();
        assert_eq!(told(&format!("let a = \"{tags}\";\n"), Place::Library), [("invisible-text", "high", 1)]);
        assert_eq!(told("\u{feff}// ❤\u{fe0f} 👩\u{200d}💻 שלום\n", Place::Library), []);
    }

    #[test]
    fn code_where_nobody_looks_is_told() {
        let far = format!("let a = 1;{}run();\n", " ".repeat(300));
        assert_eq!(told(&far, Place::BuildScript), [("code-after-blank", "high", 1)]);
        let below = format!("fn a() {{}}\n{}run();\n", "\n".repeat(400));
        assert_eq!(told(&below, Place::Library), [("code-after-blank", "medium", 402)]);
        assert_eq!(told(&format!("a{}// b(c)\n", " ".repeat(300)), Place::Library), []);
        assert_eq!(told(&format!("{}\n", "\n".repeat(400)), Place::Library), []);
    }

    #[test]
    fn long_constants_are_told() {
        let base64 = "aB3+".repeat(400);
        let text = format!("const A: &str = \"{base64}\";");
        assert_eq!(told(&text, Place::BuildScript), [("encoded-constant", "medium", 1)]);
        assert_eq!(told(&text, Place::Library), [("encoded-constant", "note", 1)]);
        assert_eq!(told(&format!("const A: &str = \"{}\";", "lorem ipsum ".repeat(400)), Place::Library), []);
        let list = format!("const A: [u8; 2000] = [{}];", "0x41, ".repeat(2000));
        assert_eq!(told(&list, Place::BuildScript), [("encoded-constant", "medium", 1)]);
        assert_eq!(told(&list, Place::Library), []);
    }
}
