//! Which certificate a client is shown: by the name it asks for (RFC 6066 section 3) and by what it can check.
//!
//! In: a client's first message. Out: one of the certificates, or none. An exact name goes before a wildcard, which stands for one
//! label; of several certificates for a name the first whose signature the client understands is taken, so that an ECDSA and an RSA
//! one may stand side by side.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::files::Loaded;
use super::spec::UnknownName;

/// The certificates of a listener.
#[derive(Debug)]
pub(super) struct Names {
    all: Vec<Arc<CertifiedKey>>,
    /// All places in `all`.
    places: Vec<usize>,
    /// Places in `all`; names in lower case.
    exact: HashMap<Box<str>, Vec<usize>>,
    /// The same for `*.` and this.
    below: HashMap<Box<str>, Vec<usize>>,
    unknown: UnknownName,
}

impl Names {
    pub(super) fn new(loaded: &[Loaded], unknown: UnknownName) -> Self {
        let mut names = Self {
            all: Vec::new(),
            places: (0..loaded.len()).collect(),
            exact: HashMap::new(),
            below: HashMap::new(),
            unknown,
        };
        for one in loaded {
            for host in one.certificate.hosts() {
                let host = host.to_ascii_lowercase();
                let (map, host) = match host.strip_prefix("*.") {
                    Some(parent) => (&mut names.below, parent),
                    None => (&mut names.exact, host.as_str()),
                };
                map.entry(host.into()).or_default().push(names.all.len());
            }
            names.all.push(Arc::clone(&one.key));
        }
        names
    }

    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // rustls has taken the dot off a name's end; its case is the client's.
        let name = name.map(str::to_ascii_lowercase);
        let known = name.as_deref().and_then(|name| {
            let below = || self.below.get(name.split_once('.')?.1);
            self.exact.get(name).or_else(below)
        });
        let places = match (known, name) {
            (Some(places), _) => places.as_slice(),
            (None, Some(_)) if self.unknown == UnknownName::Refused => return None,
            (None, _) => self.places.as_slice(),
        };
        let keys = || places.iter().filter_map(|place| self.all.get(*place));
        let understood = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        // Where it understands none, rustls tells it better than we could what is missing.
        keys().find(understood).or_else(|| keys().next()).cloned()
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}
