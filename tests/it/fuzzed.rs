//! The targets of `fuzz/`, tried with mutations of what they expect.

#[path = "../../fuzz/targets.rs"]
mod targets;

use proptest::prelude::*;
use targets::{TARGETS, Target};

/// Where a piece goes, how much it takes the place of, and the piece.
type Edit = (usize, usize, Vec<u8>);

fn edited(seed: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, length, piece) in edits {
        let start = at % (bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, piece.iter().copied());
    }
    bytes
}

/// Noise, and what stands somewhere in the seed.
fn edits(seed: &'static [u8]) -> impl Strategy<Value = Vec<Edit>> {
    let own = (0..seed.len(), 1..40_usize).prop_map(|(at, length)| seed[at..(at + length).min(seed.len())].to_vec());
    let marks = prop::sample::select(&b"\"\'[]{}#=,.\\\n\r\t @:/-0"[..]).prop_map(|mark| vec![mark]);
    let piece = prop_oneof![own, marks, prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec((any::<usize>(), prop_oneof![Just(0), 0..3_usize, 0..60_usize], piece), 0..6)
}

fn try_target((name, run, seeds): &Target) {
    for seed in *seeds {
        assert!(run(seed), "{name}: a seed does not get in");
        let mut runner =
            proptest::test_runner::TestRunner::new(ProptestConfig { cases: 512, ..ProptestConfig::default() });
        let tried = runner.run(&edits(seed), |edits| {
            run(&edited(seed, &edits));
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

macro_rules! tried {
    ($($name:ident)*) => {
        $(#[test] fn $name() {
            try_target(TARGETS.iter().find(|(name, ..)| *name == stringify!($name)).unwrap());
        })*

        #[test]
        fn every_target_is_tried() {
            let all: Vec<&str> = TARGETS.iter().map(|(name, ..)| *name).collect();
            assert_eq!(all, [$(stringify!($name)),*]);
            let run = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/Cargo.toml")).unwrap();
            for name in all {
                assert!(run.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml does not have {name}");
            }
        }
    };
}

tried!(lock_file index index_cache policy advisory archive config trail spec command_line lock_proof source diff vendor_checksums shown);
