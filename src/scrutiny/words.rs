//! What names and texts mean: which calls reach the network, run programs, read secrets or write, by the path that they are called by.

use super::known::{
    FETCHERS, OUTSIDE, SECRET_FILES, SHELLS, base_name, is_fetching, is_piped, is_secret_file, is_secret_name,
    is_tool_variable,
};
use super::outline::{Does, Function};

/// What a call's first argument says, where that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Text(String),
    /// A variable that a build tool sets.
    Tool,
    Unknown,
}

/// What the file says of names beside this call.
pub(super) struct Names<'n> {
    /// Crates that reach the network, by the names that this package gives them.
    pub(super) network: &'n [String],
    /// Functions that are declared as another language's.
    pub(super) foreign: &'n [String],
    /// Whether it uses a crate that encodes.
    pub(super) encoder: bool,
}

impl Names<'_> {
    /// Notes what a call of this path, from its root on where that is known, does.
    pub(super) fn called(&self, path: &[&str], first: &Said, line: u32, function: &mut Function) {
        let Some(last) = path.last().copied() else { return };
        let before = path.len().checked_sub(2).and_then(|at| path.get(at)).copied().unwrap_or_default();
        let root = path.first().copied().unwrap_or_default();
        let shown = match first {
            Said::Text(text) => format!("{}({text:?})", path.join("::")),
            Said::Tool | Said::Unknown => path.join("::"),
        };
        let mut act = |does| function.act(does, line, &shown);
        let has = |name: &str| path.contains(&name);
        match (before, last) {
            ("env", "var" | "var_os") => {
                if let Some(does) = variable(first) {
                    act(does);
                }
            }
            ("env", "vars" | "vars_os" | COMPUTED) => act(Does::ReadsEnvironment),
            ("fs" | "File", "read" | "read_to_string" | "read_dir" | "open") => {
                act(Does::ReadsFile);
            }
            ("fs", "write" | "copy" | "rename" | "hard_link" | "create_dir" | "create_dir_all" | "soft_link")
            | ("File", "create" | "create_new" | "options")
            | ("OpenOptions", "new")
            | ("unix" | "fs", "symlink" | "symlink_file") => act(writes(first)),
            ("fs", "set_permissions") | ("Permissions", "from_mode") => act(Does::MakesRunnable),
            ("Command", "new") if is_process(path) => act(runs(first)),
            (
                "TcpStream" | "UdpSocket" | "TcpListener" | "UnixStream" | "TcpSocket",
                "connect" | "bind" | "connect_timeout" | "new_v4" | "new_v6",
            )
            | (_, "lookup_host") => act(Does::Connects),
            ("Library", "new") if has("libloading") => act(Does::RunsUnknown),
            (_, "home_dir") => act(Does::ReadsIdentity),
            ("duct" | "xshell", "cmd") => act(runs(&command_word(first))),
            // A macro puts the last name in: what is there, nobody can tell.
            ("process", COMPUTED) => act(Does::RunsUnknown),
            ("net", COMPUTED) => act(Does::Connects),
            ("fs", COMPUTED) => act(Does::Writes),
            _ if self.network.iter().any(|name| name == root) && path.len() > 1 && !is_about_requests(path) => {
                act(Does::Connects);
            }
            _ => {
                if (is_foreign_root(root) && path.len() > 1) || self.foreign.iter().any(|name| name == last) {
                    if let Some(does) = foreign(last) {
                        act(does);
                    }
                } else if ["base64", "hex", "data_encoding", "bs58", "base32"].iter().any(|name| has(name)) {
                    act(if last.contains("decode") || last.contains("from_hex") {
                        Does::Decodes
                    } else {
                        Does::Encodes
                    });
                } else if [
                    "flate2",
                    "zstd",
                    "xz2",
                    "lzma_rs",
                    "bzip2",
                    "brotli",
                    "zip",
                    "tar",
                    "sevenz_rust",
                    "miniz_oxide",
                    "lz4_flex",
                ]
                .contains(&root)
                    && (last.contains("ecode")
                        || last.contains("ecompress")
                        || matches!(before, "Archive" | "ZipArchive")
                        || before.ends_with("Decoder"))
                {
                    act(Does::Decodes);
                }
            }
        }
        function.call(last);
    }

    /// Notes what a method of this name does, whatever it is called on.
    pub(super) fn method(&self, name: &str, line: u32, function: &mut Function) {
        match name {
            "to_socket_addrs" | "lookup_host" => function.act(Does::Connects, line, name),
            "set_mode" => function.act(Does::MakesRunnable, line, name),
            "encode" | "encode_string" | "to_hex" | "encode_hex" if self.encoder => {
                function.act(Does::Encodes, line, name);
            }
            "decode" | "decode_vec" | "from_hex" if self.encoder => function.act(Does::Decodes, line, name),
            _ => {}
        }
        function.call(name);
    }

    /// Notes what a text that is written as one says.
    pub(super) fn text(text: &str, line: u32, function: &mut Function) {
        if text.len() > 4096 {
            return;
        }
        let lower = text.to_ascii_lowercase();
        if SECRET_FILES.iter().any(|file| lower.contains(file)) || is_secret_file(&lower) {
            function.act(Does::NamesSecretFile, line, text);
        }
        if OUTSIDE.iter().any(|place| text.contains(place)) {
            function.act(Does::NamesOutside, line, text);
        }
        if is_fetching(&lower) {
            function.act(Does::FetchingWords, line, text);
        }
        if is_piped(&lower) {
            function.act(Does::PipesToShell, line, text);
        }
        if lower.starts_with("http://") || lower.starts_with("https://") {
            function.act(Does::NamesAddress, line, text);
        }
        if text.contains(":02x}") || text.contains(":02X}") || text.contains("{:x}") {
            function.act(Does::Encodes, line, text);
        }
    }
}

