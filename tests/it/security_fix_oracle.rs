//! A second reading of the rule on security fixes, as plain as can be and slow, held against the decision on thousands of small worlds.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use semver::{Version, VersionReq};

use crate::support::facts::version;
use crate::support::fix_worlds::{Advised, FixWorld, Locked, Published, day, fix_world, on_one_line, role, too_new};

/// In hours before now, as everything here.
const FIX_AGE: i64 = 24;

struct Oracle<'w> {
    world: &'w FixWorld,
    ground: &'w Locked,
}

fn v(one: &Published) -> Version {
    version(one.version)
}

fn accepts(req: &str, one: &Version) -> bool {
    req.parse::<VersionReq>().unwrap().matches(one)
}

/// A requirement with its lower bound left aside accepts whatever is not above all that it accepts.
fn accepts_below(req: &str, one: &Version) -> bool {
    let req: VersionReq = req.parse().unwrap();
    let mut grid = (0..=2).flat_map(|x| (0..=3).flat_map(move |y| (0..=3).map(move |z| Version::new(x, y, z))));
    grid.any(|other| other >= *one && req.matches(&other))
}

fn hits(advised: &Advised, one: &Version) -> bool {
    !advised.patched.iter().chain(advised.unaffected).any(|range| accepts(range, one))
}

