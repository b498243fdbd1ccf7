//! Which known name a crate's name can be taken for.
//!
//! Two names are alike by [`likeness`], a rule for pairs. An index finds the few pairs that are worth asking about: names are filed under every
//! form that the rule compares, and under what is left of them without any one character, which two names one edit apart have in common.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, LazyLock};

use crate::model::crate_name::canonical;
use crate::model::resemblance::{Likeness, Resemblance};

/// One name a line; `#` begins a comment.
const WELL_KNOWN: &str = include_str!("../../data/well-known.txt");

static WELL_KNOWN_NAMES: LazyLock<Names> =
    LazyLock::new(|| Names::new(WELL_KNOWN.lines().filter(|line| !line.starts_with('#')).map(Arc::from)));

/// No registry takes a longer name; neither do two names that a person confuses have so many characters.
const LONGEST: usize = 64;
/// One edit within shorter names is chance: there are few of them, and most are taken. Swapped or doubled letters count from one less.
const SHORTEST_EDITED: usize = 5;
/// Words that name the language or the thing itself, and so tell nothing apart.
const AFFIXES: [&str; 6] = ["rs", "rust", "rst", "crate", "lib", "main"];
/// A lock file can be made of names that are all filed under one form; no more of them are looked at for one name.
const CANDIDATES: usize = 256;

/// The names that a project trusts: its own, and those that everybody knows.
#[derive(Debug)]
pub struct KnownNames(Names);

impl KnownNames {
    /// Takes the names that the project locks already. Well-known names are known beside them.
    #[must_use]
    pub fn new(locked: impl IntoIterator<Item = Arc<str>>) -> Self {
        // Both are filed at once, and on no pool of threads: who waits there takes up other work, which may ask for these names again.
        // Where the system has no thread to give, the well-known ones are filed by whoever asks first.
        std::thread::scope(|scope| {
            let well_known = || LazyLock::force(&WELL_KNOWN_NAMES);
            let _ = std::thread::Builder::new().spawn_scoped(scope, well_known);
            Self(Names::new(locked))
        })
    }

    /// The known name that this one can be taken for: the most telling likeness, of equal ones the project's own before a well-known one,
    /// then the name that is nearest in length, then by the alphabet. A well-known name imitates nobody; nor does a name imitate itself in
    /// another spelling. Of the project's own names only those count that `counts` takes: an attacker could bring along one that is nearer.
    #[must_use]
    pub fn resembled_by(&self, name: &str, counts: impl Fn(&Arc<str>) -> bool) -> Option<Resemblance> {
        let query = Forms::of(name)?;
        if WELL_KNOWN_NAMES.have(&query) {
            return None;
        }
        let (own, known) = (self.0.resembled_by(&query, counts), WELL_KNOWN_NAMES.resembled_by(&query, |_| true));
        own.into_iter().chain(known).min_by_key(|resemblance| resemblance.how)
    }
}

/// Names in the order of the alphabet, and the keys that they are filed under.
#[derive(Debug)]
struct Names {
    names: Vec<(Arc<str>, Forms)>,
    /// Sorted; each with the position of a name.
    keys: Vec<(u64, u32)>,
}

impl Names {
    fn new(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut names: Vec<Arc<str>> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<(Arc<str>, Forms)> =
            names.into_iter().filter_map(|name| Forms::of(&name).map(|forms| (name, forms))).collect();
        let mut keys = Vec::new();
        for ((_, forms), position) in names.iter().zip(0..) {
            forms.each_key(|key| keys.push((key, position)));
        }
        keys.sort_unstable();
        keys.dedup();
        Self { names, keys }
    }

    /// The names that are filed under a key.
    fn filed(&self, key: u64) -> impl Iterator<Item = (u32, &(Arc<str>, Forms))> {
        let start = self.keys.partition_point(|(other, _)| *other < key);
        let filed = self.keys.iter().skip(start).take_while(move |(other, _)| *other == key);
        filed.filter_map(|(_, position)| Some((*position, self.names.get(usize::try_from(*position).ok()?)?)))
    }

    fn have(&self, query: &Forms) -> bool {
        self.filed(key(Form::Squeezed, &query.squeezed)).any(|(_, (_, forms))| forms.canonical == query.canonical)
    }

