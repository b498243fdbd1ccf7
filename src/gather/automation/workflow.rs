//! What a workflow of GitHub does by itself, as far as the file says it for certain: on which event, in which job, in which step.

use super::script::{Sure, Wanted, may_end, mentions, runs};
use super::yaml::Yaml;

/// The command by which a change is judged.
pub(super) const JUDGING: Wanted = Wanted { verbs: &["audit"], with: &["--base"] };
/// The commands by which dependencies are moved.
pub(super) const UPDATING: Wanted = Wanted { verbs: &["update", "fix"], with: &[] };
/// Conditions under which a step or job runs in the ordinary course.
const USUAL: [&str; 5] = ["true", "always()", "success()", "!cancelled()", "!failure()"];

/// How sure it is that a workflow judges proposed changes, and that it moves dependencies. `folder` is the project's, from the repository's
/// root.
pub(super) fn does(text: &str, folder: &str) -> (Sure, Sure) {
    let may = |is_told: bool| if is_told { Sure::May } else { Sure::No };
    let (judges, updates) = (mentions(text, JUDGING) || uses_action(text), mentions(text, UPDATING));
    if !judges && !updates {
        return (Sure::No, Sure::No);
    }
    let Some(workflow) = Yaml::parse(text) else { return (may(judges), may(updates)) };
    let jobs = workflow.get("jobs").map_or(&[][..], Yaml::entries);
    let usual_shell = if workflow.get("defaults").is_some() { Sure::May } else { Sure::Does };
    let best = |wanted: Wanted, is_judging: bool| {
        let of_job = |job: &(String, Yaml)| reached(jobs, &job.0, 0).min(in_job(&job.1, wanted, is_judging, folder));
        jobs.iter().map(of_job).max().unwrap_or(Sure::No).min(usual_shell)
    };
    let on = workflow.get("on").unwrap_or(&Yaml::Null);
    (on_changes(on).min(best(JUDGING, true)), on_schedule(on).min(best(UPDATING, false)))
}

fn uses_action(text: &str) -> bool {
    text.lines()
        .any(|line| !line.trim_start().starts_with('#') && line.contains("uses:") && line.contains("/cargo-sequester@"))
}

/// Whether every proposed change starts it.
fn on_changes(on: &Yaml) -> Sure {
    let names = on.items().iter().filter_map(Yaml::text);
    if names.into_iter().any(|name| name == "pull_request") {
        return Sure::Does;
    }
    let Some(event) = on.get("pull_request") else {
        let other = ["pull_request_target", "merge_group", "push", "workflow_call", "workflow_run"];
        let is_told =
            other.iter().any(|name| on.get(name).is_some() || on.items().iter().any(|one| one.text() == Some(*name)));
        return if is_told { Sure::May } else { Sure::No };
    };
    let types: Option<Vec<&str>> =
        event.get("types").map(|types| types.items().iter().filter_map(Yaml::text).collect());
    let every = types.is_none_or(|types| ["opened", "synchronize"].iter().all(|one| types.contains(one)));
    let unfiltered = event.entries().iter().all(|(key, _)| key == "types");
    if every && unfiltered { Sure::Does } else { Sure::May }
}

/// Whether time starts it.
fn on_schedule(on: &Yaml) -> Sure {
    let times = on.get("schedule").map_or(&[][..], Yaml::items);
    if times.iter().any(|time| time.get("cron").and_then(Yaml::text).is_some_and(|cron| cron.split(' ').count() == 5)) {
        return Sure::Does;
    }
    let by_hand = |name: &str| matches!(name, "workflow_dispatch" | "pull_request" | "merge_group");
    let names = on.items().iter().filter_map(Yaml::text).chain(on.entries().iter().map(|(name, _)| name.as_str()));
    if names.into_iter().all(by_hand) { Sure::No } else { Sure::May }
}

/// Whether a job is run in the ordinary course: its own condition, and the jobs that it waits for.
fn reached(jobs: &[(String, Yaml)], name: &str, depth: usize) -> Sure {
    let Some((_, job)) = jobs.iter().find(|(known, _)| known == name).filter(|_| depth < 20) else { return Sure::May };
    let needed = job.get("needs").map_or(&[][..], Yaml::items).iter();
    let needed = needed.map(|need| need.text().map_or(Sure::May, |need| reached(jobs, need, depth + 1)));
    needed.min().unwrap_or(Sure::Does).min(condition(job))
}

