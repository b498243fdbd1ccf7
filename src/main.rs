//! The `cargo-sequester` binary: parse, run, exit code.

fn main() {}
