//! What a server says with a status that is no answer: a registry's error, a firewall's reason for holding a release back.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use tokio::time::timeout;

/// As much of a body as is read for it, in bytes.
const MOST_READ: usize = 16 << 10;
/// As much of it as is told, in characters.
const MOST_TOLD: usize = 400;
/// How long its words are waited for: the status is known already.
const PATIENCE: Duration = Duration::from_secs(2);

/// The errors of a registry's web API, as the cargo book describes them.
#[derive(Deserialize)]
struct ApiErrors {
    errors: Vec<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    detail: String,
}

/// The body in one line of text; empty for a page that is meant for a browser, and where nothing comes in time.
pub(super) async fn words(mut response: Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("html") {
        return String::new();
    }
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(part)) = response.chunk().await {
            let room = MOST_READ - body.len();
            body.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            if body.len() == MOST_READ {
                break;
            }
        }
    };
    // What came until then is told.
    let _ = timeout(PATIENCE, reading).await;
    in_one_line(&body)
}

fn in_one_line(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<ApiErrors>(body) {
        Ok(api) => api.errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join("; "),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // A browser's page may also come without its type.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_TOLD {
        return line;
    }
    line.chars().take(MOST_TOLD).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_TOLD, in_one_line};

    #[test]
    fn words_for_people_are_told_in_one_line() {
        assert_eq!(in_one_line(b"held until\n  2026-11-30\x1b[31m\n"), "held until 2026-11-30 [31m");
        assert_eq!(in_one_line(br#"{"errors":[{"detail":"no such crate"},{"detail":"ask"}]}"#), "no such crate; ask");
        assert_eq!(in_one_line(b"  <!doctype html><title>403</title>"), "");
        assert_eq!(in_one_line(&[b'x'; 5000]).chars().count(), MOST_TOLD + 1);
        assert_eq!(in_one_line(b""), "");
    }
}
