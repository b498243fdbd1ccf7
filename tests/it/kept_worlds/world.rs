//! Small worlds in which something that is locked is not approved: a few crates, releases that came before and after the lock file was
//! written, young ones and old ones, yanks and advisories. What is admitted is said here in the words of the policy's documentation.

use std::fmt;

use crate::support::{Advisory, AdvisoryFolder, Dice, Package, Project, TestRegistry};

/// The moment of every run.
pub const NOW: &str = "2026-01-15T00:00:00Z";
const OLD: &str = "2025-06-01T00:00:00Z";
/// Two days old.
const FRESH: &str = "2026-01-13T00:00:00Z";

/// Each may depend on those behind it.
const NAMES: [&str; 5] = ["aa", "bb", "cc", "dd", "ee"];
const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "1.1.1", "1.2.0", "2.0.0"];

/// One release of the index.
#[derive(Clone, Debug)]
pub struct Release {
    pub name: &'static str,
    pub version: &'static str,
    fresh: bool,
    /// It was published after the lock file was written.
    late: bool,
    /// It was yanked after that.
    yanked: bool,
    deps: Vec<(&'static str, String)>,
}

/// One advisory.
#[derive(Clone, Debug)]
struct Advised {
    name: &'static str,
    /// The first release without the flaw.
    patched: Option<&'static str>,
    malicious: bool,
}

/// A world.
#[derive(Clone, Debug)]
pub struct World {
    pub releases: Vec<Release>,
    advised: Vec<Advised>,
    /// What the manifest asks for.
    asked: Vec<(&'static str, String)>,
}

impl World {
    /// Any world.
    pub fn any(dice: &mut Dice) -> Self {
        let mut releases: Vec<Release> = Vec::new();
        // What others depend on comes first, so that there is something to ask for.
        for (at, name) in NAMES.iter().copied().enumerate().rev() {
            let versions: Vec<&str> = VERSIONS.iter().copied().filter(|_| !dice.one_in(4)).collect();
            let early = 1 + dice.roll(versions.len().max(1));
            for (position, version) in versions.into_iter().enumerate() {
                let late = position >= early;
                let mut deps = Vec::new();
                for other in &NAMES[at + 1..] {
                    if dice.one_in(3) {
                        deps.extend(requirement(dice, &releases, other, version, late).map(|req| (*other, req)));
                    }
                }
                let fresh = position > 0 && dice.one_in(if late { 3 } else { 2 });
                releases.push(Release { name, version, fresh, late, yanked: !late && dice.one_in(8), deps });
            }
        }
        let mut advised = Vec::new();
        for name in NAMES {
            if dice.one_in(4) {
                let patched = (!dice.one_in(3)).then(|| *dice.pick(&VERSIONS[1..]));
                advised.push(Advised { name, patched, malicious: dice.one_in(8) });
            }
        }
        let mut asked: Vec<(&'static str, String)> = Vec::new();
        for name in NAMES {
            if name == NAMES[0] || dice.one_in(3) {
                asked.extend(requirement(dice, &releases, name, VERSIONS[0], false).map(|req| (name, req)));
            }
        }
        Self { releases, advised, asked }
    }

    /// Publishes what came before the lock file was written, or all of it as it is now.
    pub fn publish(&self, registry: &TestRegistry, all: bool) {
        for release in self.releases.iter().filter(|release| all || !release.late) {
            let mut package =
                Package::new(release.name, release.version).pubtime(if release.fresh { FRESH } else { OLD });
            for (name, req) in &release.deps {
                package = package.dep(name, req);
            }
            if all && release.yanked {
                package = package.yanked();
            }
            package.publish(registry);
        }
    }

    /// The advisories.
    pub fn advisories(&self) -> AdvisoryFolder {
        // A database without any advisory cannot say how old it is.
        let folder = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "elsewhere"));
        for (number, advised) in self.advised.iter().enumerate() {
            let mut advisory = Advisory::new(&format!("RUSTSEC-2025-9{number:03}"), advised.name).date("2025-07-01");
            if let Some(version) = advised.patched {
                advisory = advisory.patched(&format!(">= {version}"));
            }
            folder.add(&if advised.malicious { advisory.malicious() } else { advisory });
        }
        folder
    }

    /// The project that asks for some of it. A security fix has no way of its own here: other worlds are about that.
    pub fn project(&self, registry: &TestRegistry) -> Project {
        let mirror = registry.url();
        let policy = format!(
            "[sources]\nmirrors = [\"{mirror}\"]\n\n[quarantine.security-fix]\nenabled = false\n\n\
             [advisories]\nmax-copy-age = \"9000 days\"\n"
        );
        let project = Project::new().crates_io(registry).policy(&policy);
        self.asked.iter().fold(project, |project, (name, req)| project.dep(name, req))
    }

    fn hits<'w>(&'w self, release: &'w Release) -> impl Iterator<Item = &'w Advised> {
        let of_it = self.advised.iter().filter(move |advised| advised.name == release.name);
        // The versions are in their order as text, too.
        of_it.filter(move |advised| advised.patched.is_none_or(|patched| release.version < patched))
    }

    /// Whether the policy approves a release: a week old, and without an advisory.
    pub fn admits(&self, release: &Release) -> bool {
        !release.fresh && self.hits(release).next().is_none()
    }

    /// Whether a release is one that cargo may be shown and take for something new.
    pub fn offers(&self, release: &Release) -> bool {
        self.admits(release) && !release.yanked
    }

    /// Whether a locked release may be let stay: cargo would move away from it, and it does no harm.
    pub fn may_stay(&self, release: &Release) -> bool {
        !self.offers(release) && !self.hits(release).any(|advised| advised.malicious)
    }

    /// The release of this version.
    #[track_caller]
    pub fn release(&self, name: &str, version: &str) -> &Release {
        self.releases.iter().find(|release| release.name == name && release.version == version).unwrap()
    }
}

impl fmt::Display for World {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, req) in &self.asked {
            writeln!(to, "app: {name} {req}")?;
        }
        for Release { name, version, fresh, late, yanked, deps } in &self.releases {
            let marks = [(*fresh, " fresh"), (*late, " late"), (*yanked, " yanked")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            let deps: Vec<String> = deps.iter().map(|(name, req)| format!("{name} {req}")).collect();
            writeln!(to, "{name} {version}{marks}: {}", deps.join(", "))?;
        }
        for Advised { name, patched, malicious } in &self.advised {
            writeln!(to, "advisory: {name}, malicious {malicious}, patched {patched:?}")?;
        }
        Ok(())
    }
}

/// A requirement that some release of `name` meets; what is published before the lock file asks for what was there then. A release now and
/// then asks for exactly the release of its own number.
fn requirement(dice: &mut Dice, releases: &[Release], name: &str, own: &str, late: bool) -> Option<String> {
    let there = releases.iter().filter(|release| release.name == name && (late || !release.late));
    let versions: Vec<&str> = there.map(|release| release.version).collect();
    if versions.is_empty() {
        return None;
    }
    let version = *dice.pick(&versions);
    Some(match dice.roll(6) {
        0 if versions.contains(&own) => format!("={own}"),
        0 | 1 => format!("={version}"),
        2 => format!("~{version}"),
        3 => String::from(">=1"),
        _ => format!("^{version}"),
    })
}
