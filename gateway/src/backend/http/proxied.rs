//! The PROXY protocol towards an origin: who the client is, before the first byte of anything else.
//!
//! In: the client's connection, and who asks on it. Out: the bytes of a header, version 1 or 2 of the specification
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>). What the gateway asks for itself is said to be its own.

use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::config::ProxyProtocol;
use crate::message::Peer;

/// Who is meant where a trusted proxy speaks for somebody: nobody knows that one's port.
const NO_PORT: u16 = 0;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, the connection of somebody else.
const PROXY: u8 = 0x21;
/// Version 2, our own.
const LOCAL: u8 = 0x20;
const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;

/// The header for that client; that of a connection of our own if there is none.
pub(super) fn header(
    version: ProxyProtocol,
    peer: Option<&Peer>,
    client: Option<IpAddr>,
) -> Vec<u8> {
    let pair = peer.map(|peer| {
        let from = match client.map(|client| client.to_canonical()) {
            Some(client) if client != peer.address.ip().to_canonical() => {
                SocketAddr::new(client, NO_PORT)
            }
            _ => peer.address,
        };
        Pair::of(from, peer.local)
    });
    match version {
        ProxyProtocol::V1 => text(pair),
        ProxyProtocol::V2 => binary(pair),
    }
}

/// Two addresses of one family, as both versions want them.
#[derive(Clone, Copy)]
enum Pair {
    Four([u8; 4], u16, [u8; 4], u16),
    Six(Ipv6Addr, u16, Ipv6Addr, u16),
}

impl Pair {
    fn of(from: SocketAddr, to: SocketAddr) -> Self {
        match (from.ip().to_canonical(), to.ip().to_canonical()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Self::Four(
                source.octets(),
                from.port(),
                destination.octets(),
                to.port(),
            ),
            (source, destination) => {
                Self::Six(six(source), from.port(), six(destination), to.port())
            }
        }
    }
}

fn six(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    }
}

fn text(pair: Option<Pair>) -> Vec<u8> {
    let mut line = Vec::with_capacity(107);
    // Writing into memory cannot fail.
    match pair {
        None => write!(line, "PROXY UNKNOWN\r\n"),
        Some(Pair::Four(source, from, destination, to)) => {
            let (source, destination) = (IpAddr::from(source), IpAddr::from(destination));
            write!(line, "PROXY TCP4 {source} {destination} {from} {to}\r\n")
        }
        Some(Pair::Six(source, from, destination, to)) => {
            write!(line, "PROXY TCP6 {source} {destination} {from} {to}\r\n")
        }
    }
    .ok();
    line
}

fn binary(pair: Option<Pair>) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    match pair {
        None => header.extend([LOCAL, 0, 0, 0]),
        Some(Pair::Four(source, from, destination, to)) => {
            header.extend([PROXY, TCP_OVER_IPV4, 0, 12]);
            header.extend(source);
            header.extend(destination);
            header.extend(from.to_be_bytes());
            header.extend(to.to_be_bytes());
        }
        Some(Pair::Six(source, from, destination, to)) => {
            header.extend([PROXY, TCP_OVER_IPV6, 0, 36]);
            header.extend(source.octets());
            header.extend(destination.octets());
            header.extend(from.to_be_bytes());
            header.extend(to.to_be_bytes());
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::listen::proxy::{self, Header};

    fn peer(from: &str, to: &str) -> Peer {
        Peer {
            address: from.parse().unwrap(),
            local: to.parse().unwrap(),
            tls: None,
        }
    }

    #[test]
    fn the_text_is_as_the_specification_shows_it() {
        let line = |from, to| {
            let header = header(ProxyProtocol::V1, Some(&peer(from, to)), None);
            String::from_utf8(header).unwrap()
        };
        assert_eq!(
            line("192.0.2.7:56324", "198.51.100.1:443"),
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"
        );
        assert_eq!(
            line("[::ffff:192.0.2.7]:1", "198.51.100.1:443"),
            "PROXY TCP4 192.0.2.7 198.51.100.1 1 443\r\n"
        );
        assert_eq!(
            line("[2001:db8::7]:1", "198.51.100.1:443"),
            "PROXY TCP6 2001:db8::7 ::ffff:198.51.100.1 1 443\r\n"
        );
        assert_eq!(header(ProxyProtocol::V1, None, None), b"PROXY UNKNOWN\r\n");
    }

    #[test]
    fn whoever_a_trusted_proxy_speaks_for_is_told_of_and_not_the_proxy() {
        let proxy = peer("10.0.0.1:56324", "198.51.100.1:443");
        let line = |client: &str| {
            let client = Some(client.parse().unwrap());
            String::from_utf8(header(ProxyProtocol::V1, Some(&proxy), client)).unwrap()
        };
        assert_eq!(
            line("192.0.2.7"),
            "PROXY TCP4 192.0.2.7 198.51.100.1 0 443\r\n"
        );
        assert_eq!(
            line("::ffff:10.0.0.1"),
            "PROXY TCP4 10.0.0.1 198.51.100.1 56324 443\r\n"
        );
    }

    #[tokio::test]
    async fn what_we_write_our_own_listener_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for version in [ProxyProtocol::V1, ProxyProtocol::V2] {
            for (from, to) in [
                ("192.0.2.7:56324", "198.51.100.1:443"),
                ("[2001:db8::7]:1", "[2001:db8::1]:65535"),
            ] {
                let header = header(version, Some(&peer(from, to)), None);
                let mut sender = TcpStream::connect(address).await.unwrap();
                sender.write_all(&header).await.unwrap();
                let (mut received, _) = listener.accept().await.unwrap();
                let read = proxy::read(&mut received).await.unwrap();
                let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
                assert_eq!(read, Header::Proxied { from, to });
            }
            let mut sender = TcpStream::connect(address).await.unwrap();
            sender
                .write_all(&header(version, None, None))
                .await
                .unwrap();
            let (mut received, _) = listener.accept().await.unwrap();
            assert_eq!(proxy::read(&mut received).await.unwrap(), Header::Own);
        }
    }
}
