//! What a finding means, in a sentence; and the line that tells of one. Used wherever findings are shown.

use crate::model::finding::{Finding, FindingCode, Severity};
use crate::report::print::Tone;

/// What it means that a release has such a finding.
#[must_use]
pub(crate) const fn meaning(code: FindingCode) -> &'static str {
    match code {
        FindingCode::ReadsAndSends => {
            "it reads what is yours and reaches the network in one chain: that is how secrets leave a machine"
        }
        FindingCode::FetchesAndRuns => {
            "it reaches the network and runs something in one chain: what it runs can be another program every day"
        }
        FindingCode::UnpacksAndRuns => {
            "it turns encoded or packed bytes into something that it runs: nobody can review what that is"
        }
        FindingCode::WritesOutside => "it writes to places that are not its own, and may stay there",
        FindingCode::AssembledText => {
            "a command, an address or a name is put together from pieces, so that a search does not find it"
        }
        FindingCode::ReadsSecrets => "it reads files or variables in which secrets are kept",
        FindingCode::NetworkAtBuild => {
            "it reaches the network while packages are built: what it brings is under no checksum"
        }
        FindingCode::RunsOwnFile => {
            "it runs a program by its path: one that it brings along or makes, and not one of this machine's"
        }
        FindingCode::LeavesPackage => {
            "it takes in a file from outside of the package, which no checksum of this package covers"
        }
        FindingCode::CodeNotFound => {
            "which code it takes in is computed, so that nobody can tell what was not looked at"
        }
        FindingCode::RunsShell => "it runs a command line of a shell or an interpreter",
        FindingCode::RunsBeforeMain => "it runs before `main`, without being called",
        FindingCode::AssemblyAtBuild => {
            "machine code stands in source that runs at build time; what it does was not looked at"
        }
        FindingCode::NotParsed => {
            "this file could not be parsed, so only its words were looked at; a compiler may take it all the same"
        }
        FindingCode::ManifestDiffers => {
            "cargo resolves by the index and builds by the manifest: what only one of them has was never judged"
        }
        FindingCode::OriginalDiffers => {
            "cargo's manifest has what its author's `Cargo.toml.orig` has not: it was edited after packing"
        }
        FindingCode::BidirectionalText => {
            "these characters turn the reading direction: a compiler reads another text than a person"
        }
        FindingCode::InvisibleText => {
            "these characters are not seen; text, names and whole programs have been hidden in them"
        }
        FindingCode::CodeAfterBlank => "code stands behind so much blank space that no window shows it",
        FindingCode::DisguisedBinary => "machine code under a name that promises a text or a picture",
        FindingCode::BinaryFile => "a file that is no source, and that nobody can review",
        FindingCode::EncodedConstant => "a long constant of encoded bytes; what it holds was not looked at",
        FindingCode::UnlistedFile => "the manifest's own lists leave this file out, so cargo would not have packed it",
        FindingCode::MissingTarget => "the manifest names a target that the archive does not have",
        FindingCode::UnusualBuildScript => "the build script has another name than cargo's own",
        FindingCode::CommitDiffers => {
            "the registry saw a CI run publish it from another commit, so the repository may not have what was packed"
        }
        FindingCode::VcsDirty => "it was packed with changes that no commit has",
        FindingCode::VcsUnknown => "nothing says which commit it was packed from",
        FindingCode::License => "its licence cannot be told, or its text is not there",
        FindingCode::OnlyScanned => "too large to be parsed: its words were looked at, not what they do together",
        FindingCode::NotLookedAt => "more source than is held at once: this was not looked at",
        FindingCode::BuildScript => "it runs before the package is compiled, with all that you may do",
        FindingCode::ProcMacro => "it runs inside the compiler, with all that you may do",
        FindingCode::Links => "it links a native library",
    }
}

/// Where it was seen: `build.rs:7`, `build.rs`, or nothing for the package as a whole.
#[must_use]
pub(crate) fn place(finding: &Finding) -> Option<String> {
    let file = finding.file.as_deref()?;
    Some(finding.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
}

/// In one line: `reads-and-sends at build.rs:7: …`. Text from the archive is in it, not yet escaped.
#[must_use]
pub(crate) fn line(finding: &Finding) -> String {
    let place = place(finding).map(|place| format!(" at {place}")).unwrap_or_default();
    let evidence = &finding.evidence;
    if evidence.is_empty() {
        return format!("{}{place}", finding.code.as_str());
    }
    format!("{}{place}: {evidence}", finding.code.as_str())
}

/// How a finding of this severity is meant.
#[must_use]
pub(crate) const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::High => Tone::Bad,
        Severity::Medium => Tone::Caution,
        Severity::Low | Severity::Note => Tone::Plain,
    }
}