impl Oracle<'_> {
    fn of(&self, name: &str) -> Vec<&Published> {
        self.world.published.iter().filter(|one| one.name == name).collect()
    }

    fn minimum(&self, name: &str) -> i64 {
        let overridden = self.world.minimums.iter().filter(|(of, _)| *of == name).map(|(_, days)| 24 * days);
        overridden.max().unwrap_or(7 * 24)
    }

    /// Whether it had the usual age so many hours before now.
    fn had_usual_age(&self, one: &Published, moment: i64) -> bool {
        one.hours - moment >= self.minimum(one.name)
    }

    /// When the need is judged, in hours before now: at the later of the fix's coming of age and the first second of the advisory's day.
    fn moment(fix: &Published, advised: &Advised) -> i64 {
        let since = |hours: i64| {
            let start = day(hours).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
            (crate::support::facts::now().as_second() - start.as_second()).div_euclid(3_600)
        };
        (fix.hours - FIX_AGE).min(since(advised.hours))
    }

    fn locked(&self, name: &str) -> Option<Version> {
        let locked = match name {
            "fixed" => self.ground.fixed,
            "user" => self.ground.user,
            "part" => self.ground.part,
            _ => None,
        };
        locked.map(version)
    }

    fn comes_through(&self) -> bool {
        self.ground.through && self.ground.user.is_some() && self.ground.fixed.is_some()
    }

    /// The requirements on the locked release of the fixed crate, where it is on this line.
    fn requirements(&self, line: &Version) -> Vec<&str> {
        let Some(locked) = self.locked("fixed").filter(|locked| on_one_line(locked, line)) else { return Vec::new() };
        let mut all: Vec<&str> = self.ground.asked.into_iter().collect();
        if self.comes_through() {
            let user = self.of("user").into_iter().find(|one| Some(one.version) == self.ground.user);
            all.extend(
                user.into_iter()
                    .flat_map(|one| &one.dependencies)
                    .filter(|(on, _)| *on == "fixed")
                    .map(|(_, req)| *req),
            );
        }
        all.retain(|req| accepts(req, &locked));
        all
    }

    /// What is common to whatever comes early, apart from who needs it.
    fn may_come_early(&self, one: &Published, advised: &Advised) -> bool {
        let days_after = day(one.hours).since(day(advised.hours)).unwrap().get_days();
        let stands_against =
            |known: &&Advised| known.name == one.name && hits(known, &v(one)) && known.kind != AdvisoryKind::Unsound;
        !one.yanked
            && one.hours >= FIX_AGE
            && one.hours > self.world.committed
            && days_after <= 30
            && !self.world.advised.iter().any(|known| stands_against(&known))
    }

    fn brings(&self, one: &Published, before: &Published) -> bool {
        let is_malicious = |known: &&Advised| {
            known.name == before.name && known.kind == AdvisoryKind::Malicious && hits(known, &v(before))
        };
        self.world.advised.iter().any(|known| is_malicious(&known))
            || !one.dependencies.iter().all(|(on, _)| before.dependencies.iter().any(|(known, _)| known == on))
    }

    /// Whether a locked release, or the trail's, wants the fix: `Some(true)` where it may bring along what it needs.
    fn wanted(&self, fix: &Version, advised: &Advised) -> Option<bool> {
        let mends = |locked: &Version| hits(advised, locked) && locked < fix && on_one_line(locked, fix);
        match self.locked("fixed") {
            Some(locked) if mends(&locked) || locked == *fix => return Some(true),
            _ => {}
        }
        if self.world.recorded.is_some_and(|(recorded, in_use)| in_use && mends(&version(recorded))) {
            return Some(self.locked("fixed").is_some());
        }
        self.locked("fixed").is_none().then_some(false)
    }

    /// Whether the release is the fix that the advisory names, and needed.
    fn is_fix(&self, fix: &Published, advised: &Advised) -> bool {
        if fix.name != advised.name
            || advised.kind != AdvisoryKind::Vulnerability
            || !advised.named.contains(&fix.version)
            || hits(advised, &v(fix))
            || self.wanted_of(fix, advised).is_none()
            || !self.may_come_early(fix, advised)
        {
            return false;
        }
        let moment = Self::moment(fix, advised);
        let line: Vec<&Published> = self.of(fix.name).into_iter().filter(|one| on_one_line(&v(one), &v(fix))).collect();
        let Some(lowest) = line.iter().map(|one| v(one)).filter(|one| hits(advised, one)).min() else { return false };
        let aged = || line.iter().filter(|one| v(one) >= lowest && self.had_usual_age(one, moment));
        let requirements =
            if fix.name == "fixed" { self.requirements(&v(fix)) } else { self.requirements_on(fix.name) };
        let accepted = |one: &Published| requirements.iter().all(|req| accepts_below(req, &v(one)));
        if aged().any(|one| accepted(one) && !hits(advised, &v(one))) {
            return false;
        }
        let hit = || aged().filter(|one| hits(advised, &v(one)));
        hit().any(|one| v(one) < v(fix))
            && hit().max_by_key(|one| v(one)).is_some_and(|before| !self.brings(fix, before))
    }

    /// The same two questions about the other crates, which no advisory in these worlds need be about.
    fn wanted_of(&self, fix: &Published, advised: &Advised) -> Option<bool> {
        if fix.name == "fixed" {
            return self.wanted(&v(fix), advised);
        }
        match self.locked(fix.name) {
            None => Some(false),
            Some(locked) => {
                let mends = hits(advised, &locked) && locked < v(fix) && on_one_line(&locked, &v(fix));
                (mends || locked == v(fix)).then_some(true)
            }
        }
    }

    fn requirements_on(&self, name: &str) -> Vec<&str> {
        let Some(locked) = self.locked(name).filter(|_| name == "part" && self.ground.fixed.is_some()) else {
            return Vec::new();
        };
        let fixed = self.of("fixed").into_iter().find(|one| Some(one.version) == self.ground.fixed);
        let asks = fixed.into_iter().flat_map(|one| &one.dependencies).filter(|(on, _)| *on == name);
        asks.map(|(_, req)| *req).filter(|req| accepts(req, &locked)).collect()
    }

    fn is_companion(&self, one: &Published, fix: &Published, advised: &Advised) -> bool {
        let moment = Self::moment(fix, advised);
        fix.dependencies.iter().filter(|(on, _)| *on == one.name).any(|(_, req)| {
            let satisfying: Vec<&Published> =
                self.of(one.name).into_iter().filter(|other| accepts(req, &v(other))).collect();
            let locked = self.locked(one.name);
            locked.is_some()
                && satisfying.iter().all(|other| !self.had_usual_age(other, moment))
                && satisfying.iter().map(|other| v(other)).min() == Some(v(one))
                && !locked.is_some_and(|locked| locked != v(one) && accepts(req, &locked))
                && self.may_come_along(one, advised, moment)
        })
    }

    fn is_dependent(&self, one: &Published, fix: &Published, advised: &Advised) -> bool {
        let Some(locked) = self.locked(one.name).filter(|_| one.name == "user" && fix.name == "fixed") else {
            return false;
        };
        let mends = |fixed: &Version| {
            *fixed == v(fix) || (hits(advised, fixed) && *fixed < v(fix) && on_one_line(fixed, &v(fix)))
        };
        if !self.comes_through() || !self.locked("fixed").is_some_and(|fixed| mends(&fixed)) {
            return false;
        }
        let moment = Self::moment(fix, advised);
        let lets_in = |user: &Published, fixed: &Version| {
            user.dependencies.iter().any(|(on, req)| *on == "fixed" && accepts(req, fixed))
        };
        let line: Vec<&Published> =
            self.of("user").into_iter().filter(|other| on_one_line(&v(other), &locked)).collect();
        let would_do = |user: &&Published| {
            self.had_usual_age(user, moment)
                && self.of("fixed").into_iter().any(|fixed| !hits(advised, &v(fixed)) && lets_in(user, &v(fixed)))
        };
        let reaching = || line.iter().filter(|user| lets_in(user, &v(fix)));
        !line.iter().any(would_do)
            && reaching().map(|user| v(user)).min() == Some(v(one))
            && !reaching().any(|user| v(user) == locked && locked != v(one))
            && self.may_come_along(one, advised, moment)
    }

    fn may_come_along(&self, one: &Published, advised: &Advised, moment: i64) -> bool {
        let of_line = || self.of(one.name).into_iter().filter(|other| on_one_line(&v(other), &v(one)));
        let newest = of_line().filter(|other| self.had_usual_age(other, moment)).max_by_key(|other| v(other));
        self.may_come_early(one, advised)
            && !self.world.advised.iter().any(|known| known.name == one.name && hits(known, &v(one)))
            && newest.map_or(one.dependencies.is_empty(), |newest| !self.brings(one, newest))
    }

    fn comes_early(&self, one: &Published) -> bool {
        self.world.advised.iter().any(|advised| {
            let along = |fix: &Published| {
                self.is_fix(fix, advised)
                    && self.wanted_of(fix, advised) == Some(true)
                    && (self.is_companion(one, fix, advised) || self.is_dependent(one, fix, advised))
            };
            self.is_fix(one, advised) || self.world.published.iter().any(along)
        })
    }
}

