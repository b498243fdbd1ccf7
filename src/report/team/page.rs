//! The pages of a team's registry: one document each, without a script, without a file beside it, readable on a phone.

use std::io::{self, Write};

use super::{Asked, Crate, Locker, Overview, Release, Search, Shown, Team};
use crate::model::verdict::{ReasonCode, Verdict};
use crate::report::escape;
use crate::report::notice;
use crate::report::page::{STYLE, code, database, digest, html, section, table};
use crate::report::reason::sentence;
use crate::report::words::{are, counted, eligible, moment, rfc3339};

/// What these pages have and the report has not.
const OWN_STYLE: &str = "form{margin:1rem 0}form label{display:inline}button{font:inherit;color:var(--fg);background:var(--panel);border:1px solid var(--soft);border-radius:.3rem;padding:.25rem .8rem;cursor:pointer}pre{background:var(--panel);border:1px solid var(--line);border-radius:.3rem;padding:.6rem 1rem;overflow-x:auto}dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.2rem 1rem}dt{color:var(--soft)}dd{margin:0}@media(max-width:40rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}}";
/// How many releases one page lists.
pub(crate) const ON_A_PAGE: usize = 100;
/// How many releases of a crate one page lists.
const ROWS: usize = 500;

/// What browsers may do with these pages: show them in these styles, and ask here again.
#[must_use]
pub(crate) fn security_policy() -> String {
    let (style, own) = (digest(STYLE), digest(OWN_STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}' 'sha256-{own}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Everything that is held, from the `from`th on.
pub(crate) fn overview(overview: &Overview<'_>, from: usize, out: &mut impl Write) -> io::Result<()> {
    let team = overview.team;
    head(&team, "What is held", out)?;
    let held = overview.releases.len() + overview.more;
    writeln!(out, "<h1>What is held for {}</h1>", html(team.name))?;
    let (class, word) = if held == 0 { ("good", "Nothing is held") } else { ("wait", "Held") };
    let of = format!("{} of {} that this team uses", counted(held, "release"), counted(overview.crates, "crate"));
    writeln!(out, "<div class=\"verdict {class}\"><strong>{word}</strong><br>{of}</div>")?;
    if overview.unread > 0 {
        let crates = counted(overview.unread, "crate");
        writeln!(out, "<p class=\"wait\">{crates} could not be looked at yet: load this page again in a moment.</p>")?;
    }
    alarms(&team, out)?;
    search_form(&team, "", out)?;
    writeln!(out, "</header>\n<main id=\"main\" tabindex=\"-1\">")?;
    section(out, "held", "Held releases", |out| {
        let mut shown = overview.releases.iter().skip(from).take(ON_A_PAGE);
        if held == 0 {
            writeln!(out, "<p>Every release of the crates in use may be built.</p>")?;
        }
        shown.try_for_each(|release| card(release, &team, out))?;
        pages(&team, from, overview.releases.len(), out)?;
        if overview.more > 0 {
            let more = counted(overview.more, "more release");
            writeln!(out, "<p>{more} {} not listed: search by a crate's name.</p>", are(overview.more))?;
        }
        Ok(())
    })?;
    section(out, "projects", "Posted lock files", |out| projects(overview, out))?;
    section(out, "use", "How to use it", |out| {
        writeln!(out, "<p>Put this into <code>.cargo/config.toml</code>:</p>")?;
        let lines: Vec<String> = overview.cargo_config.lines().map(html).collect();
        writeln!(out, "<pre tabindex=\"0\">{}</pre>", lines.join("\n"))
    })?;
    about(&team, out)?;
    foot(out)
}

/// One crate with all of its releases.
pub(crate) fn crate_page(page: &Crate<'_>, out: &mut impl Write) -> io::Result<()> {
    let team = page.team;
    head(&team, page.name, out)?;
    writeln!(out, "<p><a href=\"{}\">All that is held</a></p>", html(team.path))?;
    writeln!(out, "<h1>{} for {}</h1>", code(page.name), html(team.name))?;
    let newest = match page.newest_approved {
        Some(version) => ("good", format!("The newest approved release is {}", code(&version.to_string()))),
        None => ("wait", "No release is approved".to_owned()),
    };
    writeln!(out, "<div class=\"verdict {}\">{}</div>", newest.0, newest.1)?;
    checked(page, out)?;
    search_form(&team, "", out)?;
    writeln!(out, "</header>\n<main id=\"main\" tabindex=\"-1\">")?;
    section(out, "releases", "Releases", |out| {
        let columns = ["Version", "Published", "Verdict", "Eligible", "Why"];
        table(out, "Releases", None, &columns, |out| {
            page.releases.iter().take(ROWS).try_for_each(|release| row(release, &team, out))
        })?;
        match page.releases.len().saturating_sub(ROWS) {
            0 => Ok(()),
            more => {
                writeln!(
                    out,
                    "<p>{} {} not listed: ask for one by its version.</p>",
                    counted(more, "older release"),
                    are(more)
                )
            }
        }
    })?;
    approvals(page, out)?;
    about(&team, out)?;
    foot(out)
}

/// One release with everything that decided it.
pub(crate) fn release_page(page: &Crate<'_>, release: &Release, out: &mut impl Write) -> io::Result<()> {
    let team = page.team;
    let name = format!("{}@{}", release.id.name, release.id.version);
    head(&team, &name, out)?;
    let of_crate = team.crate_path(page.registry, page.name);
    writeln!(
        out,
        "<p><a href=\"{}\">All that is held</a> · <a href=\"{}\">All releases of {}</a></p>",
        html(team.path),
        html(&of_crate),
        html(page.name)
    )?;
    writeln!(out, "<h1>{} for {}</h1>", code(&name), html(team.name))?;
    let (class, word) = standing(release);
    let told = match (release.eligible_at(), release.is_held()) {
        (Some(at), _) => format!("Eligible {}", eligible(team.context.now, at)),
        (None, true) => "Time does not lift this".to_owned(),
        (None, false) if release.verdict.is_none() => "There are no advisories to decide by".to_owned(),
        (None, false) => "The team may build it".to_owned(),
    };
    writeln!(out, "<div class=\"verdict {class}\"><strong>{word}</strong><br>{}</div>", html(&told))?;
    checked(page, out)?;
    writeln!(out, "</header>\n<main id=\"main\" tabindex=\"-1\">")?;
    section(out, "why", "Why", |out| {
        writeln!(out, "<ul>")?;
        why(release, &team).iter().try_for_each(|line| writeln!(out, "<li>{}</li>", html(line)))?;
        writeln!(out, "</ul>")
    })?;
    section(out, "out", "What to do", |out| ways_out(page, release, out))?;
    section(out, "known", "What is known of it", |out| known(page, release, out))?;
    approvals(page, out)?;
    about(&team, out)?;
    foot(out)
}

/// What a search found.
pub(crate) fn search(search: &Search<'_>, out: &mut impl Write) -> io::Result<()> {
    let team = search.team;
    head(&team, "Search", out)?;
    writeln!(
        out,
        "<p><a href=\"{}\">All that is held</a></p>\n<h1>Crates of {}</h1>",
        html(team.path),
        html(team.name)
    )?;
    search_form(&team, search.words, out)?;
    writeln!(out, "</header>\n<main id=\"main\" tabindex=\"-1\">")?;
    section(out, "found", "Found", |out| {
        if let Some(cause) = search.away {
            writeln!(out, "<p class=\"wait\">Not every registry could be asked: {}</p>", html(cause))?;
        }
        if search.hits.is_empty() {
            return writeln!(out, "<p>No crate that is known here has these words in its name.</p>");
        }
        let columns = ["Crate", "Registry", "Releases", "Held", "Newest approved"];
        table(out, "Crates", None, &columns, |out| {
            for hit in search.hits {
                let approved = hit.newest_approved.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
                writeln!(
                    out,
                    "<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    html(&team.crate_path(&hit.registry, &hit.name)),
                    code(&hit.name),
                    html(&hit.registry),
                    hit.releases,
                    hit.held,
                    html(&approved)
                )?;
            }
            Ok(())
        })?;
        if search.more > 0 {
            writeln!(
                out,
                "<p>{} {} not listed: use more words.</p>",
                counted(search.more, "more crate"),
                are(search.more)
            )?;
        }
        Ok(())
    })?;
    about(&team, out)?;
    foot(out)
}

/// Why there is no page.
pub(crate) fn nothing(team: &Team<'_>, title: &str, words: &str, out: &mut impl Write) -> io::Result<()> {
    head(team, title, out)?;
    writeln!(out, "<p><a href=\"{}\">All that is held</a></p>\n<h1>{}</h1>", html(team.path), html(title))?;
    search_form(team, "", out)?;
    writeln!(out, "</header>\n<main id=\"main\" tabindex=\"-1\">\n<p>{}</p>", html(words))?;
    foot(out)
}

fn head(team: &Team<'_>, title: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} – {}</title>\n<style>{STYLE}</style>\n<style>{OWN_STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>",
        html(title),
        html(team.name)
    )
}

fn foot(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</main>\n</body>\n</html>")
}

fn search_form(team: &Team<'_>, words: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<form role=\"search\" action=\"{}search\"><label for=\"q\">A crate's name, or a part of it: </label><input type=\"search\" id=\"q\" name=\"q\" maxlength=\"64\" value=\"{}\"> <button>Search</button></form>",
        html(team.path),
        html(words)
    )
}

