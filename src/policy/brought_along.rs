//! What a change can bring along: settings by which a build would run a program, or load or link code, that may lie in the checkout. What is
//! built is then that file's work. A bare name is looked up on the machine. And settings by which whoever judges the merged project would ask
//! somebody else.

use crate::model::way_around::{WayAround, WayKind};

/// Options of rustc and rustdoc, without their hyphens and before their values, that name a program or code that is loaded or linked (`rustc -C
/// help`, `rustc -Z help`, `rustdoc --help`).
const RUNNING: [&str; 13] = [
    "ar",
    "codegen-backend",
    "dlltool",
    "extern",
    "linker",
    "linker-plugin-lto",
    "llvm-plugins",
    "runtool",
    "sysroot",
    "test-builder",
    "test-builder-wrapper",
    "test-run-tool",
    "test-runtool",
];
/// What a linker or LLVM is told by `link-arg` and `llvm-args` to run or to load, and where to look for it.
const TOLD: [&str; 11] = [
    "-B",
    "-fpass-plugin",
    "-fplugin",
    "-fuse-ld=",
    "-load",
    "-plugin",
    "-specs",
    "-wrapper",
    "--ld-path",
    "--plugin",
    "--specs",
];
/// What a linker takes in as it is.
const OBJECTS: [&str; 8] = ["a", "dll", "dylib", "lib", "o", "obj", "rlib", "so"];
/// Programs that run what their arguments say, whatever it is called.
const INTERPRETERS: [&str; 20] = [
    "awk",
    "bash",
    "bun",
    "cmd",
    "dash",
    "deno",
    "env",
    "fish",
    "ksh",
    "lua",
    "make",
    "node",
    "perl",
    "php",
    "powershell",
    "pwsh",
    "python",
    "ruby",
    "sh",
    "zsh",
];

/// Whether a change fails by it that is no failure where it stood before.
pub(super) fn is_refused(way: &WayAround) -> bool {
    // The change itself is judged by the base's way, and everything after it would be judged by this one: a proxy whose certificates are
    // trusted can give every release another time of publication.
    way.kind == WayKind::IndexWay || runs_a_file(way)
}

/// Whether cargo, or what it starts, would run, load or link a file that the change may have brought.
fn runs_a_file(way: &WayAround) -> bool {
    let value = &*way.value;
    if way.kind == WayKind::Flags {
        return flags_run_a_file(value);
    }
    if way.kind == WayKind::Program {
        return is_path(value);
    }
    if way.kind == WayKind::CredentialProvider {
        // Of several in one any word may be the program, and `cargo:token-from-stdout` runs what comes after it.
        return is_path(value) || value.split_ascii_whitespace().any(is_interpreted);
    }
    if way.kind == WayKind::EnvTable {
        return is_path(value) || is_interpreted(value);
    }
    if way.kind != WayKind::Runner {
        return false;
    }
    // What a runner is told of the machine's, such as the libraries of another platform, is no program.
    let mut words = value.split_ascii_whitespace().enumerate();
    is_interpreted(value) || words.any(|(at, word)| is_path(word) && (at == 0 || !is_whole(word)))
}

fn is_path(text: &str) -> bool {
    text.contains(['/', '\\'])
}

/// From the file system's root.
fn is_whole(path: &str) -> bool {
    path.starts_with('/') || path.get(1..3).is_some_and(|start| start == ":\\" || start == ":/")
}

/// Whether a command line is for an interpreter: `sh run.sh`, `python3.12 -m run`.
fn is_interpreted(command: &str) -> bool {
    let program = command.split_ascii_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let program = program.strip_suffix(".exe").unwrap_or(&program);
    INTERPRETERS.contains(&program.trim_end_matches(|one: char| one.is_ascii_digit() || one == '.'))
}

/// Whether arguments for the compiler have it run a program, or load or link code, by a path; or take more of them from a file.
fn flags_run_a_file(flags: &str) -> bool {
    let words: Vec<&str> = flags.split_ascii_whitespace().collect();
    let follows = |position: usize| position.checked_sub(1).and_then(|before| words.get(before)).copied();
    // `link-args` and `llvm-args` are several in one: all but the first are words of their own here, and none that rustc takes.
    let several = words
        .iter()
        .position(|word| ["link-args=", "llvm-args="].iter().any(|one| word.replace('_', "-").contains(one)));
    words.iter().enumerate().any(|(position, word)| {
        let is_another = several.is_some_and(|first| first < position);
        let option = ["--codegen=", "-C", "-Z", "--"].iter().find_map(|start| word.strip_prefix(start)).unwrap_or(word);
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let name = name.replace('_', "-");
        // `--sysroot PATH`.
        let before = follows(position).and_then(|word| word.strip_prefix("--"));
        let is_running = |name: &str| RUNNING.contains(&name);
        let is_linked = name.ends_with("link-arg") || name.ends_with("link-args");
        word.starts_with('@')
            || (is_running(&name) && is_path(value))
            || (before.is_some_and(is_running) && is_path(word))
            || ((is_linked || name == "llvm-args") && is_told(value))
            || (is_linked && value.split(',').any(is_object))
            || (is_another && TOLD.iter().any(|option| word.starts_with(option)) && is_told(word))
            || (is_another
                && follows(position).is_some_and(|before| before != "-L")
                && is_object(word)
                && !word.contains('='))
    })
}

