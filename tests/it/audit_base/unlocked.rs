//! What a change has built by no lock file is told.

use super::*;

/// The root's lock file had it; whoever builds it alone has it resolved anew.
#[test]
fn a_member_that_a_change_leaves_out_of_the_lock_file_is_told() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    let manifest = "[package]\nname = \"task\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    world.project.write("task/Cargo.toml", manifest).write("task/src/main.rs", "fn main() {}");
    let root = world.project.read("Cargo.toml");
    world.project.write("Cargo.toml", format!("{root}\n[workspace]\nmembers = [\"task\"]\n"));
    world.lock();
    let change = Change::commit(world);
    change.edit("Cargo.toml", "members", "exclude");
    change.world.project.cargo(&["update", "--workspace"]).expect_code(0);
    assert_eq!(also(&change.json(0)), expected(&[("lock-file-gone", false)]));
    let told = change.world.audit(&["--base", "base"]).expect_code(0).stdout;
    assert!(told.contains("takes task (task/Cargo.toml) out of the lock file: what another workspace"), "{told}");
    // One with a lock file of its own is judged there, and what is no longer there is built by nobody.
    change.world.project.write("task/Cargo.lock", "version = 4\n");
    assert_eq!(also(&change.json(0)), expected(&[("other-lock-file", false)]));
    change.git(&["rm", "-rqf", "task"]);
    assert_eq!(also(&change.json(0)), []);
}

/// `install` takes no lock file that lies here.
#[test]
fn an_alias_that_installs_is_told() {
    let change = Change::new();
    change.append(
        ".cargo/config.toml",
        "[alias]\nnextest = \"install other --root tools\"\nbi = [\"install\", \"other\"]\n",
    );
    assert_eq!(also(&change.json(0)), expected(&[("alias-install", false), ("alias-install", false)]));
}
