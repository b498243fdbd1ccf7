//! Tokens as a configuration may hold them: salted hashes, compared in constant time.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A token is this many random bytes, so that a fast hash serves: nobody guesses one.
const RANDOM: usize = 32;
/// How a token begins, so that scanners for secrets know one.
const PREFIX: &str = "sequester_";
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 512;

/// `v1:SALT:HASH`, both in hexadecimal; the hash is the SHA-256 of salt and token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenHash {
    salt: [u8; 16],
    hash: [u8; 32],
}

/// A token by its hash, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) hash: TokenHash,
    /// Whether its bearer may post lock files.
    pub(crate) may_post: bool,
}

/// A text that is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hash of a token: `cargo sequester serve --new-token` makes both")]
pub(crate) struct TokenHashError;

/// The machine has no random numbers to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers could be had for a token\nhelp: try again")]
pub(crate) struct NoRandomness;

impl TokenHash {
    /// The hash of a token under a salt.
    fn of(token: &[u8], salt: [u8; 16]) -> Self {
        let hash = Sha256::new().chain_update(salt).chain_update(token).finalize().into();
        Self { salt, hash }
    }

    fn is_of(&self, token: &[u8]) -> bool {
        bool::from(Self::of(token, self.salt).hash.ct_eq(&self.hash))
    }
}

/// Makes a token, and what a configuration may hold of it.
pub(crate) fn new_token() -> Result<(String, TokenHash), NoRandomness> {
    let random = rustls::crypto::ring::default_provider().secure_random;
    let (mut secret, mut salt) = ([0; RANDOM], [0; 16]);
    random.fill(&mut secret).map_err(|_| NoRandomness)?;
    random.fill(&mut salt).map_err(|_| NoRandomness)?;
    let token = format!("{PREFIX}{}", hex(&secret));
    let hash = TokenHash::of(token.as_bytes(), salt);
    Ok((token, hash))
}

/// The token of a team that an `Authorization` header carries: bare, as cargo sends it, or behind `Bearer`. Every hash is compared, so that
/// the time taken tells nothing of which one.
pub(crate) fn bearer<'t>(tokens: &'t [Token], authorization: &[u8]) -> Option<&'t Token> {
    let token = authorization.strip_prefix(b"Bearer ").unwrap_or(authorization).trim_ascii();
    if token.len() > LONGEST {
        return None;
    }
    tokens.iter().fold(None, |found, one| if one.hash.is_of(token) { Some(one) } else { found })
}

/// The token that a browser sends as the password of HTTP's own login, whatever the name is.
pub(crate) fn password(authorization: &[u8]) -> Option<Vec<u8>> {
    let encoded = authorization.strip_prefix(b"Basic ")?.trim_ascii();
    if encoded.len() > 2 * LONGEST {
        return None;
    }
    let login = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let colon = login.iter().position(|byte| *byte == b':')?;
    login.get(colon + 1..).map(<[u8]>::to_vec)
}

/// A text without what could be a token: for logs, whatever came into them.
pub(crate) fn hidden(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        safe.push_str(PREFIX);
        safe.push_str(if part.len() - rest.len() >= 16 {
            "[hidden]"
        } else {
            part.strip_suffix(rest).unwrap_or_default()
        });
        safe.push_str(rest);
    }
    safe
}

impl FromStr for TokenHash {
    type Err = TokenHashError;

    fn from_str(text: &str) -> Result<Self, TokenHashError> {
        let mut parts = text.strip_prefix("v1:").ok_or(TokenHashError)?.split(':');
        let (salt, hash) = (parts.next().and_then(unhex), parts.next().and_then(unhex));
        match (salt, hash, parts.next()) {
            (Some(salt), Some(hash), None) => Ok(Self { salt, hash }),
            _ => Err(TokenHashError),
        }
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        String::deserialize(value)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{}:{}", hex(&self.salt), hex(&self.hash))
    }
}

/// A log need not have it.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Token, TokenHash, bearer, new_token};

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let Ok((token, hash)) = new_token() else { panic!("randomness") };
        let text = hash.to_string();
        assert!(!text.contains(token.trim_start_matches("sequester_")), "{text}");
        let Ok(read) = text.parse::<TokenHash>() else { panic!("{text}") };
        let tokens = [Token { name: "ci".into(), hash: read, may_post: true }];
        for (sent, known) in [
            (token.clone(), true),
            (format!("Bearer {token}"), true),
            (format!("{token}x"), false),
            (String::new(), false),
            (text.clone(), false),
            ("x".repeat(10_000), false),
        ] {
            assert_eq!(bearer(&tokens, sent.as_bytes()).is_some(), known, "{sent}");
        }
        for wrong in ["", "v1:", "v2:00:00", &text[..text.len() - 2], &format!("{text}:00")] {
            assert!(wrong.parse::<TokenHash>().is_err(), "{wrong}");
        }
    }
}