/// Whether a linker or LLVM is told to run or load something, by a path or by what the next argument says.
fn is_told(value: &str) -> bool {
    // GCC takes specs that it does not find among its own from the folder in which it runs, whatever they are called.
    let is_one =
        |argument: &str| TOLD.contains(&argument) || argument.starts_with("-B.") || argument.contains("-specs=");
    TOLD.iter().any(|option| is_path(value) && value.contains(*option)) || value.split(',').any(is_one)
}

/// Whether an argument of a linker is an object file or a library of the checkout. (Linkers of Windows begin options with `/`.)
fn is_object(argument: &str) -> bool {
    let is_one = |(_, extension): (&str, &str)| OBJECTS.contains(&extension.to_ascii_lowercase().as_str());
    !argument.starts_with('-') && !is_whole(argument) && argument.rsplit_once('.').is_some_and(is_one)
}

#[cfg(test)]
mod tests {
    use super::{flags_run_a_file, runs_a_file};
    use crate::model::policy::Origin;
    use crate::model::way_around::{Scope, WayAround, WayKind};

    #[test]
    fn arguments_that_run_load_or_link_a_file_are_known_in_each_spelling() {
        for flags in [
            "-Clinker=tools/ld",
            "-C linker=./ld",
            "--codegen=linker=tools/ld",
            "-Zcodegen-backend=tools/x.so",
            "-Zcodegen_backend=tools/x.so",
            "--extern foo=tools/libfoo.rlib",
            "--sysroot tools/root",
            "--sysroot=tools/root",
            "@tools/arguments",
            "-Clink-arg=-fuse-ld=tools/ld",
            "-Clink_arg=-fuse-ld=tools/ld",
            "-Zpre-link-args=-Btools/bin",
            "-Zpre_link_args=-Btools/bin",
            "-Cllvm-args=-load=tools/x.so",
            "-C llvm_args=-load=tools/x.so",
            // One argument for the linker is several.
            "-Clink-args=-s -Btools/bin",
            "-C link_args=-s --ld-path=tools/ld",
            "-Clink-args=-s tools/x.o",
        ] {
            assert!(flags_run_a_file(flags), "{flags}");
        }
        for flags in [
            "",
            "-Clinker=clang",
            "-Ctarget-cpu=a/b",
            "--sysroot root",
            "--extern foo",
            "--cfg feature=\"a/b\"",
            "tools/ld",
            "-Clink-arg=-fuse-ld=lld",
            "-Clink-arg=-L/usr/lib",
            "-Clink-arg=-Wl,-rpath,$ORIGIN/../lib",
            "-Cllvm-args=-x86-asm-syntax=intel",
            "--remap-path-prefix=/a=/b-Bc",
            "-Clink-args=-s -L/usr/lib -Ctarget-cpu=native",
        ] {
            assert!(!flags_run_a_file(flags), "{flags}");
        }
    }

    #[test]
    fn a_program_by_its_path_is_a_file_that_a_change_can_bring() {
        let runs = |kind, value: &str| {
            let (origin, scope) = (Origin::Default, Scope::Repository);
            runs_a_file(&WayAround { kind, origin, scope, value: value.to_owned() })
        };
        for kind in [WayKind::Program, WayKind::Runner, WayKind::CredentialProvider, WayKind::EnvTable] {
            assert_eq!([runs(kind, "clang"), runs(kind, "tools/cc"), runs(kind, "tools\\cc")], [false, true, true]);
        }
        assert_eq!([runs(WayKind::Flags, "-Clinker=tools/ld"), runs(WayKind::Flags, "tools/ld")], [true, false]);
        assert!(!runs(WayKind::OtherSource, "-Clinker=tools/ld"));
        assert!(runs(WayKind::Runner, "sh run") && !runs(WayKind::Runner, "qemu -L /usr/lib"));
    }
}
