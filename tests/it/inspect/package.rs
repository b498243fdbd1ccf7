//! What the package says of itself, held against what it is.

use cargo_sequester::door::model::finding::{Severity, VcsInfo};

use super::{inside, looked, manifest, one, told};

#[test]
fn an_honest_package_has_nothing_but_notes() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let seen = inside(
        &looked()
            .file("LICENSE", "MIT")
            .file(".cargo_vcs_info.json", format!("{{\"git\":{{\"sha1\":\"{commit}\"}},\"path_in_vcs\":\"a\"}}"))
            .file("build.rs", "fn main() { println!(\"cargo:rerun-if-changed=build.rs\"); }\n"),
    );
    let notes: Vec<String> = seen.findings.iter().map(one).collect();
    assert_eq!(notes, ["build-script note build.rs"]);
    assert_eq!(seen.build_script.as_deref(), Some("build.rs"));
    assert_eq!(seen.worst(), Some(Severity::Note));
    let expected = VcsInfo { commit: Some(commit.into()), dirty: false, path: Some("a".into()) };
    assert_eq!(seen.vcs, Some(expected));
}

#[test]
fn a_build_script_under_another_name_is_found() {
    let seen = inside(
        &looked().file("Cargo.toml", manifest("build = \"assets/logo.png\"\n")).file("assets/logo.png", "fn main() {}"),
    );
    assert_eq!(told(&seen), ["unusual-build-script medium Cargo.toml"]);
    assert_eq!(seen.build_script.as_deref(), Some("assets/logo.png"));
    let none = inside(&looked().file("Cargo.toml", manifest("build = false\n")).file("build.rs", "fn main() {}"));
    assert_eq!(none.build_script, None, "cargo would not run it");
}

#[test]
fn machine_code_is_found_whatever_it_is_called() {
    let elf = b"\x7fELF\x02\x01\x01\0\0\0";
    let seen = inside(&looked().file("src/tool", elf).file("src/data.json", elf).file("tests/a.o", elf));
    assert_eq!(
        told(&seen),
        ["disguised-binary high src/data.json", "binary-file medium src/tool", "binary-file low tests/a.o"]
    );
}

#[test]
fn of_very_many_the_rest_is_counted() {
    let package = (0..200).fold(looked(), |package, at| package.file(&format!("lib/{at}.a"), b"!<arch>\n"));
    let seen = inside(&package);
    assert_eq!(told(&seen).len(), 51);
    assert!(seen.findings.iter().any(|finding| &*finding.evidence == "150 more files"));
}

#[test]
fn what_was_edited_after_packing_is_found() {
    let original = "[package]\nname = \"looked\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n[dependencies]\na = \"1\"\n";
    let written = manifest("[dependencies.a]\nversion = \"1\"\n[dependencies.b]\nversion = \"1\"\n");
    let seen = inside(&looked().file("Cargo.toml", written).file("Cargo.toml.orig", original));
    assert_eq!(told(&seen), ["original-differs medium Cargo.toml"]);
    assert_eq!(&*seen.findings[0].evidence, "dependency `b`");
}

#[test]
fn files_that_the_lists_leave_out_are_found() {
    let written = manifest("include = [\"/src/**/*.rs\"]\n");
    let seen = inside(&looked().file("Cargo.toml", written).file("extra/more.rs", "").file("extra/a.txt", ""));
    let unlisted: Vec<String> = seen.findings.iter().map(one).filter(|line| line.starts_with("unlisted")).collect();
    assert_eq!(unlisted, ["unlisted-file low extra/more.rs", "unlisted-file note extra/a.txt"]);
}

#[test]
fn commits_that_are_lost_or_dirty_are_told() {
    let told_vcs = |content: &str| {
        let seen = inside(&looked().file(".cargo_vcs_info.json", content));
        seen.findings.iter().map(one).filter(|line| line.starts_with("vcs")).collect::<Vec<_>>()
    };
    assert_eq!(told_vcs("{\"git\":{\"sha1\":\"abc\",\"dirty\":true}}"), ["vcs-dirty low .cargo_vcs_info.json"]);
    assert_eq!(told_vcs("{\"git\":{\"sha1\":\"\u{1b}[2J\"}}"), ["vcs-unknown note .cargo_vcs_info.json"]);
    assert_eq!(told_vcs("[[[["), ["vcs-unknown note .cargo_vcs_info.json"]);
}

#[test]
fn hidden_text_is_found_only_where_it_is_compiled() {
    let turned = "// \u{202e}}if (x)\u{2066} {\n";
    let seen = inside(&looked().file("src/lib.rs", turned).file("tests/t.rs", turned).file("README.md", turned));
    assert_eq!(told(&seen), ["bidirectional-text high src/lib.rs:1"]);
}
