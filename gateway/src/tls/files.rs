//! PEM files (RFC 7468) to what rustls works with.
//!
//! In: paths. Out: chains, keys, roots, lists of revoked certificates, or an [`Error`] that names the file. Blocking: call it where
//! that is allowed.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::certificate::Certificate;
use super::error::{Error, ErrorKind};
use super::spec::{Pair, Trust};

/// No file of certificates is larger; one that is was named by mistake.
const LARGEST: u64 = 16 << 20;

/// Stands for a file where the system's roots are meant.
pub(super) const SYSTEM: &str = "the system's certificates";

/// A certificate that can be shown, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) certificate: Certificate,
}

/// A certificate, its chain and its key, which belong together.
pub(super) fn pair(pair: &Pair) -> Result<Loaded, Error> {
    let chain = chain(&pair.certificate)?;
    let bad = |kind, file| Error::new(kind, file);
    let leaf = chain
        .first()
        .ok_or_else(|| bad(ErrorKind::NoCertificate, &pair.certificate))?;
    let certificate = Certificate::read(leaf)
        .map_err(|error| bad(ErrorKind::BadCertificate, &pair.certificate).because(error))?;
    let key = super::provider()
        .key_provider
        .load_private_key(key(&pair.key)?)
        .map_err(|error| bad(ErrorKind::BadKey, &pair.key).because(error))?;
    let key = CertifiedKey::new(chain, key);
    match key.keys_match() {
        // Unknown: a kind of key that does not say its public half; none of ours.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            return Err(bad(ErrorKind::NotItsKey, &pair.key));
        }
        Err(error) => return Err(bad(ErrorKind::BadCertificate, &pair.certificate).because(error)),
    }
    Ok(Loaded {
        key: Arc::new(key),
        certificate,
    })
}

/// Every certificate of a file, in its order; not empty.
pub(super) fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(file)?;
    let chain = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::new(ErrorKind::NotPem, file).because(error))?;
    if chain.is_empty() {
        return Err(Error::new(ErrorKind::NoCertificate, file));
    }
    Ok(chain)
}

/// What is trusted; the roots of a file, or of the system.
pub(super) fn roots(trust: &Trust) -> Result<RootCertStore, Error> {
    match trust {
        Trust::Ca(file) => authorities(file),
        Trust::Fingerprints(_) => Ok(RootCertStore::empty()),
        Trust::System => {
            let found = rustls_native_certs::load_native_certs();
            let mut roots = RootCertStore::empty();
            // Systems carry a few that are no longer read; the others count.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let none = Error::new(ErrorKind::NoRoots, Path::new(SYSTEM));
                return Err(match found.errors.into_iter().next() {
                    Some(error) => none.because(error),
                    None => none,
                });
            }
            Ok(roots)
        }
    }
}

/// The certificates of a file, as those who sign others.
pub(super) fn authorities(file: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(file)? {
        roots
            .add(certificate)
            .map_err(|error| Error::new(ErrorKind::BadCertificate, file).because(error))?;
    }
    Ok(roots)
}

/// The lists of revoked certificates in a file; not empty.
pub(super) fn revoked(file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let text = read(file)?;
    let lists = CertificateRevocationListDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::new(ErrorKind::BadRevocation, file).because(error))?;
    if lists.is_empty() {
        return Err(Error::new(ErrorKind::BadRevocation, file));
    }
    Ok(lists)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(file)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        // PKCS #1 and SEC 1 keys lock their contents and say so in a line of their own.
        Ok(_) if holds(&text, b"Proc-Type: 4,ENCRYPTED") => {
            Err(Error::new(ErrorKind::LockedKey, file))
        }
        Ok(key) => Ok(key),
        Err(_) if holds(&text, b"ENCRYPTED") => Err(Error::new(ErrorKind::LockedKey, file)),
        // The reader's own words could hold a line of the file, and this file is secret.
        Err(_) => Err(Error::new(ErrorKind::NoKey, file)),
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

/// A file's bytes, which are text of PEM by their look.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error: std::io::Error| Error::new(ErrorKind::Unreadable, file).because(error);
    let about = std::fs::metadata(file).map_err(unreadable)?;
    if about.len() > LARGEST {
        return Err(Error::new(ErrorKind::Unreadable, file)
            .because(format!("it has {} bytes", about.len())));
    }
    let text = std::fs::read(file).map_err(unreadable)?;
    if !text.is_empty() && !holds(&text, b"-----BEGIN ") {
        return Err(Error::new(ErrorKind::NotPem, file));
    }
    Ok(text)
}
