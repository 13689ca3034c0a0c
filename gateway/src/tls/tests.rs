//! Both sides against each other, over TCP. Other people's clients are in `gateway/tests/tls`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::testing::Authority;
use super::*;
use crate::message::TlsPeer;

/// What the server learned, or why nobody came in; and what the client did.
struct Met {
    server: Result<TlsPeer, String>,
    /// What came through, or the reason.
    client: Result<Protocol, String>,
}

/// A client calls `host`, sends a word and hears it back.
async fn meet(acceptor: &Acceptor, spec: &ClientSpec, host: &str, offer: Offer) -> Met {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connector = Connector::default();
    connector.install(spec).unwrap();
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        match acceptor.accept(stream).await {
            Ok(mut entered) => {
                let mut word = [0; 4];
                entered.stream.read_exact(&mut word).await.unwrap();
                entered.stream.write_all(&word).await.unwrap();
                entered.stream.shutdown().await.unwrap();
                Ok(entered.peer)
            }
            Err(error) => Err(error.as_str().to_owned()),
        }
    };
    let client = async {
        let stream = TcpStream::connect(address).await?;
        let (mut stream, protocol) = connector.connect(stream, host, offer).await?;
        stream.write_all(b"ping").await?;
        let mut word = Vec::new();
        stream.read_to_end(&mut word).await?;
        assert_eq!(word, b"ping");
        io::Result::Ok(protocol)
    };
    let (server, client) = tokio::join!(server, client);
    Met {
        server,
        client: client.map_err(|error| error.to_string()),
    }
}

fn told(client: Result<Protocol, String>, why: &str) {
    let said = client.unwrap_err();
    assert!(said.contains(why), "wanted {why} in {said}");
}

/// Whose certificate a client is shown that asks for that name: its serial number.
async fn shown(acceptor: &Acceptor, name: &str) -> String {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    #[derive(Debug)]
    struct See(Arc<std::sync::Mutex<String>>);
    impl rustls::client::danger::ServerCertVerifier for See {
        fn verify_server_cert(
            &self,
            certificate: &rustls::pki_types::CertificateDer<'_>,
            _: &[rustls::pki_types::CertificateDer<'_>],
            _: &rustls::pki_types::ServerName<'_>,
            _: &[u8],
            _: rustls::pki_types::UnixTime,
        ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
            *self.0.lock().unwrap() = Certificate::read(certificate).unwrap().subject;
            Err(rustls::Error::General("seen".to_owned()))
        }
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            unreachable!("the certificate was not taken")
        }
        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &rustls::pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            unreachable!("the certificate was not taken")
        }
        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            provider()
                .signature_verification_algorithms
                .supported_schemes()
        }
    }
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(See(Arc::clone(&seen))))
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = server_name(name).unwrap();
        connector.connect(name, stream).await.unwrap_err()
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.unwrap_err()
    };
    let (why, _) = tokio::join!(client, server);
    let seen = seen.lock().unwrap().clone();
    if seen.is_empty() {
        why.to_string()
    } else {
        seen
    }
}

#[tokio::test]
async fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let acme = Authority::new();
    let pairs = vec![
        acme.issue("first", &["gateway.acme.test"]),
        acme.issue("wild", &["*.lots.acme.test", "lots.acme.test"]),
        acme.issue("exact", &["CH.lots.acme.test"]),
    ];
    let acceptor = Acceptor::open(&acme.server(pairs.clone())).unwrap();
    for (name, subject) in [
        ("gateway.acme.test", "first"),
        ("lots.acme.test", "wild"),
        ("de.lots.acme.test", "wild"),
        ("DE.Lots.acme.test", "wild"),
        ("ch.lots.acme.test", "exact"),
        // A wildcard stands for one label.
        ("a.de.lots.acme.test", "first"),
        ("else.test", "first"),
        // No name is asked for with an address.
        ("127.0.0.1", "first"),
    ] {
        let shown = shown(&acceptor, name).await;
        assert!(shown.contains(&format!("CN={subject}")), "{name}: {shown}");
    }
    let strict = ServerSpec {
        unknown_name: UnknownName::Refused,
        ..acme.server(pairs)
    };
    let acceptor = Acceptor::open(&strict).unwrap();
    let refused = shown(&acceptor, "else.test").await;
    assert_eq!(refused, "received fatal alert: AccessDenied");
    let nobody = shown(&acceptor, "127.0.0.1").await;
    assert!(nobody.contains("CN=first"), "{nobody}");
}

