//! C11, C14: a registry in trouble with one crate, in every way that the verbs are tried by, and with nothing of the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::server::{OLD, Server, World};
use crate::support::weather::WEATHERS;
use crate::support::{Package, TestRegistry};

/// Within the server's patience with a registry, and as long again for a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

fn name(number: usize) -> String {
    format!("crate-{number}")
}

/// A crate of its own for each kind of trouble, and one that has none.
fn world() -> World {
    let world = World::new();
    for number in 0..WEATHERS.len() {
        Package::new(&name(number), "1.0.0").pubtime(OLD).publish(&world.registry);
    }
    Package::new("calm", "1.0.0").pubtime(OLD).publish(&world.registry);
    world
}

fn impatient(world: &World) -> Server {
    world.policy("sequester.toml", "");
    world.write("serve.toml", &format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries()));
    let (config, store) = (world.path("serve.toml"), world.path("store"));
    let variables = [("CARGO_HTTP_TIMEOUT", "1"), ("CARGO_NET_RETRY", "1")];
    let arguments = ["--config", config.as_str(), "--store", store.as_str()];
    Server::start_with(world, &arguments, crate::server::NOW, &variables, true)
}

/// Asks about every crate at once, and all the while about the one that has no trouble. What did not hold.
fn all_at_once(world: &World, server: &Server, ask: impl Fn(usize) -> Result<(), String> + Sync) -> Vec<String> {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let calm = scope.spawn(|| {
            let mut wrong = Vec::new();
            while !is_done.load(Ordering::SeqCst) {
                let (index, archive) =
                    (server.index("team", "calm"), server.download(&world.registry, "team", "calm", "1.0.0"));
                if (index.status, archive.status) != (200, 200) {
                    wrong.push(format!("calm: {} {}: {}", index.status, archive.status, index.text()));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            wrong
        });
        let asked: Vec<_> = (0..WEATHERS.len())
            .map(|number| {
                scope.spawn({
                    let ask = &ask;
                    move || ask(number)
                })
            })
            .collect();
        let wrong: Vec<String> = asked.into_iter().filter_map(|one| one.join().unwrap().err()).collect();
        is_done.store(true, Ordering::SeqCst);
        [wrong, calm.join().unwrap()].concat()
    })
}

/// The crate's line as the registry has it, or no line.
fn genuine(world: &World, server: &Server, number: usize) -> Result<bool, String> {
    let (begun, answer) = (Instant::now(), server.index("team", &name(number)));
    let (is_there, lines) = (answer.status == 200, world.registry.index_file(&name(number)).unwrap());
    let is_right = match answer.status {
        200 => answer.text() == lines,
        403 | 404 | 410 | 451 | 502 | 503 => true,
        _ => false,
    };
    let told = format!("{} {}: {} {:?}", name(number), WEATHERS[number].name, answer.status, answer.text());
    if !is_right || begun.elapsed() > LONGEST { Err(told) } else { Ok(is_there) }
}

#[test]
fn c11_c14_index_files_in_trouble_are_nobody_elses_and_forgotten() {
    let world = world();
    let server = impatient(&world);
    for (number, weather) in WEATHERS.iter().enumerate() {
        world.registry.disturb(&TestRegistry::index_path(&name(number)), usize::MAX, weather.disturbance);
    }
    let wrong = all_at_once(&world, &server, |number| genuine(&world, &server, number).map(drop));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.registry.calm();
    // What could not be read at the first look comes late with an old date: it is there, and as young as that look.
    let is_late = |number: usize| {
        let could_be_read = WEATHERS[number].name != "has a wrong byte";
        !could_be_read && server.shows("team", &name(number), "1.0.0") == Some(true)
    };
    let others = (0..WEATHERS.len()).filter(|number| !is_late(*number));
    let after: Vec<_> = others.map(|number| (number, genuine(&world, &server, number))).collect();
    let missing: Vec<_> = after.into_iter().filter(|(_, there)| *there != Ok(true)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn c11_c14_archives_in_trouble_are_nobody_elses_and_forgotten() {
    let world = world();
    let server = impatient(&world);
    for (number, weather) in WEATHERS.iter().enumerate() {
        server.index("team", &name(number)).expect(200);
        let path = TestRegistry::download_path(&name(number), "1.0.0");
        world.registry.disturb(&path, usize::MAX, weather.disturbance);
    }
    let bytes = |number: usize| -> Result<bool, String> {
        let answer = server.download(&world.registry, "team", &name(number), "1.0.0");
        let told = format!("{}: {} {:?}", WEATHERS[number].name, answer.status, answer.text());
        match answer.status {
            200 if Some(&answer.body) == world.registry.archive(&name(number), "1.0.0").as_ref() => Ok(true),
            403 | 404 | 410 | 451 | 502 | 503 => Ok(false),
            _ => Err(told),
        }
    };
    let wrong = all_at_once(&world, &server, |number| bytes(number).map(drop));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.registry.calm();
    let after: Vec<_> = (0..WEATHERS.len()).map(|number| (number, bytes(number))).collect();
    let missing: Vec<_> = after.into_iter().filter(|(_, there)| *there != Ok(true)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
