//! The PROXY protocol, versions 1 and 2: what a balancer in front says of the client, before the client's first byte.
//!
//! In: a connection from a network that is trusted to say it; the header must be there, since guessing would let clients forge it (section 2
//! of the specification, <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>). Out: a [`Header`], with the stream standing
//! behind it. Reading is ours, the deadline is the caller's.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// What a header said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The balancer speaks for itself (a health check), or does not know the client: the connection's own addresses hold.
    Own,
    /// The client's address, and the one it connected to.
    Proxied {
        /// The client's.
        from: SocketAddr,
        /// Ours, as the client sees it.
        to: SocketAddr,
    },
}

/// It begins like no header, or is not finished as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proxy protocol header is {0}")]
pub struct Malformed(&'static str);

/// How every header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// How every header of version 1 begins.
const PROXY: &[u8; 6] = b"PROXY ";
/// A line of version 1 is no longer, its end included.
const LINE: usize = 107;
/// Bytes of a header of version 2 before what it says the length of.
const FIXED: usize = 16;
/// What follows them is mostly some 12 to 200 bytes; nobody needs more.
const MOST: usize = 4096;
/// The TLV with a checksum over the whole header.
const CRC32C: u8 = 0x03;

/// Reads a header, and not a byte of what follows it. Dropped half-way the connection is of no further use.
///
/// # Errors
/// The connection ended, or [`Malformed`] inside one of kind [`io::ErrorKind::InvalidData`].
pub async fn read(stream: &mut TcpStream) -> io::Result<Header> {
    // No header is shorter than this and the three bytes after it.
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        header.resize(FIXED, 0);
        stream
            .read_exact(room(&mut header, SIGNATURE.len()))
            .await?;
        let length = length(&header)?;
        header.resize(FIXED + length, 0);
        stream.read_exact(room(&mut header, FIXED)).await?;
    } else {
        if !header.starts_with(PROXY) {
            return Err(Malformed("missing").into());
        }
        line(stream, &mut header).await?;
    }
    Ok(parse(&header)?)
}

/// The rest of a line. What has arrived is looked at first, so that no byte behind the line is taken.
async fn line(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    let mut seen = [0; LINE];
    while !header.ends_with(b"\n") {
        let left = LINE.saturating_sub(header.len());
        let seen = seen.get_mut(..left).unwrap_or_default();
        if seen.is_empty() {
            return Err(Malformed("too long").into());
        }
        let arrived = stream.peek(seen).await?;
        if arrived == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let arrived = seen.get(..arrived).unwrap_or_default();
        let end = arrived.iter().position(|byte| *byte == b'\n');
        let take = end.map_or(arrived.len(), |end| end + 1);
        let filled = header.len();
        header.resize(filled + take, 0);
        stream.read_exact(room(header, filled)).await?;
    }
    Ok(())
}

fn room(header: &mut [u8], from: usize) -> &mut [u8] {
    header.get_mut(from..).unwrap_or_default()
}

/// A whole header. Pure.
///
/// # Errors
/// It is not one, or has more bytes than it says.
pub fn parse(header: &[u8]) -> Result<Header, Malformed> {
    if header.starts_with(SIGNATURE) {
        binary(header)
    } else if header.starts_with(PROXY) {
        text(header)
    } else {
        Err(Malformed("missing"))
    }
}

/// `PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n`
fn text(header: &[u8]) -> Result<Header, Malformed> {
    let line = header
        .strip_prefix(PROXY)
        .and_then(|line| line.strip_suffix(b"\r\n"))
        .and_then(|line| std::str::from_utf8(line).ok())
        .ok_or(Malformed("not a line"))?;
    if header.len() > LINE {
        return Err(Malformed("too long"));
    }
    if line.contains(['\r', '\n']) {
        return Err(Malformed("not a line"));
    }
    // Whatever follows is to be ignored.
    if line == "UNKNOWN" || line.starts_with("UNKNOWN ") {
        return Ok(Header::Own);
    }
    let words: Vec<_> = line.split(' ').collect();
    let [family, from, to, from_port, to_port] = words.as_slice() else {
        return Err(Malformed("not of six words"));
    };
    let address = |text: &str| -> Result<IpAddr, Malformed> {
        let address: IpAddr = text.parse().map_err(|_| Malformed("without an address"))?;
        match (*family, address) {
            ("TCP4", IpAddr::V4(_)) | ("TCP6", IpAddr::V6(_)) => Ok(address),
            _ => Err(Malformed("of another family than its addresses")),
        }
    };
    let port = |text: &str| -> Result<u16, Malformed> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let port = text.parse().ok().filter(|_| plain);
        port.ok_or(Malformed("without a port"))
    };
    Ok(Header::Proxied {
        from: SocketAddr::new(canonical(address(from)?), port(from_port)?),
        to: SocketAddr::new(canonical(address(to)?), port(to_port)?),
    })
}

