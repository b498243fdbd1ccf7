//! The part of YAML that workflow files are written in, read strictly: mappings, lists, plain and quoted scalars on one line, block scalars,
//! and flow collections on one line. Whatever goes beyond (anchors, tags, merge keys, several documents, scalars over several lines) is not
//! read at all, since a reader that guesses would see another workflow than the host.

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 40;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    Null,
    /// As it stands there; nobody here asks whether it is a number.
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// Reads a document; `None` where it is not in the part that is known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = Vec::new();
        for raw in text.lines() {
            let content = raw.trim_start_matches(' ');
            lines.push(Line { indent: raw.len() - content.len(), content, raw });
        }
        let mut reader = Reader { lines, at: 0, depth: 0 };
        if reader.peek().is_some_and(|line| line.raw.trim_end() == "---") {
            reader.at += 1;
        }
        let Some(first) = reader.peek() else { return Some(Self::Null) };
        let root = reader.block(first.indent)?;
        reader.peek().is_none().then_some(root)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Scalar(text) = self { Some(text) } else { None }
    }

    /// The items of a list; a scalar is a list of itself, as hosts take it.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Scalar(_) => std::slice::from_ref(self),
            Self::Null | Self::Map(_) => &[],
        }
    }
}

#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    content: &'a str,
    raw: &'a str,
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The next line that says something.
    fn peek(&mut self) -> Option<Line<'a>> {
        while let Some(line) = self.lines.get(self.at) {
            let content = line.content.trim_end();
            if !content.is_empty() && !content.starts_with('#') {
                return Some(Line { content, ..*line });
            }
            self.at += 1;
        }
        None
    }

    /// The node that begins on the next line, which is indented so.
    fn block(&mut self, indent: usize) -> Option<Yaml> {
        self.depth += 1;
        let line = self.peek().filter(|line| line.indent == indent && self.depth <= MAX_DEPTH)?;
        let node = if is_item(line.content) {
            self.list(indent)
        } else {
            match key(line.content) {
                Key::Yes(..) => self.map(indent),
                Key::No => {
                    self.at += 1;
                    inline(line.content)
                }
                Key::Odd => None,
            }
        };
        self.depth -= 1;
        node
    }

    fn list(&mut self, indent: usize) -> Option<Yaml> {
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            if !is_item(line.content) {
                break;
            }
            let rest = line.content.get(1..)?;
            let inner = rest.trim_start_matches(' ');
            if inner.is_empty() || inner.starts_with('#') {
                self.at += 1;
                items.push(self.below(indent, false)?);
                continue;
            }
            // What stands behind the dash is a node of its own, indented as far as it stands there.
            let inner_indent = indent + 1 + (rest.len() - inner.len());
            match block_header(inner) {
                Header::No => {}
                Header::Yes { folded } => {
                    self.at += 1;
                    items.push(self.scalar_block(folded, indent)?);
                    continue;
                }
                Header::Odd => return None,
            }
            let replaced = Line { indent: inner_indent, content: inner, raw: inner };
            *self.lines.get_mut(self.at)? = replaced;
            items.push(self.block(inner_indent)?);
        }
        Some(Yaml::List(items))
    }

    fn map(&mut self, indent: usize) -> Option<Yaml> {
        let mut entries: Vec<(String, Yaml)> = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            if is_item(line.content) {
                break;
            }
            let Key::Yes(name, rest) = key(line.content) else { return None };
            if name == "<<" || entries.iter().any(|(known, _)| *known == name) {
                return None;
            }
            self.at += 1;
            let value = if rest.is_empty() || rest.starts_with('#') {
                self.below(indent, true)?
            } else {
                match block_header(rest) {
                    Header::No => inline(rest)?,
                    Header::Yes { folded } => self.scalar_block(folded, indent)?,
                    Header::Odd => return None,
                }
            };
            entries.push((name, value));
        }
        Some(Yaml::Map(entries))
    }

    /// The node below a key or a dash. A key's list may stand as far left as the key.
    fn below(&mut self, indent: usize, of_key: bool) -> Option<Yaml> {
        match self.peek() {
            Some(line) if line.indent > indent => self.block(line.indent),
            Some(line) if of_key && line.indent == indent && is_item(line.content) => self.block(indent),
            Some(_) | None => Some(Yaml::Null),
        }
    }

    /// The lines of a block scalar, without the indentation of the first.
    fn scalar_block(&mut self, folded: bool, indent: usize) -> Option<Yaml> {
        let mut text: Vec<&str> = Vec::new();
        let mut margin = None;
        while let Some(line) = self.lines.get(self.at) {
            let is_blank = line.raw.trim().is_empty();
            if !is_blank && line.indent <= indent {
                break;
            }
            self.at += 1;
            if is_blank {
                text.push("");
                continue;
            }
            let margin = *margin.get_or_insert(line.indent);
            text.push(line.raw.get(margin..).filter(|_| line.indent >= margin)?);
        }
        Some(Yaml::Scalar(text.join(if folded { " " } else { "\n" })))
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// Whether a block scalar begins here.
enum Header {
    No,
    Yes {
        /// Whether its lines are joined.
        folded: bool,
    },
    /// It says its indentation itself.
    Odd,
}

fn block_header(rest: &str) -> Header {
    let Some(header) = rest.strip_prefix(['|', '>']) else { return Header::No };
    if matches!(without_comment(header), "" | "-" | "+") {
        Header::Yes { folded: rest.starts_with('>') }
    } else {
        Header::Odd
    }
}

/// What a line begins with.
enum Key<'a> {
    No,
    /// A key, and what stands behind its colon.
    Yes(String, &'a str),
    /// That cannot be told.
    Odd,
}

fn key(content: &str) -> Key<'_> {
    let odd = ['?', '&', '*', '!', '%', '@', '`', '|', '>', ',', ']', '}'];
    if content.contains('\t') || content.starts_with(odd) {
        return Key::Odd;
    }
    if content.starts_with(['"', '\'']) {
        let Some((text, rest)) = quoted(content) else { return Key::Odd };
        let behind = rest.strip_prefix(':').filter(|rest| rest.is_empty() || rest.starts_with(' '));
        return behind.map_or(Key::No, |behind| Key::Yes(text, behind.trim_start()));
    }
    if content.starts_with(['{', '[']) {
        return Key::No;
    }
    let content = without_comment(content);
    let end = content.find(": ").or_else(|| content.strip_suffix(':').map(str::len));
    let parts = end.and_then(|end| Some((content.get(..end)?, content.get(end + 1..)?)));
    parts.map_or(Key::No, |(name, rest)| Key::Yes(name.trim_end().to_owned(), rest.trim_start()))
}

