//! The HTTP client against a loopback server: limits, redirects, retries, credentials.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cargo_sequester::door::gather::http::{Answer, Http, HttpError, HttpSettings, Request};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::loopback::{Ask, Loopback, Reply};

fn client(retry: u32) -> Http {
    let timeout = Some(Duration::from_secs(1));
    Http::new(&HttpSettings { proxy: Some(String::new()), timeout, retry: Some(retry), ..HttpSettings::default() })
        .unwrap()
}

fn request(server: &Loopback, path: &str) -> Request {
    Request { url: format!("{}{path}", server.url), limit: 100_000, ..Request::default() }
}

fn get(retry: u32, answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> (Result<Answer, HttpError>, Vec<Ask>) {
    let server = Loopback::start(answer);
    let got = client(retry).get(&request(&server, "x"));
    (got, server.asked())
}

/// An answer that is `failures` times `bad` and good from then on.
fn after(failures: usize, bad: impl Fn() -> Reply + Send + Sync) -> impl Fn(&Ask) -> Reply + Send + Sync {
    let count = AtomicUsize::new(0);
    move |_| if count.fetch_add(1, Ordering::SeqCst) < failures { bad() } else { Reply::new(200, "good") }
}

#[test]
fn an_answer_carries_its_validators_and_the_servers_time() {
    let (got, asked) = get(0, |_| {
        Reply::new(200, "body")
            .with("etag", "\"e1\"")
            .with("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT")
            .with("date", "Sun, 22 Nov 2026 10:00:00 GMT")
            .with("age", "60")
    });
    let got = got.unwrap();
    assert_eq!((got.status, got.body.as_slice()), (200, b"body".as_slice()));
    assert_eq!(got.etag.as_deref(), Some("\"e1\""));
    assert_eq!(got.last_modified.as_deref(), Some("Sat, 21 Nov 2026 10:00:00 GMT"));
    assert_eq!(got.date.unwrap().to_string(), "2026-11-22T10:01:00Z", "an answer kept for a minute is a minute older");
    assert_eq!(asked[0].header("accept-encoding"), Some("gzip"));
    assert!(asked[0].header("user-agent").unwrap().starts_with("cargo-sequester/"));
}

#[test]
fn c11_an_endless_body_is_cut_off_at_the_limit() {
    let (got, _) = get(0, |_| Reply::endless(&[b'x'; 4096], Duration::ZERO));
    assert!(matches!(got, Err(HttpError::Large { limit: 100_000, .. })), "{got:?}");
}

#[test]
fn c11_a_body_that_promises_too_much_is_not_read() {
    let (got, _) = get(0, |_| Reply::new(200, vec![b'x'; 100_001]));
    assert!(matches!(got, Err(HttpError::Large { .. })), "{got:?}");
    let (got, _) = get(0, |_| Reply::new(200, vec![b'x'; 100_000]));
    assert_eq!(got.unwrap().body.len(), 100_000, "the limit itself is allowed");
}

#[test]
fn c11_a_gzip_bomb_is_cut_off_at_the_limit_of_what_it_unpacks_to() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![0; 20 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let (got, _) = get(0, move |_| Reply::new(200, bomb.clone()).with("content-encoding", "gzip"));
    assert!(matches!(got, Err(HttpError::Large { .. })), "{got:?}");
}

#[test]
fn c11_a_body_that_drips_is_given_up() {
    let begun = Instant::now();
    let (got, _) = get(0, |_| Reply::endless(b"x", Duration::from_millis(300)));
    assert!(matches!(got, Err(HttpError::Slow { .. })), "{got:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn c11_a_drip_above_the_slowest_rate_is_given_up_for_the_whole_request() {
    let begun = Instant::now();
    let (got, asked) = get(3, |_| Reply::endless(&[b'x'; 10], Duration::from_millis(300)));
    assert!(matches!(got, Err(HttpError::Slow { .. })), "{got:?}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?} after {} tries", begun.elapsed(), asked.len());
}

#[test]
fn c11_a_server_that_says_nothing_is_given_up() {
    let (got, _) = get(0, |_| {
        std::thread::sleep(Duration::from_secs(3));
        Reply::new(200, "late")
    });
    assert!(matches!(got, Err(HttpError::Slow { received: 0, .. })), "{got:?}");
}

#[test]
fn a_body_cut_short_is_an_error_and_is_tried_again() {
    let (got, _) = get(0, |_| Reply::cut_short());
    assert!(matches!(got, Err(HttpError::Broken { .. })), "{got:?}");
    let (got, asked) = get(1, after(1, Reply::cut_short));
    assert_eq!(got.unwrap().body, b"good", "what came of the first try is forgotten");
    assert_eq!(asked.len(), 2);
}

#[test]
fn c11_redirects_stay_within_the_host() {
    let (got, _) = get(0, |ask| match ask.path.as_str() {
        "/x" => Reply::new(302, "").with("location", "/y"),
        _ => Reply::new(200, "moved"),
    });
    assert_eq!(got.unwrap().body, b"moved");

    let other = Loopback::start(|_| Reply::new(200, "stolen"));
    let to = other.url.clone();
    let (got, _) = get(0, move |_| Reply::new(302, "").with("location", to.clone()));
    assert!(matches!(got, Err(HttpError::Redirect { .. })), "{got:?}");
    assert!(other.asked().is_empty());

    for to in ["https://example.org/", "ftp://127.0.0.1/", "file:///x", "http://u:p@127.0.0.1/", "", "http://["] {
        let (got, _) = get(0, move |_| Reply::new(301, "").with("location", to));
        assert!(matches!(got, Err(HttpError::Redirect { .. } | HttpError::Large { .. })), "{to}: {got:?}");
    }
}

#[test]
fn c11_a_ring_of_redirects_ends() {
    let (got, asked) = get(0, |_| Reply::new(307, "").with("location", "/x"));
    assert!(matches!(got, Err(HttpError::Redirect { .. })), "{got:?}");
    assert_eq!(asked.len(), 6);
}

#[test]
fn c14_an_overloaded_server_is_asked_again_when_it_says() {
    let begun = Instant::now();
    let (got, asked) = get(1, after(1, || Reply::new(429, "").with("retry-after", "1")));
    assert_eq!(got.unwrap().body, b"good");
    assert_eq!(asked.len(), 2);
    assert!(begun.elapsed() >= Duration::from_secs(1));

    let dated = || {
        Reply::new(503, "")
            .with("date", "Sun, 22 Nov 2026 10:00:00 GMT")
            .with("retry-after", "Sun, 22 Nov 2026 10:00:01 GMT")
    };
    let begun = Instant::now();
    assert_eq!(get(1, after(1, dated)).0.unwrap().body, b"good");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn c14_errors_of_the_server_are_tried_again_and_then_named() {
    assert_eq!(get(2, after(2, || Reply::new(500, ""))).0.unwrap().body, b"good");
    let (got, asked) = get(1, |_| Reply::new(502, ""));
    assert!(matches!(&got, Err(HttpError::Status { status: 502, url, .. }) if url.ends_with("/x")), "{got:?}");
    assert_eq!(asked.len(), 2);
}

#[test]
fn c14_other_errors_are_not_tried_again() {
    for status in [400, 401, 403, 418, 206, 204] {
        let (got, asked) = get(3, move |_| Reply::new(status, ""));
        assert!(matches!(&got, Err(HttpError::Status { status: said, .. }) if *said == status), "{got:?}");
        assert_eq!(asked.len(), 1);
    }
}

#[test]
fn what_a_refusal_says_reaches_the_reader_within_bounds() {
    let said = |reply: fn() -> Reply| get(0, move |_| reply()).0.unwrap_err().first_line();
    let told = said(|| Reply::new(403, "held by the firewall:\nbar 1.1.0 is two hours old"));
    assert!(told.ends_with("status 403: held by the firewall: bar 1.1.0 is two hours old"), "{told}");
    assert!(said(|| Reply::new(403, "<p>no</p>").with("content-type", "text/html")).ends_with("status 403"));
    let begun = Instant::now();
    assert!(said(|| Reply::endless(&[b'x'; 4096], Duration::ZERO).and_status(403)).len() < 600);
    assert!(said(|| Reply::endless(b"x", Duration::from_millis(300)).and_status(403)).contains("403: xx"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn c14_absence_is_an_answer() {
    for status in [304, 404, 410, 451] {
        assert_eq!(get(3, move |_| Reply::new(status, "")).0.unwrap().status, status);
    }
}

#[test]
fn a_token_goes_to_its_own_origin_and_an_address_in_an_error_tells_no_secret() {
    let server = Loopback::start(|_| Reply::new(403, ""));
    let request = Request { authorization: Some(String::from("Bearer abc")), ..request(&server, "x?token=secret") };
    let error = client(0).get(&request).unwrap_err().to_string();
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer abc"));
    assert!(!error.contains("secret") && !error.contains("abc"), "{error}");
    let closed = Request { url: String::from("http://me:hidden@127.0.0.1:1/p"), ..Request::default() };
    let error = client(0).get(&closed).unwrap_err().to_string();
    assert!(
        error.contains("http://127.0.0.1:1/p") && !error.contains("hidden") && error.contains("\nhelp: "),
        "{error}"
    );
}

#[test]
fn many_answers_come_in_the_order_of_the_requests() {
    let server = Loopback::start(|ask| match ask.path.as_str() {
        "/7" => Reply::new(400, ""),
        path => Reply::new(200, path),
    });
    let mut told = Vec::new();
    let mut requests: Vec<_> = (0..40).map(|number| request(&server, &number.to_string())).collect();
    requests.push(Request { url: String::from("gopher://example.org"), ..Request::default() });
    let answers = client(0).get_all(requests, &mut |done| told.push(done));
    for (number, answer) in answers.iter().enumerate() {
        match answer {
            Ok(answer) => assert_eq!(answer.body, format!("/{number}").as_bytes()),
            Err(error) => assert!(number == 7 || number == 40, "{error}"),
        }
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 2);
    assert_eq!(told.last(), Some(&41));
}

#[test]
fn a_host_that_cannot_be_reached_is_not_asked_over_and_over() {
    let begun = Instant::now();
    let requests = (0..200).map(|number| Request { url: format!("http://127.0.0.1:1/{number}"), ..Request::default() });
    let answers = client(1).get_all(requests.collect(), &mut |_| ());
    assert_eq!(answers.len(), 200);
    assert!(answers.iter().all(|answer| matches!(answer, Err(HttpError::Unreachable { .. }))));
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn c11_one_address_without_an_answer_keeps_no_other_from_being_asked() {
    let server = Loopback::start(|ask| {
        if ask.path == "/stuck" {
            std::thread::sleep(Duration::from_secs(3));
        }
        Reply::new(200, "good")
    });
    let numbers = (0..40).map(|number| number.to_string());
    let paths = std::iter::once("stuck".to_owned()).chain(numbers);
    let requests = paths.map(|path| request(&server, &path)).collect();
    let answers = client(0).get_all(requests, &mut |_| ());
    let failed: Vec<usize> = (0..answers.len()).filter(|position| answers[*position].is_err()).collect();
    assert_eq!(failed, [0]);
}

#[test]
fn c11_a_host_that_never_answers_is_given_up() {
    let begun = Instant::now();
    let server = Loopback::start(|_| {
        std::thread::sleep(Duration::from_secs(3));
        Reply::new(200, "late")
    });
    let requests = (0..200).map(|number| request(&server, &number.to_string())).collect();
    let answers = client(0).get_all(requests, &mut |_| ());
    assert!(answers.iter().all(Result::is_err));
    assert!(server.asked().len() < 20, "{}", server.asked().len());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::try_from(dir.path().join("ca.pem")).unwrap();
    let settings = HttpSettings { cainfo: Some(path.clone()), ..HttpSettings::default() };
    assert!(Http::new(&settings).unwrap_err().to_string().contains(path.as_str()));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(matches!(Http::new(&settings), Err(HttpError::Certificates { .. })));
    let settings = HttpSettings { proxy: Some(String::from("http://[")), ..HttpSettings::default() };
    assert!(matches!(Http::new(&settings), Err(HttpError::Proxy { .. })));
}

#[test]
fn case_56_a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let with = |name, value: &str| {
        let proxy_variables = vec![(name, value.to_owned())];
        Http::new(&HttpSettings { proxy_variables, retry: Some(0), ..HttpSettings::default() })
    };
    for value in ["nonsense://ana:pw123@x", "http://[", "socks5://", "http://ana:pw123@"] {
        let error = with("HTTPS_PROXY", value).unwrap_err().to_string();
        assert!(error.starts_with("the proxy that `HTTPS_PROXY` names cannot be used: "), "{error}");
        assert!(!error.contains("pw123") && error.contains("\nhelp: "), "{error}");
    }
    // Nobody listens on this port; the variable is named where an address cannot be reached.
    let http = with("https_proxy", "http://ana:pw123@127.0.0.1:1").unwrap();
    let request = Request { url: String::from("https://127.0.0.1:1/x"), limit: 100, ..Request::default() };
    let error = http.get(&request).unwrap_err().to_string();
    assert!(error.contains("(`https_proxy` names the proxy http://127.0.0.1:1/)"), "{error}");
    assert!(!error.contains("pw123"), "{error}");
    let plain = Request { url: String::from("http://127.0.0.1:1/x"), ..request };
    let error = http.get(&plain).unwrap_err().to_string();
    assert!(!error.contains("https_proxy"), "it is for other addresses: {error}");
}

#[test]
fn case_56_a_socks_proxy_is_spoken_to_as_one() {
    use std::io::Read as _;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("socks5h://ana:pw123@{}", listener.local_addr().unwrap());
    let greeting = std::thread::spawn(move || {
        let mut greeting = [0; 2];
        listener.accept().unwrap().0.read_exact(&mut greeting).unwrap();
        greeting
    });
    let http = Http::new(&HttpSettings { proxy: Some(address), retry: Some(0), ..HttpSettings::default() }).unwrap();
    let request = Request { url: String::from("http://registry.example/x"), limit: 100, ..Request::default() };
    let error = http.get(&request).unwrap_err().to_string();
    assert_eq!(greeting.join().unwrap()[0], 5, "the version of SOCKS");
    assert!(error.contains("`http.proxy` names the proxy") && !error.contains("pw123"), "{error}");
}

#[test]
fn a_proxy_is_asked_in_place_of_the_host() {
    let proxy = Loopback::start(|_| Reply::new(200, "by proxy"));
    let address = proxy.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let http = Http::new(&HttpSettings { proxy: Some(address), retry: Some(0), ..HttpSettings::default() }).unwrap();
    let request = Request { url: String::from("http://registry.example/x"), limit: 100, ..Request::default() };
    assert_eq!(http.get(&request).unwrap().body, b"by proxy");
    assert_eq!(proxy.asked()[0].path, "http://registry.example/x");
}