#[tokio::test]
async fn both_sides_agree_on_a_protocol_and_tell_each_other_apart() {
    let acme = Authority::new();
    let server = acme.server(vec![acme.issue("lots", &["lots.acme.test", "127.0.0.1"])]);
    let acceptor = Acceptor::open(&server).unwrap();
    let client = acme.client();
    for (offer, protocol) in [
        (Offer::Http1, Protocol::Http1),
        (Offer::Http2, Protocol::Http2),
        (Offer::Either, Protocol::Http2),
    ] {
        let met = meet(&acceptor, &client, "Lots.acme.test", offer).await;
        assert_eq!(met.client, Ok(protocol));
        let peer = met.server.unwrap();
        assert_eq!(peer.server_name.as_deref(), Some("lots.acme.test"));
        assert_eq!(peer.version, "TLSv1.3");
        let alpn: &[u8] = match protocol {
            Protocol::Http1 => b"http/1.1",
            Protocol::Http2 => b"h2",
        };
        assert_eq!(peer.alpn.as_deref(), Some(alpn));
        assert!(peer.certificate.is_none());
    }
    let met = meet(&acceptor, &client, "127.0.0.1", Offer::Http1).await;
    assert_eq!(met.client, Ok(Protocol::Http1));
    assert_eq!(met.server.unwrap().server_name, None);
}

#[tokio::test]
async fn a_backend_with_another_name_or_signer_is_not_spoken_to() {
    let (acme, other) = (Authority::new(), Authority::new());
    let acceptor = Acceptor::open(&acme.server(vec![acme.issue("lots", &["lots.acme.test"])]));
    let acceptor = acceptor.unwrap();
    let met = meet(&acceptor, &acme.client(), "orders.acme.test", Offer::Http1).await;
    told(met.client, "not valid for name");
    assert_eq!(met.server.unwrap_err(), "refused");
    let met = meet(&acceptor, &other.client(), "lots.acme.test", Offer::Http1).await;
    let why = met.client.unwrap_err();
    assert!(why.contains("invalid peer certificate"), "{why}");
    // The name can be another than the host's.
    let named = ClientSpec {
        name: server_name("lots.acme.test"),
        ..acme.client()
    };
    let met = meet(&acceptor, &named, "127.0.0.1", Offer::Http1).await;
    assert_eq!(met.client, Ok(Protocol::Http1));
}

#[tokio::test]
async fn a_fingerprint_stands_for_names_dates_and_signers() {
    let (acme, other) = (Authority::new(), Authority::new());
    let old = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    };
    let pair = acme.issue_with("old", &["old.test"], old);
    let chain = files::chain(&pair.certificate).unwrap();
    let fingerprint = Fingerprint::of(&chain[0]);
    let acceptor = Acceptor::open(&acme.server(vec![pair])).unwrap();
    let pinned = |fingerprint| ClientSpec {
        trust: Trust::Fingerprints(vec![Fingerprint([7; 32]), fingerprint]),
        ..other.client()
    };
    let met = meet(&acceptor, &pinned(fingerprint), "127.0.0.1", Offer::Http1).await;
    assert_eq!(met.client, Ok(Protocol::Http1));
    let wrong = pinned(Fingerprint([8; 32]));
    let met = meet(&acceptor, &wrong, "old.test", Offer::Http1).await;
    assert!(
        met.client
            .unwrap_err()
            .contains("ApplicationVerificationFailure")
    );
    // By its signer it has ended long ago.
    let met = meet(&acceptor, &acme.client(), "old.test", Offer::Http1).await;
    told(met.client, "certificate expired");
    let colons = fingerprint
        .0
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(":");
    assert_eq!(colons.parse(), Ok(fingerprint));
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    for wrong in [
        "",
        "00",
        colons.split_at(3).1,
        &format!("{colons}:00"),
        &colons.replacen(|digit: char| digit != ':', "g", 1),
    ] {
        assert_eq!(wrong.parse::<Fingerprint>(), Err(()), "{wrong}");
    }
}

