//! Whatever stands where a vendored file should be is refused at once.

use super::scene::Scene;
use crate::regular_files::{KINDS, put, within_patience};

#[test]
fn in_place_of_a_vendored_file() {
    let scene = Scene::new();
    let project = &scene.project;
    for file in [
        "vendor/bar/.cargo-checksum.json",
        "vendor/bar/Cargo.toml",
        "vendor/bar/src/lib.rs",
        "vendor/bar/unlisted",
        "vendor/unlisted",
        "vendor/.gitattributes",
    ] {
        for (kind, _) in KINDS {
            let path = project.path(file);
            let kept = std::fs::read(&path).ok();
            put(kind, &path);
            let what = format!("{kind} in place of {file}");
            let outcome = within_patience(project, &["verify"], &what);
            // The attributes are git's; that they are others is a warning.
            let harmless = file.ends_with(".gitattributes") && kind == "huge";
            assert!(matches!(outcome.code, 1 | 2) || harmless, "{what}: {outcome:?}");
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains(file.split('/').nth(1).unwrap()), "{what}: {said}");
            std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).unwrap();
            if let Some(kept) = kept {
                std::fs::write(&path, kept).unwrap();
            }
        }
    }
    within_patience(project, &["verify"], "as it was").expect_code(0);
}

#[test]
fn in_place_of_the_folder() {
    let scene = Scene::new();
    let aside = scene.project.outside().join("aside");
    std::fs::rename(scene.project.path("vendor"), &aside).unwrap();
    for (kind, _) in KINDS.iter().filter(|(kind, _)| *kind != "folder") {
        put(kind, &scene.project.path("vendor"));
        within_patience(&scene.project, &["verify"], kind).expect_code(1);
        std::fs::remove_file(scene.project.path("vendor")).unwrap();
    }
    std::fs::rename(&aside, scene.project.path("vendor")).unwrap();
}
