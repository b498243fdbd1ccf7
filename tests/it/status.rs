//! `status`: the calendar, what reports make of it, and the whole command on a loopback registry.

mod ahead;
mod foretold;
mod whole;
mod words;
mod world;
