//! Cargo itself obeys the file.

use super::wanted;
use crate::support::Project;
use cargo_sequester::apply::cargo_config::{Location, Wanted, spliced};
use cargo_sequester::model::allow_list::AllowList;

#[test]
fn cargo_takes_the_sources_from_the_directory_that_the_file_names() {
    let project = Project::new().dep("bar", "1");
    for odd in ["third party/ve\"ndor", "vendor"] {
        project.write(
            &format!("{odd}/bar/Cargo.toml"),
            "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
        );
        project.write(&format!("{odd}/bar/src/lib.rs"), "");
        let zeros = "0".repeat(64);
        project
            .write(&format!("{odd}/bar/.cargo-checksum.json"), &format!("{{\"files\":{{}},\"package\":\"{zeros}\"}}"));
        let allow = AllowList::default();
        let wanted = Wanted { location: Location::Directory(odd), ..wanted(&allow) };
        let config = spliced(Some(b"\xef\xbb\xbf# top\r\n[net]\r\noffline = true"), &wanted).unwrap();
        project.write(".cargo/config.toml", std::str::from_utf8(&config).unwrap());
        let _ = std::fs::remove_file(project.root().join("Cargo.lock"));
        project.cargo(&["build", "--offline"]).expect_code(0);
        std::fs::remove_dir_all(project.root().join(odd)).unwrap();
        project.cargo(&["metadata", "--format-version", "1"]).expect_code(101);
    }
}
