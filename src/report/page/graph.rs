//! The part of the dependency graph that leads to what is held: every package on any way to it, in layers from the repository's own packages
//! down, and the same as lists.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::parts::{Page, code, html};
use crate::model::source::Source;
use crate::report::words::counted;

/// A larger picture shows nothing any more; the lists go on.
const MAX_DRAWN: usize = 160;
const MAX_LISTED: usize = 400;
/// What the lists may walk together to say how much more there is: where much is held, each has nearly the whole graph above it.
const MAX_WALKED: usize = 50_000;
const BOX: (usize, usize) = (190, 30);
const GAP: (usize, usize) = (44, 12);

pub(super) fn write(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let packages = page.report.status.audit.packages;
    let held: Vec<usize> = (0..packages.len()).filter(|at| matches!(page.standing(*at).1, "bad" | "wait")).collect();
    if held.is_empty() {
        return writeln!(out, "<p>Nothing is held, so there is nothing to be reached.</p>");
    }
    let on_way = ancestors(page, &held);
    writeln!(out, "<p>{} on a way to {}.</p>", counted(on_way.len(), "package"), counted(held.len(), "held package"))?;
    if on_way.len() <= MAX_DRAWN {
        draw(page, &on_way, &layers(page, &on_way), out)?;
    } else {
        writeln!(out, "<p>That is too much for a picture; the lists below say who depends on what.</p>")?;
    }
    lists(page, &held, out)
}

fn ancestors(page: &Page<'_, '_>, of: &[usize]) -> BTreeSet<usize> {
    let mut seen: BTreeSet<usize> = of.iter().copied().collect();
    let mut waiting = of.to_vec();
    while let Some(at) = waiting.pop() {
        for dependent in page.dependents.get(at).into_iter().flatten() {
            if seen.insert(*dependent) {
                waiting.push(*dependent);
            }
        }
    }
    seen
}

/// For each package the length of the longest way down to it, so that every line leads to the right.
fn layers(page: &Page<'_, '_>, of: &BTreeSet<usize>) -> BTreeMap<usize, usize> {
    let packages = page.report.status.audit.packages;
    let above = |at: usize| page.dependents.get(at).into_iter().flatten().filter(|one| of.contains(one)).count();
    let mut open: BTreeMap<usize, usize> = of.iter().map(|at| (*at, above(*at))).collect();
    let mut layer: BTreeMap<usize, usize> = of.iter().map(|at| (*at, 0)).collect();
    let mut ready: Vec<usize> = of.iter().copied().filter(|at| open.get(at) == Some(&0)).collect();
    while !open.is_empty() {
        // Development dependencies can lead in a circle: it is cut at the first package of it.
        let Some(at) = ready.pop().or_else(|| open.keys().next().copied()) else { break };
        if open.remove(&at).is_none() {
            continue;
        }
        let depth = layer.get(&at).copied().unwrap_or(0) + 1;
        for on in packages.get(at).into_iter().flat_map(|package| &package.dependencies) {
            let Some(left) = open.get_mut(on) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.push(*on);
            }
            layer.entry(*on).and_modify(|known| *known = depth.max(*known));
        }
    }
    layer
}

