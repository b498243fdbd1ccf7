//! Tokens of registries that give nothing away without one (cases 26 and 37): found as cargo finds them, or named as what is missing.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Package, Project, Reply, TestRegistry};
use crate::update::{NOW, OLD};

const TOKEN: &str = "Bearer s3cret";

/// A project with a package of a registry that wants a token, and whose `credential-provider` is written at home.
struct World {
    registry: TestRegistry,
    project: Project,
}

impl World {
    fn new() -> Self {
        let registry = TestRegistry::new();
        Package::new("inner", "1.0.0").pubtime(OLD).publish(&registry);
        let index = registry.url();
        let project = Project::new()
            .dep_toml("inner = { version = \"1\", registry = \"corp\" }")
            .policy(&format!("[registries.corp]\nindex = {index:?}\n"));
        let world = Self { registry, project };
        world.home("");
        world.project.lock_with_cargo();
        world.registry.require_token(TOKEN);
        world
    }

    /// Writes the user's configuration: the registry, with more of its table, and of others.
    fn home(&self, more: &str) -> &Self {
        let index = self.registry.url();
        let text = format!("[registries.corp]\nindex = {index:?}\n{more}\n");
        std::fs::write(self.project.cargo_home().join("config.toml"), text).unwrap();
        self
    }

    /// A program beside the project; `LOG` in it stands for a file that it may write.
    fn program(&self, text: &str) -> String {
        let path = self.project.outside().join("provider");
        std::fs::write(&path, format!("#!/bin/sh\n{}\n", text.replace("LOG", self.log().as_str()))).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.into_string()
    }

    fn log(&self) -> camino::Utf8PathBuf {
        self.project.outside().join("log")
    }

    fn logged(&self) -> Option<String> {
        std::fs::read_to_string(self.log()).ok()
    }

    /// On a machine that has seen nothing of the registry.
    fn run(&self, verb: &[&str]) -> Outcome {
        let _ = std::fs::remove_dir_all(self.project.cargo_home().join("registry"));
        let outcome = self.project.sequester(&[verb, &["--no-advisories", "--now", NOW]].concat());
        assert!(!format!("{outcome:?}").contains("s3cret"), "{outcome:?}");
        outcome
    }

    /// What `audit` says of a registry that cannot be asked.
    #[track_caller]
    fn refusal(&self) -> String {
        self.run(&["audit"]).expect_code(2).stdout
    }
}

const BY_PROTOCOL: &str = "echo '{\"v\":[1]}'\nread -r request\necho \"$1 $request\" >> LOG\n\
    echo '{\"Ok\":{\"kind\":\"get\",\"token\":\"Bearer s3cret\",\"cache\":\"session\",\"operation_independent\":true}}'";

#[test]
fn case_37_a_program_that_the_user_names_is_asked_as_cargo_asks_it() {
    let world = World::new();
    let program = world.program(BY_PROTOCOL);
    for text in [
        format!("credential-provider = [{program:?}, \"--profile\", \"x\"]"),
        format!("[registry]\nglobal-credential-providers = [\"{program} --profile x\"]"),
        format!("credential-provider = \"mine\"\n[credential-alias]\nmine = \"{program} --profile x\""),
    ] {
        world.home(&text);
        let _ = std::fs::remove_dir_all(world.project.cargo_home().join("registry"));
        world.project.cargo(&["update", "--dry-run"]).expect_code(0);
        let by_cargo = world.logged().unwrap_or_default();
        std::fs::remove_file(world.log()).unwrap();
        world.run(&["audit"]).expect_code(0);
        let by_us = world.logged().unwrap_or_default();
        std::fs::remove_file(world.log()).unwrap();
        let question = |log: &str| {
            let (argument, json) = log.lines().next().unwrap().split_once(' ').unwrap();
            let mut json: serde_json::Value = serde_json::from_str(json).unwrap();
            // What the registry said when it refused is cargo's to pass on; nothing is decided by it.
            json["registry"].as_object_mut().unwrap().remove("headers");
            (argument.to_owned(), json)
        };
        assert_eq!(question(&by_us), question(&by_cargo), "{text}");
        assert_eq!(by_us.lines().count(), 1, "one run asks once");
    }
    for verb in [&["update", "--dry-run"][..], &["status"], &["explain", "inner"], &["vendor"]] {
        world.run(verb).expect_code(0);
    }
}

