//! What is wrong with a file that TLS needs.

use std::path::{Path, PathBuf};

/// A file, or two that do not fit together.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", file.display())]
pub struct Error {
    file: PathBuf,
    kind: ErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// It is not there, or not for us.
    #[error("cannot be read")]
    Unreadable,
    /// It has bytes where the text of PEM (RFC 7468) should be.
    #[error("is not PEM")]
    NotPem,
    /// There is no `CERTIFICATE` in it.
    #[error("holds no certificate")]
    NoCertificate,
    /// What stands there as a certificate is none.
    #[error("holds a certificate that cannot be read")]
    BadCertificate,
    /// There is no private key in it.
    #[error("holds no private key")]
    NoKey,
    /// The key is locked with a passphrase.
    #[error("holds a private key that needs a passphrase")]
    LockedKey,
    /// The key is of a kind or size that is not used: see what ring signs with.
    #[error("holds a private key that cannot be used")]
    BadKey,
    /// The key is another certificate's.
    #[error("is not the key of the certificate")]
    NotItsKey,
    /// There is no list of revoked certificates in it, or one that cannot be read.
    #[error("holds no list of revoked certificates that can be read")]
    BadRevocation,
    /// The system has no roots.
    #[error("no root certificate was found in the operating system")]
    NoRoots,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            kind,
            source: None,
        }
    }

    pub(super) fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file it is wrong with.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What a person may do about it, where there is something to say.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::NotPem => Some(
                "turn a DER file into PEM with `openssl x509 -inform der` or `openssl pkey -inform der`, a PKCS #12 file with `openssl pkcs12 -nodes`",
            ),
            ErrorKind::LockedKey => Some(
                "unlock it with `openssl pkey -in locked.key -out server.key`, and let nobody else read the file",
            ),
            ErrorKind::BadKey => {
                Some("wanted RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519")
            }
            ErrorKind::NoRoots => {
                Some("install ca-certificates, or name the backend's own with ca")
            }
            ErrorKind::Unreadable
            | ErrorKind::NoCertificate
            | ErrorKind::BadCertificate
            | ErrorKind::NoKey
            | ErrorKind::NotItsKey
            | ErrorKind::BadRevocation => None,
        }
    }
}
