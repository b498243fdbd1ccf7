//! `include` and `exclude` of a manifest: patterns as gitignore(5) has them, by which cargo chooses what it packs.

/// Patterns of which the last that matches decides.
pub(super) struct Patterns<'p>(Vec<Pattern<'p>>);

struct Pattern<'p> {
    parts: Vec<&'p str>,
    /// Only from the package's folder on.
    anchored: bool,
    takes: bool,
}

/// Steps of one comparison; where more are needed nothing is said.
const MOST_STEPS: usize = 10_000;

impl<'p> Patterns<'p> {
    pub(super) fn of(list: &'p [String]) -> Self {
        Self(list.iter().filter_map(|text| Pattern::of(text)).collect())
    }

    /// Whether the path, or a folder above it, is taken; `None` where that takes too long to tell.
    pub(super) fn take(&self, path: &str) -> Option<bool> {
        let parts: Vec<&str> = path.split('/').collect();
        // A folder that is taken takes all below it, unless something more exact says otherwise.
        let mut taken = false;
        for depth in 1..=parts.len() {
            let upto = parts.get(..depth).unwrap_or_default();
            for pattern in self.0.iter().rev() {
                if pattern.matches(upto)? {
                    taken = pattern.takes;
                    break;
                }
            }
        }
        Some(taken)
    }
}

impl<'p> Pattern<'p> {
    fn of(text: &'p str) -> Option<Self> {
        let text = text.trim();
        let (takes, text) = text.strip_prefix('!').map_or((true, text), |rest| (false, rest));
        let text = text.strip_suffix('/').unwrap_or(text);
        let anchored = text.contains('/');
        let text = text.trim_start_matches("./").trim_start_matches('/');
        (!text.is_empty()).then(|| Self { parts: text.split('/').collect(), anchored, takes })
    }

    fn matches(&self, path: &[&str]) -> Option<bool> {
        let mut steps = MOST_STEPS;
        let matches = if self.anchored {
            folders(&self.parts, path, &mut steps)
        } else {
            path.last().is_some_and(|name| self.parts.first().is_some_and(|part| glob(part, name, &mut steps)))
        };
        (steps > 0).then_some(matches)
    }
}

/// `**` stands for any number of folders.
fn folders(parts: &[&str], path: &[&str], steps: &mut usize) -> bool {
    *steps = steps.saturating_sub(1);
    match (parts, path) {
        _ if *steps == 0 => false,
        ([], []) => true,
        (["**"], below) => !below.is_empty(),
        (["**", rest @ ..], _) => {
            folders(rest, path, steps) || path.split_first().is_some_and(|(_, below)| folders(parts, below, steps))
        }
        ([part, rest @ ..], [name, below @ ..]) => glob(part, name, steps) && folders(rest, below, steps),
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

/// `*`, `?` and `[…]` within one name.
fn glob(pattern: &str, name: &str, steps: &mut usize) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name, mut star) = (0, 0, None);
    while in_name < name.len() {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            return false;
        }
        let rest = pattern.get(at..).unwrap_or_default();
        let letter = name.get(in_name).copied().unwrap_or_default();
        match rest {
            ['*', ..] => {
                star = Some((at, in_name));
                at += 1;
                continue;
            }
            ['?', ..] => {
                (at, in_name) = (at + 1, in_name + 1);
                continue;
            }
            ['[', inside @ ..] => {
                if let Some((length, true)) = one_of(inside, letter) {
                    (at, in_name) = (at + length + 1, in_name + 1);
                    continue;
                }
            }
            ['\\', escaped, ..] if *escaped == letter => {
                (at, in_name) = (at + 2, in_name + 1);
                continue;
            }
            [plain, ..] if *plain == letter => {
                (at, in_name) = (at + 1, in_name + 1);
                continue;
            }
            _ => {}
        }
        let Some((star_at, taken)) = star else { return false };
        star = Some((star_at, taken + 1));
        (at, in_name) = (star_at + 1, taken + 1);
    }
    pattern.get(at..).unwrap_or_default().iter().all(|letter| *letter == '*')
}

/// How long a bracket is, and whether the letter is in it.
fn one_of(inside: &[char], letter: char) -> Option<(usize, bool)> {
    let negated = matches!(inside.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let end = inside.iter().skip(start + 1).position(|one| *one == ']')? + start + 1;
    let list = inside.get(start..end)?;
    let mut found = false;
    let mut at = 0;
    while let Some(one) = list.get(at) {
        if let (Some('-'), Some(last)) = (list.get(at + 1), list.get(at + 2)) {
            found |= (*one..=*last).contains(&letter);
            at += 3;
        } else {
            found |= *one == letter;
            at += 1;
        }
    }
    Some((end + 1, found != negated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_gitignore() {
        let taken = |list: &[&str], path: &str| {
            let list: Vec<String> = list.iter().map(|text| (*text).to_owned()).collect();
            Patterns::of(&list).take(path)
        };
        for (list, path, expected) in [
            (&["src/**/*.rs"][..], "src/a/b.rs", true),
            (&["src/**/*.rs"], "src/b.rs", true),
            (&["src/**/*.rs"], "src/b.txt", false),
            (&["/src"], "src/a/b.rs", true),
            (&["src/"], "a/src/b.rs", true),
            (&["/src"], "a/src/b.rs", false),
            (&["*.rs"], "deep/er/x.rs", true),
            (&["src/*"], "src/a", true),
            (&["src/*"], "src/a/b", true),
            (&["LICENSE-*"], "LICENSE-MIT", true),
            (&["/src", "!/src/secret.rs"], "src/secret.rs", false),
            (&["**/*.rs", "Cargo.toml"], "build.rs", true),
            (&["[a-c].rs"], "b.rs", true),
            (&["[!a-c].rs"], "b.rs", false),
            (&["a?c"], "abc", true),
            (&["docs/**"], "docs/x/y", true),
            (&["docs/**"], "docs", false),
        ] {
            assert_eq!(taken(list, path), Some(expected), "{list:?} {path}");
        }
        let (deep, path) = ("**/a/".repeat(30) + "x", "a/".repeat(60) + "y");
        assert_eq!(taken(&[&deep], &path), None, "given up");
    }
}
