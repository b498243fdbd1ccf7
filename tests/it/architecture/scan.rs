//! Reads Rust source text as far as the rules need it.

/// The source without comments and without the content of string and character literals; line breaks stay.
pub fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skip = comment(rest).or_else(|| literal(rest, code.chars().next_back()));
        let length = skip.unwrap_or(first.len_utf8());
        let (part, behind) = rest.split_at(length);
        if skip.is_some() {
            code.extend(part.chars().filter(|c| *c == '\n'));
            code.push(' ');
        } else {
            code.push(first);
        }
        rest = behind;
    }
    code
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| rest.find("*/").map_or(rest.len(), |end| end + 2))
}

fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !rest.starts_with('"') {
        return None;
    }
    if let Some(raw) = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.len() - raw.len() + hashes + 1;
            return Some(rest[start..].find(&end).map_or(rest.len(), |found| start + found + end.len()));
        }
    }
    let quoted = rest.strip_prefix('b').unwrap_or(rest);
    let prefix = rest.len() - quoted.len();
    if let Some(content) = quoted.strip_prefix('"') {
        return Some(prefix + 1 + closing(content, '"')?);
    }
    // `'a` is a lifetime, `'a'` and `'\n'` are characters.
    let mut characters = quoted.strip_prefix('\'')?.chars();
    match (characters.next()?, characters.next()?) {
        ('\\', _) => Some(prefix + 1 + closing(&quoted[1..], '\'')?),
        (content, '\'') => Some(prefix + 2 + content.len_utf8()),
        _ => None,
    }
}

/// How many bytes lie up to and with the quote that ends a literal.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

/// The names that directly follow `root::` anywhere in the code, groups opened: `root::{a::b, c}` gives `a` and `c`.
pub fn children(code: &str, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (offset, _) in code.match_indices(root) {
        let before = code[..offset].chars().next_back();
        let Some(rest) = code[offset + root.len()..].trim_start().strip_prefix("::") else { continue };
        // `xstd::` and `super::std::` are other roots.
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || code[..offset].trim_end().ends_with("::") {
            continue;
        }
        let rest = rest.trim_start();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(members(group).into_iter().map(|member| leading_name(member).to_owned())),
            None => found.push(leading_name(rest).to_owned()),
        }
    }
    found
}

/// Every path of at least two names in the code, groups opened: `a::{b::c, d}` gives `a::b::c` and `a::d`.
pub fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let before = rest[..start].trim_end();
        rest = &rest[start..];
        let mut names = vec![leading_name(rest).to_owned()];
        let goes_on = before.ends_with("::");
        rest = &rest[names[0].len()..];
        while let Some(next) = rest.trim_start().strip_prefix("::").map(str::trim_start) {
            let name = leading_name(next);
            if let Some(group) = next.strip_prefix('{') {
                let items = members(group);
                found.extend(items.iter().flat_map(|item| paths(&format!("{}::{item}", names.join("::")))));
                names.clear();
                rest = &group[group_end(group)..];
                break;
            }
            let name = if next.starts_with('*') { "*" } else { name };
            if name.is_empty() {
                break;
            }
            names.push(name.to_owned());
            rest = &next[name.len()..];
        }
        if names.len() > 1 && !goes_on {
            found.push(names);
        }
    }
    found
}

/// Where a group ends, its closing brace included.
fn group_end(group: &str) -> usize {
    let mut depth = 1_usize;
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return offset + 1;
        }
    }
    group.len()
}

/// The items of a group, which ends at its own closing brace.
fn members(group: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                items.push(group[start..offset].trim());
                start = offset + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    items
}

fn leading_name(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Whether the word stands in the code, not as a part of a longer one.
pub fn mentions(code: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(offset, _)| {
        let ends_open = word.ends_with(|c: char| c.is_alphanumeric());
        let goes_on = ends_open && inside(code[offset + word.len()..].chars().next());
        !goes_on && !inside(code[..offset].chars().next_back())
    })
}
