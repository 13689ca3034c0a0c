use http::HeaderMap;
use proptest::prelude::*;

use super::*;

fn policy(trusted: &[&str]) -> Policy {
    Policy {
        trusted: trusted.iter().map(|text| text.parse().unwrap()).collect(),
        ..Policy::default()
    }
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    headers
}

#[test]
fn an_element_of_more_pairs_than_any_has_cannot_be_read() {
    let element = |pairs: u32| {
        let text: Vec<_> = (0..pairs).map(|pair| format!("p{pair}=1")).collect();
        let text = text.join(";") + ";for=192.0.2.9";
        elements(std::iter::once(text.as_bytes())).map(|read| read.len())
    };
    assert_eq!(element(15), Some(1));
    assert_eq!(element(16), None);
}

fn hop(from: &str, host: &HeaderValue) -> (Option<IpAddr>, Option<SocketAddr>, HeaderValue) {
    let to = "192.0.2.1:8443".parse().ok();
    (from.parse().ok(), to, host.clone())
}

/// The fields as they go on, and who the client is.
fn applied(policy: &Policy, from: &str, fields: &[(&str, &str)]) -> String {
    let host = HeaderValue::from_static("erp.example");
    let (from, to, host) = hop(from, &host);
    let mut headers = headers(fields);
    let client = policy.apply(
        &mut headers,
        Hop {
            from,
            to,
            scheme: Scheme::Http,
            host: Some(&host),
            version: Version::HTTP_11,
        },
    );
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.insert(0, format!("client {}", client.unwrap()));
    lines.join("\n")
}

#[test]
fn where_nobody_is_named_all_is_kept_and_nothing_believed() {
    let came = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-port", "443"),
        ("forwarded", "for=203.0.113.7;proto=https"),
    ];
    insta::assert_snapshot!(applied(&policy(&[]), "10.0.0.1", &came), @r#"
    client 10.0.0.1
    forwarded: for=203.0.113.7;proto=https, for=10.0.0.1;host=erp.example;proto=http
    via: 1.1 figway
    x-forwarded-for: 203.0.113.7, 10.0.0.1
    x-forwarded-host: erp.example
    x-forwarded-port: 443, 8443
    x-forwarded-proto: http
    "#);
}

#[test]
fn an_address_of_ipv4_is_trusted_however_it_is_written() {
    let policy = policy(&["10.0.0.0/8"]);
    for (address, trusted) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("::ffff:11.1.2.3", false),
        ("::10.1.2.3", false),
    ] {
        assert_eq!(
            policy.trusts(address.parse().unwrap()),
            trusted,
            "{address}"
        );
    }
}

