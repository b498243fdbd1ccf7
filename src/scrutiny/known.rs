//! Names and texts that are known: programs, crates, variables, files and places, and what words of a command line fetch.

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

pub(super) const SHELLS: [&str; 27] = [
    "busybox",
    "env",
    "nohup",
    "setsid",
    "sudo",
    "doas",
    "xargs",
    "awk",
    "deno",
    "crontab",
    "at",
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
pub(super) const FETCHERS: [&str; 32] = [
    "curl",
    "wget",
    "wget2",
    "aria2c",
    "axel",
    "lynx",
    "xh",
    "httpie",
    "rsync",
    "rclone",
    "socat",
    "tftp",
    "lftp",
    "npx",
    "bunx",
    "pnpx",
    "uvx",
    "ping",
    "whois",
    "drill",
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
pub(super) fn base_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name).to_ascii_lowercase()
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

pub(super) fn is_secret_name(name: &str) -> bool {
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

/// Files in which secrets are kept, in lower case.
pub(super) const SECRET_FILES: [&str; 26] = [
    "credentials.toml",
    "/environ",
    "docker.sock",
    "solana/id.json",
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

/// Files whose whole name says it.
pub(super) fn is_secret_file(lower: &str) -> bool {
    matches!(lower.rsplit('/').next(), Some(".env" | ".env.local" | ".env.production" | "environ" | "id.json"))
}

/// Places that run by themselves later, or that configure other programs.
pub(super) const OUTSIDE: [&str; 19] = [
    ".github/workflows",
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
pub(super) fn is_fetching(lower: &str) -> bool {
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
        "urllib",
        "urlopen",
        "requests.get",
        "requests.post",
        "http.client",
        "net/http",
        "open-uri",
        "lwp::",
        "socket.socket",
        "iex(",
        "iwr ",
    ];
    words.iter().any(|word| lower.contains(word)) || FETCHERS.iter().take(2).any(|name| lower == *name)
}

/// Words with which a shell fetches something and has it run, in lower case.
pub(super) fn is_piped(lower: &str) -> bool {
    let gets = ["curl ", "wget ", "/dev/tcp/", "iwr ", "invoke-webrequest", "downloadstring"];
    let Some(at) = gets.iter().filter_map(|get| lower.find(get)).min() else { return false };
    let rest = &lower[at..];
    let runs = ["sh", "bash", "zsh", "dash", "python", "python3", "perl", "node", "iex", "sudo", "source", "ruby"];
    let piped = rest.split('|').skip(1).filter_map(|one| {
        let word = one.trim_start().split(|letter: char| !letter.is_ascii_alphanumeric()).next();
        word.map(str::to_owned)
    });
    let mut piped = piped;
    piped.any(|word| runs.contains(&&*word))
        || rest.contains("&& sh ")
        || rest.contains("&& ./")
        || rest.contains("&& bash ")
        || rest.contains("; sh ")
        || ["eval ", "sh -c \"$(", "bash <(", "$(curl", "`curl", "iex ("].iter().any(|word| lower.contains(word))
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

/// `example.org` of `https://user@example.org:8080/x`; `None` for what has no host written in it.
pub(super) fn host_of(address: &str) -> Option<String> {
    let rest = address.split_once("://")?.1;
    let host = rest.split(['/', '?', '#', ':', '{']).next()?;
    let host = host.rsplit('@').next()?.to_ascii_lowercase();
    host.contains('.').then(|| host.strip_prefix("www.").map_or_else(|| host.clone(), str::to_owned))
}
