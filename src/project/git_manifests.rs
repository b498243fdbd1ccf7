//! What packages from git say of themselves: their manifests, as cargo's own copy of the repository has them under the locked commit. A
//! repository of which no copy is at hand says nothing.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use crate::archive::VerifiedManifest;
use crate::gather::environment::Environment;
use crate::gather::git::{self, Reach};
use crate::gather::manifest::MAX_BYTES;
use crate::model::bom::PackageFile;
use crate::model::index_line::DependencyKind;
use crate::model::manifest::OwnDependency;
use crate::model::package::{Package, PackageId};
use crate::model::source::Source;
use crate::policy::bom::Content;

/// The most bytes of a list of files, or of all manifests of a repository together.
const MOST: u64 = 64 << 20;
/// The most manifests that are looked at; the largest workspaces have a few hundred.
const MANIFESTS: usize = 5000;
/// The tables of a manifest that ask for packages.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What is inside a package, and what it asks for.
pub(super) type FromGit = (Content, Vec<OwnDependency>);

/// Reads the manifests of the packages that come from git, by their positions.
pub(super) fn read(packages: &[Package], cargo_home: &Utf8Path, environment: &Environment) -> BTreeMap<usize, FromGit> {
    let mut by_commit: BTreeMap<(&str, &str), Vec<(usize, &PackageId)>> = BTreeMap::new();
    for (at, package) in packages.iter().enumerate() {
        let Source::Git(source) = &package.id.source else { continue };
        if let Some(commit) = source.commit.as_deref().filter(|commit| is_object(commit)) {
            by_commit.entry((&source.url, commit)).or_default().push((at, &package.id));
        }
    }
    let mut found = BTreeMap::new();
    for ((url, commit), wanted) in by_commit {
        let copies = copies(cargo_home, url);
        let Some(tree) = copies.iter().find_map(|folder| Tree::read(folder, commit, environment)) else { continue };
        for (at, id) in wanted {
            found.extend(tree.package(id).map(|one| (at, one)));
        }
    }
    found
}

fn is_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The folders in which cargo may keep this repository: their names begin with the last word of its address.
fn copies(cargo_home: &Utf8Path, url: &str) -> Vec<Utf8PathBuf> {
    let word = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git");
    let begin = format!("{}-", word.to_ascii_lowercase());
    let Ok(entries) = cargo_home.join("git/db").read_dir_utf8() else { return Vec::new() };
    let named = entries.flatten().filter(|entry| entry.file_name().to_ascii_lowercase().starts_with(&begin));
    let mut folders: Vec<Utf8PathBuf> = named.map(|entry| entry.path().to_owned()).collect();
    folders.sort();
    folders
}

/// The files of a commit, and the manifests among them.
struct Tree {
    paths: Vec<String>,
    /// By the folders in which they lie.
    manifests: BTreeMap<String, (Vec<u8>, Table)>,
}

impl Tree {
    fn read(folder: &Utf8Path, commit: &str, environment: &Environment) -> Option<Self> {
        let git = |words: &[&str], input: Vec<u8>| {
            let mut command = git::command(environment, Reach::Sealed);
            command.arg("--git-dir").arg(folder).args(words);
            git::run(command, input, MOST).ok().filter(|answer| answer.status.success()).map(|answer| answer.stdout)
        };
        let listed = git(&["ls-tree", "-r", "-z", "--full-tree", commit], Vec::new())?;
        let listed = String::from_utf8(listed).ok()?;
        // `100644 blob ID<tab>PATH`; links and submodules are no files.
        let files = listed.split('\0').filter_map(|line| {
            let (kind, path) = line.split_once('\t')?;
            let object = kind.strip_prefix("100644 blob ").or_else(|| kind.strip_prefix("100755 blob "))?;
            Some((object.to_owned(), path.to_owned()))
        });
        let files: Vec<(String, String)> = files.collect();
        let manifests: Vec<&(String, String)> =
            files.iter().filter(|(_, path)| path.rsplit('/').next() == Some("Cargo.toml")).take(MANIFESTS).collect();
        let asked: Vec<&str> = manifests.iter().flat_map(|(object, _)| [object, "\n"]).collect();
        let answer = git(&["cat-file", "--batch"], asked.concat().into_bytes())?;
        let mut rest = answer.as_slice();
        let mut read = BTreeMap::new();
        for (_, path) in &manifests {
            let bytes = object(&mut rest)?;
            let table = str::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= MAX_BYTES);
            if let Some(table) = table.and_then(|text| text.parse::<Table>().ok()) {
                let folder = path.strip_suffix("Cargo.toml").unwrap_or_default().trim_end_matches('/').to_owned();
                read.insert(folder, (bytes.to_vec(), table));
            }
        }
        Some(Self { paths: files.into_iter().map(|(_, path)| path).collect(), manifests: read })
    }

    /// The one package of this name and version.
    fn package(&self, id: &PackageId) -> Option<FromGit> {
        let mut found = self.manifests.iter().filter_map(|(folder, (bytes, table))| {
            let name = table.get("package")?.get("name")?.as_str()?;
            if name != &*id.name {
                return None;
            }
            let whole = toml::to_string(&self.whole(folder, table)).ok()?;
            let manifest = VerifiedManifest::of_vendored(whole.as_bytes(), id).ok()?;
            let mut about = manifest.about().clone();
            about.program = table.contains_key("bin") || self.has_program(folder);
            // Cargo builds no tests of packages that are not the project's own.
            let asks = manifest.requirements().iter().filter(|one| one.kind != DependencyKind::Dev);
            let asks = asks.map(|one| OwnDependency {
                name: one.name.clone(),
                req: one.req.clone(),
                kind: one.kind,
                target: one.target.clone(),
                optional: one.optional,
                from_registry: true,
            });
            let file = PackageFile::manifest(bytes.clone());
            Some((Content { about, statement: None, sha512: None, manifest: Some(file) }, asks.collect()))
        });
        // Of two that are called the same, nobody knows which is meant.
        found.next().filter(|_| found.next().is_none())
    }

    fn has_program(&self, folder: &str) -> bool {
        let begin = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.paths.iter().filter_map(|path| path.strip_prefix(&begin));
        below.into_iter().any(|path| path == "src/main.rs" || path.starts_with("src/bin/"))
    }

    /// A manifest with what it takes over from its workspace, and a version for whatever it asks for.
    fn whole(&self, folder: &str, table: &Table) -> Table {
        let workspace = self.workspace_of(folder);
        let of_workspace = |key: &str| workspace.and_then(|workspace| workspace.get(key)).and_then(Value::as_table);
        let mut whole = table.clone();
        if let Some(package) = whole.get_mut("package").and_then(Value::as_table_mut) {
            let given = of_workspace("package");
            let taken: Vec<String> =
                package.iter().filter(|(_, value)| is_taken_over(value)).map(|(key, _)| key.clone()).collect();
            for key in taken {
                package.remove(&key);
                package.extend(given.and_then(|given| given.get(&key)).map(|value| (key.clone(), value.clone())));
            }
        }
        let given = of_workspace("dependencies");
        complete(&mut whole, given);
        for (_, tables) in whole.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
            if let Some(tables) = tables.as_table_mut() {
                complete(tables, given);
            }
        }
        whole
    }

    /// The `[workspace]` of the nearest manifest that has one, from the package's own upward.
    fn workspace_of(&self, folder: &str) -> Option<&Table> {
        let above = std::iter::successors(Some(folder), |folder| {
            (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
        });
        above
            .filter_map(|folder| self.manifests.get(folder))
            .find_map(|(_, table)| table.get("workspace").and_then(Value::as_table))
    }
}