fn draw(
    page: &Page<'_, '_>,
    of: &BTreeSet<usize>,
    layers: &BTreeMap<usize, usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let packages = page.report.status.audit.packages;
    let mut columns: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in of {
        columns.entry(layers.get(at).copied().unwrap_or(0)).or_default().push(*at);
    }
    // Each stands near the middle of what depends on it, which crosses few lines.
    let mut place: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (column, members) in (0..).zip(columns.values_mut()) {
        let middle = |at: &usize| {
            let above = page.dependents.get(*at).into_iter().flatten().filter_map(|one| place.get(one));
            let (sum, count) = above.fold((0, 0), |(sum, count), (_, row)| (sum + row * 1000, count + 1));
            sum.checked_div(count).unwrap_or(0)
        };
        members.sort_by_cached_key(|at| (middle(at), page.name(*at)));
        let placed: Vec<(usize, (usize, usize))> =
            members.iter().copied().zip((0..).map(|row| (column, row))).collect();
        place.extend(placed);
    }
    let rows = columns.values().map(Vec::len).max().unwrap_or(1);
    let (width, height) = (columns.len() * (BOX.0 + GAP.0), rows * (BOX.1 + GAP.1) + 8);
    writeln!(
        out,
        "<div class=\"wide\" role=\"region\" aria-label=\"Dependency graph\" tabindex=\"0\"><svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"The graph; the lists below say the same\">"
    )?;
    let at_of = |(column, row): (usize, usize)| (column * (BOX.0 + GAP.0) + 2, row * (BOX.1 + GAP.1) + 4);
    for at in of {
        let Some(from) = place.get(at).copied().map(at_of) else { continue };
        for on in packages.get(*at).into_iter().flat_map(|package| &package.dependencies) {
            let Some(to) = place.get(on).copied().map(at_of) else { continue };
            let (x1, y1) = (from.0 + BOX.0, from.1 + BOX.1 / 2);
            let (x2, y2) = (to.0, to.1 + BOX.1 / 2);
            let half = GAP.0 / 2;
            writeln!(
                out,
                "<path class=\"edge\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"/>",
                x1 + half,
                x2.saturating_sub(half)
            )?;
        }
    }
    for (at, where_to) in &place {
        let (x, y) = at_of(*where_to);
        let (word, class) = page.standing(*at);
        let class = match class {
            "bad" => "node bad",
            "wait" => "node wait",
            _ if packages.get(*at).is_some_and(|package| package.id.source == Source::Local) => "node own",
            _ => "node",
        };
        let name = page.name(*at);
        let shown: String =
            if name.chars().count() > 26 { name.chars().take(25).chain(['…']).collect() } else { name.clone() };
        writeln!(
            out,
            "<g><title>{}: {word}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"5\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            html(&name),
            BOX.0,
            BOX.1,
            x + 8,
            y + 20,
            html(&shown)
        )?;
    }
    writeln!(out, "</svg></div>")
}

/// For each held package those that depend on it, and so on up; a package that stands in the list already is not unfolded again.
fn lists(page: &Page<'_, '_>, held: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let (mut left, mut steps) = (MAX_LISTED, MAX_WALKED);
    for at in held {
        let (word, class) = page.standing(*at);
        writeln!(
            out,
            "<details><summary>{} <span class=\"{class}\">{word}</span>: who depends on it</summary>",
            code(&page.name(*at))
        )?;
        let mut seen = BTreeSet::new();
        let mut lines: Vec<(usize, usize)> = Vec::new();
        let mut waiting = vec![(*at, 0)];
        while lines.len() <= left + steps
            && let Some((at, depth)) = waiting.pop()
        {
            lines.push((at, depth));
            if seen.insert(at) {
                let above = page.dependents.get(at).into_iter().flatten().rev();
                waiting.extend(above.map(|one| (*one, depth + 1)));
            }
        }
        let mut depth = 0;
        for (at, wanted) in lines.iter().skip(1).take(left) {
            if *wanted > depth {
                write!(out, "<ul class=\"tree\">")?;
                depth += 1;
            } else {
                write!(out, "{}</li>", "</li></ul>".repeat(depth - wanted))?;
                depth = *wanted;
            }
            write!(out, "<li>{}", code(&page.name(*at)))?;
        }
        writeln!(out, "{}", "</li></ul>".repeat(depth))?;
        let above = lines.len() - 1;
        let more = above.saturating_sub(left);
        left = left.saturating_sub(above);
        steps = steps.saturating_sub(more);
        match (waiting.is_empty(), more) {
            (true, 0) => {}
            (true, _) => writeln!(out, "<p>and {more} more</p>")?,
            (false, 0) => writeln!(out, "<p>and others</p>")?,
            (false, _) => writeln!(out, "<p>and more than {more} more</p>")?,
        }
        writeln!(out, "</details>")?;
    }
    Ok(())
}
