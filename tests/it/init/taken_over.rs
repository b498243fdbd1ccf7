//! What other tools' files say becomes a policy that can be read, whatever they say.

use super::*;

#[test]
fn ages_registries_and_exceptions_of_other_tools_hold_in_the_written_policy() {
    let world = World::new().lock();
    world.project.write(
        "cooldown.toml",
        "[registries.\"my registry\"]\nindex = \"sparse+https://registry.example.org/\"\nmin-publish-age = \"3 days\"\n\
         [[allow.package]]\ncrate = \"tokio\"\nminutes = 1440\n",
    );
    world.project.write(
        "deny.toml",
        "[licenses]\nallow = [\"MIT\"]\nexceptions = [{ crate = \"ring@0.17.8\", allow = [\"OpenSSL\"] }, { name = \"any\", allow = [\"ISC\", \"Zlib\"] }]\n",
    );
    let told = world.init(&[], 0).stdout;
    let (policy, _) = world.policy();
    let registries: Vec<_> = policy.registries.iter().collect();
    let [(registry, rules)] = registries.as_slice() else { panic!("{registries:?}") };
    assert_eq!(registry.to_string(), "sparse+https://registry.example.org/");
    assert_eq!(rules.name, "my registry");
    assert_eq!(rules.min_publish_age.as_ref().unwrap().value.to_string(), "3 days");
    let [tokio] = policy.overrides.as_slice() else { panic!("{:?}", policy.overrides) };
    assert_eq!(
        (tokio.crates[0].to_string(), tokio.min_publish_age.value.to_string()),
        ("tokio".into(), "1 day".into())
    );
    assert_eq!(tokio.reason.as_deref(), Some("taken over from cooldown.toml:4"));
    let exceptions = policy.licenses.exceptions.iter().map(|one| (one.releases.to_string(), one.allow.join(" ")));
    let expected = [("ring@=0.17.8", "OpenSSL"), ("any", "ISC Zlib")].map(|(of, ids)| (of.to_owned(), ids.to_owned()));
    assert_eq!(exceptions.collect::<Vec<_>>(), expected);
    assert!(told.contains("Took over"), "{told}");
}

/// None of these files is ours, so nothing in them is an error.
#[test]
fn names_that_a_policy_cannot_have_are_left_out_and_stop_nothing() {
    let world = World::new().lock();
    world.project.write("cooldown.toml", "[[allow.package]]\ncrate = \"spaced \"\nminutes = 1440\n");
    world.project.write(
        "deny.toml",
        "[licenses]\nallow = [\"MIT\", \"ISC \"]\nexceptions = [{ crate = \"one\", allow = [\"Zlib\\u200b\"] }, { crate = \" two\", allow = [\"Zlib\"] }]\n\
         [bans]\ndeny = [\"spaced \", \"three\"]\n[advisories]\nignore = [\" RUSTSEC-2026-0002\"]\n",
    );
    world.project.write(
        "supply-chain/audits.toml",
        "[[audits.\"spaced \"]]\nviolation = \"<1.2\"\ncriteria = \"safe-to-run\"\n",
    );
    world.init(&[], 0);
    let (policy, _) = world.policy();
    let denied: Vec<_> = policy.deny.iter().map(|ban| &*ban.text).collect();
    assert_eq!(denied, ["three"]);
    assert_eq!(policy.licenses.allow.iter().map(ToString::to_string).collect::<Vec<_>>(), ["MIT"]);
    assert!(policy.overrides.is_empty() && policy.licenses.exceptions.is_empty());
}

#[test]
fn two_registries_of_one_name_are_not_both_taken_over() {
    let world = World::new().lock();
    let registry = |address: &str| {
        format!("[registries.mine]\nindex = \"sparse+https://{address}.example.org/\"\nmin-publish-age = \"3 days\"\n")
    };
    let config = format!("{}{}", world.project.read(".cargo/config.toml"), registry("one"));
    world.project.write(".cargo/config.toml", config).write("cooldown.toml", registry("two"));
    let told = world.init(&[], 0).stdout;
    let registries: Vec<_> = world.policy().0.registries.into_keys().map(|one| one.to_string()).collect();
    assert_eq!(registries, ["sparse+https://one.example.org/"]);
    assert!(told.contains("Left out cooldown.toml: `registries.mine`"), "{told}");
}