/// A server that asks its clients for certificates of `acme`.
fn asking(acme: &Authority, demand: Demand, revoked: &[u64]) -> Acceptor {
    let lists = match revoked {
        [] => Vec::new(),
        some => vec![acme.revoke(some)],
    };
    let spec = ServerSpec {
        clients: Clients::Asked {
            ca: acme.path("ca.pem"),
            revoked: lists,
            demand,
        },
        ..acme.server(vec![acme.issue("lots", &["lots.acme.test"])])
    };
    Acceptor::open(&spec).unwrap()
}

fn showing(acme: &Authority, pair: Option<Pair>, minimum: Version) -> ClientSpec {
    ClientSpec {
        pair,
        minimum,
        ..acme.client()
    }
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate() {
    let (acme, other) = (Authority::new(), Authority::new());
    let required = asking(&acme, Demand::Required, &[]);
    let optional = asking(&acme, Demand::Optional, &[]);
    let names = &["teller.acme.test", "spiffe://acme/teller"];
    let teller = acme.issue("teller", names);
    let version = Version::Tls12;

    let client = showing(&acme, Some(teller.clone()), version);
    for acceptor in [&required, &optional] {
        let met = meet(acceptor, &client, "lots.acme.test", Offer::Http1).await;
        let certificate = met.server.unwrap().certificate.unwrap();
        assert_eq!(certificate.subject, "O=Acme,CN=teller");
        assert_eq!(certificate.names, *names);
        assert_eq!(certificate.serial, "C0FFEE");
        let chain = files::chain(&teller.certificate).unwrap();
        assert_eq!(certificate.der, chain[0].as_ref());
        assert_eq!(certificate.fingerprint, Fingerprint::of(&chain[0]).0);
    }

    let nobody = showing(&acme, None, version);
    let met = meet(&optional, &nobody, "lots.acme.test", Offer::Http1).await;
    assert!(met.server.unwrap().certificate.is_none());
    let met = meet(&required, &nobody, "lots.acme.test", Offer::Http1).await;
    assert_eq!(met.server.unwrap_err(), "client_certificate");
    let why = met.client.unwrap_err();
    assert_eq!(why, "received fatal alert: CertificateRequired");

    // One that does not hold is refused even where none is demanded.
    let stranger = showing(&acme, Some(other.issue("teller", names)), version);
    for acceptor in [&required, &optional] {
        let met = meet(acceptor, &stranger, "lots.acme.test", Offer::Http1).await;
        assert_eq!(met.server.unwrap_err(), "client_certificate");
        assert!(met.client.is_err());
    }
}

#[tokio::test]
async fn a_revoked_client_is_refused() {
    let acme = Authority::new();
    let with = |serial: u64| {
        acme.issue_with("teller", &["teller"], |params| {
            params.serial_number = Some(serial.into());
        })
    };
    let acceptor = asking(&acme, Demand::Required, &[17]);
    for (serial, result) in [(17, Err("client_certificate".to_owned())), (18, Ok(()))] {
        let client = showing(&acme, Some(with(serial)), Version::Tls12);
        let met = meet(&acceptor, &client, "lots.acme.test", Offer::Http1).await;
        assert_eq!(met.server.map(|_| ()), result, "{serial}");
    }
}

#[tokio::test]
async fn an_older_version_than_the_least_is_refused() {
    let acme = Authority::new();
    let spec = ServerSpec {
        minimum: Version::Tls13,
        ..acme.server(vec![acme.issue("lots", &["lots.acme.test"])])
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let roots = files::authorities(&acme.path("ca.pem")).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let client = async || {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = server_name("lots.acme.test").unwrap();
        connector.connect(name, stream).await
    };
    let accept = async |spec: &ServerSpec| {
        let (stream, _) = listener.accept().await.unwrap();
        Acceptor::open(spec).unwrap().accept(stream).await
    };
    let (refused, why) = tokio::join!(client(), accept(&spec));
    let alert = refused.unwrap_err().to_string();
    assert_eq!(alert, "received fatal alert: ProtocolVersion");
    assert_eq!(why.unwrap_err().as_str(), "incompatible");
    let spec = ServerSpec {
        minimum: Version::Tls12,
        ..spec
    };
    let (_client, entered) = tokio::join!(client(), accept(&spec));
    assert_eq!(entered.unwrap().peer.version, "TLSv1.2");
}

#[tokio::test]
async fn a_client_that_speaks_plain_http_is_told_in_it() {
    let acme = Authority::new();
    let acceptor = Acceptor::open(&acme.server(vec![acme.issue("lots", &["lots"])])).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"POST /lots HTTP/1.1\r\nHost: lots\r\nContent-Length: 4\r\n\r\nlots";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.unwrap_err()
    };
    let (answer, why) = tokio::join!(client, server);
    assert_eq!(why.as_str(), "plain_http");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert!(
        head.contains(&format!("Content-Length: {}", body.len())),
        "{head}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_finish_its_handshake_is_let_go() {
    let acme = Authority::new();
    let acceptor = Acceptor::open(&acme.server(vec![acme.issue("lots", &["lots"])])).unwrap();
    for first in [b"".as_slice(), b"\x16\x03\x01"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        client.write_all(first).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let why = acceptor.accept(stream).await.unwrap_err();
        assert_eq!(why.as_str(), "late");
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _end = client.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    }
}

#[tokio::test]
async fn a_changed_certificate_is_shown_to_whoever_comes_next() {
    let acme = Authority::new();
    let spec = acme.server(vec![acme.issue("lots", &["lots"])]);
    let acceptor = Acceptor::open(&spec).unwrap();
    let serial = |acceptor: &Acceptor| acceptor.certificates()[0].serial.clone();
    assert_eq!(serial(&acceptor), "C0FFEE");
    acme.issue_with("lots", &["lots"], |params| {
        params.serial_number = Some(42_u64.into());
    });
    acceptor.install(&spec).unwrap();
    assert_eq!(serial(&acceptor), "2A");
    let met = meet(&acceptor, &acme.client(), "lots", Offer::Http1).await;
    assert_eq!(met.client, Ok(Protocol::Http1));
    // Half of a renewal does not fit together, and changes nothing.
    let key = std::fs::read(&spec.pairs[0].key).unwrap();
    acme.issue("lots", &["lots"]);
    std::fs::write(&spec.pairs[0].key, key).unwrap();
    let error = acceptor.install(&spec).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotItsKey);
    assert_eq!(serial(&acceptor), "2A");
    let met = meet(&acceptor, &acme.client(), "lots", Offer::Http1).await;
    assert_eq!(met.client, Ok(Protocol::Http1));
}

/// One more connection of a client that keeps tickets; how it came in.
async fn again(acceptor: &Acceptor, connector: &Connector) -> Result<Entered, &'static str> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let call = async {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await?;
        let (mut stream, _) = connector
            .connect(stream, "lots.acme.test", Offer::Http1)
            .await?;
        let mut word = Vec::new();
        // With it come the tickets.
        stream.read_to_end(&mut word).await?;
        io::Result::Ok(word)
    };
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let entered = acceptor.accept(stream).await;
        let mut entered = entered.map_err(|error| error.as_str())?;
        entered.stream.write_all(b"word").await.unwrap();
        entered.stream.shutdown().await.unwrap();
        Ok(entered)
    };
    let (called, served) = tokio::join!(call, serve);
    served.inspect(|_| assert_eq!(called.unwrap(), b"word"))
}

