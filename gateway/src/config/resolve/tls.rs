//! TLS in front and behind: the words of the file, and the files that it names, read to be sure that they fit together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use rustls::pki_types::ServerName;
use toml::Spanned;

use super::{Resolver, same_port};
use crate::config::file::{self, BackendTls, ListenTls};
use crate::config::{Https, units};
use crate::tls::{
    ClientSpec, Clients, Demand, Error, ErrorKind, Fingerprint, Pair, ServerSpec, Speaks, Trust,
    UnknownName, Version, probe, server_name,
};

const HTTPS: &str = "0.0.0.0:8443";
/// As long as slow lines and busy machines take, and no longer.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    None,
    Optional,
    Required,
}

impl Resolver<'_> {
    /// `None` where nobody is to be met with TLS, or only with a fault.
    pub(super) fn https(
        &mut self,
        listen: &file::Listen,
        plain: Option<SocketAddr>,
    ) -> Option<Https> {
        let Some(https) = &listen.https else {
            if let Some(tls) = &listen.tls {
                self.without_https(tls);
            }
            if let Some(certificate) = listen.certificates.first() {
                self.without_https(certificate);
            }
            return None;
        };
        let address = self.address(Some(https), HTTPS);
        if let (Some(address), Some(plain)) = (address, plain)
            && same_port(address, plain)
        {
            self.fault(
                https,
                "plain http is spoken on this port: https needs one of its own",
            );
        }
        if listen.certificates.is_empty() {
            self.fault_with_help(
                https,
                "https needs a certificate",
                "add [[listen.certificates]] with its certificate and key, both PEM files",
            );
        }
        let pairs: Vec<_> = listen
            .certificates
            .iter()
            .filter_map(|one| {
                let one = one.get_ref();
                self.pair(&one.certificate, one.key.as_ref())
            })
            .collect();
        let none = ListenTls::default();
        let tls = listen.tls.as_ref().map_or(&none, Spanned::get_ref);
        let minimum = self.version(tls.minimum_version.as_ref());
        let clients = self.clients(tls);
        let spec = ServerSpec {
            minimum,
            unknown_name: tls
                .unknown_name
                .as_ref()
                .and_then(|word| {
                    let words = [
                        ("first", UnknownName::First),
                        ("refuse", UnknownName::Refused),
                    ];
                    self.word(word, "unknown_name", &words)
                })
                .unwrap_or(UnknownName::First),
            handshake: self.parsed(tls.handshake_timeout.as_ref(), HANDSHAKE, units::duration),
            pairs,
            clients: clients?,
            speaks: Speaks::Either,
        };
        let whole = spec.pairs.len() == listen.certificates.len() && !spec.pairs.is_empty();
        Some(Https {
            address: address.filter(|_| whole)?,
            tls: spec,
        })
    }

    fn without_https<T>(&mut self, at: &Spanned<T>) {
        self.fault_with_help(
            at,
            "no client is met with TLS",
            "write https = \"0.0.0.0:8443\" in [listen]",
        );
    }

    /// `None` only with a fault.
    fn clients(&mut self, tls: &ListenTls) -> Option<Clients> {
        let words = [
            ("none", Asked::None),
            ("optional", Asked::Optional),
            ("required", Asked::Required),
        ];
        let asked = match &tls.client_certificates {
            Some(word) => self.word(word, "client_certificates", &words)?,
            None => Asked::None,
        };
        let demand = match asked {
            Asked::None => {
                for unused in tls.client_ca.iter().chain(&tls.revoked) {
                    self.fault_with_help(
                        unused,
                        "no client is asked for a certificate",
                        "write client_certificates = \"required\", or \"optional\"",
                    );
                }
                return Some(Clients::NotAsked);
            }
            Asked::Optional => Demand::Optional,
            Asked::Required => Demand::Required,
        };
        let Some(ca) = &tls.client_ca else {
            if let Some(word) = &tls.client_certificates {
                self.fault_with_help(
                    word,
                    "it is not said who signs the certificates of clients",
                    "write client_ca = \"FILE\", a PEM file with those who do",
                );
            }
            return None;
        };
        let clients = Clients::Asked {
            ca: self.folder.join(ca.get_ref()),
            revoked: tls
                .revoked
                .iter()
                .map(|file| self.folder.join(file.get_ref()))
                .collect(),
            demand,
        };
        if let Err(error) = probe::clients(&clients) {
            let at = tls
                .revoked
                .iter()
                .find(|file| self.folder.join(file.get_ref()) == error.file());
            self.unfit(at.unwrap_or(ca), &error);
            return None;
        }
        Some(clients)
    }

    /// The `tls` of a backend whose address begins with `https`. `None` only with a fault.
    pub(super) fn backend_tls(&mut self, tls: Option<&BackendTls>) -> Option<ClientSpec> {
        let Some(tls) = tls else {
            return Some(ClientSpec::default());
        };
        let minimum = self.version(tls.minimum_version.as_ref());
        let trust = self.trust(tls);
        let pair = match (&tls.certificate, &tls.key) {
            (Some(certificate), key) => Some(self.pair(certificate, key.as_ref())),
            (None, Some(key)) => {
                self.fault(key, "there is a key, and no certificate that it belongs to");
                return None;
            }
            (None, None) => None,
        };
        let name = tls.name.as_ref().map(|name| self.name(name));
        Some(ClientSpec {
            trust: trust?,
            pair: both(pair)?,
            name: both(name)?,
            minimum,
        })
    }

    fn name(&mut self, name: &Spanned<String>) -> Option<ServerName<'static>> {
        let read = server_name(name.get_ref());
        if read.is_none() {
            self.fault(
                name,
                format!(
                    "wanted the name in the backend's certificate, such as \"lots.acme.com\", got \"{}\"",
                    name.get_ref()
                ),
            );
        }
        read
    }

    fn trust(&mut self, tls: &BackendTls) -> Option<Trust> {
        let mut fingerprints = Vec::new();
        for text in &tls.fingerprints {
            match text.get_ref().parse::<Fingerprint>() {
                Ok(fingerprint) => fingerprints.push(fingerprint),
                Err(()) => self.fault_with_help(
                    text,
                    "wanted the SHA-256 of a certificate, 64 hexadecimal digits",
                    "`openssl x509 -noout -fingerprint -sha256 -in FILE` prints it",
                ),
            }
        }
        match (&tls.ca, tls.fingerprints.first()) {
            (Some(ca), Some(_)) => {
                self.fault(
                    ca,
                    "wanted one of ca and fingerprints: a fingerprint asks for no signer",
                );
                None
            }
            (Some(ca), None) => {
                let file = self.folder.join(ca.get_ref());
                match probe::authorities(&file) {
                    Ok(()) => Some(Trust::Ca(file)),
                    Err(error) => {
                        self.unfit(ca, &error);
                        None
                    }
                }
            }
            (None, Some(_)) => (fingerprints.len() == tls.fingerprints.len())
                .then_some(Trust::Fingerprints(fingerprints)),
            (None, None) => Some(Trust::System),
        }
    }

    /// A certificate with its key, which stands in the same file where no other is named. `None` only with a fault.
    pub(super) fn pair(
        &mut self,
        certificate: &Spanned<PathBuf>,
        key: Option<&Spanned<PathBuf>>,
    ) -> Option<Pair> {
        let pair = Pair {
            certificate: self.folder.join(certificate.get_ref()),
            key: self.folder.join(key.unwrap_or(certificate).get_ref()),
        };
        match probe::pair(&pair) {
            Ok(_) => Some(pair),
            Err(error) if error.kind() == ErrorKind::NoKey && key.is_none() => {
                self.fault_with_help(
                    certificate,
                    error.to_string(),
                    "name the file that does: key = \"FILE\"",
                );
                None
            }
            Err(error) => {
                let of_key = pair.key != pair.certificate && error.file() == pair.key;
                self.unfit(key.filter(|_| of_key).unwrap_or(certificate), &error);
                None
            }
        }
    }

    pub(super) fn unfit(&mut self, at: &Spanned<PathBuf>, error: &Error) {
        let mut message = error.to_string();
        // What the system says of a file is worth reading; what is in a key is nobody's business.
        if let (ErrorKind::Unreadable, Some(cause)) =
            (error.kind(), std::error::Error::source(error))
        {
            message = format!("{message}: {cause}");
        }
        match error.help() {
            Some(help) => self.fault_with_help(at, message, help),
            None => self.fault(at, message),
        }
    }

    pub(super) fn version(&mut self, value: Option<&Spanned<String>>) -> Version {
        let Some(value) = value else {
            return Version::Tls12;
        };
        match value.get_ref().as_str() {
            "1.2" => return Version::Tls12,
            "1.3" => return Version::Tls13,
            "1.0" | "1.1" => self.fault_with_help(
                value,
                format!("TLS {} is not spoken", value.get_ref()),
                "wanted \"1.2\" or \"1.3\"; the operator guide says what to put in front of older clients",
            ),
            other => self.fault(value, format!("wanted \"1.2\" or \"1.3\", got \"{other}\"")),
        }
        Version::Tls12
    }

    /// From where a PROXY protocol header is believed, and must come.
    pub(super) fn proxies(&mut self, networks: &[Spanned<String>]) -> Vec<IpNet> {
        networks
            .iter()
            .filter_map(|network| self.network(network))
            .collect()
    }
}

/// What was left out is well; what has a fault is not.
fn both<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
        None => Some(None),
    }
}