fn alarms(team: &Team<'_>, out: &mut impl Write) -> io::Result<()> {
    if team.alarms.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2 id=\"alarms\">Alarms</h2>\n<ul>")?;
    for alarm in team.alarms {
        let times = if alarm.times > 1 {
            format!(", {} times since {}", alarm.times, moment(alarm.first))
        } else {
            String::new()
        };
        let words = html(&alarm.words);
        writeln!(
            out,
            "<li><strong class=\"bad\">{}</strong> {words} ({}{times})</li>",
            alarm.kind,
            moment(alarm.last)
        )?;
    }
    writeln!(out, "</ul>")
}

/// How a release stands: the class that colours it, and a word.
const fn standing(release: &Release) -> (&'static str, &'static str) {
    match (&release.verdict, release.deleted.is_some()) {
        (None, _) => ("wait", "Undecided"),
        (Some(Verdict::Quarantined(_)), false) => ("wait", "Quarantined"),
        (Some(Verdict::Approved(_) | Verdict::Local), false) => ("good", "Approved"),
        (Some(Verdict::Rejected(_)), _) | (Some(_), true) => ("bad", "Rejected"),
    }
}

/// Everything that decided about a release, a sentence each.
fn why(release: &Release, team: &Team<'_>) -> Vec<String> {
    match &release.verdict {
        None => vec!["there are no advisories to decide by, so nothing new is approved".to_owned()],
        Some(Verdict::Approved(basis)) => vec![notice::basis(basis, &team.context)],
        Some(Verdict::Local) => Vec::new(),
        Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => {
            reasons.iter().map(|reason| sentence(reason, &release.id, &team.context)).collect()
        }
    }
}

