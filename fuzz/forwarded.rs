//! What the fuzz target for forwarding fields holds the gateway to. Included by the target and by the test that replays its corpus.

use std::net::IpAddr;

use gateway::forwarded::{ClientFrom, Hop, Policy, Scheme, Treatment, elements};
use http::header::{FORWARDED, HeaderName, HeaderValue};
use http::{HeaderMap, Version};

/// Lines of fields: the first byte chooses how they are treated, each line's first byte which field it is.
pub(crate) fn forwarded(data: &[u8]) {
    let Some((how, lines)) = data.split_first() else {
        return;
    };
    let names = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "via",
    ];
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some((which, value)) = line.split_first() else {
            continue;
        };
        let name = names[usize::from(*which) % names.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let treatment = match how % 5 {
        0 => Treatment::Append,
        1 => Treatment::Extend,
        2 => Treatment::Replace,
        3 => Treatment::Drop,
        _ => Treatment::Pass,
    };
    let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let policy = Policy {
        trusted: trusted.to_vec(),
        client_from: if how & 0x80 == 0 {
            ClientFrom::XForwarded
        } else {
            ClientFrom::Forwarded
        },
        via: treatment,
        x_forwarded: treatment,
        x_forwarded_port: treatment,
        forwarded: treatment,
    };
    let host = HeaderValue::from_static("h:80");
    for from in ["10.1.1.1", "203.0.113.1", "fd00::1"] {
        let from: IpAddr = from.parse().unwrap();
        let hop = Hop {
            from: Some(from),
            to: "192.0.2.1:80".parse().ok(),
            scheme: Scheme::Http,
            host: Some(&host),
            version: Version::HTTP_11,
        };
        let mut on = headers.clone();
        let client = policy.client(&headers, hop);
        assert_eq!(policy.apply(&mut on, hop), client);
        let client = client.unwrap();
        if !policy.trusts(from) {
            assert_eq!(client, from);
        }
        match treatment {
            // What we write, we read.
            Treatment::Replace => {
                let fields = on.get_all(FORWARDED).iter();
                let read = elements(fields.map(HeaderValue::as_bytes)).unwrap();
                assert_eq!(read.len(), 1);
                assert_eq!(read[0].address, Some(client));
            }
            Treatment::Drop => assert!(on.is_empty()),
            Treatment::Pass if policy.trusts(from) => assert_eq!(on, headers),
            // One field each, whatever came.
            Treatment::Append => assert_eq!(on.keys_len(), on.len()),
            Treatment::Extend | Treatment::Pass => {}
        }
    }
}
