//! TLS with a certificate of one's own.

use std::process::Command;

use crate::server::{NOW, OLD, Server, World};
use crate::support::{Package, Project};

/// A certificate for the loopback address, signed by an authority of its own, both made by openssl.
fn certificate(world: &World) -> bool {
    let made = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(world.path(".")).output();
        output.is_ok_and(|output| output.status.success())
    };
    std::fs::create_dir_all(world.path(".")).unwrap();
    world.write("names", "subjectAltName=IP:127.0.0.1\n");
    let whole = made(
        "req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -days 2 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE",
    ) && made("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server")
        && made(
            "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -set_serial 2 -days 2 -extfile names -out server.pem",
        );
    if !whole {
        crate::support::shared::skipped("openssl is not there");
    }
    whole
}

#[test]
fn cargo_goes_by_an_authority_of_ones_own_and_by_no_other() {
    let world = World::new();
    if !certificate(&world) {
        return;
    }
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.policy("sequester.toml", "");
    let tables =
        "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n\n[teams.team]\npolicy = \"sequester.toml\"\n";
    world.write("serve.toml", &format!("{}\n{tables}", world.registries()));
    let (config, store) = (world.path("serve.toml"), world.path("store"));
    let server = Server::start_with(&world, &["--config", config.as_str(), "--store", store.as_str()], NOW, &[], false);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let index = format!("sparse+{}/team/crates-io/", server.url);
    let replaced = format!("[source.crates-io]\nreplace-with = \"ours\"\n\n[registries.ours]\nindex = \"{index}\"\n");
    let project = |http: &str| Project::new().config(&format!("{replaced}\n{http}")).dep("bar", "1");
    let trusting = project(&format!("[http]\ncainfo = \"{}\"\n", world.path("authority.pem")));
    trusting.cargo(&["build"]).expect_code(0);
    assert!(trusting.read("Cargo.lock").contains("name = \"bar\""));
    // Over HTTP/2, which cargo asks for, and over HTTP/1.1.
    trusting.cargo(&["fetch", "--config", "http.multiplexing=false"]).expect_code(0);
    let strange = project("[net]\nretry = 0\n");
    let refused = strange.cargo(&["fetch"]);
    assert_ne!(refused.code, 0, "a certificate that nobody vouches for");
    assert!(refused.stderr.to_lowercase().contains("certificate"), "{}", refused.stderr);
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_told_at_the_start() {
    let world = World::new();
    if !certificate(&world) {
        return;
    }
    world.policy("sequester.toml", "");
    for (certificate, key) in
        [("server.pem", "authority.key"), ("sequester.toml", "server.key"), ("server.pem", "none")]
    {
        let tables = format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
        let config = format!("{}\n{tables}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries());
        world.write("serve.toml", &config);
        let outcome = crate::server::sequester(
            &world,
            &["serve", "--listen", "127.0.0.1:0", "--config", world.path("serve.toml").as_str()],
        );
        assert_eq!(outcome.code, 2, "{certificate} {key}");
        assert!(outcome.stderr.contains("certificate or its key cannot be used"), "{}", outcome.stderr);
    }
}
