//! What a change can bring along: settings by which a build would run a program, or load or link code, that may lie in the checkout. What is
//! built is then that file's work. A bare name is looked up on the machine.

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
const TOLD: [&str; 8] = ["-B", "-fuse-ld=", "-load", "-plugin", "-specs", "-wrapper", "--ld-path", "--plugin"];
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

/// Whether cargo, or what it starts, would run, load or link a file that the change may have brought.
pub(super) fn runs_a_file(way: &WayAround) -> bool {
    let value = &*way.value;
    if way.kind == WayKind::Flags {
        return flags_run_a_file(value);
    }
    if way.kind == WayKind::Program {
        return is_path(value);
    }
    let is_command = matches!(way.kind, WayKind::Runner | WayKind::CredentialProvider | WayKind::EnvTable);
    if way.kind != WayKind::Runner {
        return is_command && (is_path(value) || is_interpreted(value));
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
    words.iter().enumerate().any(|(position, word)| {
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
    })
}

/// Whether a linker or LLVM is told to run or load something, by a path or by what the next argument says.
fn is_told(value: &str) -> bool {
    TOLD.iter().any(|option| (is_path(value) && value.contains(*option)) || value.split(',').any(|one| one == *option))
}

/// Whether an argument of a linker is an object file or a library of the checkout. (Linkers of Windows begin options with `/`.)
fn is_object(argument: &str) -> bool {
    let is_one = |(_, extension): (&str, &str)| OBJECTS.contains(&extension.to_ascii_lowercase().as_str());
    !argument.starts_with('-') && !is_whole(argument) && argument.rsplit_once('.').is_some_and(is_one)
}
