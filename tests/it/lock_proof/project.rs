//! Generated workspaces: a root package, two members, two packages outside, `[patch]` in both places; and how they are written.

use std::fmt::Write as _;

use camino::Utf8Path;

use super::universe::{CRATES, OTHER, Universe};
use crate::support::Dice;

#[derive(Clone, Debug, PartialEq)]
pub enum From {
    CratesIo,
    OtherByName,
    OtherByIndex,
    Path(String),
    Git(String),
}

#[derive(Clone, Debug)]
pub struct Dep {
    pub key: String,
    pub package: Option<String>,
    pub req: Option<String>,
    pub from: From,
    pub table: &'static str,
    pub target: bool,
    pub optional: bool,
    pub features: Vec<String>,
    pub default: Option<bool>,
    /// Whether it stands in `[workspace.dependencies]` and is inherited.
    pub inherited: bool,
}

#[derive(Clone, Debug)]
pub struct Package {
    /// Beside `ws`, or below it.
    pub folder: &'static str,
    pub name: String,
    pub version: String,
    pub deps: Vec<Dep>,
    pub features: Vec<(String, Vec<String>)>,
    pub links: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Project {
    /// The members first, in `ws`, `ws/m1`, `ws/m2`; then what lies outside.
    pub packages: Vec<Package>,
    /// The source's key and the entry, in the root manifest.
    pub patches: Vec<(String, Dep)>,
    /// The same in the configuration.
    pub config_patches: Vec<(String, Dep)>,
}

pub const MEMBERS: usize = 3;

impl Dep {
    pub fn on(name: &str, req: &str) -> Self {
        Self {
            key: name.to_owned(),
            package: None,
            req: Some(req.to_owned()),
            from: From::CratesIo,
            table: "dependencies",
            target: false,
            optional: false,
            features: Vec::new(),
            default: None,
            inherited: false,
        }
    }

    pub fn path(name: &str, folder: &str) -> Self {
        Self { req: None, from: From::Path(folder.to_owned()), ..Self::on(name, "") }
    }

    /// The real name.
    pub fn name(&self) -> &str {
        self.package.as_deref().unwrap_or(&self.key)
    }

