//! Rust's words in one pass: no recursion, no tree, time and memory in proportion to the text. It takes whatever it is given; what is no
//! Rust comes out as single characters.

use std::borrow::Cow;

/// A word, and the line that it begins in, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub(super) token: Token<'t>,
    pub(super) line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name or a keyword; of a raw one without its mark.
    Name(&'t str),
    /// The content of a string or byte string, escapes as they are written.
    Text {
        written: &'t str,
        raw: bool,
    },
    /// The content of a character or byte literal, escapes as they are written.
    Character(&'t str),
    Number(&'t str),
    Lifetime(&'t str),
    Mark(char),
}

impl<'t> Token<'t> {
    pub(super) const fn name(&self) -> Option<&'t str> {
        match self {
            Self::Name(name) => Some(*name),
            Self::Text { .. } | Self::Character(_) | Self::Number(_) | Self::Lifetime(_) | Self::Mark(_) => None,
        }
    }

    pub(super) const fn is(&self, mark: char) -> bool {
        matches!(self, Self::Mark(one) if *one == mark)
    }

    /// What the string holds; `None` for anything else.
    pub(super) fn text(&self) -> Option<Cow<'t, str>> {
        match self {
            Self::Text { written, raw: true } => Some(Cow::Borrowed(*written)),
            Self::Text { written, raw: false } => Some(unescaped(written)),
            Self::Name(_) | Self::Character(_) | Self::Number(_) | Self::Lifetime(_) | Self::Mark(_) => None,
        }
    }
}

/// What escapes of a literal stand for. One that is none stays as it is.
pub(super) fn unescaped(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at + 1..).unwrap_or_default();
        let (character, length) = escape(behind);
        text.extend(character);
        rest = behind.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of what follows a backslash, and how many bytes say so.
fn escape(behind: &str) -> (Option<char>, usize) {
    let code = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match behind.chars().next() {
        Some('n') => (Some('\n'), 1),
        Some('r') => (Some('\r'), 1),
        Some('t') => (Some('\t'), 1),
        Some('0') => (Some('\0'), 1),
        Some('x') => (behind.get(1..3).and_then(code), 3.min(behind.len())),
        Some('u') => match behind.find('}') {
            Some(end) => (code(&behind.get(2..end).unwrap_or_default().replace('_', "")), end + 1),
            None => (None, 1),
        },
        // A line that goes on leaves out its end and the blanks of the next.
        Some('\n' | '\r') => (None, behind.len() - behind.trim_start().len()),
        Some(other) => (Some(other), other.len_utf8()),
        None => (None, 0),
    }
}

/// The words of a text, comments and blanks left out.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: u32,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        // `#!` begins an attribute where a bracket follows, and is otherwise for the system.
        let is_script = text.starts_with("#!") && !text.get(2..).unwrap_or_default().trim_start().starts_with('[');
        let at = if is_script { text.find('\n').unwrap_or(text.len()) } else { 0 };
        Self { text, at, line: 1 }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.rest().get(ahead).copied().unwrap_or(0)
    }

    /// The text from `start` up to here.
    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes to this place, which ends a character, and counts lines on the way.
    fn go(&mut self, to: usize) {
        let to = to.min(self.text.len());
        let passed = self.text.as_bytes().get(self.at..to).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', passed).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = to;
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            match rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => {
                    let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    self.go(self.at + blanks);
                }
                [b'/', b'/', ..] => {
                    self.go(self.at + memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
                }
                [b'/', b'*', ..] => self.skip_block(),
                _ => return,
            }
        }
    }

    /// Comments in blocks lie within each other.
    fn skip_block(&mut self) {
        let (mut depth, mut at) = (0_usize, 0);
        let rest = self.rest();
        loop {
            match rest.get(at..) {
                Some([b'/', b'*', ..]) => (depth, at) = (depth + 1, at + 2),
                Some([b'*', b'/', ..]) => (depth, at) = (depth - 1, at + 2),
                Some([_, ..]) => at += 1,
                Some([]) | None => break,
            }
            if depth == 0 {
                break;
            }
        }
        self.go(self.at + at);
    }

    /// The string that begins here, its prefix read already.
    fn string(&mut self) -> Token<'t> {
        let start = self.at + 1;
        let mut at = start;
        let bytes = self.text.as_bytes();
        while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            at += found;
            if bytes.get(at) == Some(&b'"') {
                self.go(at);
                let written = self.since(start);
                self.go(at + 1);
                return Token::Text { written, raw: false };
            }
            at += 2;
        }
        self.go(self.text.len());
        Token::Text { written: self.since(start.min(self.text.len())), raw: false }
    }

    /// The raw string that begins here, if one does, its prefix read already.
    fn raw_string(&mut self) -> Option<Token<'t>> {
        let rest = self.rest();
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        if rest.get(hashes) != Some(&b'"') {
            return None;
        }
        let start = self.at + hashes + 1;
        let content = self.text.as_bytes().get(start..).unwrap_or_default();
        let is_end = |at: &usize| {
            content.get(at + 1..at + 1 + hashes).is_some_and(|marks| marks.iter().all(|mark| *mark == b'#'))
        };
        let length = memchr::memchr_iter(b'"', content).find(is_end).unwrap_or(content.len());
        self.go(start + length);
        let written = self.since(start);
        self.go(start + length + 1 + hashes);
        Some(Token::Text { written, raw: true })
    }

    /// A character, or a lifetime: the quote is not passed yet.
    fn quoted(&mut self, is_byte: bool) -> Token<'t> {
        let start = self.at + 1;
        let rest = self.text.get(start..).unwrap_or_default();
        let mut letters = rest.chars();
        let first = letters.next();
        if first == Some('\\') {
            // The second character belongs to the escape, whatever it is.
            let behind = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
            let end = rest.get(behind..).and_then(|rest| rest.get(..rest.len().min(12)).or(Some(rest)));
            let end = end.and_then(|end| end.find('\'')).map_or(behind, |at| behind + at);
            self.go(start + end);
            let written = self.since(start);
            self.go(self.at + usize::from(self.byte(0) == b'\''));
            return Token::Character(written);
        }
        if let Some(first) = first
            && letters.next() == Some('\'')
        {
            let end = start + first.len_utf8();
            self.go(end);
            let written = self.since(start);
            self.go(end + 1);
            return Token::Character(written);
        }
        let length: usize = rest.chars().take_while(|letter| is_inside_name(*letter)).map(char::len_utf8).sum();
        if length == 0 || is_byte {
            self.go(start);
            return Token::Mark('\'');
        }
        self.go(start + length);
        Token::Lifetime(self.since(start))
    }

    fn name(&mut self) -> Token<'t> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length: usize = rest.chars().take_while(|letter| is_inside_name(*letter)).map(char::len_utf8).sum();
        self.go(start + length);
        let name = self.since(start);
        match (name, self.byte(0)) {
            ("b" | "c", b'"') => self.string(),
            ("b", b'\'') => self.quoted(true),
            ("r" | "br" | "cr", b'"' | b'#') => match self.raw_string() {
                Some(text) => text,
                None if name == "r" && self.byte(0) == b'#' => {
                    let start = self.at + 1;
                    let rest = self.text.get(start..).unwrap_or_default();
                    let inside = rest.chars().take_while(|letter| is_inside_name(*letter));
                    let length: usize = inside.map(char::len_utf8).sum();
                    if length == 0 {
                        return Token::Name(name);
                    }
                    self.go(start + length);
                    Token::Name(self.since(start))
                }
                None => Token::Name(name),
            },
            _ => Token::Name(name),
        }
    }

    fn number(&mut self) -> Token<'t> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        self.go(start + length);
        Token::Number(self.since(start))
    }
}