fn condition(of: &Yaml) -> Sure {
    let Some(condition) = of.get("if") else { return Sure::Does };
    let text = condition.text().unwrap_or_default().trim();
    let text = text.strip_prefix("${{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text).trim();
    match text {
        "false" | "!true" | "0" | "''" => Sure::No,
        text if USUAL.contains(&text) => Sure::Does,
        _ => Sure::May,
    }
}

fn in_job(job: &Yaml, wanted: Wanted, is_judging: bool, folder: &str) -> Sure {
    if let Some(called) = job.get("uses") {
        let is_named = called.text().is_none_or(|called| called.contains("sequester"));
        return if is_named { Sure::May } else { Sure::No };
    }
    // What else could keep it from running, or run something else.
    let odd = ["defaults", "strategy", "environment"].iter().any(|key| job.get(key).is_some())
        || job.get("runs-on").is_none()
        || job.get("timeout-minutes").is_some_and(|minutes| minutes.text() == Some("0"));
    let (mut best, mut goes_on) = (Sure::No, if odd { Sure::May } else { Sure::Does });
    for step in job.get("steps").map_or(&[][..], Yaml::items) {
        best = best.max(in_step(step, wanted, is_judging, folder).min(condition(step)).min(goes_on));
        if step.get("run").and_then(Yaml::text).is_some_and(may_end) {
            goes_on = goes_on.min(Sure::May);
        }
    }
    best
}

fn in_step(step: &Yaml, wanted: Wanted, is_judging: bool, folder: &str) -> Sure {
    if let Some(action) = step.get("uses").and_then(Yaml::text) {
        let Some((_, at)) = action.split_once("/cargo-sequester@").filter(|_| is_judging) else { return Sure::No };
        let is_here = is_folder(step.get("with").and_then(|with| with.get("working-directory")), folder);
        // A branch or a tag can come to mean something else.
        let is_pinned = at.len() == 40 && at.bytes().all(|byte| byte.is_ascii_hexdigit());
        return if is_here && is_pinned { Sure::Does } else { Sure::May };
    }
    let Some(script) = step.get("run").and_then(Yaml::text) else { return Sure::No };
    let is_usual = step.get("shell").is_none_or(|shell| matches!(shell.text(), Some("bash" | "sh")));
    let sure = runs(script, wanted);
    if is_usual && is_folder(step.get("working-directory"), folder) { sure } else { sure.min(Sure::May) }
}

/// Whether a working directory is the project's.
fn is_folder(given: Option<&Yaml>, folder: &str) -> bool {
    let given = given.map_or(Some(""), Yaml::text);
    let given = given.map(|given| given.trim_start_matches("./").trim_matches('/'));
    given.is_some_and(|given| given == folder || (given == "." && folder.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUDGE: &str = "cargo-sequester audit --base \"$BASE\"";

    fn workflow(on: &str, of_job: &str, steps: &str) -> String {
        format!("on:\n{on}\njobs:\n  one:\n    runs-on: ubuntu-latest\n{of_job}    steps:\n{steps}\n")
    }

    #[test]
    fn a_change_is_judged_where_nothing_can_keep_it_from_being_so() {
        let step = format!("      - run: {JUDGE}");
        let judged = |on: &str, of_job: &str, steps: &str| does(&workflow(on, of_job, steps), "").0;
        assert_eq!(judged("  pull_request:", "", &step), Sure::Does);
        assert_eq!(judged("  pull_request:\n    types: [opened, synchronize, edited]", "", &step), Sure::Does);
        assert_eq!(judged("  pull_request:\n    paths: [src]", "", &step), Sure::May);
        assert_eq!(judged("  pull_request:\n    types: [closed]", "", &step), Sure::May);
        assert_eq!(judged("  push:", "", &step), Sure::May);
        assert_eq!(judged("  workflow_dispatch:", "", &step), Sure::No);
        assert_eq!(judged("  pull_request:", "    if: false\n", &step), Sure::No);
        assert_eq!(judged("  pull_request:", "    if: ${{ false }}\n", &step), Sure::No);
        assert_eq!(judged("  pull_request:", "    if: github.actor == 'nobody'\n", &step), Sure::May);
        assert_eq!(judged("  pull_request:", "    needs: none\n", &step), Sure::May);
        assert_eq!(judged("  pull_request:", "    strategy:\n      matrix: {a: []}\n", &step), Sure::May);
        let with = |more: &str| judged("  pull_request:", "", &format!("{step}\n        {more}"));
        assert_eq!(with("if: false"), Sure::No);
        assert_eq!(with("shell: cat {0}"), Sure::May);
        assert_eq!(with("shell: bash"), Sure::Does);
        assert_eq!(with("working-directory: other"), Sure::May);
        assert_eq!(with("working-directory: ."), Sure::Does);
        assert_eq!(judged("  pull_request:", "", &format!("      - run: exit 1\n{step}")), Sure::May);
        assert_eq!(judged("  pull_request:", "", &format!("      - run: &x {JUDGE}")), Sure::May);
        assert_eq!(judged("  pull_request:", "", &format!("      - name: {JUDGE}\n        run: \"true\"")), Sure::No);
        let id = "0123456789012345678901234567890123456789";
        assert_eq!(judged("  pull_request:", "", &format!("      - uses: a/cargo-sequester@{id}")), Sure::Does);
        assert_eq!(judged("  pull_request:", "", "      - uses: a/cargo-sequester@v1"), Sure::May);
    }

    #[test]
    fn a_machine_proposes_updates_where_time_starts_it() {
        let step = "      - run: cargo-sequester update --vendor";
        let moved = |on: &str| does(&workflow(on, "", step), "").1;
        assert_eq!(moved("  schedule:\n    - cron: \"23 4 * * 1\""), Sure::Does);
        assert_eq!(moved("  schedule: []"), Sure::May);
        assert_eq!(moved("  workflow_dispatch:"), Sure::No);
        assert_eq!(moved("  push:"), Sure::May);
        assert_eq!(does(&workflow("  schedule:\n    - cron: \"23 4 * * 1\"", "", step), "below").1, Sure::May);
    }

    #[test]
    fn our_own_recipe_is_one() {
        let recipe = include_str!("../../../examples/ci/github/sequester.yml").replace("@DIRECTORY@", ".");
        assert_eq!(does(&recipe.replace("@LOOSENED@", "fail"), ""), (Sure::Does, Sure::No));
        let recipe = include_str!("../../../examples/ci/github/sequester-update.yml").replace("@DIRECTORY@", ".");
        // Its script takes several ways, which a person must follow.
        assert_eq!(does(&recipe, "").1, Sure::May);
    }
}
