//! `.crate` files: what is refused, what comes out, and that it is what `cargo vendor` writes.

mod real_crates;
