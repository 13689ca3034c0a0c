use std::io::Write as _;

use crate::KafkaConfig;

fn parse(json: &str) -> Result<KafkaConfig, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn fault(sasl: &str) -> String {
    parse(&format!(r#"{{"sasl":{sasl}}}"#)).unwrap_err()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn each_mechanism_takes_what_it_needs_and_nothing_else() {
    let error = fault(r#"{"mechanism":"GSSAPI"}"#);
    assert!(
        error.starts_with("unknown mechanism \"GSSAPI\"; known are: PLAIN"),
        "{error}"
    );
    let error = fault(r#"{"mechanism":"PLAIN","username":"a"}"#);
    assert!(
        error.starts_with("PLAIN wants `username` and `password`"),
        "{error}"
    );
    let error =
        fault(r#"{"mechanism":"SCRAM-SHA-256","username":"a","password":"env:P","token":"env:T"}"#);
    assert!(
        error.starts_with("`token` is for OAUTHBEARER, not for SCRAM-SHA-256"),
        "{error}"
    );
    let error = fault(r#"{"mechanism":"OAUTHBEARER"}"#);
    assert!(error.starts_with("OAUTHBEARER wants `token`"), "{error}");
    let error = fault(r#"{"mechanism":"OAUTHBEARER","username":"a","token":"env:T"}"#);
    assert!(
        error.starts_with("OAUTHBEARER takes a `token`, not a name"),
        "{error}"
    );
    let error = fault(r#"{"mechanism":"PLAIN","user":"a"}"#);
    assert!(error.starts_with("unknown field `user`"), "{error}");
}

#[test]
fn secrets_are_not_written_out() {
    let error = fault(r#"{"mechanism":"PLAIN","username":"a","password":"hunter2"}"#);
    assert!(error.starts_with("`password` is a secret"), "{error}");
    assert!(!error.contains("hunter2"));
    let error = fault(r#"{"mechanism":"OAUTHBEARER","token":"eyJ"}"#);
    assert!(error.starts_with("`token` is a secret"), "{error}");
    let tls = parse(r#"{"tls":{"key_password":"hunter2"}}"#).unwrap();
    assert_eq!(
        tls.faults(),
        ["kafka.tls.key_password is a secret: write `env:NAME` or `file:PATH`, not the value"]
    );
}

#[test]
fn a_password_does_not_cross_the_network_readable_unless_that_is_said() {
    let sasl = |mechanism: &str, rest: &str| {
        parse(&format!(
            r#"{{"sasl":{{"mechanism":"{mechanism}","username":"a","password":"env:P"{rest}}}}}"#
        ))
        .unwrap()
        .faults()
    };
    let faults = sasl("PLAIN", "");
    assert!(
        faults[0].starts_with("kafka.sasl: with PLAIN whoever reads along learns the secret"),
        "{faults:?}"
    );
    assert!(sasl("PLAIN", r#","allow_plaintext":true"#).is_empty());
    assert!(sasl("SCRAM-SHA-512", "").is_empty());
}

#[test]
fn files_that_are_not_there_or_not_pem_are_told() {
    let pem = file("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    let path = pem.path().display();
    let config = parse(&format!(
        r#"{{"tls":{{"ca":"/nowhere/ca.pem","certificate":"{path}"}}}}"#
    ))
    .unwrap();
    let faults = config.faults();
    assert!(
        faults[0].starts_with("kafka.tls.ca: /nowhere/ca.pem cannot be read: "),
        "{faults:?}"
    );
    assert_eq!(
        faults[1],
        format!(
            "kafka.tls.key: {path} has no PEM block that ends its first line with `PRIVATE KEY-----`"
        )
    );
    let config = parse(&format!(r#"{{"tls":{{"key":"{path}"}}}}"#)).unwrap();
    assert_eq!(
        config.faults(),
        ["kafka.tls.key: there is no `certificate` that it belongs to"]
    );
}

#[test]
fn what_librdkafka_is_told() {
    let password = file("hunter2\n");
    let mut config = parse(&format!(
        r#"{{"tls":{{"ca":"ca.pem","certificate":"me.pem","verify_hostname":false}},
            "sasl":{{"mechanism":"SCRAM-SHA-512","username":"figway","password":"file:{}"}}}}"#,
        password.path().display()
    ))
    .unwrap();
    config.relative_to("/etc/figway".as_ref());
    let client = config.client().unwrap();
    let told = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "figway"),
        ("sasl.password", "hunter2"),
        ("ssl.ca.location", "/etc/figway/ca.pem"),
        ("ssl.certificate.location", "/etc/figway/me.pem"),
        ("ssl.key.location", "/etc/figway/me.pem"),
        ("ssl.endpoint.identification.algorithm", "none"),
    ];
    for (name, value) in told {
        assert_eq!(client.get(name), Some(value), "{name}");
    }
}

#[test]
fn what_has_a_word_of_ours_is_not_a_property_too() {
    let error = parse(r#"{"tls":{},"properties":{"security.protocol":"SSL"}}"#)
        .unwrap()
        .faults();
    assert_eq!(
        error,
        ["kafka.properties: `security.protocol` follows from [kafka.tls] and [kafka.sasl]"]
    );
}
