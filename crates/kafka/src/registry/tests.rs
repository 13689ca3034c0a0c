use super::*;

fn parse(json: &str) -> Result<RegistryConfig, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn refused(json: &str) -> String {
    let error = parse(json).unwrap_err();
    // Without the place, which is the file's.
    error.split(" at line").next().unwrap().to_owned()
}

#[test]
fn an_address_is_enough() {
    let config = parse(r#"{"url":"http://localhost:8081/"}"#).unwrap();
    assert_eq!(
        config,
        RegistryConfig::at("http://localhost:8081/").unwrap()
    );
    assert_eq!(config.schemas(), Schemas::Register);
    let url = |text: &str| RegistryUrl::try_from(text.to_owned()).unwrap();
    let far = url("https://registry.example/api/");
    assert_eq!(
        (far.tls, far.host.as_str(), far.port, far.path.as_str()),
        (true, "registry.example", 443, "/api")
    );
    assert_eq!(
        (
            url("http://[::1]:81").host.as_str(),
            url("http://[::1]:81").port
        ),
        ("::1", 81)
    );
}

#[test]
fn all_of_it() {
    let config = parse(
        r#"{"url":["http://a:1","https://b:2"],"user":"u","password":"env:FIGWAY_NOT_SET","ca":"ca.pem","certificate":"c.pem","key":"k.pem",
           "timeout":"2s","schemas":"look-up","subjects":"record_name"}"#,
    );
    let config = config.unwrap().relative_to("/etc/figway".as_ref());
    assert_eq!(config.ca.as_deref(), Some("/etc/figway/ca.pem".as_ref()));
    assert_eq!(config.schemas(), Schemas::LookUp);
    assert_eq!(config.subjects().as_str(), "record_name");
    let plain =
        parse(r#"{"url":"http://a:1","user":"u","password":"env:FIGWAY_NOT_SET"}"#).unwrap();
    let error = RegistryClient::new(&plain).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Config, "`password` of [registry] cannot be had")
    );
}

#[test]
fn faults_are_named() {
    insta::assert_snapshot!(refused(r#"{"url":"localhost:8081"}"#), @r#"wanted an address such as http://localhost:8081, got "localhost:8081""#);
    insta::assert_snapshot!(refused(r#"{"url":"http://me:secret@a"}"#), @"wanted a `url` without a login in it: write `user` and `password`");
    insta::assert_snapshot!(refused(r#"{"url":[]}"#), @"wanted an address of the registry, got none");
    insta::assert_snapshot!(refused(r#"{"url":7}"#), @r#"invalid type: integer `7`, expected an address such as "http://localhost:8081", or a list of them"#);
    insta::assert_snapshot!(refused(r#"{"url":"http://a","user":"u"}"#), @"`user` and `password` go together");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","user":"u","password":"hunter2"}"#), @"`password` is a secret: write `env:NAME` or `file:PATH`, not the value");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","token":"env:A","user":"u","password":"env:B"}"#), @"`token` goes without `user` and `password`");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","key":"k"}"#), @"`certificate` and `key` go together");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","subjects":"topic"}"#), @"unknown subjects `topic`; known are: topic_name, record_name, topic_record_name");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","schemas":"maybe"}"#), @"unknown variant `maybe`, expected `register` or `look-up`");
    insta::assert_snapshot!(refused(r#"{"url":"http://a","pasword":"x"}"#), @"unknown field `pasword`, expected one of `url`, `user`, `password`, `token`, `ca`, `certificate`, `key`, `timeout`, `schemas`, `subjects`");
}

#[test]
fn a_subject_is_one_segment() {
    assert_eq!(escaped("a/b c:é-value"), "a%2Fb%20c%3A%C3%A9-value");
}