fn kind(entered: &Entered) -> Option<HandshakeKind> {
    match &entered.stream {
        Stream::Tls(stream) => match &**stream {
            tokio_rustls::TlsStream::Server(stream) => stream.get_ref().1.handshake_kind(),
            tokio_rustls::TlsStream::Client(_) => None,
        },
        Stream::Plain(_) => None,
    }
}

#[tokio::test]
async fn who_was_let_in_by_a_signer_that_is_no_longer_trusted_does_not_come_back() {
    let (acme, other) = (Authority::new(), Authority::new());
    let acceptor = asking(&acme, Demand::Required, &[]);
    let pair = acme.issue("teller", &["teller"]);
    let client = showing(&acme, Some(pair), Version::Tls12);
    let connector = Connector::default();
    connector.install(&client).unwrap();
    let first = again(&acceptor, &connector).await.unwrap();
    assert_eq!(kind(&first), Some(HandshakeKind::Full));
    let known = again(&acceptor, &connector).await.unwrap();
    assert!(known.peer.certificate.is_some());
    assert_eq!(kind(&known), Some(HandshakeKind::Resumed));
    std::fs::copy(other.path("ca.pem"), acme.path("clients.pem")).unwrap();
    let spec = ServerSpec {
        clients: Clients::Asked {
            ca: acme.path("clients.pem"),
            revoked: Vec::new(),
            demand: Demand::Required,
        },
        ..acme.server(vec![acme.issue("lots", &["lots.acme.test"])])
    };
    acceptor.install(&spec).unwrap();
    let refused = again(&acceptor, &connector).await;
    assert_eq!(refused.unwrap_err(), "client_certificate");
}

