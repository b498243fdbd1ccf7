//! Protective sequestration for Rust dependencies: a new crate release stays in quarantine until it has earned approval.
//!
//! `gather` reads the world into facts, `policy` turns facts into verdicts and touches nothing, and `project` is where the two meet: the
//! only way to a decision. `resolve` runs cargo behind the index that `registry` filters, `archive` opens what was downloaded, `report`
//! and `write` carry decisions out, and `command` joins them into one verb each. `files` is how all of them open a file.

mod archive;
mod cli;
mod command;
mod files;
mod gather;
mod model;
mod policy;
mod project;
mod registry;
mod report;
mod resolve;
mod scrutiny;
#[cfg(feature = "serve")]
mod serve;
mod write;

pub use command::run;

/// What this package's own tests and benchmarks look at. It is no interface: any of it may change with any release.
#[doc(hidden)]
pub mod door {
    pub mod archive {
        pub use crate::archive::{
            ArchiveError, Content, Divergence, Fault, Limits, ManifestFault, Notice, OpenedCrate, PathFault,
            VendorFile, VendorTree, VerifiedCrate, manifest_agrees, vendor_files,
        };
    }
    pub mod cli {
        pub use crate::cli::{EXAMPLES, refused};
    }
    pub mod files {
        pub use crate::files::{Lock, Replacement};
        pub mod names {
            pub use crate::files::names::{STAGED, STAGED_EVENT};
        }
        pub mod regular {
            pub use crate::files::regular::{Irregular, Links, ReadError, read, text};
        }
    }
    pub mod gather {
        pub mod adopt {
            pub use crate::gather::adopt::{cooldown_age, read};
        }
        pub mod advisory_db {
            pub use crate::gather::advisory_db::{AdvisoryReading, AdvisoryRequest, FetchFailure, Memory, read};
        }
        pub mod allow_list {
            pub use crate::gather::allow_list::{AllowListError, read};
        }
        pub mod cargo {
            pub use crate::gather::cargo::{CargoFailure, Overheard, version};
        }
        pub mod cargo_config {
            pub use crate::gather::cargo_config::{
                CargoConfig, CargoConfigError, Program, Provider, Replacement, Token,
            };
        }
        pub mod clock {
            pub use crate::gather::clock::now;
        }
        pub mod crate_files {
            pub use crate::gather::crate_files::{
                CrateFault, CrateFile, CratePlaces, CratesTaken, WantedCrate, download_address, take,
            };
        }
        pub mod credentials {
            pub use crate::gather::credentials::Credentials;
        }
        pub mod environment {
            pub use crate::gather::environment::Environment;
        }
        pub mod http {
            pub use crate::gather::http::{Answer, Http, HttpError, HttpSettings, Request};
        }
        pub mod incidents {
            pub use crate::gather::incidents::{IncidentsError, parse, read};
        }
        pub mod index {
            pub use crate::gather::index::{
                IndexMode, IndexOrigin, IndexReading, RegistryAccess, RegistryConfig, read,
            };
        }
        pub mod lock_file {
            pub use crate::gather::lock_file::{LockFile, LockFileError, MAX_BYTES, PackageProblem, parse, read};
        }
        pub mod manifest {
            pub use crate::gather::manifest::{Roots, read};
        }
        pub mod policy_file {
            pub use crate::gather::policy_file::{PolicyError, parse, read};
        }
        pub mod trail {
            pub use crate::gather::trail::{MAX_EVENT_BYTES, TrailError, of_files, read};
        }
        pub mod vendor_tree {
            pub use crate::gather::vendor_tree::read;
        }
        pub mod workspace {
            pub use crate::gather::workspace::{Local, Workspace, WorkspaceError, attach, locate};
        }
    }
    pub mod model {
        pub use crate::model::{Timestamp, Version};
        pub mod adoption {
            pub use crate::model::adoption::{Adopted, Carried, LevelKey, NotTaken};
        }
        pub mod advisory {
            pub use crate::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind, UnreadableAdvisory};
        }
        pub mod age {
            pub use crate::model::age::{Age, AgeError};
        }
        pub mod allow_list {
            pub use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
        }
        pub mod approval {
            pub use crate::model::approval::{Approval, Approvals};
        }
        pub mod backtest {
            pub use crate::model::backtest::{
                Backtest, Incident, IncidentKind, Lived, Outcome, Precision, Price, Runs, Tried, Variant, Waits,
                seconds_between,
            };
        }
        pub mod calendar {
            pub use crate::model::calendar::{Calendar, CalendarEntry, Foretold, Horizon, Need, Prospect};
        }
        pub mod checksum {
            pub use crate::model::checksum::Checksum;
        }
        pub mod crate_name {
            pub use crate::model::crate_name::{CrateName, NamePattern, canonical, is_same};
        }
        pub mod evaluation {
            pub use crate::model::evaluation::{
                Blocker, Evaluation, Fix, FixStanding, Idle, IndexGap, Judgement, Notice, RuleKind,
            };
        }
        pub mod finding {
            pub use crate::model::finding::{Alarm, Finding, FindingCode, Inspection, Inspections, Severity, VcsInfo};
        }
        pub mod facts {
            pub use crate::model::facts::{AdvisoryFact, Beside, Facts, IndexFact, OldLock, Surroundings, TrailFact};
        }
        pub mod history {
            pub use crate::model::history::{History, Standing};
        }
        pub mod index_line {
            pub use crate::model::index_line::{DependencyKind, LineError, Outline, Pubtime, Release, Requirement};
        }
        pub mod license {
            pub use crate::model::license::{
                Clarification, LicenseException, LicenseFact, LicenseFile, LicenseGap, LicenseLack, LicensePolicy,
                LicenseStatement, Licenses, ReleasesOf,
            };
        }
        pub mod lock_proof {
            pub use crate::model::lock_proof::{Discord, LockFact, Proof, Unproven};
        }
        pub mod loosening {
            pub use crate::model::loosening::{Loosening, LooseningKind};
        }
        pub mod manifest {
            pub use crate::model::manifest::{DependencySource, ManifestProblem, Manifests, Unsupported};
        }
        pub mod package {
            pub use crate::model::package::{CrateId, LocalPackage, Locked, LockedChecksum, Package, PackageId};
        }
        pub mod last_word {
            pub use crate::model::last_word::{Against, LastWord, NoWord, Today};
        }
        pub mod policy {
            pub use crate::model::policy::{
                AgeOverride, Ban, CargoAges, GitRule, Ignore, JudgedBy, Level, Origin, Policy, Quarantine,
                RegistryPolicy, Setting,
            };
        }
        pub mod publication {
            pub use crate::model::publication::{
                ApiGap, Publication, PublicationFact, PublicationRecord, Publications, Publisher, TrustedPublisher,
                YankAction,
            };
        }
        pub mod recorded {
            pub use crate::model::recorded::Recorded;
        }
        pub mod resemblance {
            pub use crate::model::resemblance::{Likeness, Resemblance};
        }
        pub mod resolution {
            pub use crate::model::resolution::{Change, Difference, Exact, NewerRust, Versions, View, versions};
        }
        pub mod run {
            pub use crate::model::run::{Invocation, Listener, Waiting};
        }
        pub mod signal {
            pub use crate::model::signal::{
                AddedDependency, Birth, Imitated, SeenBy, Sighting, Signal, SignalCode, SignalLevel, SignalPolicy, Swap,
            };
        }
        pub mod source {
            pub use crate::model::source::{GitSource, Registry, Source, without_credentials};
        }
        pub mod trail {
            pub use crate::model::trail::{
                AdvisoryCopy, Event, EventError, EventFileName, EventId, Kind, KnownFrom, PolicyChange, ReleaseRecord,
                Schema, Selection, Tools, Trail, TrailFinding, TrailProblem, TrailProblemKind, Who, missing_events,
            };
            pub mod event {
                pub use crate::model::trail::event::{PolicyChange, TRAIL_EVENT_V1};
            }
            pub mod release {
                pub use crate::model::trail::release::{ApprovalRecord, parse_purl, purl};
            }
        }
        pub mod vendored {
            pub use crate::model::vendored::{
                VENDOR_ATTRIBUTES, VENDOR_CHECKSUMS_FILE, VendorChecksums, VendorRoot, VendoredTree,
            };
        }
        pub mod vendoring {
            pub use crate::model::vendoring::{PlanRefusal, TargetPlatform, VendorPlan};
        }
        pub mod verdict {
            pub use crate::model::verdict::{
                Basis, BasisCode, Exemption, FixNeed, FixRole, HeldFix, LockedBy, Reason, ReasonCode, Reasons, Verdict,
                VerdictCode, Warning, Witness,
            };
        }
    }
    pub mod policy {
        pub use crate::policy::evaluate::evaluate;
        pub mod backtest {
            pub use crate::policy::backtest::{backtest, signals};
        }
        pub mod baseline {
            pub use crate::policy::baseline::settled;
        }
        pub mod calendar {
            pub use crate::policy::calendar::calendar;
        }
        pub mod last_word {
            pub use crate::policy::last_word::last_word;
        }
        pub mod evaluate {
            pub use crate::policy::evaluate::lasts_until;
        }
        pub mod findings {
            pub use crate::policy::findings::checksum_reason;
        }
        pub mod judge {
            pub use crate::policy::judge::Judge;
        }
        pub mod lock_answers_manifests {
            pub use crate::policy::lock_answers_manifests::{Question, answers, told_by_index};
        }
        pub mod look_alike {
            pub use crate::policy::look_alike::KnownNames;
        }
        pub mod plan {
            pub use crate::policy::plan::{PlanOptions, plan};
        }
        pub mod policy_drift {
            pub use crate::policy::policy_drift::{decided, let_count, loosened, since};
        }
        pub mod publication {
            pub use crate::policy::publication::{changes, in_question};
        }
        pub mod publish_age {
            pub use crate::policy::publish_age::{minimum, reasons};
        }
        pub mod trail {
            pub use crate::policy::trail::{approvals_carry, clock, findings, gone, locked_checksum, reasons};
        }
        pub mod visible {
            pub use crate::policy::visible::{Filtered, Smallest, filtered_lines, smallest};
        }
    }
    /// Readers of a single text that have no other way in, for whoever tries many texts.
    pub mod readers {
        use std::sync::Arc;

        use crate::gather::advisory_db::parse_advisory;
        use crate::gather::command_line::CommandLine;

        /// Whether an advisory of this crate can be read, in a file of this name.
        #[must_use]
        pub fn advisory(text: &str, stem: &str, crate_name: &str) -> bool {
            parse_advisory(text, stem, &Arc::from(crate_name)).is_ok()
        }

        /// Whether this names a package.
        #[must_use]
        pub fn spec(text: &str) -> bool {
            crate::command::is_spec(text)
        }

        /// Takes a cargo command line apart, and puts it together again.
        #[must_use]
        pub fn command_line(words: &[String]) -> Vec<String> {
            let line = CommandLine::read(words);
            drop((line.action(), line.manifest_path()));
            let toolchain = line.toolchain.map(|toolchain| format!("+{toolchain}"));
            toolchain.into_iter().chain(line.globals).chain(line.verb).chain(line.rest).collect()
        }
    }
    pub mod report {
        pub mod audit {
            pub use crate::report::audit::places::{MarkedFile, Places};
            pub use crate::report::audit::{AuditReport, package_lines};
            pub mod github {
                pub use crate::report::audit::github::write;
            }
            pub mod gitlab {
                pub use crate::report::audit::gitlab::write;
            }
            pub mod human {
                pub use crate::report::audit::human::write;
            }
            pub mod json {
                pub use crate::report::audit::json::write;
            }
            pub mod markdown {
                pub use crate::report::audit::markdown::write;
            }
            pub mod sarif {
                pub use crate::report::audit::sarif::write;
            }
        }
        pub mod vsa {
            pub use crate::report::vsa::{Stating, VsaError, statement, write};
        }
        pub mod context {
            pub use crate::report::context::Verbosity;
        }
        pub mod escape {
            pub use crate::report::escape::{
                github_message, github_property, is_hostile, json, sarif, shell_word, terminal,
            };
        }
        pub mod log {
            pub use crate::report::log::{LogReport, human, json, verification};
        }
        pub mod notice {
            pub use crate::report::notice::trail_finding;
        }
        pub mod print {
            pub use crate::report::print::{fold, waiting_line};
        }
        pub mod status {
            pub use crate::report::status::{Canvas, StatusReport};
            pub mod human {
                pub use crate::report::status::human::write;
            }
            pub mod json {
                pub use crate::report::status::json::write;
            }
            pub mod markdown {
                pub use crate::report::status::markdown::write;
            }
        }
        pub mod update {
            pub mod json {
                pub use crate::report::update::json::UPDATE_V1;
            }
        }
        pub mod words {
            pub use crate::report::words::{distance, eligible, moment, rfc3339, span};
        }
    }
    pub mod scrutiny {
        pub use crate::scrutiny::difference::{Side, difference};
        pub use crate::scrutiny::{Parser, inspect, parses};
    }
    pub mod write {
        pub mod cargo_config {
            pub use crate::write::cargo_config::{
                ConfigError, ConfigFile, Location, Replaced, SpliceError, TeamSource, Wanted, spliced,
                with_minimum_age, with_team_registry,
            };
        }
        pub mod package {
            pub use crate::write::package::write_into;
        }
        pub mod policy_file {
            pub use crate::write::policy_file::{
                NewApproval, NewIgnore, PolicyEditError, approval_entry, ignore_entry, with_approval, with_ignore,
                without_approval, without_entries,
            };
        }
        pub mod project_file {
            pub use crate::write::project_file::{PolicyWriteError, replace};
        }
        pub mod trail {
            pub use crate::write::trail::{AppendError, append};
        }
        pub mod vendor_dir {
            pub use crate::write::vendor_dir::{
                Applied, Changes, Faults, Interrupted, Opening, TargetFault, VendorDir, VendorDirError, interrupted,
            };
        }
    }
}
