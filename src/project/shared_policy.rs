//! What a policy says for other workspaces of the repository: an exemption that is idle here may be what holds them up.

use super::lock_files::lock_files_around;
use super::open::Project;
use super::request::PolicyFrom;
use super::rules::nearest_policy;
use crate::gather::lock_file::{self, LockFile};
use crate::model::approval::Approval;
use crate::model::evaluation::Notice;
use crate::model::package::{LockedChecksum, Package};
use crate::model::policy::Ignore;

/// Leaves out what says of an exemption that nothing needs it, where another lock file under the same policy has what it is for. Whether
/// that one needs it is judged there and not here.
pub(super) fn without_what_others_use(notices: Vec<Notice>, project: &Project) -> Vec<Notice> {
    if !notices.iter().any(|notice| exemption(notice, project).is_some()) {
        return notices;
    }
    let others = Others::of(project);
    let is_theirs = |notice: &Notice| exemption(notice, project).is_some_and(|exemption| others.may_use(&exemption));
    notices.into_iter().filter(|notice| !is_theirs(notice)).collect()
}

enum Exemption<'a> {
    /// With whether it is the very bytes that count.
    Approval(&'a Approval, bool),
    Ignore(&'a Ignore),
}

/// The exemption that a notice calls idle. One that is over is over for all.
fn exemption<'a>(notice: &Notice, project: &'a Project) -> Option<Exemption<'a>> {
    let rules = project.rules();
    let approval = |line: u32| rules.approvals.iter().find(|one| one.line == line);
    if let Notice::ApprovalUnused { line, .. } = notice {
        return Some(Exemption::Approval(approval(*line)?, false));
    }
    if let Notice::ApprovalOfOtherBytes { line, .. } = notice {
        return Some(Exemption::Approval(approval(*line)?, true));
    }
    let Notice::IgnoreUnused { line, .. } = notice else { return None };
    rules.policy.advisories.ignore.iter().find(|one| one.line == *line).map(Exemption::Ignore)
}

/// The other lock files under the policy.
struct Others {
    packages: Vec<Package>,
    any: bool,
    /// One could not be read, and may have anything.
    unread: bool,
}

impl Others {
    fn of(project: &Project) -> Self {
        let (subject, policy) = (project.subject(), project.policy_path());
        let mut others = Self { packages: Vec::new(), any: false, unread: false };
        // Without a repository no policy is shared.
        let Ok(found) = lock_files_around(&subject.root, None, project.environment()) else { return others };
        let shares = |root| match project.request().judge.policy {
            PolicyFrom::Project => nearest_policy(root) == policy,
            PolicyFrom::Draft(_) | PolicyFrom::File(_) => true,
        };
        for path in found.paths.iter().filter(|path| **path != subject.lock_path) {
            if !path.parent().is_some_and(shares) {
                continue;
            }
            others.any = true;
            match lock_file::read(path) {
                Ok(LockFile { packages, .. }) => others.packages.extend(packages),
                Err(_) => others.unread = true,
            }
        }
        others
    }

    fn may_use(&self, exemption: &Exemption<'_>) -> bool {
        let mut packages = self.packages.iter();
        self.unread
            || match exemption {
                Exemption::Approval(one, of_bytes) => packages.any(|package| {
                    package.id.version == one.version
                        && one.crate_name.names(&package.id.name)
                        && package.id.crate_id().is_some_and(|id| id.registry == one.registry)
                        && (!of_bytes || package.checksum == LockedChecksum::Known(one.checksum))
                }),
                Exemption::Ignore(Ignore { crate_name: Some(name), .. }) => {
                    packages.any(|package| name.names(&package.id.name))
                }
                // Which crates it is about is known for those of this lock file only.
                Exemption::Ignore(_) => self.any,
            }
    }
}