fn card(release: &Release, team: &Team<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (class, word) = standing(release);
    let path = team.release_path(&release.registry, &release.id);
    let name = code(&format!("{}@{}", release.id.name, release.id.version));
    let of = if team.registries.len() > 1 { format!(" of {}", html(&release.registry)) } else { String::new() };
    writeln!(
        out,
        "<article class=\"card {class}\"><h3><span class=\"{class}\">{word}</span> <a href=\"{}\">{name}</a>{of}</h3>\n<ul>",
        html(&path)
    )?;
    why(release, team).iter().try_for_each(|line| writeln!(out, "<li>{}</li>", html(line)))?;
    writeln!(out, "</ul>")?;
    match release.eligible_at() {
        Some(at) => writeln!(
            out,
            "<p>Eligible <time datetime=\"{}\">{}</time>.</p>",
            rfc3339(at),
            html(&eligible(team.context.now, at))
        )?,
        None => writeln!(out, "<p>Time does not lift this.</p>")?,
    }
    if let Some(asked) = &release.asked {
        writeln!(out, "<p>{}.</p>", html(&asked_words(asked)))?;
    }
    for locker in release.locked_by.iter().take(5) {
        writeln!(out, "<p>{}.</p>", html(&locker_words(locker)))?;
    }
    match &release.newest_approved {
        Some(version) => writeln!(out, "<p>Newest approved release: {}</p>", code(&version.to_string()))?,
        None => writeln!(out, "<p>No release of this crate is approved.</p>")?,
    }
    writeln!(out, "</article>")
}

