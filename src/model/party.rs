//! A person or an organisation, as manifests, command lines and the policy name one, and the texts that documents take over from others.

/// The longest text that is taken over, in characters.
const LONGEST: usize = 1000;

/// Whoever makes, supplies or answers for something. At least one of the three is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    pub name: Option<String>,
    pub email: Option<String>,
    /// An address of the web.
    pub url: Option<String>,
}

impl Party {
    /// Reads `Name <e-mail>`, `Name <address of the web>`, or one of the three alone; `None` where the text says nothing.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = one_line(text);
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim(), rest.split('>').next().unwrap_or_default().trim()),
            None if text.contains("://") || is_email(&text) => ("", &*text),
            None => (&*text, ""),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let party = Self {
            name: some(name),
            email: some(address).filter(|address| is_email(address)),
            url: some(address).filter(|address| is_web(address)),
        };
        party.shown().is_some().then_some(party)
    }

    /// What to call them where only one word has room.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.name.as_deref().or(self.email.as_deref()).or(self.url.as_deref())
    }

    /// Whether a reader can reach them: a name alone does not do for BSI TR-03183-2.
    #[must_use]
    pub const fn has_address(&self) -> bool {
        self.email.is_some() || self.url.is_some()
    }
}

/// As `Party::of` reads it; two addresses stand one after the other.
impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = [&self.email, &self.url].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
        match (&self.name, address.as_slice()) {
            (None, address) => f.write_str(&address.join(" ")),
            (Some(name), []) => f.write_str(name),
            (Some(name), address) => write!(f, "{name} <{}>", address.join("> <")),
        }
    }
}

/// Whether a text is an e-mail address that programs take as one.
#[must_use]
pub(crate) fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte))
    };
    text.split_once('@').is_some_and(|(user, host)| plain(user) && plain(host) && host.contains('.'))
}

/// Whether a text is an address of the web that a reader may be led to: of another machine than this one.
#[must_use]
pub(crate) fn is_web(address: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let host = host.map(|host| host.rsplit_once('@').map_or(host, |(_, host)| host));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(':'))
        && address.len() <= 2048
        && address.bytes().all(is_plain)
}

/// A text of one line and bounded length, without characters that nobody sees.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().filter(|character| !character.is_control() && !is_unseen(*character)).collect();
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// What changes the direction of text, joins or splits it, or has no width.
const fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{Party, one_line};

    #[test]
    fn names_and_addresses_are_told_apart() {
        let read = |text: &str| Party::of(text).map(|one| (one.name, one.email, one.url));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("Ana <ana@example.org>"), Some((some("Ana"), some("ana@example.org"), None)));
        assert_eq!(read("Ana <https://ana.example.org>"), Some((some("Ana"), None, some("https://ana.example.org"))));
        assert_eq!(read("ana@example.org"), Some((None, some("ana@example.org"), None)));
        assert_eq!(read("https://example.org/"), Some((None, None, some("https://example.org/"))));
        assert_eq!(read("Ana Ano"), Some((some("Ana Ano"), None, None)));
        assert_eq!(read("Ana <nowhere>"), Some((some("Ana"), None, None)));
        // An address that only this machine knows, or none.
        for text in ["", "  ", "<>", "<x>", "file:///home/ana", "http:///etc", "http://:80/"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_is_one_line_of_what_is_seen() {
        assert_eq!(one_line(" a\r\n\tb \u{202e}c\u{0}"), "a b c");
        assert_eq!(one_line(&"x".repeat(2000)).chars().count(), 1001);
    }
}