/// How many bytes follow the fixed part of a header of version 2.
fn length(header: &[u8]) -> Result<usize, Malformed> {
    let length = header
        .get(14..FIXED)
        .and_then(|two| <[u8; 2]>::try_from(two).ok())
        .map(u16::from_be_bytes)
        .map(usize::from)
        .ok_or(Malformed("cut off"))?;
    if length > MOST {
        return Err(Malformed("too long"));
    }
    Ok(length)
}

fn binary(header: &[u8]) -> Result<Header, Malformed> {
    let rest = header.get(FIXED..).ok_or(Malformed("cut off"))?;
    if rest.len() != length(header)? {
        return Err(Malformed("not as long as it says"));
    }
    let (command, family) = match header.get(12..14) {
        Some([command, family]) => (*command, *family),
        _ => return Err(Malformed("cut off")),
    };
    let short = Malformed("too short for its addresses");
    match (command, family) {
        // What stands in the place of addresses is to be ignored, except what guards the whole.
        (0x20, _) => Ok(Header::Own),
        (0x21, 0x11) => {
            let (addresses, tlvs) = rest.split_first_chunk::<12>().ok_or(short)?;
            guarded(header, tlvs)?;
            let [a, b, c, d, e, f, g, h, p, q, r, s] = *addresses;
            Ok(Header::Proxied {
                from: SocketAddr::from(([a, b, c, d], u16::from_be_bytes([p, q]))),
                to: SocketAddr::from(([e, f, g, h], u16::from_be_bytes([r, s]))),
            })
        }
        (0x21, 0x21) => {
            let (from, more) = rest.split_first_chunk::<16>().ok_or(short)?;
            let (to, more) = more.split_first_chunk::<16>().ok_or(short)?;
            let ([p, q, r, s], tlvs) = more.split_first_chunk::<4>().ok_or(short)?;
            guarded(header, tlvs)?;
            let at = |address: &[u8; 16], port| {
                SocketAddr::new(canonical(IpAddr::from(*address)), u16::from_be_bytes(port))
            };
            Ok(Header::Proxied {
                from: at(from, [*p, *q]),
                to: at(to, [*r, *s]),
            })
        }
        // Not over the network, or not said: the connection is the balancer's own (section 2.2).
        (0x21, 0x00 | 0x31 | 0x32) => Ok(Header::Own),
        (0x21, _) => Err(Malformed("of a family that is not TCP")),
        _ => Err(Malformed("of an unknown version or command")),
    }
}

/// An IPv4 address in an IPv6 one is that IPv4 address: rules over networks must find it.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Walks the TLVs, of which only the checksum says anything to us.
fn guarded(header: &[u8], mut tlvs: &[u8]) -> Result<(), Malformed> {
    while let Some(([kind, high, low], rest)) = tlvs.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = rest
            .split_at_checked(length)
            .ok_or(Malformed("of parts that do not fit"))?;
        if *kind == CRC32C {
            checked(header, value, header.len().saturating_sub(rest.len()))?;
        }
        tlvs = next;
    }
    if tlvs.is_empty() {
        Ok(())
    } else {
        Err(Malformed("of parts that do not fit"))
    }
}

/// The checksum at `at` is over the header with zeros in its own place.
fn checked(header: &[u8], value: &[u8], at: usize) -> Result<(), Malformed> {
    let wrong = Malformed("damaged");
    let said = <[u8; 4]>::try_from(value).map_err(|_| wrong)?;
    let (before, after) = header.split_at_checked(at).ok_or(wrong)?;
    let after = after.get(said.len()..).ok_or(wrong)?;
    let sum = crc32c::crc32c(before);
    let sum = crc32c::crc32c_append(sum, &[0; 4]);
    if crc32c::crc32c_append(sum, after) == u32::from_be_bytes(said) {
        Ok(())
    } else {
        Err(wrong)
    }
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(io::ErrorKind::InvalidData, malformed)
    }
}

#[cfg(test)]
mod tests;
