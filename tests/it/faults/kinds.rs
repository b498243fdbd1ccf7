//! What kind of point a call is: the call, and its paths without what is random in them. The supervisor counts by it, too.

/// The kind of a call with these paths, from the folder around the project.
pub fn kind<'p>(call: &str, paths: impl Iterator<Item = &'p str>) -> String {
    let paths: Vec<_> = paths.map(without_chance).collect();
    format!("{call} {}", paths.join(" "))
}

/// A path without digests, numbers and the random letters of temporary names.
fn without_chance(path: &str) -> String {
    let names = path.split('/').map(|name| {
        let forms =
            [(".sequester-", ".tmp"), (".event-", ".tmp"), ("sequester-", ""), ("generation-", ""), (".tmp", "")];
        for (start, end) in forms {
            if let Some(rest) = name.strip_prefix(start)
                && rest.ends_with(end)
                && !rest.contains("stage")
            {
                let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
                let word = if rest.as_bytes().get(word.len()) == Some(&b'-') { word } else { String::new() };
                return format!("{start}{word}*{end}");
            }
        }
        let mut before = "";
        let pieces: Vec<_> = name
            .split(['-', '.'])
            .map(|piece| {
                let is_digest = piece.len() > 7 && piece.bytes().all(|byte| byte.is_ascii_hexdigit());
                // A tree in the making has its process in its name, an event its moment.
                let is_process = std::mem::replace(&mut before, piece) == "stage";
                let is_moment = piece.len() == 16 && piece.starts_with("20") && piece.ends_with('Z');
                if is_digest || is_process || is_moment { "*" } else { piece }
            })
            .collect();
        pieces.join("-")
    });
    names.collect::<Vec<_>>().join("/")
}