#[test]
fn case_37_the_output_of_a_program_may_be_the_token() {
    let world = World::new();
    let program =
        world.program("echo \"$CARGO_REGISTRY_NAME_OPT $CARGO_REGISTRY_INDEX_URL $*\" >> LOG\necho 'Bearer s3cret'");
    world.home(&format!("credential-provider = [\"cargo:token-from-stdout\", {program:?}, \"read\"]"));
    world.run(&["audit"]).expect_code(0);
    assert_eq!(world.logged().unwrap().trim(), format!("corp {} read", world.registry.url()));
    let two_lines = world.program("echo one\necho two");
    assert!(
        world.refusal().contains(&format!("`cargo:token-from-stdout {two_lines}` failed: it wrote more than one line"))
    );
}

#[test]
fn case_37_what_a_program_cannot_give_is_told_with_its_words() {
    let world = World::new();
    for (text, told) in [
        ("exit 7", "failed: it ended with exit status: 7"),
        ("echo no", "failed: it wrote a line that is not of the protocol"),
        ("echo '{\"v\":[2]}'", "failed: it does not speak version 1"),
        ("echo '{\"v\":[1]}'; read q; echo '{\"Err\":{\"kind\":\"not-found\"}}'", "has none for it"),
        (
            "echo '{\"v\":[1]}'; read q; echo '{\"Err\":{\"kind\":\"other\",\"message\":\"the vault is locked\",\"caused-by\":[]}}'",
            "failed: the vault is locked",
        ),
        ("echo '{\"v\":[1]}'; read q; echo '{\"Ok\":{\"kind\":\"get\",\"token\":\"\\u00e9\"}}'", "is no token"),
        (
            "echo '{\"v\":[1]}'; read q; echo '{\"Err\":{\"kind\":\"operation-not-supported\"}}'",
            "operation-not-supported",
        ),
        ("echo '{\"v\":[1]}'; read q; echo '{}'", "failed: its answer is none of the protocol's"),
        ("printf '\\377\\n'", "failed: what it wrote is not UTF-8"),
        // Whoever ends so may not mean what it said.
        (
            "echo '{\"v\":[1]}'; read q; echo '{\"Ok\":{\"kind\":\"get\",\"token\":\"Bearer s3cret\"}}'; exit 3",
            "failed: it ended with exit status: 3",
        ),
    ] {
        let program = world.program(text);
        world.home(&format!("credential-provider = {program:?}"));
        let refusal = world.refusal();
        assert!(
            refusal.contains(told) && refusal.contains(&format!("its credential provider `{program}`")),
            "{refusal}"
        );
        assert!(refusal.contains("cargo login") && !refusal.contains("check the network"), "{refusal}");
    }
    world.home("credential-provider = \"/nowhere/at-all\"");
    assert!(world.refusal().contains("`/nowhere/at-all` failed: it cannot be run"));
    world.home("credential-provider = \"cargo:libsecret\"");
    assert!(world.refusal().contains("`cargo:libsecret` is not run here: it is a part of cargo"));
    world.home("secret-key = \"k3.secret.x\"");
    assert!(world.refusal().contains("`cargo:paseto` is not run here: signed requests are not supported"));
}

#[test]
fn case_37_a_program_that_the_checkout_names_is_never_run() {
    let world = World::new();
    let program = world.program(BY_PROTOCOL);
    let index = world.registry.url();
    for text in [
        format!("[registries.corp]\ncredential-provider = {program:?}"),
        format!("[registry]\nglobal-credential-providers = [{program:?}]"),
        format!("[registries.corp]\nindex = {index:?}\ncredential-provider = \"cargo:token-from-stdout {program}\""),
    ] {
        world.project.write(".cargo/config.toml", &text);
        let refusal = world.refusal();
        assert!(refusal.contains("only the user's own configuration may") && refusal.contains(&program), "{refusal}");
        for verb in [&["update", "--dry-run"][..], &["status"], &["vendor"], &["explain", "inner"]] {
            assert_eq!(world.run(verb).code, 2, "{verb:?}");
        }
        assert_eq!(world.logged(), None, "{text}");
    }
    // A home in the checkout is the checkout's.
    std::fs::remove_file(world.project.path(".cargo/config.toml")).unwrap();
    let home = world.project.path(".cargo");
    let World { registry, project } = world;
    let world = World { registry, project: project.env("CARGO_HOME", home.as_str()) };
    world.project.write(
        ".cargo/config.toml",
        format!("[registries.corp]\nindex = {index:?}\ncredential-provider = {program:?}"),
    );
    assert!(world.refusal().contains("only the user's own configuration may"));
    assert_eq!(world.logged(), None);
}

