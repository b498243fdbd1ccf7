//! The trail, who did it, and failures on the way.

use cargo_sequester::door::gather;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::trail::{Kind, KnownFrom};
use sha2::Digest as _;

use super::World;
use crate::support::{Advisory, Package};

#[test]
fn the_first_event_records_everything_that_was_locked() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").dep("young", "2026-01-31T00:00:00Z").lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "aged").date("2026-01-10"));
    std::fs::write(world.project.outside().join("home/.gitconfig"), "[user]\nname = Ana\nemail = ana@example.org\n")
        .unwrap();
    world.init(&[], 0);
    let trail = gather::trail::read(&world.project.path(".sequester/trail")).unwrap();
    assert_eq!((trail.events.len(), trail.problems.len()), (1, 0));
    let event = trail.events.values().next().unwrap();
    assert_eq!((event.kind, event.time.to_string()), (Kind::Init, super::NOW.to_owned()));
    assert!(event.machine_time.is_some(), "the caller set the time");
    let who = event.who.as_ref().unwrap();
    assert_eq!((who.known_from, who.name.as_str()), (KnownFrom::Git, "Ana <ana@example.org>"));
    assert_eq!(world.policy().1[0].by.as_deref(), Some("Ana <ana@example.org>"));
    let digest = sha2::Sha256::digest(world.project.read("sequester.toml"));
    assert_eq!(event.policy, Some(Checksum::from_bytes(digest.into())));
    let recorded: Vec<_> = event.releases.iter().map(|one| (&*one.crate_id.name, one.pubtime.is_some())).collect();
    assert_eq!(recorded, [("aged", true), ("young", true)]);
    let [aged, young] = [0, 1].map(|position| event.releases[position].approval.as_ref().unwrap());
    assert_eq!(aged.ignores, ["RUSTSEC-2026-0002"]);
    assert_eq!((young.lifts.len(), young.until.unwrap().to_string()), (1, "2026-02-07".to_owned()));
    // Nothing staged is left.
    let names: Vec<_> =
        world.project.root().read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    assert!(names.iter().all(|name| !name.contains("tmp")), "{names:?}");
}

/// A trail that nobody can add to: the policy is not written either.
#[test]
fn g2_a_broken_trail_stops_it_before_anything_is_written() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    world.init(&[], 0);
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    let folder = world.project.path(".sequester/trail");
    let event = folder.read_dir_utf8().unwrap().next().unwrap().unwrap().into_path();
    let text = std::fs::read_to_string(&event).unwrap();
    std::fs::write(&event, text.replace("aged", "aper")).unwrap();
    let outcome = world.init(&[], 2);
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(told.contains(event.file_name().unwrap()) && told.contains("help: "), "{told}");
    assert!(!world.has("sequester.toml"));
}

#[test]
fn g2_a_file_in_the_place_of_the_trail_stops_it() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    world.project.write(".sequester/trail", "");
    world.init(&[], 2);
    assert!(!world.has("sequester.toml"));
}

/// F1, F3: names and texts of foreign files reach neither the terminal nor our file as they are.
#[test]
fn f1_hostile_texts_are_harmless_in_the_file_and_on_the_screen() {
    let world = World::new().dep("flawed", "2021-01-01T00:00:00Z").lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "flawed").date("2026-01-10"));
    let reason = "\\u001b[31mred\\u202E \\\"]\\n[[approval]]";
    world.project.write(
        "deny.toml",
        format!("[advisories]\nignore = [{{ id = \"RUSTSEC-2026-0002\", reason = \"{reason}\" }}]\n"),
    );
    let told = world.init(&[], 0).stdout;
    let text = world.project.read("sequester.toml");
    for hostile in ['\u{1b}', '\u{202e}'] {
        assert!(!text.contains(hostile) && !told.contains(hostile));
    }
    let (policy, approvals) = world.policy();
    assert!(approvals.is_empty());
    assert_eq!(
        policy.advisories.ignore[0].reason,
        "existing at adoption: deny.toml:2 ignores it: [31mred \"] [[approval]]"
    );
    assert_eq!(world.summary(&[], 0)["carried"]["advisories"], 1);
}

#[test]
fn a_second_run_changes_nothing() {
    let world = World::new().dep("young", "2026-01-31T00:00:00Z").lock();
    world.init(&[], 0);
    let (text, trail) = (world.project.read("sequester.toml"), world.project.path(".sequester/trail"));
    world.init(&[], 2);
    assert_eq!((world.project.read("sequester.toml"), trail.read_dir_utf8().unwrap().count()), (text, 1));
}

/// What was carried at adoption is no news to the next event.
#[test]
fn the_next_event_tells_only_of_what_came_after_the_baseline() {
    let world = World::new()
        .dep("both", "2026-01-31T00:00:00Z")
        .dep("flawed", "2021-01-01T00:00:00Z")
        .dep("young", "2026-01-30T12:00:00Z")
        .lock();
    for (id, name) in [("RUSTSEC-2026-0002", "flawed"), ("RUSTSEC-2026-0003", "both")] {
        world.advisories.add(&Advisory::new(id, name).date("2026-01-10"));
    }
    world.init(&[], 0);
    Package::new("later", "1.0.0").pubtime("2026-01-31T00:00:00Z").publish(&world.registry);
    let approve = ["later@1.0.0", "--reason", "x"];
    world.run("approve", &approve).expect_code(0);
    let kinds = || {
        let trail = gather::trail::read(&world.project.path(".sequester/trail")).unwrap();
        assert!(trail.problems.is_empty(), "{:?}", trail.problems);
        let events = trail.newest_first().into_iter().rev();
        events.map(|(_, event)| (event.kind, event.loosened.len(), event.rules.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(), [(Kind::Init, 0, true), (Kind::Approved, 0, false)]);
    // What somebody adds by hand is.
    let policy = world.project.read("sequester.toml");
    world.project.write("sequester.toml", policy.replace("until = 2026-02-07", "until = 2026-03-07"));
    world.run("approve", &approve).expect_code(0);
    assert_eq!(kinds()[2].0, Kind::PolicyLoosened);
}

/// Whoever begins a project has no lock file yet; the first one may need what the policy takes over.
#[test]
fn a_project_without_a_lock_file_is_adopted_and_gets_one() {
    let world = World::new().dep("bar", "2025-01-01T00:00:00Z");
    // What is printed leads here: nothing is asked of a mirror that no policy allows.
    let refused = world.run("cargo", &["generate-lockfile"]).expect_code(2);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(told.contains("to allow the mirror, write a policy that has it: cargo sequester init"), "{told}");
    let told = world.init(&[], 0).stdout;
    assert!(world.policy().0.sources.mirrors.iter().any(|mirror| mirror.to_string() == world.registry.url()), "{told}");
    let line = told.lines().find_map(|line| line.split_once("write the first lock file: ")).unwrap().1;
    let line = line.replace("cargo sequester ", concat!(env!("CARGO_BIN_EXE_cargo-sequester"), " sequester "));
    world.project.run("sh", &["-c", &line]).expect_code(0);
    assert!(world.project.read("Cargo.lock").contains("bar"));
    assert_eq!(world.summary(&[], 0)["approved"], 1);
}
