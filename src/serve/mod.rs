//! The team registry: the same judging and filtering as on one machine, around a server that keeps nothing but what the store has.
//!
//! A request is spelled as a [`route::Route`], and belongs to a [`team::Team`] whose [`team::State`] is all that its releases are judged by.
//! [`entries::Entries`] knows the index files of the registries behind it, [`decide::Decider`] what `policy/` makes of one of them for a team,
//! and [`download::Downloads`] hands out archives. [`store::Store`] is the only door to what nodes share.

mod advisories;
mod advisory_copy;
mod alarms;
mod answer;
mod asks;
mod config;
mod correction;
mod counters;
mod decide;
mod download;
mod entries;
mod facts;
mod grounds;
mod index;
mod limits;
mod listen;
mod locks;
mod log;
mod lookup;
mod machines;
mod memory;
mod moment;
mod node;
mod overview;
mod overviews;
mod pages;
mod policy_source;
mod posting;
mod record;
mod response;
mod route;
mod ruling;
mod run;
mod seen;
mod store;
mod team;
mod tokens;
mod upstream;
mod view;

pub(crate) use config::{Config, ConfigError};
pub(crate) use log::to_stderr;
pub(crate) use run::{Prepared, ServeError, Unnamed, check};
pub(crate) use store::{Place, PlaceError};
pub(crate) use tokens::{NoRandomness, new_token};