#[tokio::test]
async fn who_is_known_again_is_let_in_no_longer_than_its_certificate_lasts() {
    let acme = Authority::new();
    let ends = std::time::SystemTime::now() + Duration::from_secs(3);
    let pair = acme.issue_with("teller", &["teller"], |params| {
        params.not_after = ends.into();
    });
    let acceptor = asking(&acme, Demand::Required, &[]);
    let connector = Connector::default();
    let client = showing(&acme, Some(pair), Version::Tls12);
    connector.install(&client).unwrap();
    again(&acceptor, &connector).await.unwrap();
    let mut resumed = 0;
    let refused = loop {
        match again(&acceptor, &connector).await {
            Ok(entered) => {
                assert_eq!(kind(&entered), Some(HandshakeKind::Resumed));
                let late = ends.elapsed().unwrap_or_default();
                assert!(late < Duration::from_secs(10), "it is over");
                resumed += 1;
            }
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, "client_certificate");
    assert!(resumed > 0 && ends.elapsed().is_ok());
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_its_name_and_never_by_its_contents() {
    let acme = Authority::new();
    let good = acme.issue("lots", &["lots"]);
    let other = acme.issue("other", &["other"]);
    let file = |name: &str, text: &[u8]| {
        let path = acme.path(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let key = std::fs::read_to_string(&good.key).unwrap();
    let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let old_locked = key.replace("PRIVATE KEY", "RSA PRIVATE KEY").replace(
        "KEY-----\n",
        "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
    );
    let open = |certificate: &std::path::Path, key: &std::path::Path| {
        let pair = Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let error = files::pair(&pair).unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        assert!(!text.contains(&key_line()), "{text}");
        error.kind()
    };
    fn key_line() -> String {
        "MIGHAgEAMBMG".to_owned()
    }
    assert!(key.contains(&key_line()), "{key}");
    let (certificate, key) = (&good.certificate, &good.key);
    let none = acme.path("none.pem");
    assert_eq!(open(&none, key), ErrorKind::Unreadable);
    assert_eq!(open(certificate, &none), ErrorKind::Unreadable);
    assert_eq!(open(&acme.path(""), key), ErrorKind::Unreadable);
    assert_eq!(open(key, key), ErrorKind::NoCertificate);
    assert_eq!(open(certificate, certificate), ErrorKind::NoKey);
    assert_eq!(open(certificate, &other.key), ErrorKind::NotItsKey);
    assert_eq!(open(&file("empty", b""), key), ErrorKind::NoCertificate);
    assert_eq!(open(&file("der", b"\x30\x82\x01"), key), ErrorKind::NotPem);
    let cut = std::fs::read_to_string(certificate).unwrap();
    let cut = file("cut", &cut.as_bytes()[..200]);
    assert_eq!(open(&cut, key), ErrorKind::NotPem);
    let other_text = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        open(&file("aaaa", other_text), key),
        ErrorKind::BadCertificate
    );
    for locked in [locked, old_locked] {
        let locked = file("locked", locked.as_bytes());
        assert_eq!(open(certificate, &locked), ErrorKind::LockedKey);
    }
    let both = [
        std::fs::read(certificate).unwrap(),
        std::fs::read(key).unwrap(),
    ]
    .concat();
    let both = file("both", &both);
    let pair = Pair {
        certificate: both.clone(),
        key: both,
    };
    assert_eq!(files::pair(&pair).unwrap().certificate.title(), "lots");
}