/// A scalar or a flow collection that ends on its line.
fn inline(text: &str) -> Option<Yaml> {
    let mut rest = text;
    let node = flow(&mut rest, false, 0)?;
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(node)
}

fn flow(rest: &mut &str, inside: bool, depth: usize) -> Option<Yaml> {
    *rest = rest.trim_start();
    let first = rest.chars().next()?;
    if depth > MAX_DEPTH {
        return None;
    }
    match first {
        '[' | '{' => {
            *rest = rest.get(1..)?;
            let close = if first == '[' { ']' } else { '}' };
            let (mut items, mut entries) = (Vec::new(), Vec::new());
            loop {
                *rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix(close) {
                    *rest = after;
                    break;
                }
                let item = flow(rest, true, depth + 1)?;
                *rest = rest.trim_start();
                if first == '{' {
                    let name = item.text()?.to_owned();
                    *rest = rest.strip_prefix(':')?;
                    entries.push((name, flow(rest, true, depth + 1)?));
                    *rest = rest.trim_start();
                } else {
                    items.push(item);
                }
                if let Some(after) = rest.strip_prefix(',') {
                    *rest = after;
                } else if !rest.starts_with(close) {
                    return None;
                }
            }
            Some(if first == '[' { Yaml::List(items) } else { Yaml::Map(entries) })
        }
        '"' | '\'' => {
            let (text, after) = quoted(rest)?;
            *rest = after;
            Some(Yaml::Scalar(text))
        }
        '&' | '*' | '!' | '%' | '@' | '`' | '|' | '>' => None,
        _ => {
            let plain = without_comment(rest);
            let end =
                if inside { plain.find([',', ']', '}', ':', '[', '{']).unwrap_or(plain.len()) } else { plain.len() };
            let text = plain.get(..end)?.trim_end();
            // `a: b: c` is nothing, and neither is an empty item.
            if text.is_empty() || (!inside && (text.contains(": ") || text.ends_with(':'))) {
                return None;
            }
            *rest = rest.get(end..)?;
            Some(if matches!(text, "~" | "null") { Yaml::Null } else { Yaml::Scalar(text.to_owned()) })
        }
    }
}

