//! How one crate's name can be taken for another's.

use std::sync::Arc;

/// A well-known or locked name that another one resembles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resemblance {
    /// The name that is imitated, as it is usually written.
    pub name: Arc<str>,
    /// What sets the two apart.
    pub how: Likeness,
}

/// What sets a name apart from the one that it can be taken for; the more telling ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// A hyphen or underscore that is added, dropped or moved: `lazystatic`.
    Separator,
    /// Characters that look alike: `0` and `o`; `1`, `l` and `i`; `rn` and `m`; `vv` and `w`.
    Confusable,
    /// Two neighbours that changed places: `tokoi`.
    Swapped,
    /// A letter that is written twice, or once where it belongs twice: `postgress`.
    Doubled,
    /// A word that names the language or the thing itself: `-rs`, `rust-`, `-crate`.
    Affix,
    /// Another number, or an `s`, at the end: `proc-macro1`.
    Suffix,
    /// The same words in another order: `json-serde`.
    Reordered,
    /// One character more, less, or another: `serd`.
    Edit,
}

names!(Likeness read {
    Separator => "separator",
    Confusable => "confusable",
    Swapped => "swapped",
    Doubled => "doubled",
    Affix => "affix",
    Suffix => "suffix",
    Reordered => "reordered",
    Edit => "edit",
});
