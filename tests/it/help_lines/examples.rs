//! Every example below `--help` works as it stands, in a project that has what the examples name.

use cargo_sequester::door::cli::EXAMPLES;

use super::scenes::{self, Copy};

/// The words of every example of a verb, each run in a copy of its own.
fn walk(verb: &str) {
    let (_, examples) = EXAMPLES.iter().find(|(known, _)| *known == verb).unwrap();
    let scene = scenes::what_the_examples_name();
    for (what, words) in *examples {
        let copy = scene.copy();
        prepare(&copy, verb);
        // RustSec's address is not for tests.
        let more = if verb == "init" { " --no-advisories" } else { "" };
        let line = format!("cargo sequester {words}{more}");
        let told = copy.shell(&line);
        assert!([0, 1].contains(&told.code), "{what}\n  {line}\n{}: {}{}", told.code, told.stdout, told.stderr);
        assert!(!told.stderr.contains("error: "), "{what}\n  {line}\n{}", told.stderr);
    }
}

/// What must have been done before.
fn prepare(copy: &Copy<'_>, verb: &str) {
    let run = |line: &str| {
        let told = copy.shell(line);
        assert_eq!(told.code, 0, "{line}\n{}{}", told.stdout, told.stderr);
    };
    let approve = "cargo sequester approve cc@1.2.3 --reason seen";
    match verb {
        "init" => std::fs::remove_file(copy.path("sequester.toml")).unwrap(),
        "revoke" | "vendor" | "cargo" => run(approve),
        "verify" => {
            run(approve);
            run("cargo sequester vendor");
        }
        _ => {}
    }
}

macro_rules! walks {
    ($($verb:ident)*) => {
        $(#[test]
        fn $verb() {
            walk(stringify!($verb));
        })*

        #[test]
        fn each_verb_is_walked() {
            let walked = [$(stringify!($verb)),*];
            for (verb, _) in EXAMPLES {
                assert!(walked.contains(verb), "the examples of `{verb}` are run by nobody");
            }
        }
    };
}

walks! { audit status update fix cargo vendor explain verify approve diff inspect sbom vex report assess backtest revoke log init completions man }
