//! One line of an index file: one release, as cargo's registry index format (RFC 2141, RFC 3143, RFC 3923) writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::checksum::Checksum;

/// The highest `v` of an index line that cargo 1.95 and this tool read.
pub(crate) const MAX_LINE_VERSION: u32 = 2;

/// When a release was published, as its index line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pubtime {
    /// In the only form that registries write: `YYYY-MM-DDThh:mm:ssZ`.
    Known(Timestamp),
    /// The line has no `pubtime`.
    Absent,
    /// A text in another form; another spelling of a moment is refused rather than guessed at.
    Malformed(Box<str>),
}

/// What decides about a release without its dependencies: cheap to read for every line of a large index file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The exact version.
    pub version: Version,
    /// When it was published.
    pub pubtime: Pubtime,
    /// Withdrawn by its owners from new resolution.
    pub yanked: bool,
    /// The `.crate` file's digest.
    pub checksum: Checksum,
}

/// One release with everything that its line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Version, pubtime, yanked, checksum.
    pub outline: Outline,
    /// Its dependencies, in the line's order.
    pub dependencies: Vec<Requirement>,
    /// `features` and `features2` together, as cargo joins them.
    pub features: BTreeMap<String, Vec<String>>,
    /// The native library that it links, if any.
    pub links: Option<String>,
    /// The oldest Rust that builds it, where it says so in a way that can be read.
    pub rust_version: Option<Version>,
}

/// What one package asks of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The crate's real name, also where the manifest renames it.
    pub name: Arc<str>,
    /// The name that the manifest gives it, where that differs.
    pub renamed: Option<String>,
    /// The accepted versions.
    pub req: VersionReq,
    /// The index address of its registry; `None` for the registry of the package that asks.
    pub registry: Option<String>,
    /// `normal`, `build` or `dev`.
    pub kind: DependencyKind,
    /// Whether a feature must turn it on.
    pub optional: bool,
    /// The features that are asked for.
    pub features: Vec<String>,
    /// Whether the default features are asked for.
    pub default_features: bool,
    /// The platform that it is limited to: a target triple or a `cfg(…)`.
    pub target: Option<String>,
}

/// When a dependency is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyKind {
    /// To build and run.
    #[default]
    Normal,
    /// For the build script.
    Build,
    /// For tests, benches and examples.
    Dev,
}

names!(DependencyKind read { Normal => "normal", Build => "build", Dev => "dev" });

/// Why a line says nothing that may be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not JSON, or JSON of another shape.
    #[error("the index line cannot be read: {0}")]
    Malformed(Box<str>),
    /// A `v` that only a newer cargo understands.
    #[error("the index line has version {0} of its format, which is not supported")]
    Unsupported(u32),
    /// The line is about another crate, or spells this one otherwise.
    #[error("the index line names `{0}` instead")]
    WrongName(Box<str>),
    /// The line is about another version than the one that cargo's cache files it under.
    #[error("the index line names version `{0}` instead")]
    WrongVersion(Box<str>),
    /// Two lines for one version that differ.
    #[error("the index has two different lines for this version")]
    Ambiguous,
}

/// The key by which a registry that shows a release as yanked, because it is held, says what its own registry says of the yank.
#[cfg(feature = "serve")]
pub(crate) const UPSTREAM_YANKED: &str = "yanked-upstream";

#[derive(Deserialize)]
struct RawOutline<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    vers: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    cksum: std::borrow::Cow<'a, str>,
    #[serde(default)]
    yanked: Option<bool>,
    /// [`UPSTREAM_YANKED`].
    #[serde(default, rename = "yanked-upstream")]
    upstream_yanked: Option<bool>,
    #[serde(borrow, default)]
    pubtime: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    v: Option<u32>,
}

#[derive(Deserialize)]
struct RawRest {
    #[serde(default)]
    deps: Vec<RawDependency>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    features2: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    links: Option<String>,
    /// Of whatever shape: nothing is decided by it.
    #[serde(default)]
    rust_version: serde_json::Value,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    req: VersionReq,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "default_features")]
    default_features: bool,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    registry: Option<String>,
    #[serde(default)]
    package: Option<String>,
}

const fn default_features() -> bool {
    true
}

