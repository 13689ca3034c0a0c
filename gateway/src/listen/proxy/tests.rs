use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn told(header: impl AsRef<[u8]>) -> String {
    match parse(header.as_ref()) {
        Ok(Header::Own) => "own".to_owned(),
        Ok(Header::Proxied { from, to }) => format!("{from} to {to}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_line_says_who_the_client_is() {
    for (line, means) in [
        (
            "TCP4 192.0.2.7 198.51.100.1 56324 443",
            "192.0.2.7:56324 to 198.51.100.1:443",
        ),
        (
            "TCP6 2001:db8::7 2001:db8::1 1 65535",
            "[2001:db8::7]:1 to [2001:db8::1]:65535",
        ),
        (
            "TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 1 2",
            "192.0.2.7:1 to 198.51.100.1:2",
        ),
        ("UNKNOWN", "own"),
        ("UNKNOWN ffff::1 ffff::2 65535 65535", "own"),
    ] {
        assert_eq!(told(format!("PROXY {line}\r\n")), means, "{line}");
    }
}

#[test]
fn a_line_that_could_be_read_in_two_ways_is_none() {
    for line in [
        "",
        "TCP4",
        "UNKNOWNS",
        "TCP4 192.0.2.7 198.51.100.1 56324",
        "TCP4 192.0.2.7 198.51.100.1 56324 443 ",
        "TCP4  192.0.2.7 198.51.100.1 56324 443",
        "TCP4 192.0.2.07 198.51.100.1 56324 443",
        "TCP4 192.0.2.7 198.51.100.1 +1 443",
        "TCP4 192.0.2.7 198.51.100.1 01 443",
        "TCP4 192.0.2.7 198.51.100.1 65536 443",
        "TCP4 192.0.2.7 198.51.100.1 -1 443",
        "TCP4 2001:db8::7 2001:db8::1 1 2",
        "TCP6 192.0.2.7 198.51.100.1 1 2",
        "TCP4 2001:db8::7 198.51.100.1 1 2",
        "UDP4 192.0.2.7 198.51.100.1 1 2",
        "tcp4 192.0.2.7 198.51.100.1 1 2",
    ] {
        let read = parse(format!("PROXY {line}\r\n").as_bytes());
        assert!(read.is_err(), "{line}: {read:?}");
    }
    for header in [
        "PROXY UNKNOWN\n".to_owned(),
        "PROXY UNKNOWN\r\n\r\n".replace("N\r", "N \r\n\r"),
        "proxy UNKNOWN\r\n".to_owned(),
        "GET / HTTP/1.1\r\n".to_owned(),
        String::new(),
        format!("PROXY UNKNOWN {}\r\n", "x".repeat(100)),
    ] {
        assert!(parse(header.as_bytes()).is_err(), "{header}");
    }
}

/// A header of version 2.
fn binary_of(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB];

fn v6() -> Vec<u8> {
    let mut rest = vec![0x20, 0x01, 0x0d, 0xb8];
    rest.extend([0; 11]);
    rest.push(7);
    rest.extend([0; 10]);
    rest.extend([0xff, 0xff, 198, 51, 100, 1]);
    rest.extend([0xDC, 0x04, 0x01, 0xBB]);
    rest
}

#[test]
fn version_2_says_it_in_bytes() {
    let v4 = "192.0.2.7:56324 to 198.51.100.1:443";
    assert_eq!(told(binary_of(0x21, 0x11, &V4)), v4);
    let v6 = v6();
    let of_v6 = "[2001:db8::7]:56324 to 198.51.100.1:443";
    assert_eq!(told(binary_of(0x21, 0x21, &v6)), of_v6);
    // An ALPN and a unique id ride along.
    let mut more = V4.to_vec();
    more.extend([1, 0, 2, b'h', b'2', 5, 0, 3, 1, 2, 3]);
    assert_eq!(told(binary_of(0x21, 0x11, &more)), v4);
    // A health check, with addresses or without.
    assert_eq!(told(binary_of(0x20, 0x00, &[])), "own");
    assert_eq!(told(binary_of(0x20, 0x11, &V4)), "own");
    // Not known, and from a socket in the file system.
    assert_eq!(told(binary_of(0x21, 0x00, &[])), "own");
    assert_eq!(told(binary_of(0x21, 0x31, &[0; 216])), "own");
}

#[test]
fn version_2_is_refused_where_it_does_not_fit_together() {
    let mut cut = V4.to_vec();
    cut.extend([1, 0, 3, b'h', b'2']);
    let mut half = V4.to_vec();
    half.extend([1, 0]);
    let mut longer = binary_of(0x21, 0x11, &V4);
    longer.push(b'G');
    let mut shorter = binary_of(0x21, 0x11, &V4);
    shorter.pop();
    for (header, why) in [
        (
            binary_of(0x21, 0x11, &V4[..11]),
            "too short for its addresses",
        ),
        (binary_of(0x21, 0x21, &V4), "too short for its addresses"),
        (binary_of(0x21, 0x11, &cut), "of parts that do not fit"),
        (binary_of(0x21, 0x11, &half), "of parts that do not fit"),
        (binary_of(0x21, 0x12, &V4), "of a family that is not TCP"),
        (
            binary_of(0x11, 0x11, &V4),
            "of an unknown version or command",
        ),
        (
            binary_of(0x22, 0x11, &V4),
            "of an unknown version or command",
        ),
        (longer, "not as long as it says"),
        (shorter, "not as long as it says"),
        (binary_of(0x21, 0x11, &[0; MOST + 1]), "too long"),
        (SIGNATURE.to_vec(), "cut off"),
    ] {
        assert_eq!(told(&header), format!("the proxy protocol header is {why}"));
    }
}

#[test]
fn a_damaged_header_is_known_by_its_checksum() {
    let mut rest = V4.to_vec();
    rest.extend([CRC32C, 0, 4, 0, 0, 0, 0, 5, 0, 1, 9]);
    let mut header = binary_of(0x21, 0x11, &rest);
    let sum = crc32c::crc32c(&header).to_be_bytes();
    let at = FIXED + V4.len() + 3;
    header[at..at + 4].copy_from_slice(&sum);
    assert_eq!(told(&header), "192.0.2.7:56324 to 198.51.100.1:443");
    header[FIXED] ^= 1;
    assert_eq!(told(&header), "the proxy protocol header is damaged");
}

/// What the reader says, and the first bytes behind the header. The parts arrive one after the other.
async fn read_of(parts: &[&[u8]]) -> (io::Result<Header>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    client.set_nodelay(true).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let write = async {
        for part in parts {
            client.write_all(part).await.unwrap();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        client.shutdown().await.unwrap();
    };
    let read = async {
        let header = read(&mut stream).await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        (header, rest)
    };
    let ((), read) = tokio::join!(write, read);
    read
}

#[tokio::test]
async fn not_a_byte_behind_the_header_is_taken_however_it_arrives() {
    let line = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n".to_vec();
    let mut long = V4.to_vec();
    long.extend([5, 0, 3, 1, 2, 3]);
    let binary = binary_of(0x21, 0x11, &long);
    let request = b"GET / HTTP/1.1\r\n\r\n";
    for header in [line, binary] {
        let whole = [header.as_slice(), request].concat();
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        let halves: Vec<&[u8]> = whole.chunks(20).collect();
        for parts in [vec![whole.as_slice()], bytes, halves] {
            let (header, rest) = read_of(&parts).await;
            let from = "192.0.2.7:56324".parse().unwrap();
            let to = "198.51.100.1:443".parse().unwrap();
            assert_eq!(header.unwrap(), Header::Proxied { from, to });
            assert_eq!(rest, request);
        }
    }
}

#[tokio::test]
async fn a_client_without_a_header_is_not_guessed_at() {
    let (header, _) = read_of(&[b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]).await;
    assert_eq!(header.unwrap_err().kind(), io::ErrorKind::InvalidData);
    let (header, _) = read_of(&[b"PROXY TCP4 1.1.1.1"]).await;
    assert_eq!(header.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    let (header, _) = read_of(&[&long]).await;
    assert_eq!(header.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version in 0..3) {
        match version {
            1 => { bytes.splice(0..0, *PROXY); bytes.extend(b"\r\n"); }
            2 => {
                let length = u16::try_from(bytes.len().saturating_sub(2)).unwrap().to_be_bytes();
                let at = bytes.len().min(2);
                bytes.splice(at..at, length);
                bytes.splice(0..0, *SIGNATURE);
            }
            _ => {}
        }
        let _read = parse(&bytes);
    }

    #[test]
    fn what_a_line_says_is_what_bytes_say(from: [u8; 4], to: [u8; 4], ports: [u16; 2]) {
        let (from, to) = (SocketAddr::from((from, ports[0])), SocketAddr::from((to, ports[1])));
        let line = format!("PROXY TCP4 {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port());
        let mut rest = Vec::new();
        for address in [from, to] {
            if let IpAddr::V4(address) = address.ip() {
                rest.extend(address.octets());
            }
        }
        rest.extend(from.port().to_be_bytes());
        rest.extend(to.port().to_be_bytes());
        let read = parse(line.as_bytes()).unwrap();
        prop_assert_eq!(read, Header::Proxied { from, to });
        prop_assert_eq!(parse(&binary_of(0x21, 0x11, &rest)).unwrap(), read);
    }
}