#[test]
fn who_is_not_trusted_says_nothing() {
    let came = [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("forwarded", "for=127.0.0.1"),
    ];
    insta::assert_snapshot!(applied(&policy(&["10.0.0.0/8"]), "203.0.113.9", &came), @r"
    client 203.0.113.9
    via: 1.1 figway
    x-forwarded-for: 203.0.113.9
    x-forwarded-host: erp.example
    x-forwarded-proto: http
    ");
}

#[test]
fn the_client_is_the_first_untrusted_from_the_right() {
    let trusted = policy(&["10.0.0.0/8", "fd00::/8"]);
    let cases = [
        // Whatever stands left of the client, it may have written itself.
        ("1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("203.0.113.7:4711, [fd00::1]:80", "203.0.113.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "10.0.0.1"),
        (", ,", "10.0.0.1"),
    ];
    for (came, client) in cases {
        let got = applied(&trusted, "10.0.0.1", &[("x-forwarded-for", came)]);
        assert!(
            got.starts_with(&format!("client {client}\n")),
            "{came}: {got}"
        );
    }
}

#[test]
fn one_member_takes_the_place_of_all() {
    let replacing = Policy {
        x_forwarded: Treatment::Replace,
        x_forwarded_port: Treatment::Replace,
        forwarded: Treatment::Replace,
        via: Treatment::Drop,
        ..policy(&["10.0.0.0/8"])
    };
    let came = [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.0.0.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.example"),
        ("x-forwarded-port", "443"),
        ("via", "1.1 front"),
    ];
    insta::assert_snapshot!(applied(&replacing, "10.0.0.1", &came), @r"
    client 203.0.113.7
    forwarded: for=203.0.113.7;host=shop.example;proto=https
    x-forwarded-for: 203.0.113.7
    x-forwarded-host: shop.example
    x-forwarded-port: 443
    x-forwarded-proto: https
    ");
}

#[test]
fn fields_that_pass_are_as_they_came() {
    let passing = Policy {
        x_forwarded: Treatment::Pass,
        x_forwarded_port: Treatment::Pass,
        forwarded: Treatment::Pass,
        via: Treatment::Pass,
        ..policy(&[])
    };
    insta::assert_snapshot!(applied(&passing, "10.0.0.1", &[("x-forwarded-for", " a,,b ")]), @"
    client 10.0.0.1
    x-forwarded-for:  a,,b
    ");
}

#[test]
fn forwarded_is_read_as_its_rfc_writes_it() {
    let read = |text: &'static str| elements([text.as_bytes()].into_iter());
    // The examples of RFC 7239 section 4.
    let many = read(
        r#"for="_gazonk";x=y, For="[2001:db8:cafe::17]:4711", for=192.0.2.60;proto=http;by=203.0.113.43"#,
    );
    let addresses: Vec<_> = many.unwrap().iter().map(|one| one.address).collect();
    assert_eq!(
        addresses,
        [
            None,
            "2001:db8:cafe::17".parse().ok(),
            "192.0.2.60".parse().ok()
        ]
    );
    assert_eq!(read(" , ;").unwrap(), []);
    for wrong in [
        "for",
        "for=",
        "for =1.2.3.4",
        "for=1.2.3.4;for=1.2.3.5",
        r#"for="1.2.3.4"#,
        r#"for="a" b"#,
        "for=[::1]",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    let from = Policy {
        client_from: ClientFrom::Forwarded,
        ..policy(&["10.0.0.0/8"])
    };
    let came = [
        (
            "forwarded",
            r#"for=6.6.6.6, for="[2001:db8::1]";proto=https"#,
        ),
        ("forwarded", "for=10.0.0.2"),
        ("x-forwarded-for", "7.7.7.7"),
    ];
    let got = applied(&from, "10.0.0.1", &came);
    assert!(got.starts_with("client 2001:db8::1\n"), "{got}");
    let broken = [("forwarded", r#"for=203.0.113.7, for="10.0.0.2"#)];
    let got = applied(&from, "10.0.0.1", &broken);
    assert!(got.starts_with("client 10.0.0.1\n"), "{got}");
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(
        address in any::<IpAddr>(),
        host in proptest::option::of("[ -~]{1,20}"),
        proto in proptest::option::of("[a-z]{1,6}"),
    ) {
        let element = Element {
            address: Some(address.to_canonical()),
            host: host.map(String::into_bytes),
            proto,
        };
        let text = element.to_string();
        prop_assert_eq!(elements([text.as_bytes()].into_iter()), Some(vec![element]));
    }

    /// Whatever a client writes, it stays left of what those write who are trusted.
    #[test]
    fn nothing_forged_moves_the_client(
        forged in "[ -~]{0,40}",
        client in any::<[u8; 3]>(),
        before in proptest::collection::vec(any::<[u8; 3]>(), 0..5),
        quoted in any::<bool>(),
    ) {
        let trusted = policy(&["10.0.0.0/8"]);
        let [a, b, c] = client;
        let client = IpAddr::from([203, a, b, c]);
        let mut list = vec![client];
        list.extend(before.iter().map(|[a, b, c]| IpAddr::from([10, *a, *b, *c])));
        let write = |address: &IpAddr| if quoted { format!("for=\"{address}\"") } else { address.to_string() };
        let list: Vec<_> = list.iter().map(write).collect();
        let list = list.join(", ");
        let (name, from) = if quoted {
            ("forwarded", ClientFrom::Forwarded)
        } else {
            ("x-forwarded-for", ClientFrom::XForwarded)
        };
        let policy = Policy { client_from: from, ..trusted };
        // A proxy appends a field of its own, or to what it got.
        let apart = headers(&[(name, &forged), (name, &list)]);
        let joined = headers(&[(name, &format!("{forged}, {list}"))]);
        for came in [apart, joined] {
            let hop = Hop {
                from: "10.0.0.1".parse().ok(),
                to: None,
                scheme: Scheme::Http,
                host: None,
                version: Version::HTTP_11,
            };
            let got = policy.client(&came, hop).unwrap();
            // A `Forwarded` that cannot be read as a whole says nothing at all.
            let unread = quoted && elements(came.get_all(name).iter().map(HeaderValue::as_bytes)).is_none();
            let last: IpAddr = "10.0.0.1".parse().unwrap();
            // An open quote may swallow what follows, and never makes an address of it.
            prop_assert!(got == client || (quoted && got == last && (unread || forged.contains('"'))), "{} {:?}", got, came);
        }
    }
}

proptest! {
    #[test]
    fn an_address_is_written_as_it_writes_itself(v4: [u8; 4], v6: u128) {
        for ip in [IpAddr::from(v4), IpAddr::V6(v6.into()), IpAddr::from([0, 0, 0, 255]), IpAddr::from([255; 4])] {
            let text = address(ip).unwrap();
            prop_assert_eq!(text.to_str().unwrap(), ip.to_canonical().to_string());
        }
    }
}