impl Outline {
    /// Reads what decides about the release on this line of the index file of the crate `name`.
    ///
    /// # Errors
    /// Anything that [`LineError`] names.
    pub fn parse(name: &str, line: &[u8]) -> Result<Self, LineError> {
        let raw: RawOutline<'_> = match serde_json::from_slice(line) {
            Ok(raw) => raw,
            // A newer format may have another shape: its number says more than what it lacks.
            Err(error) => return Err(unsupported(line).unwrap_or_else(|| malformed(&error))),
        };
        if let Some(version) = raw.v.filter(|version| *version > MAX_LINE_VERSION) {
            return Err(LineError::Unsupported(version));
        }
        if raw.name != name {
            return Err(LineError::WrongName(raw.name.into()));
        }
        Ok(Self {
            version: raw.vers.parse().map_err(|error: semver::Error| malformed(&error))?,
            pubtime: raw.pubtime.map_or(Pubtime::Absent, |text| Pubtime::parse(&text)),
            yanked: raw.upstream_yanked.or(raw.yanked).unwrap_or(false),
            checksum: raw.cksum.parse().map_err(|error: super::checksum::ChecksumError| malformed(&error))?,
        })
    }
}

impl Release {
    /// Reads a whole line of the index file of the crate `name`.
    ///
    /// # Errors
    /// Anything that [`LineError`] names.
    pub fn parse(name: &str, line: &[u8]) -> Result<Self, LineError> {
        let outline = Outline::parse(name, line)?;
        let raw: RawRest = serde_json::from_slice(line).map_err(|error| malformed(&error))?;
        let mut features = raw.features;
        for (name, values) in raw.features2.unwrap_or_default() {
            features.entry(name).or_default().extend(values);
        }
        let dependencies = raw.deps.into_iter().map(Requirement::from).collect();
        Ok(Self { outline, dependencies, features, links: raw.links, rust_version: rust_version(&raw.rust_version) })
    }
}

/// The digest of what a resolver reads of a line beside its version: what it asks of others but for tests, features, and what it links. It is
/// the same however the line orders and spells that, and whatever else it says; `None` where it cannot be read.
#[cfg(feature = "serve")]
pub(crate) fn resolution_digest(name: &str, line: &[u8]) -> Option<Checksum> {
    use std::collections::BTreeSet;

    use sha2::{Digest as _, Sha256};

    let release = Release::parse(name, line).ok()?;
    let asked = release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev);
    let asked: BTreeSet<_> = asked
        .map(|one| {
            let features: BTreeSet<&str> = one.features.iter().map(String::as_str).collect();
            let what = (&*one.name, one.renamed.as_deref().unwrap_or(&one.name), one.req.to_string());
            (what, &one.registry, one.kind.as_str(), one.optional, one.default_features, &one.target, features)
        })
        .collect();
    let features: BTreeMap<&str, BTreeSet<&str>> =
        release.features.iter().map(|(name, values)| (&**name, values.iter().map(String::as_str).collect())).collect();
    let text = serde_json::to_vec(&(asked, features, &release.links)).ok()?;
    Some(Checksum::from_bytes(Sha256::digest(text).into()))
}

/// `1.85` and `1.85.1`, and `1`.
fn rust_version(value: &serde_json::Value) -> Option<Version> {
    let text = value.as_str()?;
    let mut numbers = text.split('.').map(|part| part.parse::<u64>().ok());
    let version =
        Version::new(numbers.next()??, numbers.next().unwrap_or(Some(0))?, numbers.next().unwrap_or(Some(0))?);
    numbers.next().is_none().then_some(version)
}

impl From<RawDependency> for Requirement {
    fn from(raw: RawDependency) -> Self {
        let (name, renamed) = match raw.package {
            Some(package) => (package, Some(raw.name)),
            None => (raw.name, None),
        };
        Self {
            name: name.into(),
            renamed,
            req: raw.req,
            registry: raw.registry,
            // As in cargo, an unknown kind is a normal dependency: the reading that leaves nothing out.
            kind: raw.kind.as_deref().and_then(DependencyKind::named).unwrap_or_default(),
            optional: raw.optional,
            features: raw.features,
            default_features: raw.default_features,
            target: raw.target,
        }
    }
}

