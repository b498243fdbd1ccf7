//! The words behind a command, read by that command's own grammar: which of them are options, which options have values, and where a
//! program's own words begin.

/// Long options that are followed by a value, whichever command has them. A test holds this against cargo's own help.
pub(super) const VALUED: &str = "\
    --add --artifact-dir --base --bench --bin --branch --charset --color --config --crate-type --depth --edges --edition \
    --example --exclude --explain --features --filter-platform --format --format-version --git --index --invert --jobs \
    --limit --lockfile-path --manifest-path --message-format --name --output-format --package --path --precise --prefix \
    --print --profile --prune --publish-time --registry --remove --rename --rev --root --sync --tag --target --target-dir \
    --test --token --vcs";

/// Short options that are followed by a value, with the long ones that they stand for (`-C` and `-Z` have none), and the one command
/// that has them where the letter means something else elsewhere.
const SHORT_VALUED: [(char, &str, Option<&str>); 11] = [
    ('a', "--add", Some("owner")),
    ('C', "-C", None),
    ('e', "--edges", Some("tree")),
    ('f', "--format", Some("tree")),
    ('F', "--features", None),
    ('i', "--invert", Some("tree")),
    ('j', "--jobs", None),
    ('p', "--package", None),
    ('r', "--remove", Some("owner")),
    ('s', "--sync", Some("vendor")),
    ('Z', "-Z", None),
];
/// Short options without a value.
const SHORT_FLAGS: [(char, &str); 11] = [
    ('b', "--breaking"),
    ('d', "--duplicates"),
    ('f', "--force"),
    ('h', "--help"),
    ('l', "--list"),
    ('n', "--dry-run"),
    ('q', "--quiet"),
    ('r', "--release"),
    ('v', "--verbose"),
    ('V', "--version"),
    ('w', "--workspace"),
];

/// Options without a value, whichever command has them.
pub(super) const FLAGS: &str = "\
    --all --all-features --all-targets --allow-dirty --allow-no-vcs --allow-staged --benches --bins --breaking --broken-code \
    --build --build-plan --debug --default-features --dev --doc --document-private-items --dry-run --duplicates \
    --edition-idioms --examples --exclude-lockfile --force --frozen --future-incompat-report --help --ignore-rust-version \
    --keep-going --lib --list --locked --no-dedupe --no-default-features --no-delete --no-deps --no-fail-fast --no-metadata \
    --no-optional --no-public --no-run --no-track --no-verify --offline --open --optional --public --quiet --recursive \
    --release --respect-source-config --tests --timings --undo --unit-graph --verbose --version --versioned-dirs --workspace";

/// Behind their first word that is no option, everything belongs to the program or the compiler that they start.
pub(super) const TRAILING: [&str; 3] = ["run", "rustc", "rustdoc"];

/// The words behind a command as it reads them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words<'a> {
    /// Long names with two hyphens and short ones with one, each with its value.
    pub(super) options: Vec<(String, Option<&'a str>)>,
    /// The words that are no options.
    pub(super) plain: Vec<&'a str>,
    /// How many of the words are cargo's; the others are a program's.
    pub(super) own: usize,
    /// The first option that is not known here: whether it takes a value cannot be said.
    pub(super) unknown: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// Reads what stands behind a command; without one, what stands before it.
    pub(super) fn read(verb: &str, words: &'a [String]) -> Self {
        let mut read = Self::default();
        let ends_at_word = verb.is_empty() || TRAILING.contains(&verb);
        let mut at = 0;
        while let Some(word) = words.get(at) {
            read.own = at;
            at += 1;
            if word == "--" {
                return read;
            } else if let Some(long) = word.strip_prefix("--").filter(|_| word.len() > 2) {
                let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let name = format!("--{name}");
                if !takes_value(verb, &name) && !lists(FLAGS, &name) && !lists(VALUED, &name) {
                    read.unknown = read.unknown.or(Some(word));
                }
                let value = value.or_else(|| value_behind(verb, &name, words, &mut at));
                read.options.push((name, value));
            } else if word.len() > 1 && word.starts_with('-') {
                read.cluster(verb, &word[1..], words, &mut at);
            } else if ends_at_word {
                return read;
            } else {
                read.plain.push(word);
            }
        }
        read.own = words.len();
        read
    }

    /// Short options in one word, the last of which may have a value, in this word or the next: `-vp NAME`, `-j4`.
    fn cluster(&mut self, verb: &str, letters: &'a str, words: &'a [String], at: &mut usize) {
        for (position, letter) in letters.char_indices() {
            let valued = SHORT_VALUED
                .iter()
                .find(|(short, _, command)| *short == letter && command.is_none_or(|command| command == verb));
            if let Some((_, name, _)) = valued {
                let behind = &letters[position + letter.len_utf8()..];
                let behind = behind.strip_prefix('=').unwrap_or(behind);
                let value = if behind.is_empty() { value_behind(verb, name, words, at) } else { Some(behind) };
                self.options.push(((*name).to_owned(), value));
                return;
            }
            let flag = SHORT_FLAGS.iter().find(|(short, _)| *short == letter).map(|(_, long)| *long);
            if flag.is_none() {
                self.unknown = self.unknown.or(Some(letters));
            }
            self.options.push((flag.map_or_else(|| format!("-{letter}"), str::to_owned), None));
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| option == name)
    }

    pub(super) fn values<'w>(&'w self, name: &'w str) -> impl Iterator<Item = &'a str> + 'w {
        self.options.iter().filter(move |(option, _)| option == name).filter_map(|(_, value)| *value)
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }
}

pub(super) fn lists(options: &str, option: &str) -> bool {
    options.split(' ').any(|one| one == option)
}

/// The next word, where the option takes one for its value: a word with a hyphen in front is another option, but for a number of jobs.
fn value_behind<'a>(verb: &str, name: &str, words: &'a [String], at: &mut usize) -> Option<&'a str> {
    let next = words.get(*at).filter(|_| takes_value(verb, name))?;
    if next.starts_with('-') && name != "--jobs" {
        return None;
    }
    *at += 1;
    Some(next)
}

/// Whether an option of this command has a value. The few words that mean different things in different commands stand here.
pub(super) fn takes_value(verb: &str, name: &str) -> bool {
    match (verb, name) {
        ("install" | "yank", "--version" | "--vers") => true,
        ("fix", "--edition") | ("new" | "init", "--bin") => false,
        (_, name) => lists(VALUED, name) || matches!(name, "-C" | "-Z"),
    }
}
