//! Finds what is to be pasted in what a person sees: what stands out in a line of help, and commands of ours in backticks.

/// Something to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paste {
    /// A command for a shell.
    Command(String),
    /// An entry of a file, and the words that say where it goes.
    Entry { place: String, text: String },
}

impl Paste {
    pub fn text(&self) -> String {
        match self {
            Self::Command(text) => text.clone(),
            Self::Entry { place, text } => format!("{place}: {text}"),
        }
    }
}

/// Programs whose commands may be printed.
const PROGRAMS: [&str; 4] = ["cargo ", "git ", "rm ", "cd "];
const BOLD: &str = "\x1b[1m";

/// Everything to paste in a coloured text; an error where a command of ours stands in plain text, where nobody can tell its end.
pub fn pastes(coloured: &str) -> Result<Vec<Paste>, String> {
    let mut found: Vec<Paste> = Vec::new();
    let mut lines = coloured.lines().peekable();
    while let Some(line) = lines.next() {
        let plain = anstream::adapter::strip_str(line).to_string();
        // A file that is shown before it is written tells of commands, and advises none.
        if plain.starts_with('#') {
            continue;
        }
        let quoted = plain.split('`').skip(1).step_by(2).filter(|text| text.starts_with("cargo sequester "));
        found.extend(quoted.map(|text| Paste::Command(text.to_owned())));
        let is_help = plain.trim_start().starts_with("help: ");
        let words = plain.trim_start().trim_start_matches("help: ").to_owned();
        match runs(line).last().filter(|_| is_help).cloned().filter(|run| run != "help" && run != "help:") {
            Some(step) if PROGRAMS.iter().any(|program| step.starts_with(program)) => found.push(Paste::Command(step)),
            Some(step) => {
                let place = words.strip_suffix(&step).unwrap_or(&words).trim_end_matches(": ").to_owned();
                found.push(Paste::Entry { place, text: step });
            }
            // An entry of several lines follows its words, each line standing out.
            None if is_help && words.ends_with(':') => {
                let mut text = String::new();
                while let Some(more) = lines.next_if(|next| next.trim_start().starts_with(BOLD)) {
                    text = text + anstream::adapter::strip_str(more).to_string().trim_start() + "\n";
                }
                found.push(Paste::Entry { place: words.trim_end_matches(':').to_owned(), text });
            }
            None => {}
        }
        for (at, _) in plain.match_indices("cargo sequester ") {
            let before = &plain[..at];
            let stands_out =
                found.iter().any(|paste| matches!(paste, Paste::Command(text) if plain[at..].starts_with(&**text)));
            if !stands_out && !before.ends_with('`') {
                return Err(format!("a command in plain text: {plain}"));
            }
        }
    }
    Ok(found)
}

/// The coloured runs of a line.
fn runs(line: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let mut rest = line;
    while let Some((_, from)) = rest.split_once('\x1b') {
        let (text, end) = from.split_once('m').map_or((from, from), |(_, text)| (text, text));
        let run = text.split('\x1b').next().unwrap_or_default();
        if !run.trim().is_empty() && from.starts_with('[') && !from.starts_with("[0m") {
            runs.push(run.to_owned());
        }
        rest = end;
    }
    runs
}