fn is_inside_name(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        self.skip();
        let first = self.text.get(self.at..)?.chars().next()?;
        let line = self.line;
        let token = match first {
            '"' => self.string(),
            '\'' => self.quoted(false),
            '0'..='9' => self.number(),
            letter if is_inside_name(letter) => self.name(),
            mark => {
                self.go(self.at + mark.len_utf8());
                Token::Mark(mark)
            }
        };
        Some(Word { token, line })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let shown = |word: Word<'_>| match &word.token {
            Token::Name(name) => (*name).to_owned(),
            Token::Text { .. } => format!("{:?}", word.token.text().unwrap_or_default()),
            Token::Character(written) => format!("'{}'", unescaped(written)),
            Token::Number(number) => (*number).to_owned(),
            Token::Lifetime(name) => format!("'{name}"),
            Token::Mark(mark) => mark.to_string(),
        };
        Lexer::new(text).map(shown).collect()
    }

    #[test]
    fn words_are_those_of_rust() {
        assert_eq!(words("fn a<'b>(c: &'b str)"), ["fn", "a", "<", "'b", ">", "(", "c", ":", "&", "'b", "str", ")"]);
        assert_eq!(words("'a' b'\\n' '\\'' '\\u{41}' '\"'"), ["'a'", "'\n'", "'''", "'A'", "'\"'"]);
        assert_eq!(
            words(r###"r"a\" r#"b"c"# br##"d"#e"## c"f""###),
            [r#""a\\""#, r#""b\"c""#, r##""d\"#e""##, r#""f""#]
        );
        assert_eq!(words("r#fn r # x"), ["fn", "r", "#", "x"]);
        assert_eq!(words("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
        assert_eq!(words("\"a\\\n   b\\x41\\u{1f600}\""), ["\"abA😀\""]);
        assert_eq!(words("0xff_u8 1.5 1..2"), ["0xff_u8", "1", ".", "5", "1", ".", ".", "2"]);
        assert_eq!(words("#!/bin/sh\na"), ["a"]);
        assert_eq!(words("#![a]"), ["#", "!", "[", "a", "]"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let lines: Vec<u32> = Lexer::new("a\n/*\n*/ b \"\n\n\" c\r\nd r\"\n\" e").map(|word| word.line).collect();
        assert_eq!(lines, [1, 3, 3, 5, 6, 6, 7]);
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end(text in "[\\PC\n\"'\\\\/*#rbc]{0,200}") {
            let count = Lexer::new(&text).count();
            prop_assert!(count <= text.len());
        }
    }
}