    fn resembled_by(&self, query: &Forms, counts: impl Fn(&Arc<str>) -> bool) -> Option<Resemblance> {
        let mut best: Option<(Likeness, usize, &Arc<str>)> = None;
        let mut asked = BTreeSet::new();
        query.each_key(|key| {
            for (position, (name, forms)) in self.filed(key) {
                if asked.len() == CANDIDATES {
                    break;
                }
                if asked.contains(&position) || !counts(name) {
                    continue;
                }
                asked.insert(position);
                let Some(how) = likeness(query, forms) else { continue };
                let found = (how, query.canonical.len().abs_diff(name.len()), name);
                if best.is_none_or(|best| found < best) {
                    best = Some(found);
                }
            }
        });
        best.map(|(how, _, name)| Resemblance { name: Arc::clone(name), how })
    }
}

/// The forms of a name that are compared.
#[derive(Debug)]
struct Forms {
    /// In lower case, with hyphens alone.
    canonical: String,
    /// Without hyphens.
    squeezed: String,
    /// Squeezed, with one character for those that look alike.
    folded: String,
    /// The words by the alphabet.
    sorted: String,
    /// Squeezed without the words that tell nothing apart.
    plain: String,
    /// The same with its hyphens.
    worded: String,
    /// Plain, also without such a word that no hyphen sets off.
    bare: String,
    /// Plain without a number or an `s` at its end.
    stem: String,
}

/// What a key is the hash of.
#[derive(Clone, Copy)]
enum Form {
    Squeezed,
    Folded,
    Sorted,
    Bare,
    Stem,
    Shortened,
}

impl Forms {
    /// `None` for a name that is longer than any registry's.
    fn of(name: &str) -> Option<Self> {
        if name.len() > LONGEST {
            return None;
        }
        let canonical = canonical(name);
        let words = || canonical.split('-').filter(|word| !word.is_empty());
        let squeezed: String = words().collect();
        let mut sorted: Vec<&str> = words().collect();
        sorted.sort_unstable();
        let telling: Vec<&str> = words().filter(|word| !AFFIXES.contains(word)).collect();
        let telling = if telling.is_empty() { words().collect() } else { telling };
        let (plain, worded) = (telling.concat(), telling.join("-"));
        let (folded, sorted) = (folded(&squeezed), sorted.join("-"));
        let (bare, stem) = (bare(&plain).to_owned(), stem(&plain).to_owned());
        Some(Self { canonical, squeezed, folded, sorted, plain, worded, bare, stem })
    }

    /// Every key that the name is filed and looked for under, the most telling forms first.
    fn each_key(&self, mut each: impl FnMut(u64)) {
        for (form, text) in [
            (Form::Squeezed, &self.squeezed),
            (Form::Folded, &self.folded),
            (Form::Bare, &self.bare),
            (Form::Stem, &self.stem),
            (Form::Sorted, &self.sorted),
            (Form::Shortened, &self.plain),
        ] {
            each(key(form, text));
        }
        let mut shortened = String::with_capacity(self.plain.len());
        for (at, left_out) in self.plain.char_indices() {
            shortened.clear();
            shortened.push_str(&self.plain[..at]);
            shortened.push_str(&self.plain[at + left_out.len_utf8()..]);
            each(key(Form::Shortened, &shortened));
        }
    }
}

