//! Who a request says it is from, towards a backend: the client as it came, a service of its own, or the client as we know it.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use ops::{SecretError, Setting};

use crate::backend::Ask;
use crate::config::{Attribute, Credentials, Identity};
use crate::message::{AddressText, Peer, remove_twins};

/// Why a backend's identity cannot be shown. Never quotes a secret.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The reference leads nowhere.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret has bytes that no header may have.
    #[error("the secret cannot be sent in a header")]
    Unfit,
}

/// Whether an identity can be shown as things are now.
///
/// # Errors
/// A secret cannot be had, or not be sent.
pub fn check(identity: &Identity) -> Result<(), IdentityError> {
    Shown::new(identity).map(|_| ())
}

/// An identity, ready to be put on requests.
pub(super) struct Shown {
    authorization: Option<HeaderValue>,
    headers: Vec<(HeaderName, Attribute)>,
    /// Of those.
    names: Arc<[HeaderName]>,
}

impl Shown {
    /// Follows the references.
    pub(super) fn new(identity: &Identity) -> Result<Self, IdentityError> {
        let authorization = match &identity.credentials {
            None => None,
            Some(credentials) => Some(authorization(credentials)?),
        };
        Ok(Self {
            authorization,
            headers: identity.headers.clone(),
            names: identity
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
        })
    }

    /// The names under which only we speak; none where there are none.
    pub(super) fn names(&self) -> Option<&Arc<[HeaderName]>> {
        Some(&self.names).filter(|names| !names.is_empty())
    }

    /// Puts it on a request: what the client said under these names goes, also where nothing takes its place, and also under a name
    /// that is the same to who takes `_` for `-`.
    pub(super) fn put_on(&self, ask: &mut Ask) {
        let (peer, client) = (ask.peer.as_deref(), ask.client);
        let headers = &mut ask.parts.headers;
        if let Some(value) = &self.authorization {
            headers.insert(AUTHORIZATION, value.clone());
        }
        for (name, attribute) in &self.headers {
            remove_twins(name, headers);
            // Names of certificates may hold what no header may; nothing is better than half of one.
            let value = match attribute {
                Attribute::Address => client.and_then(|client| {
                    let text = AddressText::of(client.to_canonical());
                    HeaderValue::from_bytes(text.as_bytes()).ok()
                }),
                of_certificate => peer
                    .and_then(|peer| attribute_of(peer, *of_certificate))
                    .and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()),
            };
            match value {
                Some(value) => {
                    headers.insert(name, value);
                }
                None => {
                    headers.remove(name);
                }
            }
        }
    }
}

