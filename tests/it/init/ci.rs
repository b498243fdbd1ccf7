//! `init --ci`: the jobs are written for this project, and over no file.

use super::World;

/// The project, adopted in a git repository.
fn adopted(arguments: &[&str]) -> (World, String) {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    world.project.run("git", &["init", "--quiet"]).expect_code(0);
    let told = world.init(arguments, 0).stdout;
    (world, told)
}

/// A commit that somebody looked at.
const TOOL: &str = "https://example.org/owner/cargo-sequester#0123456789abcdef0123456789abcdef01234567";

const GITHUB: [&str; 3] = [
    ".github/workflows/sequester.yml",
    ".github/workflows/sequester-nightly.yml",
    ".github/workflows/sequester-update.yml",
];

#[test]
fn the_workflows_come_with_the_policy() {
    let (world, told) = adopted(&["--ci", "github", "--tool", TOOL]);
    for name in GITHUB {
        assert!(told.contains(name), "{name} in\n{told}");
        let text = world.project.read(name);
        let install = "cargo install --locked --git 'https://example.org/owner/cargo-sequester' --rev '0123456789abcdef0123456789abcdef01234567' cargo-sequester\n";
        assert!(text.contains(install), "{text}");
        assert!(text.contains("working-directory: \".\""), "{text}");
        assert!(!["@URL@", "@COMMIT@", "@DIRECTORY@", "@LOOSENED@"].iter().any(|left| text.contains(left)), "{text}");
    }
    assert!(world.has("sequester.toml"));
    assert!(told.contains("Wrote sequester.toml"), "{told}");
}

#[test]
fn beside_a_policy_only_they_are_written_and_never_over_a_file() {
    let (world, _) = adopted(&[]);
    let policy = world.project.read("sequester.toml");
    world.project.write(GITHUB[0], "ours\n");
    let listed = world.run("init", &["--ci", "github", "--tool", TOOL, "--dry-run"]).expect_code(0).stdout;
    assert!(listed.contains("Would write .github/workflows/sequester-nightly.yml"), "{listed}");
    assert!(!world.has(GITHUB[1]));
    let told = world.init(&["--ci", "github", "--tool", TOOL], 0).stdout;
    assert!(told.contains(&format!("Kept {}", GITHUB[0])), "{told}");
    assert_eq!((world.project.read(GITHUB[0]), world.project.read("sequester.toml")), ("ours\n".to_owned(), policy));
    assert!(world.has(GITHUB[1]) && world.has(GITHUB[2]));
    // Nothing is left to do, and a link that leads nowhere is something that is there.
    let again = world.init(&["--ci", "github", "--tool", TOOL], 0).stdout;
    assert!(!again.contains("Wrote"), "{again}");
    // Nobody is asked without a terminal, so that nothing is written.
    world.run("init", &["--ci", "gitlab", "--tool", TOOL]).expect_code(2);
    assert!(!world.has(".gitlab"));
}

#[cfg(unix)]
#[test]
fn a_link_in_a_files_place_is_left_alone() {
    let (world, _) = adopted(&[]);
    std::fs::create_dir_all(world.project.path(".github/workflows")).unwrap();
    let outside = world.project.outside().join("elsewhere");
    std::os::unix::fs::symlink(&outside, world.project.path(GITHUB[0])).unwrap();
    world.init(&["--ci", "github", "--tool", TOOL], 0);
    assert!(!outside.exists());
}

#[test]
fn gitlabs_jobs_are_taken_in_by_a_new_entry_or_named() {
    let (world, told) = adopted(&["--ci", "gitlab", "--tool", TOOL]);
    assert!(world.project.read(".gitlab-ci.yml").contains("local: .gitlab/sequester.yml"), "{told}");
    std::fs::remove_file(world.project.path(".gitlab/sequester.yml")).unwrap();
    let told = world.init(&["--ci", "gitlab", "--tool", TOOL], 0).stdout;
    assert!(told.contains("Kept .gitlab-ci.yml") && told.contains("include:"), "{told}");
    assert!(world.project.read(".gitlab/sequester.yml").contains("--rev '0123456789abcdef"));
}

#[test]
fn a_workspace_below_the_repositorys_top_is_named() {
    let (world, _) = adopted(&[]);
    let manifest = "[package]\nname = \"tools\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    for folder in ["tools", "to'ols"] {
        world.project.write(&format!("{folder}/Cargo.toml"), manifest);
        world.project.write(&format!("{folder}/src/lib.rs"), "");
    }
    world.init(&["--ci", "github", "--tool", TOOL, "--manifest-path", "tools/Cargo.toml"], 0);
    assert!(world.project.read(GITHUB[0]).contains("working-directory: \"tools\""));
    assert!(!world.has("tools/.github"));
    for name in GITHUB {
        std::fs::remove_file(world.project.path(name)).unwrap();
    }
    let told = world.init(&["--ci", "github", "--tool", TOOL, "--manifest-path", "to'ols/Cargo.toml"], 2).stderr;
    assert!(told.contains("to'ols"), "{told}");
}

/// A name that a registry does not have could become anybody's: no job installs by name.
#[test]
fn no_job_is_written_that_installs_by_name() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    for host in ["github", "gitlab"] {
        let told = world.init(&["--ci", host], 2).stderr;
        assert!(told.contains("no registry has it yet") && told.contains("--tool URL#COMMIT"), "{told}");
        for tool in [
            "https://example.org/x",
            "https://example.org/x#main",
            "https://example.org/x#0123456",
            "http://example.org/x#0123456789abcdef0123456789abcdef01234567",
            "https://user:secret@example.org/x#0123456789abcdef0123456789abcdef01234567",
            "https://example.org/x'; rm -rf ~; '#0123456789abcdef0123456789abcdef01234567",
        ] {
            let told = world.init(&["--ci", host, "--tool", tool], 2).stderr;
            assert!(told.contains("is no repository with the whole id of a commit"), "{told}");
        }
    }
    assert!(!world.has("sequester.toml") && !world.has(".github") && !world.has(".gitlab"));
}
