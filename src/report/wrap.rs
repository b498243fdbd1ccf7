//! Lines in cargo's look, folded to the width of a terminal: what does not fit goes on below the text, not below the verb.

/// Narrower than this a column of text says nothing any more.
const NARROWEST: usize = 40;
/// A longer label pushes its text no further in.
const DEEPEST: usize = 32;

/// Folds every line that begins with a coloured word and is longer than so many columns; what else stands there stays as it is. No
/// line is broken within a coloured run or within backticks: what is to be copied is never torn.
#[must_use]
pub fn fold(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| fold_line(line, width)).collect()
}

fn fold_line(line: &str, width: usize) -> String {
    let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
    let Some(hang) = hang(body).filter(|_| columns(body) > width) else { return line.to_owned() };
    let mut folded = String::with_capacity(body.len() + 16);
    let mut column = 0;
    for piece in pieces(body) {
        let (gap, word) = piece.split_at(piece.len() - piece.trim_start_matches(' ').len());
        if column > hang && column + gap.len() + columns(word) > width {
            folded.push('\n');
            folded.push_str(&" ".repeat(hang));
            column = hang;
        } else {
            folded.push_str(gap);
            column += gap.len();
        }
        folded.push_str(word);
        column += columns(word);
    }
    folded + end
}

/// The column at which the text of a line begins: behind its first coloured word, which only spaces may precede.
fn hang(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start_matches(' ').len();
    let mut rest = line.get(start..)?;
    while let Some(sequence) = rest.strip_prefix('\x1b') {
        rest = sequence.split_once('m')?.1;
    }
    let (label, behind) = rest.split_once('\x1b')?;
    let text = behind.split_once('m')?.1;
    let mark = text.len() - text.trim_start_matches([':', ' ']).len();
    let is_coloured = line.len() > start + rest.len();
    is_coloured.then_some((start + label.chars().count() + mark).min(DEEPEST))
}

/// The line in pieces that are not to be torn, each with the spaces before it.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut in_word, mut quoted, mut coloured, mut escape) = (0, false, false, false, String::new());
    for (at, character) in line.char_indices() {
        if !escape.is_empty() || character == '\x1b' {
            escape.push(character);
            if character == 'm' {
                coloured = escape != "\x1b[0m" && escape != "\x1b[m";
                escape.clear();
            }
            in_word = true;
            continue;
        }
        if character == '`' {
            quoted = !quoted;
        }
        if character == ' ' && in_word && !quoted && !coloured {
            pieces.push(line.get(begin..at).unwrap_or_default());
            begin = at;
            in_word = false;
        } else if character != ' ' {
            in_word = true;
        }
    }
    pieces.push(line.get(begin..).unwrap_or_default());
    pieces
}

/// How many columns a text takes, colours aside.
fn columns(text: &str) -> usize {
    let mut escaped = false;
    text.chars()
        .filter(|character| {
            let counts = !escaped && *character != '\x1b';
            escaped = if escaped { *character != 'm' } else { *character == '\x1b' };
            counts
        })
        .count()
}
