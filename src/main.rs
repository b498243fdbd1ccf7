//! The `cargo-sequester` binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    // Cargo starts `cargo sequester audit` as `cargo-sequester sequester audit`.
    if arguments.get(1).is_some_and(|first| first == "sequester") {
        arguments.remove(1);
    }
    cargo_sequester::run(arguments)
}
