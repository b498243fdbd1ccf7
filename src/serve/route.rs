//! What a path asks for. Nothing is decoded and nothing normalised: a path that is not spelled as this server spells it leads nowhere.

use semver::Version;

use crate::model::checksum::Checksum;
use crate::registry::crate_of;

/// The longest path that is looked at.
const LONGEST: usize = 512;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    /// Whether the process lives.
    Health,
    /// Whether it can serve.
    Ready,
    /// Counters, for a machine.
    Metrics,
    /// Something of one team.
    Team(&'p str, Inside<'p>),
}

/// Below a team's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inside<'p> {
    /// A registry's `config.json`.
    Config { registry: &'p str },
    /// A crate's index file; the name is in lower case.
    Index { registry: &'p str, name: &'p str },
    /// A `.crate` file.
    Download { registry: &'p str, name: &'p str, version: Version, checksum: Checksum },
    /// The lock file of a project.
    Lock { project: &'p str },
    /// Pages for people: the parts of the path behind the team.
    Page(Vec<&'p str>),
    /// The same for machines: the parts behind `/TEAM/api/v1/`.
    Api(Vec<&'p str>),
}

impl<'p> Route<'p> {
    /// What a path asks for; `None` where it leads nowhere. `registries` are the names that stand for one.
    pub(crate) fn of(path: &'p str, is_registry: impl Fn(&str) -> bool) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./+~".contains(&byte);
        if path.len() > LONGEST || !path.bytes().all(plain) {
            return None;
        }
        let mut parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        // A folder's path may end in a slash.
        if parts.len() > 1 && parts.last() == Some(&"") {
            parts.pop();
        }
        if parts.iter().any(|part| part.is_empty() || *part == "." || *part == "..") {
            return None;
        }
        Some(match &parts[..] {
            ["health"] => Self::Health,
            ["ready"] => Self::Ready,
            ["metrics"] => Self::Metrics,
            [team, "locks"] => Self::Team(team, Inside::Lock { project: "default" }),
            [team, "locks", project] => Self::Team(team, Inside::Lock { project }),
            [team, "api", "v1", rest @ ..] => Self::Team(team, Inside::Api(rest.to_vec())),
            [team, registry, "config.json"] if is_registry(registry) => Self::Team(team, Inside::Config { registry }),
            [team, registry, "crates", name, version, checksum] if is_registry(registry) => {
                let (version, checksum) = (version.parse().ok()?, checksum.parse().ok()?);
                Self::Team(team, Inside::Download { registry, name: crate_name(name)?, version, checksum })
            }
            [team, registry, ..] if is_registry(registry) => {
                let file = path.get(team.len() + registry.len() + 3..)?;
                Self::Team(team, Inside::Index { registry, name: crate_of(file)? })
            }
            [team, rest @ ..] => Self::Team(team, Inside::Page(rest.to_vec())),
            [] => return None,
        })
    }
}

/// A name that a crate can have.
fn crate_name(name: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    ((1..=128).contains(&name.len()) && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{Inside, Route};

    fn of(path: &str) -> Option<Route<'_>> {
        Route::of(path, |name| name == "crates-io" || name == "corp")
    }

    #[test]
    fn each_path_has_one_meaning() {
        let checksum = "0".repeat(64);
        let download = format!("/a/corp/crates/Foo-Bar/1.0.0-rc.1+b/{checksum}");
        let Ok(digest) = checksum.parse() else { panic!("a checksum") };
        let inside = |inside| Some(Route::Team("a", inside));
        assert_eq!(of("/health"), Some(Route::Health));
        assert_eq!(of("/a/crates-io/config.json"), inside(Inside::Config { registry: "crates-io" }));
        assert_eq!(of("/a/corp/se/rd/serde"), inside(Inside::Index { registry: "corp", name: "serde" }));
        assert_eq!(of("/a/corp/cr/at/crates"), inside(Inside::Index { registry: "corp", name: "crates" }));
        assert_eq!(
            of(&download),
            inside(Inside::Download {
                registry: "corp",
                name: "Foo-Bar",
                version: "1.0.0-rc.1+b".parse().unwrap_or_else(|_| semver::Version::new(0, 0, 0)),
                checksum: digest,
            })
        );
        assert_eq!(of("/a/locks"), inside(Inside::Lock { project: "default" }));
        assert_eq!(of("/a/locks/app"), inside(Inside::Lock { project: "app" }));
        assert_eq!(of("/a"), inside(Inside::Page(vec![])));
        assert_eq!(of("/a/"), inside(Inside::Page(vec![])));
        assert_eq!(of("/a/api/v1/held"), inside(Inside::Api(vec!["held"])));
        for nowhere in [
            "",
            "a",
            "//a",
            "/a//corp/config.json",
            "/a/../b/config.json",
            "/a/%2e%2e/b",
            "/a/corp/se/rd/serde%2f",
            "/a/corp/se/rd/Serde",
            "/a/corp/se/rd/tokio",
            "/a/corp/se/rd/s\u{e9}rde",
            "/a/corp/crates/foo/1.0.0/abc",
            "/a/corp/crates/foo/one/0",
            "/a/corp/..",
            "/a\\b",
            "/a/b?c",
        ] {
            assert_eq!(of(nowhere), None, "{nowhere}");
        }
        assert_eq!(of(&format!("/a/{}", "x".repeat(600))), None);
    }
}
