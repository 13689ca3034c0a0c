//! First bytes that say what kind of file it is, when it is no file of records.

use std::fmt;

/// A file that holds another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// gzip (RFC 1952).
    Gzip,
    /// zip, and what is built on it.
    Zip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
    /// LZW of the UNIX command `compress`.
    Compress,
    /// A tar archive.
    Tar,
    /// What the TSO command TRANSMIT makes of a data set.
    Transmit,
    /// What DFSMSdss DUMP, AMATERSE and the like make of one cannot be told for sure; an OpenPGP message can.
    Pgp,
}

impl Container {
    /// What to do with it.
    pub const fn help(self) -> &'static str {
        match self {
            Container::Gzip => "unpack it first: gunzip",
            Container::Zip => "unpack it first: unzip",
            Container::Bzip2 => "unpack it first: bunzip2",
            Container::Xz => "unpack it first: unxz",
            Container::Zstd => "unpack it first: unzstd",
            Container::Compress => "unpack it first: uncompress",
            Container::Tar => "unpack it first: tar -x",
            Container::Transmit => {
                "bring it back to the mainframe and RECEIVE it, then send the data set itself"
            }
            Container::Pgp => "decrypt it first",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Container::Gzip => "gzip",
            Container::Zip => "zip",
            Container::Bzip2 => "bzip2",
            Container::Xz => "xz",
            Container::Zstd => "zstd",
            Container::Compress => "compress (.Z)",
            Container::Tar => "tar",
            Container::Transmit => "TSO TRANSMIT (XMIT)",
            Container::Pgp => "OpenPGP",
        })
    }
}

pub(super) fn container(bytes: &[u8]) -> Option<Container> {
    let starts = |with: &[u8]| bytes.starts_with(with);
    if starts(&[0x1f, 0x8b, 0x08]) {
        return Some(Container::Gzip);
    }
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Some(Container::Zip);
    }
    if starts(b"BZh") && bytes.get(4..10) == Some(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) {
        return Some(Container::Bzip2);
    }
    if starts(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        return Some(Container::Xz);
    }
    if starts(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Some(Container::Zstd);
    }
    if starts(&[0x1f, 0x9d]) {
        return Some(Container::Compress);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Container::Tar);
    }
    // z/OS TSO/E Customization, "Format of transmitted data": a segment of length and flags, then INMR01 in EBCDIC.
    if bytes.get(1) == Some(&0xe0) && bytes.get(2..8) == Some(&[0xc9, 0xd5, 0xd4, 0xd9, 0xf0, 0xf1])
    {
        return Some(Container::Transmit);
    }
    if starts(b"-----BEGIN PGP MESSAGE-----") {
        return Some(Container::Pgp);
    }
    None
}

/// A mark that no mainframe writes.
pub(super) fn byte_order_mark(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Some("UTF-8");
    }
    if bytes.starts_with(&[0xff, 0xfe]) {
        return Some("UTF-16 little endian");
    }
    None
}
