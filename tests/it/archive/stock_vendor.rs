//! What is written is what `cargo vendor` writes: names, bytes, modes and times.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Instant, SystemTime};

use camino::Utf8Path;
use cargo_sequester::door::archive::{Limits, VerifiedCrate, vendor_files};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums};
use cargo_sequester::door::write::package::write_into;

use rayon::prelude::*;

use super::raw_tar::{Entry, Tar};
use super::{hash, open, release};

/// A crate with everything in it that cargo treats in a way of its own.
fn crate_file(name: &str, version: &str) -> Vec<u8> {
    let prefix = format!("{name}-{version}");
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n");
    let at = |path: &str| format!("{prefix}/{path}");
    let long = at(&format!("tests/{}.txt", "snapshot-".repeat(12)));
    let modes = [0o755, 0o664, 0o640, 0o600, 0o100_644, 0o4755];
    let tar = Tar::default()
        .file(&at(".cargo_vcs_info.json"), b"{}")
        .file(&at(".gitattributes"), b"* text")
        .file(&at(".gitignore"), b"target")
        .file(&at(".github/workflows/ci.yml"), b"on: push")
        .file(&at("sub/.gitignore"), b"target")
        .file(&at("sub/.gitattributes"), b"* text")
        .file(&at("sub/deeper/.gitignore"), b"target")
        .file(&at("sub/.gitmodules"), b"")
        .file(&at("sub/.gitignore.in"), b"")
        .file(&at(".git/config"), b"[core]")
        .file(&at("nested/.git/config"), b"[core]")
        .file(&at("worktree/.git"), b"gitdir: x")
        .file(&at("odd/.gitignore/file"), b"x")
        .file(&at("odd/.cargo-ok/file"), b"x")
        .file(&at(".hg/hgrc"), b"x")
        .file(&at(".svn/entries"), b"x")
        .file(&at("case/.GIT/config"), b"x")
        .file(&at("case/.GitIgnore"), b"x")
        .file(&at("other/.gitkeep"), b"")
        .file(&at("sub/.cargo-ok"), b"")
        .file(&at(".cargo-ok"), b"")
        .file(&at("Cargo.toml"), manifest.as_bytes())
        .file(&at("Cargo.toml.orig"), b"# as written")
        .file(&at("notes.rej"), b"rejected")
        .file(&at("src/lib.rs"), b"pub fn f() {}\r\n")
        .file(&at("a \u{e4}"), b"\xff\x00")
        .file(&at("empty"), b"")
        .long_name(long.as_bytes())
        .file(&at("cut"), b"long");
    let tar = modes
        .into_iter()
        .fold(tar, |tar, mode| tar.entry(&Entry { mode, ..Entry::file(&at(&format!("mode-{mode:o}")), b"x") }));
    tar.entry(&Entry { mtime: &[0; 11], ..Entry::file(&at("timeless/Cargo.toml"), b"") })
        .entry(&Entry { mtime: b"00000000000", ..Entry::file(&at("epoch"), b"") })
        .packed()
}

/// Mode, time of change and bytes, by path.
type Listing = BTreeMap<String, (u32, Option<SystemTime>, Vec<u8>)>;

/// Path, mode, time of change and bytes of everything below a folder.
fn listing(folder: &Path) -> Listing {
    fn add(root: &Path, folder: &Path, found: &mut Listing) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let timed = metadata.is_file() && !name.ends_with(VENDOR_CHECKSUMS_FILE) && !name.contains("timeless");
            let modified = timed.then(|| metadata.modified().unwrap());
            let bytes = if metadata.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
            found.insert(name, (mode(&metadata), modified, bytes));
            if metadata.is_dir() {
                add(root, &path, found);
            }
        }
    }
    let mut found = BTreeMap::new();
    add(folder, folder, &mut found);
    found
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions())
}

#[cfg(not(unix))]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    u32::from(metadata.is_dir())
}

/// Publishes into a local registry, whose index lines lie in `index/`.
fn publish(registry: &Path, name: &str, version: &str) -> Vec<u8> {
    let bytes = crate_file(name, version);
    std::fs::write(registry.join(format!("{name}-{version}.crate")), &bytes).unwrap();
    let folder = registry.join(format!("index/{}/{}", &name[..2], &name[2..4]));
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let checksum = hash(&bytes);
    writeln!(
        lines,
        r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{checksum}","features":{{}},"yanked":false}}"#
    )
    .unwrap();
    std::fs::write(folder.join(name), lines).unwrap();
    bytes
}

