//! Settles what several files of other tools ask for: of ages the longest, of levels the strictest, of everything else each once.

use crate::model::adoption::{Adopted, NotTaken};
use crate::model::age::Age;
use crate::model::policy::{Origin, Setting};

/// With at most one age and one level of a kind left, and everything that gave way named. `flag` is `--min-publish-age`.
#[must_use]
pub fn settled(mut adopted: Adopted, flag: Option<Age>) -> Adopted {
    let longest = adopted.ages.iter().map(|one| one.value).max();
    for Setting { value, origin } in std::mem::take(&mut adopted.ages) {
        match (flag, longest) {
            (Some(flag), _) if flag != value => adopted.leave(origin, NotTaken::Overruled(flag)),
            (None, Some(longest)) if longest > value => adopted.leave(origin, NotTaken::Shorter(longest)),
            _ if !adopted.ages.is_empty() => adopted.leave(origin, NotTaken::Repeated),
            _ => adopted.ages.push(Setting { value, origin }),
        }
    }
    if let Some(value) = flag.filter(|_| adopted.ages.is_empty()) {
        adopted.ages.push(Setting { value, origin: Origin::Flag });
    }
    let levels = std::mem::take(&mut adopted.levels);
    let strictest = |key| levels.iter().filter(|one| one.value.0 == key).map(|one| one.value.1).max();
    for Setting { value: (key, level), origin } in levels.clone() {
        let taken = adopted.levels.iter().any(|one| one.value.0 == key);
        match strictest(key).filter(|strictest| *strictest > level) {
            Some(stricter) => adopted.leave(origin, NotTaken::Laxer(stricter)),
            None if taken => adopted.leave(origin, NotTaken::Repeated),
            None => adopted.levels.push(Setting { value: (key, level), origin }),
        }
    }
    once(&mut adopted.allow_registries);
    once(&mut adopted.allow_git);
    once(&mut adopted.deny);
    once(&mut adopted.licenses);
    adopted
}

/// Keeps the first of equal values; a second one asks for nothing more.
fn once<T: Ord + Clone>(settings: &mut Vec<Setting<T>>) {
    let mut seen = std::collections::BTreeSet::new();
    settings.retain(|one| seen.insert(one.value.clone()));
}