#[test]
fn case_26_a_missing_and_a_wrong_token_are_called_that() {
    let world = World::new();
    let refusal = world.refusal();
    assert!(refusal.contains("status 401") && refusal.contains("no token is configured for it"), "{refusal}");
    std::fs::write(
        world.project.cargo_home().join("credentials.toml"),
        "[registries.corp]\ntoken = \"Bearer s3cret-not\"\n",
    )
    .unwrap();
    let refusal = world.refusal();
    assert!(refusal.contains("its token was sent"), "{refusal}");
}

#[test]
fn the_words_of_whoever_refuses_a_download_are_told() {
    let world = World::new();
    world.home(&format!("token = {TOKEN:?}"));
    for (status, help) in
        [(403, "ask who runs the registry"), (451, "ask who runs the registry"), (404, "lock another version")]
    {
        let path = TestRegistry::download_path("inner", "1.0.0");
        world.registry.be_itself().reply(&path, Reply::status(status).body("held back by the firewall\nuntil Monday"));
        let outcome = world.run(&["vendor"]).expect_code(2);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(told.contains("held back by the firewall until Monday") && told.contains(help), "{status}: {told}");
    }
    // What a deny list says is not answered by a token.
    let deny_list = Reply::status(403).body("inner is on the deny list, ask security@acme.test");
    world.registry.be_itself().reply("/index/in/ne/inner", deny_list);
    let refusal = world.refusal();
    assert!(refusal.contains("on the deny list, ask security@acme.test"), "{refusal}");
    assert!(refusal.contains("help: ask who runs the registry") && !refusal.contains("cargo login"), "{refusal}");
    world.registry.be_itself().reply("/index/config.json", Reply::status(451).body("not in your country"));
    assert!(world.refusal().contains("not in your country"));
    let refusal = world.run(&["update"]);
    assert!(format!("{}{}", refusal.stdout, refusal.stderr).contains("not in your country"), "{refusal:?}");
}

#[test]
fn a_report_of_a_fault_tells_what_was_asked_and_no_token() {
    let world = World::new();
    let program = world.program(BY_PROTOCOL);
    world.home(&format!("credential-provider = [{program:?}]"));
    let told = |verb: &[&str]| world.run(&[verb, &["-vv"]].concat()).expect_code(0).stderr;
    let audit = told(&["audit"]);
    assert!(
        audit.contains(&format!("GET {}in/ne/inner: 200, ", world.registry.url().trim_start_matches("sparse+"))),
        "{audit}"
    );
    assert!(audit.contains("\"metadata\", ") && audit.contains("]: exit status: 0, in "), "{audit}");
    let update = told(&["update", "--dry-run"]);
    assert!(update.contains("\"update\""), "{update}");
    let quiet = world.run(&["audit", "-v"]).expect_code(0).stderr;
    assert!(!quiet.contains("GET "), "{quiet}");
}

#[test]
fn a_report_of_a_fault_tells_no_address_that_was_typed() {
    let world = World::new();
    let program = world.program(BY_PROTOCOL);
    world.home(&format!("credential-provider = [{program:?}]"));
    let update = ["update", "file:///nowhere/hunter2"];
    let told =
        world.project.sequester(&[&["-vv", "cargo", "--no-advisories", "--now", NOW][..], &update].concat()).stderr;
    let traced: Vec<_> = told.lines().filter(|line| line.contains(" DEBUG ")).collect();
    assert!(traced.iter().any(|line| line.contains("\"update\"")), "{told}");
    assert!(traced.iter().all(|line| !line.contains("hunter2")), "{told}");
}