/// Stands for a name in a path that a macro puts there.
pub(super) const COMPUTED: &str = "$";

/// The program of a command line that is written as one text.
fn command_word(line: &Said) -> Said {
    match line {
        Said::Text(text) => Said::Text(text.split_whitespace().next().unwrap_or_default().to_owned()),
        Said::Tool | Said::Unknown => line.clone(),
    }
}

/// Types that speak of requests and send none.
fn is_about_requests(path: &[&str]) -> bool {
    let about = ["header", "HeaderMap", "HeaderName", "HeaderValue", "Url", "Method", "StatusCode", "Error", "Version"];
    path.iter().skip(1).any(|name| about.contains(name))
}

impl Names<'_> {
    /// Notes what an argument makes of a program that fetches or installs only with some of them.
    pub(super) fn argument(program: &Said, argument: &str, line: u32, function: &mut Function) {
        let name = match program {
            Said::Text(program) => base_name(program),
            Said::Tool => "cargo".to_owned(),
            Said::Unknown => return,
        };
        let does = match (&*name, argument) {
            (
                "git" | "hg" | "svn",
                "clone" | "fetch" | "pull" | "ls-remote" | "submodule" | "checkout" | "co" | "export",
            ) if name != "git" || !matches!(argument, "checkout" | "co" | "export") => Does::Connects,
            ("cargo", "install")
            | (
                "pip" | "pip3" | "pipx" | "uv" | "easy_install" | "conda" | "gem" | "cpan",
                "install" | "run" | "download",
            )
            | ("npm" | "pnpm" | "yarn" | "bun", "install" | "i" | "ci" | "add" | "exec" | "dlx")
            | ("go", "get" | "install" | "run")
            | ("docker" | "podman", "run" | "pull" | "build")
            | (
                "brew" | "apt" | "apt-get" | "dnf" | "yum" | "apk" | "pacman" | "choco" | "winget" | "scoop",
                "install" | "add",
            )
            | ("deno", "run" | "install")
            | ("python" | "python3", "pip" | "ensurepip") => Does::Installs,
            ("cargo", "fetch" | "add" | "update") if *program != Said::Tool => Does::Connects,
            ("cargo", "run") => Does::RunsUnknown,
            ("openssl", "s_client") => Does::Connects,
            _ => return,
        };
        function.act(does, line, &format!("{name} {argument}"));
    }
}

