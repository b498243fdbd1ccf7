//! The team registry, with stock cargo in front of it and a registry on a loopback port behind it.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::similar_names,
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a test fails by panicking and says on standard error what it skips; what one test does not use, another does"
)]

#[path = "../it/support/mod.rs"]
mod support;

mod advisories;
mod bucket;
mod flood;
mod hostile;
mod joined;
mod law;
mod nodes;
mod outage;
mod pages;
mod poisoned;
mod posted;
mod server;
mod starts;
mod stock_cargo;
mod teams;
mod tls;
mod weather;
