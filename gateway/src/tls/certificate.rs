//! What a certificate says of whom it is for: read after the handshake has judged it, and of our own files.
//!
//! In: the bytes of X.509 (RFC 5280). Out: a [`Certificate`]. Judges nothing.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::str::FromStr;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use x509_cert::der::asn1::{PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::{Any, Decode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The SHA-256 of a certificate's bytes, by which one is told from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of the certificate with these bytes.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = ();

    /// 64 hexadecimal digits; colons between them, as `openssl x509 -fingerprint -sha256` prints them, are left out.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| *byte != b':')
            .map(|byte| {
                char::from(byte)
                    .to_digit(16)
                    .and_then(|n| u8::try_from(n).ok())
            })
            .collect::<Option<_>>()
            .ok_or(())?;
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        match (<[u8; 32]>::try_from(bytes), rest) {
            (Ok(bytes), []) => Ok(Self(bytes)),
            _ => Err(()),
        }
    }
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The subject as RFC 4514 writes it: `CN=lots,O=Acme,C=CH`; may be empty.
    pub subject: String,
    /// The last common name of the subject, which old certificates have their host in.
    pub common_name: Option<String>,
    /// The other names of the subject: DNS names, URIs, e-mail addresses, addresses, in the order of the certificate.
    pub names: Vec<AltName>,
    /// The serial number in hexadecimal, as `openssl x509 -serial` prints it.
    pub serial: String,
    /// From when it holds.
    pub not_before: SystemTime,
    /// Until when it holds.
    pub not_after: SystemTime,
}

/// One name of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AltName {
    /// A host, perhaps with `*` as its first label.
    Dns(String),
    /// Such as `spiffe://acme/lots`.
    Uri(String),
    /// An e-mail address.
    Email(String),
    /// An address of a host.
    Ip(IpAddr),
}

impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Uri(name) | Self::Email(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl Certificate {
    /// Reads one.
    ///
    /// # Errors
    /// The bytes are no certificate.
    pub fn read(der: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let certificate = x509_cert::Certificate::from_der(der)?;
        let certificate = certificate.tbs_certificate();
        let subject = certificate.subject();
        let common_name = subject
            .iter()
            .filter(|attribute| attribute.oid == COMMON_NAME)
            .last()
            .and_then(|attribute| text(&attribute.value));
        let names = certificate
            .get_extension::<SubjectAltName>()?
            .map(|(_, names)| names.0.iter().filter_map(alt_name).collect())
            .unwrap_or_default();
        let validity = certificate.validity();
        Ok(Self {
            subject: subject.to_string(),
            common_name,
            names,
            serial: serial(certificate.serial_number().as_bytes()),
            not_before: validity.not_before.to_system_time(),
            not_after: validity.not_after.to_system_time(),
        })
    }

    /// The hosts it is for: its DNS names, or where it has none, as certificates before 2010, its common name.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        let dns = |name: &AltName| matches!(name, AltName::Dns(_));
        let fallback = self
            .common_name
            .as_deref()
            .filter(|_| !self.names.iter().any(dns));
        self.names
            .iter()
            .filter_map(|name| match name {
                AltName::Dns(host) => Some(host.as_str()),
                AltName::Uri(_) | AltName::Email(_) | AltName::Ip(_) => None,
            })
            .chain(fallback)
    }

    /// What a person knows it by: its first name, else its subject.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.names.first(), &self.common_name) {
            (Some(name), _) => name.to_string(),
            (None, Some(name)) => name.clone(),
            (None, None) => self.subject.clone(),
        }
    }
}

fn alt_name(name: &GeneralName) -> Option<AltName> {
    match name {
        GeneralName::DnsName(host) => Some(AltName::Dns(host.to_string())),
        GeneralName::UniformResourceIdentifier(uri) => Some(AltName::Uri(uri.to_string())),
        GeneralName::Rfc822Name(address) => Some(AltName::Email(address.to_string())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
            v4.or(v6).ok().map(AltName::Ip)
        }
        GeneralName::OtherName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => None,
    }
}

/// The text of a subject's attribute, in one of the forms RFC 5280 section 4.1.2.4 allows and people use.
fn text(value: &Any) -> Option<String> {
    let text = match value.tag() {
        Tag::Utf8String => value
            .decode_as::<Utf8StringRef<'_>>()
            .ok()?
            .as_str()
            .to_owned(),
        Tag::PrintableString => value
            .decode_as::<PrintableStringRef<'_>>()
            .ok()?
            .as_str()
            .to_owned(),
        Tag::TeletexString => value
            .decode_as::<TeletexStringRef<'_>>()
            .ok()?
            .as_str()
            .to_owned(),
        _ => return None,
    };
    Some(text)
}

/// Without the zero byte that only says that the number is positive.
fn serial(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex(bytes).to_uppercase()
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text does not fail.
        let _written = write!(out, "{byte:02x}");
    }
    out
}