/// A quoted scalar that ends on its line, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next()?;
    let mut read = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            ('\'', '\'') if letters.peek().is_some_and(|(_, next)| *next == '\'') => {
                letters.next();
                read.push('\'');
            }
            (_, letter) if letter == quote => return Some((read, text.get(at + 1..)?)),
            ('"', '\\') => match letters.next()?.1 {
                escaped @ ('"' | '\\' | '/') => read.push(escaped),
                'n' => read.push('\n'),
                't' => read.push('\t'),
                _ => return None,
            },
            (_, letter) => read.push(letter),
        }
    }
    None
}

fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.find(" #").map_or(text, |at| text.get(..at).unwrap_or(text)).trim_end()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    fn text(of: &str) -> Yaml {
        Yaml::Scalar(of.to_owned())
    }

    #[test]
    fn what_workflows_are_written_in_is_read() {
        let read = Yaml::parse(concat!(
            "---\nname: x # told\non: [push, 'pull_request']\n\"jobs\":\n  a:\n    if: ${{ a == 'b' }}\n    steps:\n    - uses: a/b@c\n",
            "      with: { x: 1, y: \"a, b\" }\n    - run: |\n        one\n          two\n\n        three # kept\n    -\n      run: >-\n        a\n        b\n  empty:\n"
        ));
        let read = read.unwrap();
        assert_eq!(read.get("on").unwrap().items(), [text("push"), text("pull_request")]);
        let job = read.get("jobs").unwrap().get("a").unwrap();
        assert_eq!(job.get("if"), Some(&text("${{ a == 'b' }}")));
        let steps = job.get("steps").unwrap().items();
        assert_eq!(steps[0].get("with").unwrap().entries()[1], ("y".to_owned(), text("a, b")));
        assert_eq!(steps[1].get("run").unwrap().text().unwrap().trim_end(), "one\n  two\n\nthree # kept");
        assert_eq!(steps[2].get("run"), Some(&text("a b")));
        assert_eq!(read.get("jobs").unwrap().get("empty"), Some(&Yaml::Null));
    }

    #[test]
    fn quoted_texts_blocks_in_lists_and_comments_are_read() {
        let read = |text: &str| Yaml::parse(text).unwrap();
        let list = |texts: &[&str]| Yaml::List(texts.iter().map(|one| text(one)).collect());
        assert_eq!(read("- 'it''s'\n- \"a \\\"b\\\" \\\\ c\\td\\/\"\n"), list(&["it's", "a \"b\" \\ c\td/"]));
        assert_eq!(read("- |\n  one\n  two\n- last # told\n"), list(&["one\ntwo", "last"]));
        assert_eq!(read("a:\n  [b, c] # told\nd: # told\n  e\n"), read("a: [b, c]\nd: e\n"));
        // What is indented as the key of a list is, is the list's.
        assert_eq!(read("a:\n- b\n- c\nd: e\n").entries().len(), 2);
        for odd in ["- a\n  - b\n - c\n", "- |2\n   a\n", "- a\nb: c\n", "a: 'b\n"] {
            assert_eq!(Yaml::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn whatever_could_mean_something_else_is_not_read() {
        for odd in [
            "a: &x b\n",
            "a: *x\n",
            "a: !!str b\n",
            "<<: b\n",
            "a: 1\na: 2\n",
            "a: b\n  c\n",
            "a: \"b\n  c\"\n",
            "a: [b,\n  c]\n",
            "a: b\n---\nc: d\n",
            "a:\n\t- b\n",
            "? a\n: b\n",
            "a: |2\n    b\n",
            "a: b: c\n",
            "a: {b: c\n",
            "a: \"\\u0041\"\n",
        ] {
            assert_eq!(Yaml::parse(odd), None, "{odd:?}");
        }
        let deep = "- ".repeat(10_000) + "a";
        assert_eq!(Yaml::parse(&deep), None);
        assert_eq!(Yaml::parse(&format!("a: {}", "[".repeat(10_000))), None);
    }
}
