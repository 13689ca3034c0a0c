//! Reads files as a listener or a backend will, to find what is wrong with them before it matters.

use std::path::Path;

use super::accept::verifier;
use super::certificate::Certificate;
use super::error::Error;
use super::files;
use super::spec::{Clients, Pair};

/// A certificate and its key: what it says.
///
/// # Errors
/// A file is wrong, or the two do not belong together.
pub fn pair(pair: &Pair) -> Result<Certificate, Error> {
    files::pair(pair).map(|loaded| loaded.certificate)
}

/// Those who sign the certificates of backends.
///
/// # Errors
/// There is nobody in the file.
pub fn authorities(file: &Path) -> Result<(), Error> {
    files::authorities(file).map(drop)
}

/// Those who sign the certificates of clients, and what they have revoked.
///
/// # Errors
/// A file is wrong.
pub fn clients(clients: &Clients) -> Result<(), Error> {
    verifier(clients).map(drop)
}
