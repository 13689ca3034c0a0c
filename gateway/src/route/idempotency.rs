//! Requests that are executed once for their key: which key a request has, what it comes to, and whose it is. Pure.
//!
//! In: the rule of a route, and a request. Out: [`Once`]: the id under which the service knows the request however often it comes, and the
//! fingerprint by which another request under the same key is found out.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use http::request::Parts;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::message::Peer;
use crate::route::KeySource;
use crate::route::params::PathParams;
use crate::route::token::Tokens;

/// The longest key, in bytes.
const LONGEST: usize = 255;
/// The form of what is hashed.
const FORM: &[u8] = b"figway-idempotency-1";

/// A route whose requests are executed once for their key.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Where the key is.
    pub key: Key,
    /// What becomes of a request without one.
    pub without_key: WithoutKey,
    /// How long the answer is given again, from when the request was taken on.
    pub keep: Duration,
    /// By what clients are told apart, beside their certificates.
    pub client: Client,
    /// What becomes of a request for legacy while it cannot be known whether modern had it.
    pub without_outcomes: WithoutOutcomes,
}

/// Where a key is.
#[derive(Debug, Clone)]
pub enum Key {
    /// The value of a header, with or without quotes around it.
    Header(HeaderName),
    /// The values of fields, all of them.
    Fields(Vec<KeySource>),
}

/// What becomes of a request without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutKey {
    /// It goes on, as it would on any route.
    Pass,
    /// It is refused.
    Refuse,
}

/// What becomes of a request for legacy while outcomes are not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutOutcomes {
    /// Legacy is asked.
    Pass,
    /// It is refused.
    Refuse,
}

/// By what clients are told apart.
#[derive(Debug, Clone)]
pub enum Client {
    /// The subject of the certificate that they show; without one they are all the same.
    Certificate,
    /// A header that who stands before us sets.
    Header(HeaderName),
    /// A claim of their token.
    Claim {
        /// Whose tokens.
        tokens: Arc<Tokens>,
        /// The way to the claim.
        path: Vec<String>,
    },
}

/// A request that is executed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Under which id the service knows it.
    pub id: Uuid,
    /// What its method, target and body come to.
    pub fingerprint: u128,
    /// Whose it is, as far as that is known.
    pub owner: Option<u128>,
}

/// Why a request has no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// There is none.
    Missing,
    /// There is something that cannot be one.
    Malformed,
}

/// A request as it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'r> {
    /// Its route's name.
    pub route: &'r str,
    /// Its head, as the client sent it.
    pub parts: &'r Parts,
    /// The parameters of its path.
    pub params: &'r PathParams,
    /// All of its body, as the client sent it.
    pub body: &'r [u8],
    /// Who sent it.
    pub peer: Option<&'r Peer>,
    /// When.
    pub now: Timestamp,
}

impl Idempotency {
    /// The key of a request, and all that follows from it.
    ///
    /// # Errors
    /// It has none.
    pub fn once(&self, looked: Looked<'_>) -> Result<Once, NoKey> {
        let key = self.key.find(looked)?;
        let owner = self.client.owner(looked);
        let mut hash = Hash::new();
        hash.add(looked.route.as_bytes());
        hash.add(owner.as_ref().map_or(&[][..], |owner| &owner[..]));
        for part in &key {
            hash.add(part);
        }
        let method = looked.parts.method.as_str();
        let target = looked.parts.uri.path_and_query();
        let mut print = Hash::new();
        print.add(method.as_bytes());
        print.add(target.map_or("/", |target| target.as_str()).as_bytes());
        print.add(looked.body);
        Ok(Once {
            id: Builder::from_custom_bytes(hash.half().to_be_bytes()).into_uuid(),
            fingerprint: print.half(),
            owner: owner.map(|owner| {
                let mut hash = Hash::new();
                hash.add(&owner);
                hash.half()
            }),
        })
    }
}

impl Key {
    fn find(&self, looked: Looked<'_>) -> Result<Vec<Vec<u8>>, NoKey> {
        match self {
            Self::Header(name) => {
                let mut values = looked.parts.headers.get_all(name).iter();
                let value = values.next().ok_or(NoKey::Missing)?;
                if values.next().is_some() {
                    return Err(NoKey::Malformed);
                }
                Ok(vec![bare(value.as_bytes())?.to_vec()])
            }
            Self::Fields(sources) => {
                let found = sources.iter().map(|source| {
                    let value = source.find(looked.parts, looked.params, looked.body);
                    value.map(|value| value.to_vec()).ok_or(NoKey::Missing)
                });
                found.collect::<Result<_, _>>().map_err(|missing| {
                    if sources.iter().any(|one| one.is_malformed(looked.body)) {
                        NoKey::Malformed
                    } else {
                        missing
                    }
                })
            }
        }
    }
}