fn is_process(path: &[&str]) -> bool {
    // A name that nothing in the file explains is taken for the standard library's.
    path.len() == 2 || path.contains(&"process") || path.contains(&"async_process")
}

fn is_foreign_root(root: &str) -> bool {
    root == "libc" || root == "winapi" || root == "nix" || root.starts_with("windows")
}

/// What a function of another language does.
fn foreign(name: &str) -> Option<Does> {
    let does = match name {
        "system" | "popen" | "execve" | "execv" | "execvp" | "execl" | "execlp" | "posix_spawn" | "posix_spawnp"
        | "WinExec" | "ShellExecuteA" | "ShellExecuteW" | "CreateProcessA" | "CreateProcessW" | "dlopen"
        | "LoadLibraryA" | "LoadLibraryW" => Does::RunsUnknown,
        "socket" | "connect" | "sendto" | "getaddrinfo" | "gethostbyname" | "URLDownloadToFileA"
        | "URLDownloadToFileW" | "InternetOpenA" | "InternetOpenW" | "WinHttpOpen" | "WSAConnect" => Does::Connects,
        "getenv" | "secure_getenv" | "GetEnvironmentStringsW" | "GetEnvironmentStrings" => Does::ReadsEnvironment,
        "mprotect" | "VirtualProtect" | "VirtualAlloc" | "memfd_create" => Does::MakesCode,
        "chmod" | "fchmod" => Does::MakesRunnable,
        _ => return None,
    };
    Some(does)
}

/// What reading this variable is; `None` for those by which cargo and compilers talk with a build.
fn variable(name: &Said) -> Option<Does> {
    let name = match name {
        Said::Text(name) => name,
        Said::Tool => return None,
        Said::Unknown => return Some(Does::ReadsVariable),
    };
    Some(if is_tool_variable(name) {
        return None;
    } else if is_secret_name(name) {
        Does::ReadsSecretVariable
    } else if matches!(
        &**name,
        "HOME"
            | "USERPROFILE"
            | "USER"
            | "USERNAME"
            | "LOGNAME"
            | "HOSTNAME"
            | "COMPUTERNAME"
            | "APPDATA"
            | "LOCALAPPDATA"
            | "CARGO_HOME"
            | "GITHUB_REPOSITORY"
            | "GITHUB_ACTOR"
    ) {
        Does::ReadsIdentity
    } else {
        Does::ReadsVariable
    })
}

fn writes(path: &Said) -> Does {
    match path {
        Said::Text(path) if path.starts_with('/') && !path.starts_with("/dev/") && !path.starts_with("/tmp/") => {
            Does::WritesAbsolute
        }
        Said::Text(path) if path.get(1..3) == Some(":\\") || path.starts_with('~') => Does::WritesAbsolute,
        Said::Text(path) if !path.starts_with('/') => Does::WritesHere,
        Said::Text(_) | Said::Tool | Said::Unknown => Does::Writes,
    }
}

fn runs(program: &Said) -> Does {
    let Said::Text(program) = program else {
        return if *program == Said::Tool { Does::RunsTool } else { Does::RunsUnknown };
    };
    let name = base_name(program);
    let is_path = program.contains(['/', '\\']);
    if FETCHERS.contains(&&*name) {
        Does::Connects
    } else if SHELLS.contains(&&*name) {
        Does::RunsShell
    } else if is_path && !["/usr/bin/", "/bin/"].iter().any(|folder| program.starts_with(folder)) {
        Does::RunsPath
    } else {
        // A bare name is the machine's own, as the user's path has it.
        Does::RunsTool
    }
}
