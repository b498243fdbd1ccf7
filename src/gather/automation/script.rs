//! What a step's script certainly runs: the commands that stand alone on a line before anything could lead around them.

/// How sure it is that something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    No,
    /// The words are there, and what becomes of them cannot be told from here.
    May,
    Does,
}

/// A command of ours that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub verbs: &'static [&'static str],
    /// Options that it must have.
    pub with: &'static [&'static str],
}

/// Behind these a script may take another way, end, or run under another name or in another folder.
const TURNS: [&str; 27] = [
    "if", "then", "else", "elif", "case", "for", "while", "until", "select", "do", "function", "exit", "return",
    "break", "continue", "false", "exec", "trap", "eval", "source", ".", "alias", "cd", "pushd", "{", "(", "kill",
];
/// Options by which it looks at something else than the project, or at nothing.
const ELSEWHERE: [&str; 9] = [
    "--lockfile",
    "--manifest-path",
    "--policy",
    "--no-advisories",
    "--now",
    "--min-publish-age",
    "--dry-run",
    "--all",
    "--advisory-db",
];
const NOTHING: [&str; 4] = ["--help", "-h", "--version", "-V"];

/// Whether a script runs it.
pub(super) fn runs(script: &str, wanted: Wanted) -> Sure {
    let mut sure = Sure::No;
    let mut straight = true;
    for line in logical_lines(script) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let found = command(line, wanted);
        sure = sure.max(if straight { found } else { found.min(Sure::May) });
        straight &= !turns(line);
    }
    sure
}

/// Whether a script may end before its last line.
pub(super) fn may_end(script: &str) -> bool {
    logical_lines(script)
        .iter()
        .any(|line| matches!(line.split_whitespace().next(), Some("exit" | "false" | "kill" | "exec")))
}

/// Whether the words for it stand somewhere in a text, comments of whole lines aside.
pub(super) fn mentions(text: &str, wanted: Wanted) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.filter_map(|line| line.find("sequester").map(|at| line.get(at..).unwrap_or_default())).any(|after| {
        let words = after.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        words.into_iter().any(|word| wanted.verbs.contains(&word))
            && wanted.with.iter().all(|with| after.contains(with))
    })
}

fn command(line: &str, wanted: Wanted) -> Sure {
    let mut words = line.split_whitespace().skip_while(|word| is_assignment(word)).peekable();
    let Some(first) = words.next() else { return Sure::No };
    let is_ours = first == "cargo-sequester"
        || first.ends_with("/cargo-sequester")
        || (first == "cargo" && words.next_if_eq(&"sequester").is_some());
    if !is_ours {
        let only_told = matches!(first, "echo" | "printf") && !line.contains(['|', '&', ';', '`', '$', '<']);
        return if !only_told && mentions(line, wanted) { Sure::May } else { Sure::No };
    }
    let ends = |word: &&str| !word.starts_with(['|', '&', ';', '>', '<', '#']) && !word.starts_with("2>");
    let arguments: Vec<&str> = words.take_while(ends).collect();
    let has = |options: &[&str]| {
        arguments.iter().any(|word| options.contains(&word.split_once('=').map_or(*word, |(name, _)| name)))
    };
    let is_verb = arguments.first().is_some_and(|verb| wanted.verbs.contains(verb));
    if !is_verb || has(&NOTHING) || !wanted.with.iter().all(|with| has(&[with])) {
        // More may stand behind an operator.
        let behind = line.get(line.find([';', '&', '|']).unwrap_or(line.len())..).unwrap_or_default();
        return if mentions(behind, wanted) { Sure::May } else { Sure::No };
    }
    // A word that ends in `;` is no option any more, and a quote that is open swallows what follows.
    if has(&ELSEWHERE) || arguments.iter().any(|word| word.contains(';')) || is_open(line) {
        Sure::May
    } else {
        Sure::Does
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name != "PATH" && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn turns(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    TURNS.contains(&first)
        || ["()", "<<", "PATH=", "; ", "&& exit", "|| exit", "BASH_ENV"].iter().any(|sign| line.contains(sign))
        || is_open(line)
}

/// Whether a quote that begins on the line may go on below it.
fn is_open(line: &str) -> bool {
    line.matches('"').count() % 2 == 1 || line.matches('\'').count() % 2 == 1 || line.matches('`').count() % 2 == 1
}

/// Lines, with those joined that a backslash continues.
fn logical_lines(script: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut continues = false;
    for line in script.lines() {
        let (text, goes_on) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
        match lines.last_mut().filter(|_| continues) {
            Some(last) => last.push_str(text),
            None => lines.push(text.to_owned()),
        }
        continues = goes_on;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_that_nothing_leads_around_is_certain() {
        let judging = Wanted { verbs: &["audit"], with: &["--base"] };
        for (script, sure) in [
            ("cargo-sequester audit --base \"$BASE\"", Sure::Does),
            (concat!("cargo ", "sequester audit --base=$BASE --format github | tee x"), Sure::Does),
            (
                "code=0\nX=1 ./bin/cargo-sequester audit --base $BASE \\\n  --format github || code=$?\nexit $code",
                Sure::Does,
            ),
            ("cargo-sequester audit", Sure::No),
            ("cargo-sequester audit --base x --help", Sure::No),
            ("echo cargo-sequester audit --base x", Sure::No),
            ("# cargo-sequester audit --base x", Sure::No),
            ("true || cargo-sequester audit --base x", Sure::May),
            ("exit 0\ncargo-sequester audit --base x", Sure::May),
            ("if false; then\n  cargo-sequester audit --base x\nfi", Sure::May),
            ("cat <<EOF\ncargo-sequester audit --base x\nEOF", Sure::May),
            ("echo \"\ncargo-sequester audit --base x\n\"", Sure::May),
            ("cargo-sequester() { :; }\ncargo-sequester audit --base x", Sure::May),
            ("cd other\ncargo-sequester audit --base x", Sure::May),
            ("PATH=here:$PATH\ncargo-sequester audit --base x", Sure::May),
            ("cargo-sequester audit --base x --lockfile other/Cargo.lock", Sure::May),
            ("cargo-sequester audit --base x --no-advisories", Sure::May),
            ("echo x && cargo-sequester audit --base x", Sure::May),
        ] {
            assert_eq!(runs(script, judging), sure, "{script}");
        }
    }
}