impl Pubtime {
    /// The moment, where one is known.
    #[must_use]
    pub const fn known(&self) -> Option<Timestamp> {
        match self {
            Self::Known(moment) => Some(*moment),
            Self::Absent | Self::Malformed(_) => None,
        }
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ`, each digit in its place: what cargo writes and reads (`pubtime` of its `IndexPackage`).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let canonical = text.len() == 20
            && text.bytes().zip(b"0000-00-00T00:00:00Z").all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == *other,
            })
            && !text.starts_with("0000")
            // A leap second would be read as the second before: a spelling that two readers take for two moments.
            && !text.ends_with(":60Z");
        match text.parse() {
            Ok(moment) if canonical => Self::Known(moment),
            _ => Self::Malformed(text.into()),
        }
    }
}

/// The same line with its release yanked or not: cargo leaves a yanked release where its lock file has it, and takes it for nothing new. Every
/// other byte stays. `None` for what is no object, or says twice whether it is yanked.
#[must_use]
pub(crate) fn with_yanked(line: &[u8], yanked: bool) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow, default, deserialize_with = "as_written")]
        yanked: Option<&'a RawValue>,
    }
    // `null` is a value like any other.
    fn as_written<'a, D: Deserializer<'a>>(value: D) -> Result<Option<&'a RawValue>, D::Error> {
        <&RawValue>::deserialize(value).map(Some)
    }
    let text = std::str::from_utf8(line).ok()?;
    let said: Said<'_> = serde_json::from_str(text).ok()?;
    if let Some(value) = said.yanked {
        return replaced(text, value, &yanked.to_string());
    }
    let (before, after) = text.split_once('{')?;
    let comma = if after.trim_start().starts_with('}') { "" } else { "," };
    Some(format!("{before}{{\"yanked\":{yanked}{comma}{after}").into_bytes())
}

/// The same line with another checksum: cargo leaves a release where its lock file has it only with the checksum that it has there. Every
/// other byte stays. `None` for what is no object with one checksum.
#[must_use]
pub(crate) fn with_checksum(line: &[u8], checksum: &str) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        cksum: &'a RawValue,
    }
    let text = std::str::from_utf8(line).ok()?;
    let said: Said<'_> = serde_json::from_str(text).ok()?;
    replaced(text, said.cksum, &serde_json::Value::from(checksum).to_string())
}

/// The text with something else in the place of a value, which is a part of it.
fn replaced(text: &str, value: &RawValue, by: &str) -> Option<Vec<u8>> {
    let start = value.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let (before, after) = (text.get(..start)?, text.get(start + value.get().len()..)?);
    Some(format!("{before}{by}{after}").into_bytes())
}

fn unsupported(line: &[u8]) -> Option<LineError> {
    #[derive(Deserialize)]
    struct Format {
        v: u32,
    }
    let version = serde_json::from_slice::<Format>(line).ok()?.v;
    (version > MAX_LINE_VERSION).then_some(LineError::Unsupported(version))
}

fn malformed(error: &impl ToString) -> LineError {
    LineError::Malformed(error.to_string().into())
}

/// The path of a crate's index file, as in every index of cargo's: by the first letters, in lower case.
#[must_use]
pub(crate) fn index_path(name: &str) -> String {
    let name = name.to_lowercase();
    let letters = |from: usize, to: usize| name.chars().skip(from).take(to - from).collect::<String>();
    match name.chars().count() {
        short @ (0..=2) => format!("{short}/{name}"),
        3 => format!("3/{}/{name}", letters(0, 1)),
        _ => format!("{}/{}/{name}", letters(0, 2), letters(2, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::{with_checksum, with_yanked};

    #[test]
    fn only_the_checksum_changes() {
        let with =
            |line: &str| with_checksum(line.as_bytes(), "\"0").map(|line| String::from_utf8_lossy(&line).into_owned());
        let line = r#"{"name":"a","deps":[{"cksum":"1"}],"cksum": "1","v":2}"#;
        assert_eq!(with(line).as_deref(), Some(r#"{"name":"a","deps":[{"cksum":"1"}],"cksum": "\"0","v":2}"#));
        for none in [r#"{"name":"a"}"#, r#"{"cksum":"1","cksum":"1"}"#, "[]"] {
            assert_eq!(with(none), None, "{none}");
        }
    }

    #[test]
    fn only_the_yank_changes() {
        let with = |line: &str, yanked| {
            with_yanked(line.as_bytes(), yanked).map(|line| String::from_utf8_lossy(&line).into_owned())
        };
        for (line, expected) in [
            (r#"{"name":"a","yanked":false,"v":2}"#, Some(r#"{"name":"a","yanked":true,"v":2}"#)),
            (r#"{"name":"a","yanked": null }"#, Some(r#"{"name":"a","yanked": true }"#)),
            (r#"{"yank\u0065d":false}"#, Some(r#"{"yank\u0065d":true}"#)),
            (
                r#"{"name":"\"yanked\":false","features":{"yanked":[]}}"#,
                Some(r#"{"yanked":true,"name":"\"yanked\":false","features":{"yanked":[]}}"#),
            ),
            ("{ }", Some(r#"{"yanked":true }"#)),
            (r#"{"yanked":true}"#, Some(r#"{"yanked":true}"#)),
            (r#"{"yanked":false,"yanked":false}"#, None),
            ("[]", None),
            ("\"{\"", None),
        ] {
            assert_eq!(with(line, true).as_deref(), expected, "{line}");
        }
        assert_eq!(with(r#"{"yanked": true,"v":2}"#, false).as_deref(), Some(r#"{"yanked": false,"v":2}"#));
    }
}