/// A key as it was sent: a string of structured fields (RFC 9651 section 3.3.3) without escapes, or the bare text, as most send it.
fn bare(value: &[u8]) -> Result<&[u8], NoKey> {
    let value = value.trim_ascii();
    let key = match value {
        [b'"', key @ .., b'"'] => key,
        bare => bare,
    };
    let fits = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if value.is_empty() {
        Err(NoKey::Missing)
    } else if key.is_empty() || key.len() > LONGEST || !key.iter().all(fits) {
        Err(NoKey::Malformed)
    } else {
        Ok(key)
    }
}

impl Client {
    /// Who it is; two kinds of clients are never the same.
    fn owner(&self, looked: Looked<'_>) -> Option<Vec<u8>> {
        let certificate = || {
            let tls = looked.peer?.tls.as_ref()?;
            Some(tls.certificate.as_ref()?.subject.as_bytes().to_vec())
        };
        let named = match self {
            Self::Certificate => None,
            Self::Header(name) => {
                let value = looked.parts.headers.get(name);
                value.map(|value| (b'h', value.as_bytes().to_vec()))
            }
            Self::Claim { tokens, path } => {
                let claims = tokens.verified(looked.parts, looked.now).ok();
                let value = claims.and_then(|claims| claims.values(path).next());
                value.map(|value| (b't', value))
            }
        };
        let (kind, name) = match named {
            Some(named) => named,
            None => (b'c', certificate()?),
        };
        Some([&[kind], &name[..]].concat())
    }
}

/// Texts with their lengths, so that no two lists of them come to the same.
struct Hash(Sha256);

impl Hash {
    fn new() -> Self {
        let mut hash = Self(Sha256::new());
        hash.add(FORM);
        hash
    }

    fn add(&mut self, text: &[u8]) {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(text);
    }

