//! Names that some file systems take for one.

use std::collections::BTreeMap;

/// Every pair of different names that are the same without regard to case, in the order of the second.
pub(super) fn collisions<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (String, String)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        // By way of the upper case, which joins letters that have no lower-case relation, such as `ß` and `ss`.
        let folded = if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_uppercase().to_lowercase() };
        if let Some(first) = seen.insert(folded, name)
            && first != name
        {
            found.push((first.to_owned(), name.to_owned()));
        }
    }
    found.into_iter()
}
