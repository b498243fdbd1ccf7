//! What a program says when it fails, in one line: its first message, with the causes that it names.

/// The most causes that are told.
const MOST_CAUSES: usize = 4;
/// The most characters of one message that are kept.
const MOST_CHARACTERS: usize = 500;

/// The first message of an error of cargo's or rustup's, and its causes. What follows is for other readers: a picture of the place, hints,
/// and, where `RUST_BACKTRACE` is set, the functions of the program itself. `None` where nothing is said.
pub(super) fn first_message(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).skip_while(|line| !is_error(line));
    // A program that writes no `error` still says something.
    let first = lines.next().or_else(|| text.lines().find(|line| !line.trim().is_empty()))?;
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let mut told = vec![bounded(first)];
    let mut in_causes = false;
    for line in lines {
        if is_error(line) || line.starts_with("Stack backtrace") || line.starts_with("stack backtrace") {
            break;
        }
        if line.starts_with("Caused by:") {
            in_causes = true;
        } else if let Some(place) = line.trim_start().strip_prefix("--> ").filter(|_| told.len() == 1) {
            told.push(bounded(place));
        } else if in_causes && let Some(cause) = cause(line) {
            told.push(bounded(cause));
            in_causes = told.len() <= MOST_CAUSES;
        }
    }
    Some(told.join(": "))
}

fn is_error(line: &str) -> bool {
    line.starts_with("error:") || line.starts_with("error[")
}

/// The first line of a cause: cargo indents by two, numbers where there are several, and goes on with more indentation.
fn cause(line: &str) -> Option<&str> {
    let text = line.strip_prefix("  ")?;
    let numbered =
        text.trim_start().split_once(": ").filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    match numbered {
        Some((_, cause)) => Some(cause),
        None => (!text.starts_with(' ')).then_some(text),
    }
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::first_message;

    #[test]
    fn the_first_message_and_its_causes_are_told() {
        let told = |text| first_message(text).unwrap_or_default();
        assert_eq!(
            told(
                "warning: unused\nerror: failed to load manifest for workspace member `/w/a`\nreferenced by workspace at `/w/Cargo.toml`\n\n\
                 Caused by:\n  failed to read `/w/a/Cargo.toml`\n\nCaused by:\n  No such file or directory (os error 2)\n\n\
                 Stack backtrace:\n   0: <anyhow::Error>::msg\n   1: cargo::main\n             at ./src/main.rs:1:1\n"
            ),
            "failed to load manifest for workspace member `/w/a`: failed to read `/w/a/Cargo.toml`: No such file or directory (os error 2)"
        );
        assert_eq!(
            told(
                "error: rustup could not choose a version of cargo to run\nhelp: run 'rustup default stable' to set one\n"
            ),
            "rustup could not choose a version of cargo to run"
        );
        assert_eq!(
            told("error: invalid array\nexpected `]`\n --> Cargo.toml:3:9\n  |\n3 | x = [1\n  |       ^\n"),
            "invalid array: Cargo.toml:3:9"
        );
        assert_eq!(told("error: a\n\nCaused by:\n  0: first\n  1: second\n     more of it\n"), "a: first: second");
        assert_eq!(told("no such command\nat all\n"), "no such command");
        assert_eq!(first_message(" \n\n"), None);
    }
}