/// The same in every run; nobody can choose many names of one key but by their form.
fn key(form: Form, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u8(form as u8);
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// What sets two names apart that can be taken for each other; the same both ways. `None` for names that cannot, and for one name in
/// two spellings.
fn likeness(one: &Forms, other: &Forms) -> Option<Likeness> {
    if one.canonical == other.canonical {
        return None;
    }
    if one.squeezed == other.squeezed {
        return Some(Likeness::Separator);
    }
    if one.folded == other.folded {
        return Some(Likeness::Confusable);
    }
    match edit(&one.plain, &other.plain) {
        Some(how @ (Likeness::Swapped | Likeness::Doubled)) => Some(how),
        _ if one.bare == other.bare => Some(Likeness::Affix),
        _ if one.stem == other.stem => Some(Likeness::Suffix),
        _ if one.sorted == other.sorted => Some(Likeness::Reordered),
        // Where the words begin elsewhere too, that is a second difference.
        how => how.filter(|_| edit(&one.worded, &other.worded).is_some()),
    }
}

/// One character for all that look like it, also where two stand for one. Registries other than crates.io take Cyrillic letters.
fn folded(name: &str) -> String {
    let alone = name.chars().map(|c| match c {
        '0' | '\u{43e}' => 'o',
        '1' | '\u{4cf}' => 'l',
        '\u{456}' => 'i',
        '\u{430}' => 'a',
        '\u{435}' => 'e',
        '\u{440}' => 'p',
        '\u{441}' => 'c',
        '\u{443}' => 'y',
        '\u{445}' => 'x',
        '\u{455}' => 's',
        '\u{458}' => 'j',
        '\u{475}' => 'v',
        '\u{4bb}' => 'h',
        '\u{501}' => 'd',
        '\u{51b}' => 'q',
        '\u{51d}' => 'w',
        other => other,
    });
    let alone: String = alone.collect();
    // A pair may be made of such characters, but no `i` makes one.
    alone.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace('i', "l")
}

/// Without a glued `rs`, `rust` or `lib`, where a name is left.
fn bare(plain: &str) -> &str {
    let without = ["rust", "rs", "lib"].iter().find_map(|word| plain.strip_suffix(word));
    let without = without.or_else(|| ["rust", "lib"].iter().find_map(|word| plain.strip_prefix(word)));
    without.filter(|rest| rest.chars().count() >= 4).unwrap_or(plain)
}

/// Without a number, and without a plural's end, where a name is left.
fn stem(plain: &str) -> &str {
    let long = |rest: &&str, letters| rest.chars().count() >= letters;
    let singular = |text: &'_ str| {
        let after_hiss = text.strip_suffix("es").filter(|rest| rest.ends_with(['s', 'x', 'z']) || rest.ends_with("ch"));
        after_hiss.or_else(|| text.strip_suffix('s')).filter(|rest| long(rest, 3)).map(str::len)
    };
    let text = singular(plain).map_or(plain, |end| &plain[..end]);
    let text = Some(text.trim_end_matches(|c: char| c.is_ascii_digit())).filter(|rest| long(rest, 2)).unwrap_or(text);
    singular(text).map_or(text, |end| &text[..end])
}

