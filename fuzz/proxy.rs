//! What the fuzz target for PROXY protocol headers holds the gateway to. Included by the target and by the test that replays its corpus.

use std::net::{IpAddr, SocketAddr};

use gateway::listen::proxy::{Header, parse};

/// A header of either version, or something else.
pub(crate) fn proxy(data: &[u8]) {
    let Ok(header) = parse(data) else {
        return;
    };
    // It ends where it ends: neither less nor more is one, so that nothing behind it can be taken for it, or it for what is behind it.
    for end in 0..data.len() {
        let begun = &data[..end];
        assert!(parse(begun).is_err(), "{begun:?} of {data:?}");
    }
    for next in [b'\0', b'\n', b'G'] {
        let more = [data, &[next]].concat();
        assert!(parse(&more).is_err(), "{more:?}");
    }
    let Header::Proxied { from, to } = header else {
        return;
    };
    // Rules over networks find an IPv4 address however it was written.
    for address in [from, to] {
        assert_eq!(address.ip(), address.ip().to_canonical());
    }
    assert_eq!(parse(line(from, to).as_bytes()), Ok(header));
    assert_eq!(parse(&binary(from, to)), Ok(header));
}

/// The same in version 1.
fn line(from: SocketAddr, to: SocketAddr) -> String {
    let (ports, pair) = ((from.port(), to.port()), pair(from, to));
    match pair {
        Ok((from, to)) => format!("PROXY TCP4 {from} {to} {} {}\r\n", ports.0, ports.1),
        Err((from, to)) => format!("PROXY TCP6 {from} {to} {} {}\r\n", ports.0, ports.1),
    }
}

/// The same in version 2.
fn binary(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    match pair(from, to) {
        Ok((from, to)) => {
            header.extend([0x11, 0, 12]);
            header.extend([from.octets(), to.octets()].concat());
        }
        Err((from, to)) => {
            header.extend([0x21, 0, 36]);
            header.extend([from.octets(), to.octets()].concat());
        }
    }
    header.extend([from.port().to_be_bytes(), to.port().to_be_bytes()].concat());
    header
}

type Pair<T> = (T, T);

/// Two addresses of one family, as a header has them.
fn pair(
    from: SocketAddr,
    to: SocketAddr,
) -> Result<Pair<std::net::Ipv4Addr>, Pair<std::net::Ipv6Addr>> {
    let six = |address: IpAddr| match address {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    };
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Ok((from, to)),
        (from, to) => Err((six(from), six(to))),
    }
}