#[test]
fn the_decision_is_what_the_plainest_reading_of_the_rule_gives() {
    const WORLDS: usize = 2_000;
    let mut runner = TestRunner::deterministic();
    let mut early = [0_usize; 4];
    for number in 0..WORLDS {
        let world = fix_world().new_tree(&mut runner).unwrap().current();
        let verdicts = world.verdicts_at(0);
        let mut any = false;
        for (one, verdict) in world.published.iter().zip(&verdicts) {
            let oracle = world.ground().map(|ground| Oracle { world: &world, ground });
            let usual = oracle.as_ref().map_or(0, |oracle| oracle.minimum(one.name));
            if oracle.is_none() {
                assert_eq!(role(verdict), None, "world {number}, {one:?}");
                continue;
            }
            if one.hours >= usual {
                assert!(role(verdict).is_none() && too_new(verdict).is_none(), "world {number}, {one:?}");
                continue;
            }
            let comes_early = oracle.is_some_and(|oracle| oracle.comes_early(one));
            let is_lifted = too_new(verdict).is_none();
            assert_eq!(is_lifted, comes_early, "world {number}, {one:?}: {verdict:?}\n{world:#?}");
            any |= is_lifted;
            match role(verdict) {
                Some(cargo_sequester::door::model::verdict::FixRole::Named) => early[0] += 1,
                Some(cargo_sequester::door::model::verdict::FixRole::Companion { .. }) => early[1] += 1,
                Some(cargo_sequester::door::model::verdict::FixRole::Dependent { .. }) => early[2] += 1,
                None => {}
            }
        }
        early[3] += usize::from(any);
    }
    eprintln!(
        "of {WORLDS} worlds: {} fixes, {} companions, {} dependents, {} with any",
        early[0], early[1], early[2], early[3]
    );
    // A generator that reaches nothing proves nothing.
    assert!(early[3] > WORLDS / 4 && early.iter().all(|count| *count > WORLDS / 10), "{early:?}");
}