/// The one edit between two texts, where it is one.
fn edit(one: &str, other: &str) -> Option<Likeness> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same_start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one_rest, other_rest) = (&one[same_start..], &other[same_start..]);
    let same_end = one_rest.iter().rev().zip(other_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (one_differs, other_differs) =
        (&one_rest[..one_rest.len() - same_end], &other_rest[..other_rest.len() - same_end]);
    let longer = one.len().max(other.len());
    let how = match (one_differs, other_differs) {
        ([a, b], [c, d]) if a == d && b == c => Likeness::Swapped,
        // Of a doubled letter the second one is what the common start leaves.
        ([letter], []) | ([], [letter]) if same_start > 0 && one[same_start - 1] == *letter => Likeness::Doubled,
        ([_], [] | [_]) | ([], [_]) => Likeness::Edit,
        _ => return None,
    };
    let enough = if how == Likeness::Edit { SHORTEST_EDITED } else { SHORTEST_EDITED - 1 };
    (longer >= enough).then_some(how)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn like(one: &str, other: &str) -> Option<Likeness> {
        likeness(&Forms::of(one)?, &Forms::of(other)?)
    }

    /// No registry takes more letters.
    #[test]
    fn names_are_compared_up_to_the_longest() {
        let long = |count: usize, end: &str| format!("{}{end}", "a".repeat(count - end.len()));
        assert_eq!(like(&long(64, "bc"), &long(64, "cb")), Some(Likeness::Swapped));
        assert_eq!(like(&long(65, "bc"), &long(65, "cb")), None);
    }

    /// By Unicode's list of what is confused with what.
    #[test]
    fn a_cyrillic_letter_is_like_the_latin_one_that_it_looks_like() {
        let cyrillic = "\u{430}\u{435}\u{43e}\u{440}\u{441}\u{443}\u{445}\u{455}\u{456}\u{458}\u{475}\u{4bb}\u{4cf}\u{501}\u{51b}\u{51d}";
        for (letter, latin) in cyrillic.chars().zip("aeopcyxsijvhldqw".chars()) {
            let [one, other] = [letter, latin].map(|one| format!("tuk{one}tuk"));
            assert_eq!(like(&one, &other), Some(Likeness::Confusable), "{one} {other}");
        }
    }

    #[test]
    fn each_kind_of_likeness() {
        for (one, other, how) in [
            ("lazystatic", "lazy_static", Some(Likeness::Separator)),
            ("bit-flags", "bitflags", Some(Likeness::Separator)),
            ("lazy-static", "lazy_static", None),
            ("Serde", "serde", None),
            ("t0kio", "tokio", Some(Likeness::Confusable)),
            ("toklo", "tokio", Some(Likeness::Confusable)),
            ("l1bc", "libc", Some(Likeness::Confusable)),
            ("serdejsorn", "serde-jsom", Some(Likeness::Confusable)),
            ("vvinapi", "winapi", Some(Likeness::Confusable)),
            ("s\u{435}rde", "serde", Some(Likeness::Confusable)),
            ("tokoi", "tokio", Some(Likeness::Swapped)),
            ("rnad", "rand", Some(Likeness::Swapped)),
            ("postgress", "postgres", Some(Likeness::Doubled)),
            ("adresses", "addresses", Some(Likeness::Doubled)),
            ("finch-rst", "finch", Some(Likeness::Affix)),
            ("rust-finch", "finch_rs", Some(Likeness::Affix)),
            ("serders", "serde", Some(Likeness::Affix)),
            ("lazystatic-rs", "lazy-static", Some(Likeness::Affix)),
            ("proc-macro1", "proc-macro2", Some(Likeness::Suffix)),
            ("tracings", "tracing", Some(Likeness::Suffix)),
            ("rands", "rand", Some(Likeness::Suffix)),
            ("sha1", "sha2", Some(Likeness::Suffix)),
            ("h2", "h3", None),
            ("json-serde", "serde_json", Some(Likeness::Reordered)),
            ("serd", "serde", Some(Likeness::Edit)),
            ("serdi", "serde", Some(Likeness::Edit)),
            ("tokoi-rs", "tokio", Some(Likeness::Swapped)),
            ("cc2", "cc", Some(Likeness::Suffix)),
            ("logs", "log", Some(Likeness::Suffix)),
            ("regexes", "regex", Some(Likeness::Suffix)),
            ("libserde", "serde", Some(Likeness::Affix)),
            ("serdelib", "serde", Some(Likeness::Affix)),
            ("c1ap", "clap", Some(Likeness::Confusable)),
            ("cipher", "dpher", None),
            ("kitest", "ui_test", None),
            ("uitest", "ui_test", Some(Likeness::Separator)),
            ("rad", "rand", None),
            ("url", "ulr", None),
            ("log", "dog", None),
            ("time", "mime", None),
            ("rust", "rs", None),
            ("-", "_", None),
            ("", "", None),
        ] {
            assert_eq!(like(one, other), how, "{one} {other}");
            assert_eq!(like(other, one), how, "{other} {one}");
        }
    }

    #[test]
    fn the_projects_own_names_and_the_well_known_ones_are_known() {
        let known = KnownNames::new(["acme-billing", "postgres"].map(Arc::from));
        let found = |name: &str| known.resembled_by(name, |_| true).map(|found| (found.name.to_string(), found.how));
        assert_eq!(found("acme-biling"), Some(("acme-billing".into(), Likeness::Doubled)));
        assert_eq!(found("serde_jsom"), Some(("serde_json".into(), Likeness::Edit)));
        assert_eq!(found("serde-json"), None, "another spelling is the same crate");
        assert_eq!(found("sha1"), None, "a well-known name imitates nobody");
        assert_eq!(found("acme-billing"), None);
        assert_eq!(found(&"a".repeat(10_000)), None);
        // One that counts is found behind a nearer one that does not.
        let known = KnownNames::new(["acme-billing", "acmebiling"].map(Arc::from));
        let established = known.resembled_by("acme-biling", |name| **name != *"acmebiling");
        assert_eq!(established.map(|found| found.name.to_string()), Some("acme-billing".into()));
    }

    /// Short words of few letters, so that likenesses of every kind come up.
    fn name() -> impl Strategy<Value = String> {
        prop::collection::vec("(rs|rust|[abi01s]{1,4}|rn)", 1..3).prop_map(|words| words.join("-"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_index_finds_what_the_rule_says(
            names in prop::collection::vec(name(), 1..60), query in name(), turn in 0..60_usize,
        ) {
            let mut turned = names.clone();
            turned.rotate_left(turn % names.len());
            let index = Names::new(names.iter().map(|name| Arc::from(name.as_str())));
            let Some(forms) = Forms::of(&query) else { return Err(TestCaseError::fail("it is short")) };
            let found = index.resembled_by(&forms, |_| true);
            let best = names.iter().filter_map(|name| {
                Some((like(&query, name)?, name.len().abs_diff(query.len()), name.as_str()))
            });
            prop_assert_eq!(found.as_ref().map(|found| (found.how, &*found.name)), best.min().map(|(how, _, name)| (how, name)));
            let turned = Names::new(turned.iter().map(|name| Arc::from(name.as_str())));
            prop_assert_eq!(turned.resembled_by(&forms, |_| true), found);
        }
    }
}
