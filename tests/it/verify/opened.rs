//! Folders that a configuration names, where what it says and what a cargo opens are not the same at sight.

use super::scene::{Scene, json};
use super::ways::{append, ways};

/// Whose run it is does not change what others build with.
#[test]
fn a_variable_of_this_run_hides_no_target_folder_that_the_repository_sets() {
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"] {
        let scene = Scene::new();
        scene.project.write("out/.fingerprint/bar/lib", "");
        scene.commit();
        let project = scene.project.env(variable, "elsewhere");
        for key in ["target-dir", "build-dir"] {
            let ours = project.read(".cargo/config.toml");
            let at = append(&project, ".cargo/config.toml", &format!("\n[build]\n{key} = \"out\"\n"));
            let expected = [
                "build-output out/.fingerprint/bar/lib:1".to_owned(),
                format!("target-dir .cargo/config.toml:{}", at + 2),
            ];
            let mut told = ways(&json(&project, &[], 1), "fails");
            told.sort();
            assert_eq!(told, expected, "{variable}, {key}");
            project.write(".cargo/config.toml", ours);
        }
    }
}

/// Cargo hands such a path to the system as it is written, and there `..` leads out of what a link leads to.
#[cfg(unix)]
#[test]
fn folders_behind_links_are_those_that_the_system_opens() {
    let scene = Scene::new();
    scene.project.write("sub/x/kept", "");
    std::os::unix::fs::symlink("sub/x", scene.project.path("a")).unwrap();
    scene.commit();
    let ours = scene.project.read(".cargo/config.toml");
    for key in ["target-dir", "build-dir"] {
        let at = append(&scene.project, ".cargo/config.toml", &format!("\n[build]\n{key} = \"a/../../out\"\n"));
        let expected = [format!("target-dir .cargo/config.toml:{}", at + 2)];
        assert_eq!(ways(&json(&scene.project, &[], 1), "fails"), expected, "{key}");
        scene.project.write(".cargo/config.toml", &ours);
    }
    // The genuine tree lies where the words lead, and another one where the system goes.
    scene.project.run("cp", &["-r", "vendor", "sub/vendor"]).expect_code(0);
    scene.project.write(".cargo/config.toml", ours.replace("\"vendor\"", "\"a/../vendor\""));
    json(&scene.project, &[], 0);
    scene.project.write("sub/vendor/leaf/src/note.txt", "one\nthree\n");
    let document = json(&scene.project, &[], 1);
    assert!(document["findings"].to_string().contains("sub/vendor/leaf/src/note.txt"), "{document:#}");
}