/// The next object of what `git cat-file --batch` wrote: `ID TYPE SIZE`, its bytes, and a line end.
fn object<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, behind) = rest.split_at(end);
    let size: usize = str::from_utf8(head).ok()?.rsplit_once(' ')?.1.parse().ok()?;
    let bytes = behind.get(1..)?.get(..size)?;
    *rest = behind.get(size.checked_add(2)?..)?;
    Some(bytes)
}

fn is_taken_over(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Gives each dependency what the workspace says of it, and where nobody says a version, any.
fn complete(tables: &mut Table, given: Option<&Table>) {
    for kind in KINDS {
        for (name, value) in tables.get_mut(kind).and_then(Value::as_table_mut).into_iter().flatten() {
            let mut whole = match value {
                Value::Table(own) if is_taken_over(&Value::Table(own.clone())) => {
                    let mut whole = match given.and_then(|given| given.get(name)) {
                        Some(Value::Table(given)) => given.clone(),
                        Some(version) => Table::from_iter([("version".to_owned(), version.clone())]),
                        None => Table::new(),
                    };
                    whole.extend(own.get("optional").map(|optional| ("optional".to_owned(), optional.clone())));
                    whole
                }
                Value::Table(own) => own.clone(),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => continue,
            };
            if !whole.contains_key("version") {
                whole.insert("version".to_owned(), "*".into());
            }
            *value = Value::Table(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeMap;

    use toml::Table;

    use super::{FromGit, Tree, complete};
    use crate::model::package::PackageId;
    use crate::model::source::Source;

    #[test]
    fn a_dependency_is_what_its_workspace_says_and_optional_where_it_says_so_itself() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let given = table("of-table = { package = \"real\", version = \"2\" }\nof-text = \"3\"\nplain = \"4\"\n");
        let mut tables = table(
            "[dependencies]\nplain = \"1\"\nown = { git = \"https://git.example.org/x\" }\nof-table = { workspace = true, optional = true }\n\
             of-nothing = { workspace = true }\nodd = 1\n[build-dependencies]\nof-text.workspace = true\n[other]\nof-text.workspace = true\n",
        );
        complete(&mut tables, Some(&given));
        let expected = table(
            "[dependencies]\nplain = \"1\"\nown = { git = \"https://git.example.org/x\", version = \"*\" }\n\
             of-table = { package = \"real\", version = \"2\", optional = true }\nof-nothing = { version = \"*\" }\nodd = 1\n\
             [build-dependencies]\nof-text = { version = \"3\" }\n[other]\nof-text.workspace = true\n",
        );
        assert_eq!(tables, expected);
    }

    /// `bar` 1.0.0, from a repository in which `bar/` has this manifest and beside it this file.
    fn bar(manifest: &str, file: &str) -> FromGit {
        let text = format!("[package]\nname = \"bar\"\nversion = \"1.0.0\"\n{manifest}");
        let manifests = BTreeMap::from([("bar".to_owned(), (text.clone().into_bytes(), text.parse().unwrap()))]);
        let paths = ["bar/Cargo.toml", file].map(str::to_owned).to_vec();
        let id = PackageId { name: "bar".into(), version: "1.0.0".parse().unwrap(), source: Source::Local };
        Tree { paths, manifests }.package(&id).unwrap()
    }

    #[test]
    fn a_package_of_a_repository_is_a_program_by_its_manifest_or_by_its_files() {
        let is_program = |manifest: &str, file: &str| bar(manifest, file).0.about.program;
        assert!(is_program("[[bin]]\nname = \"bar\"\npath = \"bar.rs\"\n", "bar/bar.rs"));
        assert!(is_program("", "bar/src/main.rs"));
        assert!(is_program("", "bar/src/bin/tool.rs"));
        assert!(!is_program("", "bar/src/lib.rs"));
        assert!(!is_program("", "src/main.rs"), "which is another package's");
    }
}