    /// A crate of the universe.
    pub fn any(dice: &mut Dice) -> Self {
        let krate = dice.pick(&CRATES);
        let mut dep = Self::on(krate.name, any_req(dice, krate.versions));
        if dice.one_in(8) && ["aa", "bb"].contains(&krate.name) {
            dep.from = if dice.one_in(2) { From::OtherByName } else { From::OtherByIndex };
            dep.req = Some(String::from("1"));
        } else if !krate.features.is_empty() && dice.one_in(2) {
            dep.features.push((*dice.pick(krate.features)).to_owned());
        }
        if dice.one_in(5) {
            dep.default = Some(dice.one_in(2));
        }
        dep.table =
            ["dependencies", "dependencies", "dependencies", "dev-dependencies", "build-dependencies"][dice.roll(5)];
        dep.target = dice.one_in(5);
        dep.optional = dep.table != "dev-dependencies" && dice.one_in(4);
        if dice.one_in(6) {
            dep.package = Some(dep.key.clone());
            dep.key = format!("my-{}", dep.key);
        }
        dep.inherited = dice.one_in(4);
        dep
    }
}

/// A requirement that one of the versions satisfies, mostly.
pub fn any_req(dice: &mut Dice, versions: &[&'static str]) -> &'static str {
    let first = if versions[0].starts_with('0') {
        ["0.1", ">=0.1", "0.1.1", "*", "=0.1.0", "0.2"]
    } else {
        ["1", "^1.0", "1.0.0", "*", ">=1", "=1.0.0"]
    };
    first[dice.roll(first.len())]
}

impl Project {
    pub fn any(dice: &mut Dice) -> Self {
        let folders = [("ws", "app"), ("ws/m1", "m1"), ("ws/m2", "m2"), ("out", "out"), ("far", "far")];
        let packages = folders.map(|(folder, name)| {
            let mut package = Package {
                folder,
                name: name.to_owned(),
                version: String::from("0.1.0"),
                deps: Vec::new(),
                features: Vec::new(),
                links: None,
            };
            for _ in 0..=dice.roll(3) {
                package.add(Dep::any(dice));
            }
            package.any_features(dice);
            package
        });
        let mut project = Self { packages: packages.into(), patches: Vec::new(), config_patches: Vec::new() };
        let to = |project: &mut Self, by: usize, of: usize, dice: &mut Dice| {
            let folder = project.packages[of].folder;
            let mut dep = Dep::path(&project.packages[of].name, folder);
            if by >= MEMBERS || of >= MEMBERS {
                dep.optional = dice.one_in(4);
            }
            let named = project.packages[of].features.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            if !named.is_empty() && dice.one_in(2) {
                dep.features.push(dice.pick(&named).clone());
            }
            project.packages[by].add(dep);
        };
        to(&mut project, 0, 1, dice);
        to(&mut project, 0, 3, dice);
        to(&mut project, 3, 4, dice);
        if dice.one_in(2) {
            to(&mut project, 2, 4, dice);
        }
        if dice.one_in(3) {
            let patch = (String::from("crates-io"), Dep::path("bb", "bb-1.1.0"));
            if dice.one_in(2) { project.patches.push(patch) } else { project.config_patches.push(patch) }
        }
        project
    }

    /// Writes every manifest below `top`, and some packages for `[patch]` to take.
    pub fn write(&self, top: &Utf8Path, universe: &Universe) {
        let put = |path: &str, text: &str| {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (number, package) in self.packages.iter().enumerate() {
            let mut text = package.manifest(top, number < MEMBERS);
            if number == 0 {
                text += "\n[workspace]\nmembers = [\"m1\", \"m2\"]\nresolver = \"2\"\n";
                text += "\n[workspace.dependencies]\n";
                let members = self.packages.iter().take(MEMBERS).flat_map(|member| &member.deps);
                let mut seen: Vec<&str> = Vec::new();
                for dep in members.filter(|dep| dep.inherited) {
                    if !seen.contains(&&*dep.key) {
                        seen.push(&dep.key);
                        writeln!(text, "{} = {}", dep.key, dep.toml(top, true)).unwrap();
                    }
                }
                text += &patches(&self.patches, top);
            }
            put(&format!("{}/Cargo.toml", package.folder), &text);
            put(&format!("{}/src/lib.rs", package.folder), "");
        }
        for (name, version) in
            [("aa", "1.1.0"), ("aa", "1.9.0"), ("bb", "1.0.0"), ("bb", "1.1.0"), ("bb", "2.5.0"), ("ee", "0.1.9")]
        {
            let features = if name == "ee" { "" } else { "std = []\nextra = []\nweak = []\nstrong = []\n" };
            let text = format!(
                "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n\n[features]\n{features}\n[workspace]\n"
            );
            put(&format!("{name}-{version}/Cargo.toml"), &text);
            put(&format!("{name}-{version}/src/lib.rs"), "");
        }
        put("ws/.cargo/config.toml", &format!("{}\n{}", universe.config(), patches(&self.config_patches, top)));
    }
}

fn patches(patches: &[(String, Dep)], top: &Utf8Path) -> String {
    let mut text = String::new();
    let mut sources: Vec<&String> = patches.iter().map(|(source, _)| source).collect();
    sources.dedup();
    for source in sources {
        writeln!(text, "\n[patch.{source:?}]").unwrap();
        for (_, dep) in patches.iter().filter(|(of, _)| of == source) {
            writeln!(text, "{} = {}", dep.key, dep.toml(top, false)).unwrap();
        }
    }
    text
}

impl Package {
    /// Adds a dependency, unless its key is taken already.
    pub fn add(&mut self, dep: Dep) {
        if self.deps.iter().all(|one| one.key != dep.key) {
            self.deps.push(dep);
        }
    }

    pub fn any_features(&mut self, dice: &mut Dice) {
        let optional: Vec<String> = self.deps.iter().filter(|dep| dep.optional).map(|dep| dep.key.clone()).collect();
        for key in optional {
            let of = CRATES.iter().find(|one| key.ends_with(one.name)).map_or(&[][..], |one| one.features);
            let feature = if of.is_empty() { "std" } else { of[dice.roll(of.len())] };
            let value = match dice.roll(4) {
                0 => format!("dep:{key}"),
                1 if !of.is_empty() => format!("{key}/{feature}"),
                2 if !of.is_empty() => format!("{key}?/{feature}"),
                _ => key.clone(),
            };
            self.features.push((format!("with-{key}"), vec![value]));
        }
        if dice.one_in(3) {
            let all = self.features.iter().map(|(name, _)| name.clone()).take(1).collect();
            self.features.push((String::from("default"), all));
        }
    }

    fn manifest(&self, top: &Utf8Path, member: bool) -> String {
        let mut text = format!("[package]\nname = {:?}\nversion = {:?}\nedition = \"2021\"\n", self.name, self.version);
        if let Some(links) = &self.links {
            writeln!(text, "links = {links:?}\nbuild = \"src/lib.rs\"").unwrap();
        }
        text += "\n[features]\n";
        for (name, values) in &self.features {
            writeln!(text, "{name} = {values:?}").unwrap();
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for target in [false, true] {
                let prefix = if target { "target.'cfg(windows)'." } else { "" };
                writeln!(text, "\n[{prefix}{table}]").unwrap();
                for dep in self.deps.iter().filter(|dep| dep.table == table && dep.target == target) {
                    let inherited = dep.inherited && member;
                    let value = if inherited { dep.inheriting() } else { dep.toml(top, false) };
                    writeln!(text, "{} = {value}", dep.key).unwrap();
                }
            }
        }
        if !member {
            text += "\n[workspace]\n";
        }
        text
    }
}

impl Dep {
    fn inheriting(&self) -> String {
        let mut parts = vec![String::from("workspace = true")];
        if self.optional {
            parts.push(String::from("optional = true"));
        }
        if self.default == Some(true) {
            parts.push(String::from("default-features = true"));
        }
        if !self.features.is_empty() {
            parts.push(format!("features = {:?}", self.features));
        }
        format!("{{ {} }}", parts.join(", "))
    }

    fn toml(&self, top: &Utf8Path, shared: bool) -> String {
        let mut parts = Vec::new();
        if let Some(req) = &self.req {
            parts.push(format!("version = {req:?}"));
        }
        parts.extend(match &self.from {
            From::CratesIo => None,
            From::OtherByName => Some(String::from("registry = \"other\"")),
            From::OtherByIndex => Some(format!("registry-index = {OTHER:?}")),
            From::Path(folder) => Some(format!("path = \"{}\"", top.join(folder))),
            From::Git(url) => Some(format!("git = {url:?}")),
        });
        parts.extend(self.package.as_ref().map(|name| format!("package = {name:?}")));
        parts.extend(self.default.map(|on| format!("default-features = {on}")));
        if !shared {
            if self.optional {
                parts.push(String::from("optional = true"));
            }
            if !self.features.is_empty() {
                parts.push(format!("features = {:?}", self.features));
            }
        }
        format!("{{ {} }}", parts.join(", "))
    }
}
