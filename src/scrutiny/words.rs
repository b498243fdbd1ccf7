//! What names and texts mean: which calls reach the network, run programs, read secrets or write, by the path that they are called by.

use super::outline::{Does, Function};

/// Crates whose use reaches the network, as source names them.
pub(super) const NETWORK_CRATES: [&str; 30] = [
    "reqwest",
    "ureq",
    "hyper",
    "hyper_util",
    "curl",
    "attohttpc",
    "minreq",
    "isahc",
    "surf",
    "http_req",
    "awc",
    "tungstenite",
    "tokio_tungstenite",
    "websocket",
    "ssh2",
    "russh",
    "lettre",
    "hickory_resolver",
    "trust_dns_resolver",
    "dns_lookup",
    "socket2",
    "git2",
    "gix",
    "octocrab",
    "oauth2",
    "httpclient",
    "tiny_http",
    "ftp",
    "suppaftp",
    "self_update",
];

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
            ("env", "vars" | "vars_os") => act(Does::ReadsEnvironment),
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
            _ if self.network.iter().any(|name| name == root) && path.len() > 1 => act(Does::Connects),
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
        if SECRET_FILES.iter().any(|file| lower.contains(file)) {
            function.act(Does::NamesSecretFile, line, text);
        }
        if OUTSIDE.iter().any(|place| text.contains(place)) {
            function.act(Does::NamesOutside, line, text);
        }
        if is_fetching(&lower) {
            function.act(Does::FetchingWords, line, text);
        }
        if text.contains(":02x}") || text.contains(":02X}") || text.contains("{:x}") {
            function.act(Does::Encodes, line, text);
        }
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

pub(super) fn is_tool_variable(name: &str) -> bool {
    let own = [
        "CARGO_",
        "DEP_",
        "RUST",
        "TARGET",
        "HOST",
        "CC_",
        "CXX_",
        "AR_",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "PKG_CONFIG",
    ];
    let tools = [
        "OUT_DIR",
        "CARGO",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "NUM_JOBS",
        "CC",
        "CXX",
        "AR",
        "LD",
        "RANLIB",
        "NM",
        "MAKE",
        "MAKEFLAGS",
        "CMAKE",
        "PYTHON",
        "PYTHON3",
        "PERL",
        "PROTOC",
        "PATH",
        "LIB",
        "INCLUDE",
        "DOCS_RS",
        "CLIPPY_ARGS",
        "SOURCE_DATE_EPOCH",
        "CI",
        "NO_COLOR",
        "TERM",
        "SDKROOT",
        "MACOSX_DEPLOYMENT_TARGET",
        "TMPDIR",
        "TEMP",
        "TMP",
    ];
    (own.iter().any(|prefix| name.starts_with(prefix)) && name != "CARGO_HOME" && !is_secret_name(name))
        || tools.contains(&name)
}

fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "CREDENTIAL",
        "PRIVATE_KEY",
        "API_KEY",
        "APIKEY",
        "ACCESS_KEY",
        "AUTH_SOCK",
        "MNEMONIC",
    ]
    .iter()
    .any(|word| upper.contains(word))
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

const SHELLS: [&str; 16] = [
    "sh",
    "bash",
    "zsh",
    "dash",
    "cmd",
    "powershell",
    "pwsh",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "osascript",
    "mshta",
    "wscript",
    "rundll32",
];
const FETCHERS: [&str; 14] = [
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "ssh",
    "scp",
    "sftp",
    "ftp",
    "certutil",
    "bitsadmin",
    "nslookup",
    "dig",
    "telnet",
];
fn runs(program: &Said) -> Does {
    let Said::Text(program) = program else {
        return if *program == Said::Tool { Does::RunsTool } else { Does::RunsUnknown };
    };
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name).to_ascii_lowercase();
    let is_path = program.contains(['/', '\\']);
    if FETCHERS.contains(&&*name) {
        Does::Connects
    } else if SHELLS.contains(&&*name) {
        Does::RunsShell
    } else if is_path && !["/usr/bin/", "/bin/"].iter().any(|folder| program.starts_with(folder)) {
        Does::RunsUnknown
    } else {
        // A bare name is the machine's own, as the user's path has it.
        Does::RunsTool
    }
}

/// Files in which secrets are kept, in lower case.
const SECRET_FILES: [&str; 22] = [
    ".ssh/",
    "id_rsa",
    "id_ed25519",
    ".aws/credentials",
    ".cargo/credentials",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".docker/config.json",
    ".kube/config",
    ".gnupg/",
    "/etc/shadow",
    "/etc/passwd",
    "login data",
    "cookies.sqlite",
    "wallet.dat",
    "keystore/utc",
    ".config/solana",
    ".electrum",
    ".bash_history",
    "metamask",
];

/// Places that run by themselves later, or that configure other programs.
const OUTSIDE: [&str; 18] = [
    ".bashrc",
    ".bash_profile",
    ".zshrc",
    ".zshenv",
    "authorized_keys",
    ".git/hooks",
    ".cargo/config",
    ".cargo/bin",
    "LaunchAgents",
    "LaunchDaemons",
    "/etc/cron",
    "/etc/ld.so.preload",
    "/etc/systemd",
    "systemd/user",
    "autostart/",
    "CurrentVersion\\Run",
    "Start Menu\\Programs\\Startup",
    ".gitconfig",
];

/// Words with which a shell reaches the network, in lower case.
fn is_fetching(lower: &str) -> bool {
    let words = [
        "curl ",
        "wget ",
        "/dev/tcp/",
        "invoke-webrequest",
        "invoke-restmethod",
        "downloadstring",
        "downloadfile",
        "start-bitstransfer",
        "certutil -urlcache",
    ];
    words.iter().any(|word| lower.contains(word)) || FETCHERS.iter().take(2).any(|name| lower == *name)
}

/// Texts that nobody puts together from pieces unless they are not to be found.
pub(super) fn is_telling(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let inside = [
        "http://",
        "https://",
        "curl ",
        "wget ",
        "powershell",
        "/bin/sh",
        "/bin/bash",
        "cmd.exe",
        "/dev/tcp",
        "ld_preload",
        "github_token",
        "webhook",
    ];
    let whole = ["curl", "wget", "bash", "/bin/sh", "sh", "nc", "powershell", "cmd", "python3", "python"];
    inside.iter().any(|word| lower.contains(word))
        || whole.contains(&&*lower)
        || SECRET_FILES.iter().any(|file| lower.contains(file))
        || is_secret_name(text)
}