fn row(release: &Release, team: &Team<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (class, word) = standing(release);
    let published = release.pubtime.map_or_else(|| "unknown".to_owned(), moment);
    let until = match (release.eligible_at(), release.is_held()) {
        (Some(at), _) => eligible(team.context.now, at),
        (None, true) => "not by time".to_owned(),
        (None, false) => "–".to_owned(),
    };
    let lines: Vec<String> = why(release, team).iter().map(|line| html(line)).collect();
    let yanked = if release.yanked { " (yanked)" } else { "" };
    writeln!(
        out,
        "<tr><td><a href=\"{}\">{}</a>{yanked}</td><td class=\"d\">{published}</td><td class=\"d {class}\">{word}</td><td>{}</td><td>{}</td></tr>",
        html(&team.release_path(&release.registry, &release.id)),
        code(&release.id.version.to_string()),
        html(&until),
        lines.join("<br>")
    )
}

fn pages(team: &Team<'_>, from: usize, all: usize, out: &mut dyn Write) -> io::Result<()> {
    let link =
        |from: usize, words: &str| format!("<li><a href=\"{}?from={from}#held\">{words}</a></li>", html(team.path));
    let before = (from > 0).then(|| link(from.saturating_sub(ON_A_PAGE), "Those before"));
    let next = (from + ON_A_PAGE < all).then(|| link(from + ON_A_PAGE, "Those after"));
    if before.is_none() && next.is_none() {
        return Ok(());
    }
    let links: Vec<String> = before.into_iter().chain(next).collect();
    writeln!(out, "<nav aria-label=\"More held releases\"><ul>{}</ul></nav>", links.join(""))
}

fn projects(overview: &Overview<'_>, out: &mut dyn Write) -> io::Result<()> {
    if overview.projects.is_empty() {
        return writeln!(
            out,
            "<p>No project has posted its lock file, so nothing that is locked is known to stay, and no fix comes early. <code>cargo sequester audit --post</code> in CI does that.</p>"
        );
    }
    table(out, "Posted lock files", None, &["Project", "Packages", "Refused", "Posted", "By"], |out| {
        overview.projects.iter().try_for_each(|project| {
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                code(&project.name),
                project.packages,
                project.refused,
                moment(project.at),
                html(project.by.as_deref().unwrap_or_default())
            )
        })
    })
}

fn checked(page: &Crate<'_>, out: &mut impl Write) -> io::Result<()> {
    let at = moment(page.checked);
    if page.stale {
        let registry = html(page.registry);
        return writeln!(out, "<p class=\"wait\">The registry {registry} is away: this is what it said at {at}.</p>");
    }
    writeln!(out, "<p class=\"soft\">As the registry {} said at {at}.</p>", html(page.registry))
}

fn ways_out(page: &Crate<'_>, release: &Release, out: &mut dyn Write) -> io::Result<()> {
    let context = page.team.context;
    if !release.is_held() && release.verdict.is_some() {
        return writeln!(out, "<p>Nothing: it is approved.</p>");
    }
    if let Some(version) = page.newest_approved {
        writeln!(out, "<p>Use {}, the newest approved release.</p>", code(&version.to_string()))?;
    }
    if let Some(at) = release.eligible_at() {
        writeln!(out, "<p>Wait: it is approved {}.</p>", html(&eligible(context.now, at)))?;
    }
    let spec = escape::shell_word(&format!("{}@{}", release.id.name, release.id.version));
    let mut reasons = release.reasons().into_iter().flatten();
    if reasons.clone().any(|reason| reason.code() == ReasonCode::Malicious) {
        return writeln!(
            out,
            "<p>It is given to nobody. Where it was built its code may have run: {} in each project finds those places.</p>",
            code(&format!("cargo sequester incident {spec}"))
        );
    }
    if release.is_held() && reasons.all(|reason| reason.code().an_approval_lifts()) {
        // What time does not lift is not approved for ever.
        let until = if release.eligible_at().is_some() { "" } else { " --until DAY" };
        writeln!(
            out,
            "<p>Or let whoever keeps the policy ({}) look at it with {}, and approve it there with {}: once that is merged, it holds here too.</p>",
            html(&context.judged_by.sentence()),
            code(&format!("cargo sequester explain {spec}")),
            code(&format!("cargo sequester approve {spec} --reason \"…\"{until}"))
        )?;
    }
    Ok(())
}

