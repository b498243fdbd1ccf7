//! The text of an error, as reports take it apart.

/// What is wrong, and the way out that stands behind it on a line that begins with `help:`; `None` where it names none.
pub(crate) fn parted(text: &str) -> (&str, Option<&str>) {
    text.split_once("\nhelp: ").map_or((text, None), |(what, way_out)| (what, Some(way_out)))
}
