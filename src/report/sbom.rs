//! `sbom` and `vex`: documents in formats that others define. Nothing in them is of this machine, and the same facts at the same moment
//! give the same bytes.

pub(crate) mod cyclonedx;
pub(crate) mod properties;
pub(crate) mod spdx;
pub(crate) mod vex;