fn known(page: &Crate<'_>, release: &Release, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl>")?;
    let mut entry = |name: &str, words: &str| writeln!(out, "<dt>{name}</dt><dd>{words}</dd>");
    let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "unknown".to_owned(), moment);
    entry("Registry", &html(page.registry))?;
    entry("Published", &at(release.pubtime))?;
    entry("First seen here", &at(release.first_seen))?;
    entry("SHA-256", &code(&release.checksum.to_string()))?;
    entry("Yanked", if release.yanked { "yes, by its registry" } else { "no" })?;
    if let Some(deleted) = release.deleted {
        entry("Gone", &format!("its registry has it no more; found at {}", moment(deleted)))?;
    }
    let shown = match release.shown {
        Shown::AsItIs => "as its registry has it",
        Shown::AsYanked => "as yanked, so that nothing takes it up anew",
        Shown::LeftOut => "not at all",
    };
    entry("Shown to cargo", shown)?;
    entry("Downloads", if release.served { "given" } else { "refused" })?;
    if let Some(asked) = &release.asked {
        entry("Wanted", &html(&asked_words(asked)))?;
    }
    for locker in &release.locked_by {
        entry("Locked", &html(&locker_words(locker)))?;
    }
    writeln!(out, "</dl>")
}

fn asked_words(asked: &Asked) -> String {
    let by = asked.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let times = counted(asked.times, "time");
    if asked.times == 1 {
        return format!("Refused once{by}, at {}", moment(asked.first));
    }
    format!("Refused {times}: first{by} at {}, last at {}", moment(asked.first), moment(asked.last))
}

fn locker_words(locker: &Locker) -> String {
    let by = locker.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let standing = if locker.refused { ", which did not get it: it was not approved then" } else { "" };
    format!("Locked by {}, posted{by} at {}{standing}", locker.project, moment(locker.at))
}

fn approvals(page: &Crate<'_>, out: &mut impl Write) -> io::Result<()> {
    if page.approvals.is_empty() {
        return Ok(());
    }
    section(out, "approvals", "Approvals in the policy", |out| {
        table(out, "Approvals", None, &["Release", "Lifts", "Until", "By", "Why"], |out| {
            page.approvals.iter().try_for_each(|one| {
                let lifts: Vec<&str> = one.lifts.iter().copied().map(ReasonCode::as_str).collect();
                writeln!(
                    out,
                    "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    code(&format!("{}@{}", one.crate_name, one.version)),
                    lifts.join(", "),
                    one.until.map_or_else(|| "no end".to_owned(), |until| format!("through {until}")),
                    html(one.by.as_deref().unwrap_or_default()),
                    html(&one.reason)
                )
            })
        })
    })
}

fn about(team: &Team<'_>, out: &mut impl Write) -> io::Result<()> {
    section(out, "about", "What it was judged by", |out| {
        writeln!(out, "<ul>\n<li>at {}</li>", moment(team.context.now))?;
        writeln!(
            out,
            "<li>by {}, whose SHA-256 is {}</li>",
            html(&team.context.judged_by.sentence()),
            code(&team.policy.to_string())
        )?;
        writeln!(out, "<li>advisories: {}</li>", html(&database(team.context.advisories)))?;
        writeln!(out, "<li>by version {} of cargo-sequester</li>\n</ul>", html(team.version))
    })
}
