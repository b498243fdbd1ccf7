//! The team registry, with stock cargo in front of it and a registry on a loopback port behind it.

#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, unreachable_pub, reason = "the other test binary uses the rest")]
mod support;

mod hostile;
mod law;
mod nodes;
mod outage;
mod pages;
mod posted;
mod server;
mod stock_cargo;
mod teams;