    /// The first 16 bytes.
    fn half(self) -> u128 {
        let digest = self.0.finalize();
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        u128::from_be_bytes(half)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{ClientCertificate, TlsPeer};

    fn rule(key: Key) -> Idempotency {
        Idempotency {
            key,
            without_key: WithoutKey::Refuse,
            keep: Duration::from_secs(1),
            client: Client::Certificate,
            without_outcomes: WithoutOutcomes::Pass,
        }
    }

    fn parts(target: &str, keys: &[&str]) -> Parts {
        let mut request = http::Request::post(target);
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn by_header() -> Idempotency {
        rule(Key::Header(HeaderName::from_static("idempotency-key")))
    }

    fn of(rule: &Idempotency, route: &str, parts: &Parts, body: &[u8]) -> Result<Once, NoKey> {
        rule.once(Looked {
            route,
            parts,
            params: &PathParams::default(),
            body,
            peer: None,
            now: Timestamp::UNIX_EPOCH,
        })
    }

    #[test]
    fn keys_are_read_with_and_without_quotes() {
        let read = |keys: &[&str]| of(&by_header(), "r", &parts("/", keys), b"x");
        let one = read(&["8e03978e"]).unwrap();
        assert_eq!(one.id.get_version_num(), 8);
        assert_eq!(read(&["\"8e03978e\""]).unwrap(), one);
        assert_ne!(read(&["08e03978e"]).unwrap().id, one.id);
        // Numbers are texts here.
        assert_ne!(read(&["01"]).unwrap().id, read(&["1"]).unwrap().id);
        assert_eq!(read(&[]), Err(NoKey::Missing));
        assert_eq!(read(&[" "]), Err(NoKey::Missing));
        let long = "x".repeat(256);
        for wrong in [&["a", "b"][..], &["\"\""], &["\""], &["a\"b"], &[&long]] {
            assert_eq!(read(wrong), Err(NoKey::Malformed), "{wrong:?}");
        }
    }

    /// A request with such a key would go without being executed once.
    #[test]
    fn fields_that_cannot_be_a_key_are_malformed_and_not_missing() {
        let member = |name: &str| KeySource::Member(vec!["of".to_owned(), name.to_owned()]);
        let rule = rule(Key::Fields(vec![member("day"), member("id")]));
        let read = |body: &str| of(&rule, "r", &parts("/", &[]), body.as_bytes()).map(drop);
        assert_eq!(read(r#"{"of":{"id":7,"day":"mon"}}"#), Ok(()));
        for missing in [
            "",
            "{}",
            r#"{"of":{"id":7}}"#,
            r#"{"of":{"id":7,"day":" "}}"#,
        ] {
            assert_eq!(read(missing), Err(NoKey::Missing), "{missing}");
        }
        for malformed in [
            r#"{"of":{"id":null}}"#,
            r#"{"of":{"id":7,"id":8}}"#,
            r#"{"of":{"id":[7],"day":"mon"}}"#,
            r#"{"of":7}"#,
            r#"{"of":{"id":7"#,
            "x",
        ] {
            assert_eq!(read(malformed), Err(NoKey::Malformed), "{malformed}");
        }
    }

    #[test]
    fn another_route_or_client_has_keys_of_its_own() {
        let rule = by_header();
        let parts = parts("/", &["k"]);
        let one = of(&rule, "r", &parts, b"x").unwrap();
        assert_ne!(of(&rule, "s", &parts, b"x").unwrap().id, one.id);
        let named = |subject: &str| {
            let certificate = ClientCertificate {
                subject: subject.to_owned(),
                names: Vec::new(),
                fingerprint: [0; 32],
                serial: String::new(),
                der: bytes::Bytes::new(),
            };
            let peer = Peer {
                address: ([127, 0, 0, 1], 1).into(),
                local: ([127, 0, 0, 1], 2).into(),
                tls: Some(TlsPeer {
                    server_name: None,
                    version: "TLSv1.3",
                    alpn: None,
                    certificate: Some(certificate),
                }),
            };
            let looked = Looked {
                route: "r",
                parts: &parts,
                params: &PathParams::default(),
                body: b"x",
                peer: Some(&peer),
                now: Timestamp::UNIX_EPOCH,
            };
            rule.once(looked).unwrap()
        };
        let (a, b) = (named("CN=a"), named("CN=b"));
        assert_ne!(a.id, b.id);
        assert_ne!(a.owner, b.owner);
        // A renewed certificate is still the same client's.
        assert_eq!(a, named("CN=a"));
        assert_eq!((one.owner, a.owner.is_some()), (None, true));
        let by_name = Idempotency {
            client: Client::Header(HeaderName::from_static("x-customer")),
            ..rule.clone()
        };
        let mut with = parts.clone();
        with.headers.insert("x-customer", "CN=a".parse().unwrap());
        let header = of(&by_name, "r", &with, b"x").unwrap();
        assert!(header.id != a.id && header.owner != a.owner);
    }

    #[test]
    fn fields_are_a_key_together() {
        let member = |name: &str| KeySource::Member(vec![name.to_owned()]);
        let rule = rule(Key::Fields(vec![member("a"), member("b")]));
        let id = |body: &str| of(&rule, "r", &parts("/", &[]), body.as_bytes()).map(|once| once.id);
        let one = id(r#"{"a":"x","b":"yz"}"#);
        assert!(one.is_ok());
        assert_eq!(id(r#"{"b":"yz","a":"x","c":1}"#), one);
        assert_ne!(id(r#"{"a":"xy","b":"z"}"#), one);
        assert_eq!(id(r#"{"a":"x"}"#), Err(NoKey::Missing));
    }

    proptest! {
        /// The id is a function of the key alone, the fingerprint of all the rest that a retry repeats.
        #[test]
        fn what_is_repeated_is_the_same_and_what_is_not_is_found_out(
            key in "[!#-~&&[^\\\\]]{1,40}",
            other in "[!#-~&&[^\\\\]]{1,40}",
            one: Vec<u8>,
            two: Vec<u8>,
            target in "/[a-z]{0,8}(\\?[a-z]{1,4})?",
            elsewhere in "/[a-z]{0,8}(\\?[a-z]{1,4})?",
        ) {
            let rule = by_header();
            let once = |key: &str, target: &str, body: &[u8]| of(&rule, "r", &parts(target, &[key]), body).unwrap();
            let first = once(&key, &target, &one);
            prop_assert_eq!(&once(&key, &target, &one), &first);
            prop_assert_eq!(once(&key, &elsewhere, &two).id, first.id);
            prop_assert_eq!(once(&other, &target, &one).id == first.id, other == key);
            prop_assert_eq!(once(&key, &target, &two).fingerprint == first.fingerprint, one == two);
            prop_assert_eq!(once(&key, &elsewhere, &one).fingerprint == first.fingerprint, target == elsewhere);
        }
    }
}
