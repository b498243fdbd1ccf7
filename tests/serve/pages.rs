//! The pages for people, the documents for machines, the counters and the log.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use serde_json::Value;

use crate::server::{Answer, OLD, Server, World, YOUNG, checksum};
use crate::support::{Advisory, Package, TestRegistry};
use crate::teams::token;

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world
}

/// What every page must be: markup of ours alone, under the policy of its own header.
#[track_caller]
fn page(answer: Answer, status: u16) -> String {
    let answer = answer.expect(status);
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let text = answer.text();
    for (at, _) in text.match_indices("<style>") {
        let end = text[at..].find("</style>").unwrap();
        assert!(policy.contains(&digest(&text[at + "<style>".len()..at + end])), "a style that the policy forbids");
    }
    let lists = (text.contains("<dt>"), text.contains("<dl>") && text.contains("</dl>"));
    assert!(!lists.0 || lists.1, "terms outside of a list of terms");
    for forbidden in ["<script", " style=", " onclick", "javascript:", "src=", "http-equiv"] {
        assert!(!text.contains(forbidden), "{forbidden} in\n{text}");
    }
    text
}

/// By a program that shares nothing with this one.
fn digest(text: &str) -> String {
    use std::io::Write as _;
    let mut child = std::process::Command::new("sh")
        .args(["-c", "sha256sum | cut -c1-64 | xxd -r -p | base64"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[track_caller]
fn document(answer: Answer, name: &str) -> Value {
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    let schema = format!("{}/docs/{name}-v1.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}\n{document:#}");
    document
}

/// Cargo's way of making the server know a crate.
fn seen(server: &Server, name: &str) {
    server.index("team", name).expect(200);
}

#[test]
fn what_is_held_is_told_with_when_why_and_who_waits_for_it() {
    let world = world();
    let server = world.serve();
    let before = page(server.get("/team/"), 200);
    assert!(before.contains("Nothing is held"), "{before}");
    assert!(before.contains("replace-with"), "how to use it");
    seen(&server, "bar");
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    let refused = server.download(&world.registry, "team", "bar", "1.1.0").expect(403).text();
    let begun = std::time::Instant::now();
    let text = loop {
        let text = page(server.get("/team/"), 200);
        if text.contains("Refused 2 times") {
            break text;
        }
        assert!(begun.elapsed().as_secs() < 20, "{text}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    for told in [
        "<a href=\"/team/crate/bar/1.1.0\"><code>bar@1.1.0</code></a>",
        "published 2 days ago (2026-05-30 00:00 UTC)",
        "<time datetime=\"2026-06-06T00:00:00Z\">in 5 days, at 2026-06-06 00:00 UTC</time>",
        "Refused 2 times: first at 2026-06-01 00:00 UTC",
        "Newest approved release: <code>1.0.0</code>",
    ] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
    let held = document(server.get("/team/api/v1/held"), "team-held");
    let release = &held["releases"][0];
    assert_eq!(held["releases"].as_array().unwrap().len(), 1);
    assert_eq!(release["id"], "registry+https://github.com/rust-lang/crates.io-index#bar@1.1.0");
    assert_eq!((&release["verdict"], &release["shown"]), (&"quarantined".into(), &"as-yanked".into()));
    assert_eq!((&release["yanked"], &release["served"]), (&false.into(), &false.into()));
    assert_eq!((&release["wanted"]["times"], &release["eligible_at"]), (&2.into(), &"2026-06-06T00:00:00Z".into()));
    assert_eq!(release["reasons"][0]["code"], "too-new");
    // What a refusal points to is there.
    let link = refused.lines().find_map(|line| line.strip_prefix("see ")).unwrap();
    let path = link.strip_prefix(&server.url).unwrap();
    let text = page(server.get(path), 200);
    for told in [
        "Quarantined",
        "in 5 days, at 2026-06-06 00:00 UTC",
        &checksum(&world.registry, "bar", "1.1.0"),
        "as yanked, so that nothing takes it up anew",
        "cargo sequester approve bar@1.1.0",
        "sequester.toml",
    ] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
}

#[test]
fn one_crate_is_told_whole_and_what_is_nowhere_is_said_so() {
    let world = world();
    world
        .advisories
        .add(&Advisory::new("RUSTSEC-2026-0002", "bar").date("2026-05-31").title("a <b>bad</b> one").malicious());
    Package::new("bar", "0.9.0+x.1").pubtime(OLD).yanked().publish(&world.registry);
    Package::new("Mixed_Case", "1.0.0").pubtime(OLD).publish(&world.registry);
    let server = world.serve();
    let text = page(server.get("/team/crate/bar"), 200);
    assert!(text.contains("RUSTSEC-2026-0002") && text.contains("a &lt;b&gt;bad&lt;/b&gt; one"), "{text}");
    assert!(text.contains("(yanked)") && text.contains("No release is approved"), "{text}");
    let all = document(server.get("/team/api/v1/crate/bar"), "team-crate");
    let versions: Vec<&str> =
        all["releases"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["1.1.0", "1.0.0", "0.9.0+x.1"]);
    assert_eq!(all["releases"][2]["yanked"], true);
    assert_eq!(all["releases"][0]["shown"], "left-out");
    let one = document(server.get("/team/api/v1/crate/bar/0.9.0+x.1"), "team-crate");
    assert_eq!(one["releases"].as_array().unwrap().len(), 1);
    page(server.get("/team/crate/bar/0.9.0+x.1"), 200);
    page(server.get("/team/crate/mixed_case/1.0.0"), 200);
    assert!(page(server.get("/team/search?q=mixed"), 200).contains("/team/crate/Mixed_Case"));
    for nowhere in ["/team/crate/none", "/team/crate/bar/7.0.0", "/team/crate/bar/x", "/team/wrong", "/team/crate/a.b"]
    {
        page(server.get(nowhere), 404);
    }
    for nowhere in ["crate/none", "crate/bar/7.0.0", "wrong", ""] {
        let answer = server.get(&format!("/team/api/v1/{nowhere}")).expect(404);
        let fault: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(fault["error"].is_string(), "{nowhere}: {}", answer.text());
    }
    page(server.get("/team/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27"), 200);
    page(server.get("/team/?from=99999999999999999999999"), 200);
    page(server.get("/team/?from=5"), 200);
    for method in ["POST", "PUT", "DELETE"] {
        server.ask(method, "/team/", "", b"x").expect(405);
        server.ask(method, "/team/api/v1/held", "", b"x").expect(405);
    }
}

#[test]
fn a_search_asks_nobody_outside_for_a_private_name() {
    let world = world();
    let private = TestRegistry::new();
    Package::new("corp-core", "1.0.0").pubtime(OLD).publish(&private);
    let url = private.url();
    world.policy("sequester.toml", &format!("[registries.corp]\nindex = \"{url}\"\nmin-publish-age = \"0\"\n"));
    world.policy("plain.toml", "");
    let server = world.serve_by(&format!(
        "{}\n[registries.corp]\nindex = \"{url}\"\nreserved = [\"secret-*\"]\n\
         [teams.team]\npolicy = \"sequester.toml\"\nregistries = [\"crates-io\", \"corp\"]\n\
         [teams.other]\npolicy = \"plain.toml\"\n",
        world.registries()
    ));
    let text = page(server.get("/team/search?q=corp-core"), 200);
    assert!(text.contains("/team/crate/corp-core?registry=corp"), "{text}");
    let found = document(server.get("/team/api/v1/search?q=corp-core"), "team-search");
    assert_eq!(found["crates"][0]["registry"], "corp");
    page(server.get("/team/search?q=secret-thing"), 200);
    page(server.get("/team/crate/secret-thing"), 404);
    page(server.get("/team/crate/corp-core?registry=corp"), 200);
    page(server.get("/team/crate/bar/1.0.0?registry=crates-io"), 200);
    page(server.get("/team/crate/bar?registry=corp"), 404);
    let asked = world.registry.requested_paths();
    assert!(!asked.iter().any(|path| path.contains("corp-core") || path.contains("secret")), "{asked:?}");
    // Nor does another team learn of it here.
    page(server.get("/other/crate/corp-core?registry=corp"), 404);
    for path in ["/other/", "/other/search?q=corp", "/other/api/v1/held", "/metrics"] {
        let text = server.get(path).expect(200).text().replace("value=\"corp\"", "");
        assert!(!text.contains("corp-core"), "{path}: {text}");
    }
    let metrics = server.get("/metrics").text();
    assert!(!metrics.contains("corp") && !metrics.contains("other\n"), "{metrics}");
}

#[test]
fn a_browser_sends_a_token_as_a_password_and_only_for_pages() {
    let world = world();
    world.policy("sequester.toml", "");
    let (secret, hash) = token(&world, "ann", true);
    let server = world.serve_by(&format!(
        "{}\n[teams.team]\npolicy = \"sequester.toml\"\n[[teams.team.tokens]]\n{hash}\n",
        world.registries()
    ));
    for path in ["/team/", "/team/crate/bar", "/team/api/v1/held"] {
        let refused = server.get(path).expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"cargo-sequester\", charset=\"UTF-8\""));
    }
    let login = |words: &str| format!("Authorization: Basic {}\r\n", base64(words));
    for (words, status) in [
        (format!("me:{secret}"), 200),
        (format!(":{secret}"), 200),
        (format!("me:{secret}x"), 401),
        (secret.clone(), 401),
        (String::new(), 401),
    ] {
        server.ask("GET", "/team/", &login(&words), b"").expect(status);
    }
    server.ask("GET", "/team/", "Authorization: Basic !!!\r\n", b"").expect(401);
    server.ask("GET", "/team/api/v1/held", &format!("Authorization: Bearer {secret}\r\n"), b"").expect(200);
    let password = login(&format!("me:{secret}"));
    server.ask("GET", "/team/crates-io/3/b/bar", &password, b"").expect(401);
    server.ask("PUT", "/team/locks/app", &password, b"version = 4\n").expect(401);
    // Who was refused is told by the token's name.
    let sum = checksum(&world.registry, "bar", "1.1.0");
    let path = format!("/team/crates-io/crates/bar/1.1.0/{sum}");
    server.ask("GET", &path, &format!("Authorization: {secret}\r\n"), b"").expect(403);
    let text = page(server.ask("GET", "/team/crate/bar/1.1.0", &password, b""), 200);
    assert!(text.contains("Refused once by ann, at 2026-06-01 00:00 UTC"), "{text}");
    // A token in an address gets into no log.
    server.get(&format!("/team/{secret}?q={secret}"));
    let said = server.end();
    let refusal = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refusal = refusal.into_iter().find(|line| line["message"] == "a release was refused").unwrap();
    assert_eq!(
        (&refusal["team"], &refusal["token"], &refusal["level"]),
        (&"team".into(), &"ann".into(), &"info".into())
    );
    assert!(!said.contains(secret.trim_start_matches("sequester_")), "{said}");
}

fn base64(text: &str) -> String {
    use std::io::Write as _;
    let mut child = std::process::Command::new("base64")
        .arg("-w0")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn metrics_are_read_by_prometheus_and_a_log_line_is_an_object() {
    let world = world();
    world.policy("sequester.toml", "");
    world.write("serve.toml", &format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries()));
    let server =
        world.start(&["--config", world.path("serve.toml").as_str(), "--store", world.path("store").as_str(), "-v"]);
    seen(&server, "bar");
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    server.get("/team/nothing\u{202e}").expect(404);
    let answer = server.get("/metrics").expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    let mut families = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            assert!(families.insert(told.split(' ').next().unwrap().to_owned()), "{line} comes twice");
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let name = name.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(families.contains(family), "{line} has no type");
        }
    }
    for line in [
        "sequester_answers_total{status=\"403\"} 1",
        "sequester_refusals_total 1",
        "sequester_ready 1",
        "sequester_teams 1",
        "sequester_alarms_total{kind=\"policy-refused\"} 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
    let said = server.end();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    assert!(said.contains("\"path\":\"/team/crates-io/3/b/bar\"") && !said.contains('\u{202e}'), "{said}");
}

#[test]
fn a_posted_lock_file_is_told_and_is_looked_at_before_anybody_asks() {
    let world = world();
    let sum = checksum(&world.registry, "bar", "1.1.0");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"bar\"\nversion = \"1.1.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n"
    );
    let server = world.serve();
    server.ask("PUT", "/team/locks/app", "", lock.as_bytes()).expect(200);
    drop(server);
    let server = world.serve();
    let begun = std::time::Instant::now();
    loop {
        let held = document(server.get("/team/api/v1/held"), "team-held");
        if held["releases"][0]["locked_by"][0]["project"] == "app" {
            assert_eq!((&held["crates"], &held["unread"]), (&1.into(), &0.into()));
            assert_eq!(held["releases"][0]["served"], true);
            assert_eq!(held["projects"][0]["packages"], 1);
            break;
        }
        assert!(begun.elapsed().as_secs() < 20, "{held:#}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    assert!(page(server.get("/team/"), 200).contains("Locked by app, posted at 2026-06-01 00:00 UTC"));
}