#[test]
fn the_tree_is_the_one_that_cargo_vendor_writes() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("registry");
    let project = folder.path().join("project");
    std::fs::create_dir_all(project.join("src")).unwrap();
    std::fs::create_dir_all(project.join(".cargo")).unwrap();
    let releases = [("alpha", "1.0.0"), ("alpha", "2.0.0-rc.1+meta"), ("bravo-two", "0.3.1")];
    let crates = releases.map(|(name, version)| (name, version, publish_into(&registry, name, version)));
    std::fs::write(project.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"project\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n\
        alpha = \"=1.0.0\"\nnew = { package = \"alpha\", version = \"=2.0.0-rc.1\" }\nbravo-two = \"0.3\"\n";
    std::fs::write(project.join("Cargo.toml"), manifest).unwrap();
    let config =
        format!("[source.crates-io]\nreplace-with = \"local\"\n[source.local]\nlocal-registry = {registry:?}\n");
    std::fs::write(project.join(".cargo/config.toml"), config).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["vendor", "--respect-source-config", "--versioned-dirs", "--offline", "--quiet", "stock"]);
    cargo.current_dir(&project).env("CARGO_HOME", folder.path().join("home")).env_remove("RUSTUP_TOOLCHAIN");
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stock = project.join("stock");

    let ours = folder.path().join("ours");
    std::fs::create_dir(&ours).unwrap();
    for (name, version, bytes) in crates {
        let opened = open(bytes, &release(name, version), &Limits::default()).unwrap();
        let directory = format!("{name}-{version}");
        let text = std::fs::read(stock.join(&directory).join(VENDOR_CHECKSUMS_FILE)).unwrap();
        let comment = serde_json::from_slice::<serde_json::Value>(&text).unwrap();
        let comment = comment.get("$comment").and_then(|comment| comment.as_str());
        let tree = vendor_files(&opened);
        write_into(&Utf8Path::from_path(&ours).unwrap().join(&directory), &tree, comment).unwrap();
        let parsed = VendorChecksums::parse(&text).unwrap();
        assert_eq!(parsed, tree.checksums);
        assert_eq!(parsed.tree_digest(), hash(tree.checksums.to_canonical_json().as_bytes()));
    }
    let stock = listing(&stock);
    assert_same(&stock, &listing(&ours));
    assert!(stock.contains_key("alpha-1.0.0/other/.gitkeep") && !stock.contains_key("alpha-1.0.0/sub/.gitignore"));
}

fn assert_same(stock: &Listing, ours: &Listing) {
    assert_eq!(stock.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (path, expected) in stock {
        assert!(ours[path] == *expected, "{path} differs");
    }
}

#[test]
#[ignore = "reads this machine's download cache, which must hold what this project's lock file names"]
fn this_projects_own_dependencies_are_laid_out_as_cargo_vendor_does() {
    let Some(cache) = super::real_crates::download_cache() else {
        return eprintln!("skipped: there is no download cache");
    };
    let folder = tempfile::tempdir().unwrap();
    let (stock, ours) = (folder.path().join("stock"), folder.path().join("ours"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["vendor", "--locked", "--offline", "--versioned-dirs", "--quiet"]).arg(&stock);
    let start = Instant::now();
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let stock_took = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    std::fs::create_dir(&ours).unwrap();
    let ours = Utf8Path::from_path(&ours).unwrap();
    let packages: Vec<(String, Checksum)> = std::fs::read_dir(&stock)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read(path.join(VENDOR_CHECKSUMS_FILE)).unwrap();
            let checksum = VendorChecksums::parse(&text).unwrap().package.unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), checksum)
        })
        .collect();
    let start = Instant::now();
    packages.par_iter().for_each(|(stem, checksum)| {
        let bytes = std::fs::read(cache.join(format!("{stem}.crate"))).unwrap();
        let (name, version) = super::real_crates::name_and_version(stem).unwrap();
        let verified = VerifiedCrate::verify(bytes, *checksum, &release(name, version)).unwrap();
        let opened = verified.open(&Limits::default()).unwrap();
        write_into(&ours.join(stem), &vendor_files(&opened), None).unwrap();
    });
    eprintln!(
        "{} packages: cargo vendor {stock_took:?}, verified and written here {:?}",
        packages.len(),
        start.elapsed()
    );
    assert_same(&listing(&stock), &listing(ours.as_std_path()));
}

fn publish_into(registry: &Path, name: &str, version: &str) -> Vec<u8> {
    std::fs::create_dir_all(registry).unwrap();
    publish(registry, name, version)
}

#[test]
fn a_list_of_checksums_with_a_path_twice_is_refused() {
    let digest = hash(b"");
    let once = format!(r#"{{"$comment":"x","files":{{"a":"{digest}"}},"package":null,"later":1}}"#);
    let twice = format!(r#"{{"files":{{"a":"{digest}","a":"{digest}"}},"package":"{digest}"}}"#);
    let parsed = VendorChecksums::parse(once.as_bytes()).unwrap();
    assert_eq!(parsed.to_canonical_json(), format!(r#"{{"files":{{"a":"{digest}"}},"package":null}}"#));
    assert!(VendorChecksums::parse(twice.as_bytes()).unwrap_err().to_string().contains("`a` is listed twice"));
    for bad in ["", "[]", "{}", r#"{"files":{"a":"x"}}"#, r#"{"files":{},"files":{}}"#] {
        assert!(VendorChecksums::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}