fn authorization(credentials: &Credentials) -> Result<HeaderValue, IdentityError> {
    let secret = |setting: &Setting| setting.resolve();
    let text = match credentials {
        Credentials::Bearer(token) => format!("Bearer {}", secret(token)?.expose()),
        Credentials::Basic { user, password } => {
            let pair = format!("{user}:{}", secret(password)?.expose());
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        }
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| IdentityError::Unfit)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What the certificate says that the connection showed: a proxy's own, where one speaks for others.
fn attribute_of(peer: &Peer, attribute: Attribute) -> Option<String> {
    let certificate = peer.tls.as_ref()?.certificate.as_ref()?;
    match attribute {
        Attribute::Address => None,
        Attribute::Subject => Some(certificate.subject.clone()),
        Attribute::Name => certificate.names.first().cloned(),
        Attribute::Fingerprint => {
            let mut hex = String::with_capacity(64);
            for byte in certificate.fingerprint {
                // Writing into a string cannot fail.
                write!(hex, "{byte:02x}").ok();
            }
            Some(hex)
        }
        Attribute::Serial => Some(certificate.serial.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;
    use crate::backend::Attempt;
    use crate::message::{ClientCertificate, Interim, Payload, TlsPeer};
    use crate::route::Effect;
    use crate::route::params::PathParams;

    fn ask(certificate: Option<ClientCertificate>) -> Ask {
        let request = http::Request::get("/")
            .header("authorization", "Basic Y2xpZW50OnB3")
            .header("x-user", "CN=forged")
            .header("x_user", "CN=forged")
            .header("x-from", "10.9.9.9");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Ask {
            parts,
            payload: Payload::Empty,
            id: Uuid::nil(),
            deadline: Instant::now(),
            effect: Effect::Read,
            shadow: false,
            route: "r".into(),
            params: PathParams::default(),
            key: None,
            delivery: crate::route::Delivery::default(),
            attempt: Attempt::First,
            peer: Some(Arc::new(Peer {
                address: "10.0.0.1:4711".parse().unwrap(),
                local: "127.0.0.1:80".parse().unwrap(),
                tls: Some(TlsPeer {
                    server_name: None,
                    version: "TLSv1.3",
                    alpn: None,
                    certificate,
                }),
            })),
            client: Some("::ffff:192.0.2.7".parse().unwrap()),
            spelling: h1::Spelling::default(),
            interim: Interim::default(),
            back: None,
            promise: None,
        }
    }

    fn shown(identity: &Identity, mut ask: Ask) -> Vec<String> {
        Shown::new(identity).unwrap().put_on(&mut ask);
        let headers = ask.parts.headers.iter();
        let mut lines: Vec<_> = headers
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        lines.sort();
        lines
    }

    fn mapped(credentials: Option<Credentials>) -> Identity {
        Identity {
            credentials,
            headers: vec![
                (HeaderName::from_static("x-user"), Attribute::Subject),
                (HeaderName::from_static("x-from"), Attribute::Address),
            ],
        }
    }

    #[test]
    fn the_client_passes_as_it_came() {
        let lines = shown(&Identity::default(), ask(None));
        assert_eq!(
            lines,
            [
                "authorization: Basic Y2xpZW50OnB3",
                "x-from: 10.9.9.9",
                "x-user: CN=forged",
                "x_user: CN=forged"
            ]
        );
    }

    #[test]
    fn a_service_stands_for_it_and_what_it_forged_does_not_pass() {
        let credentials = Credentials::Basic {
            user: "FIGWAY".into(),
            password: Setting::Plain("geheim".into()),
        };
        let lines = shown(&mapped(Some(credentials)), ask(None));
        assert_eq!(
            lines,
            [
                "authorization: Basic RklHV0FZOmdlaGVpbQ==",
                "x-from: 192.0.2.7"
            ]
        );
        let token = Credentials::Bearer(Setting::Plain("t0ken".into()));
        let lines = shown(&mapped(Some(token)), ask(None));
        assert_eq!(lines, ["authorization: Bearer t0ken", "x-from: 192.0.2.7"]);
    }

    #[test]
    fn a_certificate_says_who_it_is_unless_no_header_can_say_it() {
        let certificate = |subject: &str| ClientCertificate {
            subject: subject.into(),
            names: Vec::new(),
            fingerprint: [0xab; 32],
            serial: "01".into(),
            der: bytes::Bytes::new(),
        };
        let identity = mapped(None);
        let user = |subject: &str| {
            let lines = shown(&identity, ask(Some(certificate(subject))));
            lines.into_iter().find(|line| line.starts_with("x-user"))
        };
        assert_eq!(user("CN=Anna,O=Ärzte").unwrap(), "x-user: CN=Anna,O=Ärzte");
        assert_eq!(user("CN=a\r\nX-Role: admin"), None);
    }

    #[test]
    fn a_secret_that_no_header_can_hold_is_refused_without_showing_it() {
        let identity = mapped(Some(Credentials::Bearer(Setting::Plain("a\nb".into()))));
        let Err(error) = Shown::new(&identity) else {
            panic!("it was taken")
        };
        assert_eq!(error.to_string(), "the secret cannot be sent in a header");
    }
}
