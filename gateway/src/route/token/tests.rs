//! Which tokens are taken: RFC 7515 to 7519 and the attacks of RFC 8725.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::{hmac, signature};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of a test, long enough for HS256";
const NOW: i64 = 1_800_000_000;

/// A token with that header and these claims, signed by `sign`.
fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    );
    let signature = BASE64.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hs256(message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    hmac::sign(&key, message).as_ref().to_vec()
}

fn shared(wanted: &Wanted) -> Tokens {
    Tokens::of_secret("corporate", Place::Bearer, wanted, SECRET).unwrap()
}

fn at(tokens: &Tokens, token: &str, second: i64) -> Result<String, Unverified> {
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let claims = tokens.verified(&parts, Timestamp::from_second(second).unwrap())?;
    let texts = claims.values(&["sub".to_owned()]);
    Ok(texts.map(|text| String::from_utf8(text).unwrap()).collect())
}

fn claims() -> Value {
    json!({"sub": "anna", "exp": NOW + 100})
}

#[test]
fn what_is_signed_with_the_secret_is_taken_and_nothing_else() {
    let tokens = shared(&Wanted::default());
    let good = token(&json!({"alg": "HS256"}), &claims(), hs256);
    assert_eq!(at(&tokens, &good, NOW), Ok("anna".to_owned()));
    let header = json!({"alg": "HS256", "kid": "any"});
    assert_eq!(
        at(&tokens, &token(&header, &claims(), hs256), NOW),
        Ok("anna".to_owned())
    );
    let (message, _) = good.rsplit_once('.').unwrap();
    let other = token(
        &json!({"alg": "HS256"}),
        &json!({"sub": "eve", "exp": NOW + 100}),
        hs256,
    );
    let (_, others_signature) = other.rsplit_once('.').unwrap();
    for (token, why) in [
        (format!("{message}."), Unverified::Signature),
        (
            format!("{message}.{others_signature}"),
            Unverified::Signature,
        ),
        (message.to_owned(), Unverified::Malformed),
        (format!("{good}.x"), Unverified::Malformed),
        (
            // It would verify.
            token(
                &json!({"alg": "HS256"}),
                &json!({"sub": "x".repeat(LONGEST), "exp": NOW + 100}),
                hs256,
            ),
            Unverified::Malformed,
        ),
        (
            token(&json!({"alg": "none"}), &claims(), |_| Vec::new()),
            Unverified::Malformed,
        ),
        (
            token(&json!({"alg": "HS512"}), &claims(), hs256),
            Unverified::Signature,
        ),
        (
            token(&json!({"alg": "RS256"}), &claims(), hs256),
            Unverified::Signature,
        ),
        (
            token(&json!({"alg": "HS256"}), &json!("anna"), hs256),
            Unverified::Malformed,
        ),
    ] {
        let found = at(&tokens, &token, NOW);
        assert!(
            found == Err(why) || found == Err(Unverified::Time) && why == Unverified::Malformed,
            "{token}: {found:?}"
        );
    }
}

#[test]
fn a_token_has_its_time_and_whom_it_is_for() {
    let wanted = Wanted {
        issuer: Some("https://sso".to_owned()),
        audience: vec!["figway".to_owned()],
        leeway: std::time::Duration::from_secs(10),
        algorithms: Vec::new(),
    };
    let tokens = shared(&wanted);
    let try_with = |changes: Value, second: i64| {
        let mut claims =
            json!({"sub": "anna", "exp": NOW, "iss": "https://sso", "aud": ["x", "figway"]});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        at(
            &tokens,
            &token(&json!({"alg": "HS256"}), &claims, hs256),
            second,
        )
    };
    let taken = Ok("anna".to_owned());
    assert_eq!(try_with(json!({}), NOW + 9), taken);
    assert_eq!(try_with(json!({}), NOW + 10), Err(Unverified::Time));
    assert_eq!(try_with(json!({"nbf": NOW - 5}), NOW - 15), taken);
    assert_eq!(
        try_with(json!({"nbf": NOW - 5}), NOW - 16),
        Err(Unverified::Time)
    );
    for no_time in [
        json!({"exp": "soon"}),
        json!({"exp": null}),
        json!({"nbf": "now"}),
    ] {
        assert_eq!(try_with(no_time, NOW), Err(Unverified::Time));
    }
    assert_eq!(try_with(json!({"aud": "figway"}), NOW), taken);
    for meant in [
        json!({"aud": "other"}),
        json!({"aud": null}),
        json!({"iss": "https://evil"}),
        json!({"iss": null}),
    ] {
        assert_eq!(try_with(meant, NOW), Err(Unverified::Meant));
    }
    // One that is for somebody, where nobody said who we are.
    let anybody = shared(&Wanted::default());
    let for_somebody = json!({"sub": "anna", "exp": NOW, "aud": "other"});
    let token = token(&json!({"alg": "HS256"}), &for_somebody, hs256);
    assert_eq!(at(&anybody, &token, NOW - 1), Err(Unverified::Meant));
}

#[test]
fn a_set_of_keys_verifies_each_kind_with_its_own_algorithm() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .unwrap();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let ed = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let point = ec.public_key().as_ref();
    let jwks = json!({"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "ec", "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])},
        {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA", "x": BASE64.encode(ed.public_key().as_ref())},
        {"kty": "OKP", "crv": "Ed25519", "kid": "enc", "use": "enc", "x": BASE64.encode(ed.public_key().as_ref())},
        {"kty": "unheard-of", "kid": "new"},
    ]});
    let tokens = Tokens::of_jwks(
        "corporate",
        Place::Bearer,
        &Wanted::default(),
        jwks.to_string().as_bytes(),
    )
    .unwrap();
    let by_ec = |message: &[u8]| ec.sign(&random, message).unwrap().as_ref().to_vec();
    let by_ed = |message: &[u8]| signature::Signature::as_ref(&ed.sign(message)).to_vec();
    let taken = Ok("anna".to_owned());
    for (header, taken_of_ec, taken_of_ed) in [
        (json!({"alg": "ES256", "kid": "ec"}), true, false),
        (json!({"alg": "ES256"}), true, false),
        (json!({"alg": "EdDSA", "kid": "ed"}), false, true),
        (json!({"alg": "EdDSA"}), false, true),
        (json!({"alg": "EdDSA", "kid": "ec"}), false, false),
        (json!({"alg": "EdDSA", "kid": "enc"}), false, false),
        (json!({"alg": "ES384", "kid": "ec"}), false, false),
        // A public key taken for a secret (RFC 8725 section 2.1).
        (json!({"alg": "HS256", "kid": "ed"}), false, false),
    ] {
        assert_eq!(
            at(&tokens, &token(&header, &claims(), by_ec), NOW) == taken,
            taken_of_ec,
            "{header}"
        );
        assert_eq!(
            at(&tokens, &token(&header, &claims(), by_ed), NOW) == taken,
            taken_of_ed,
            "{header}"
        );
    }
    let hmac_with_point = |message: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, point), message)
            .as_ref()
            .to_vec()
    };
    let confused = token(&json!({"alg": "HS256"}), &claims(), hmac_with_point);
    assert_eq!(at(&tokens, &confused, NOW), Err(Unverified::Signature));
    assert!(Tokens::of_jwks("x", Place::Bearer, &Wanted::default(), b"{\"keys\":[]}").is_err());
    assert!(Tokens::of_jwks("x", Place::Bearer, &Wanted::default(), b"no json").is_err());
}

#[test]
fn a_public_key_in_pem_verifies() {
    // Made with: openssl genpkey -algorithm ed25519; the token signed with it by openssl pkeyutl -sign -rawin.
    let random = SystemRandom::new();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4): a fixed head, then the key.
    let mut der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
    der.extend_from_slice(pair.public_key().as_ref());
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::prelude::BASE64_STANDARD.encode(der)
    );
    let tokens = Tokens::of_pem("x", Place::Bearer, &Wanted::default(), pem.as_bytes()).unwrap();
    let sign = |message: &[u8]| signature::Signature::as_ref(&pair.sign(message)).to_vec();
    assert_eq!(
        at(
            &tokens,
            &token(&json!({"alg": "EdDSA"}), &claims(), sign),
            NOW
        ),
        Ok("anna".to_owned())
    );
    assert!(Tokens::of_pem("x", Place::Bearer, &Wanted::default(), b"-----BEGIN X-----").is_err());
}

#[test]
fn a_token_stands_in_one_place_once() {
    let tokens = |place| Tokens::of_secret("x", place, &Wanted::default(), SECRET).unwrap();
    let good = token(&json!({"alg": "HS256"}), &claims(), hs256);
    let (bearer, basic) = (format!("bearer {good}"), "Basic eDp5".to_owned());
    let cookie = format!("a=1; session={good}");
    let header = || Place::Header(HeaderName::from_static("x-token"));
    let session = || Place::Cookie("session".to_owned());
    for (place, fields, found) in [
        (Place::Bearer, vec![("authorization", &bearer)], None),
        (
            Place::Bearer,
            vec![("authorization", &basic)],
            Some(Unverified::Missing),
        ),
        (Place::Bearer, vec![], Some(Unverified::Missing)),
        (
            Place::Bearer,
            vec![("authorization", &bearer), ("authorization", &bearer)],
            Some(Unverified::Malformed),
        ),
        (header(), vec![("x-token", &good)], None),
        (
            header(),
            vec![("authorization", &bearer)],
            Some(Unverified::Missing),
        ),
        (session(), vec![("cookie", &cookie)], None),
        (
            session(),
            vec![("cookie", &cookie), ("cookie", &cookie)],
            Some(Unverified::Malformed),
        ),
    ] {
        let mut request = http::Request::get("/");
        for (name, value) in &fields {
            request = request.header(*name, value.as_str());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let verified = tokens(place).verified(&parts, Timestamp::from_second(NOW).unwrap());
        assert_eq!(
            verified.err(),
            found,
            "{:?}",
            fields.first().map(|field| field.0)
        );
    }
}

#[test]
fn a_claim_gives_texts() {
    let claims = Claims(json!({
        "sub": "anna", "scope": "read write", "roles": ["clerk", 7, null, {}], "admin": true,
        "realm": {"roles": ["a b"]}, "none": null, "a b": "x y",
    }));
    for (path, wanted) in [
        ("sub", "anna"),
        ("scope", "read|write"),
        ("roles", "clerk|7"),
        ("admin", "true"),
        ("realm.roles", "a b"),
        ("none", ""),
        ("realm", ""),
        ("sub.x", ""),
        ("a b", "x y"),
    ] {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let texts: Vec<String> = claims
            .values(&path)
            .map(|text| String::from_utf8(text).unwrap())
            .collect();
        assert_eq!(texts.join("|"), wanted, "{path:?}");
    }
}

#[test]
fn an_extension_that_must_be_understood_is_refused() {
    let tokens = shared(&Wanted::default());
    for header in [
        json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        json!({"alg": "HS256", "crit": ["exp"], "exp": 1}),
        json!({"alg": "HS256", "crit": []}),
    ] {
        let token = token(&header, &claims(), hs256);
        assert_eq!(
            at(&tokens, &token, NOW),
            Err(Unverified::Malformed),
            "{header}"
        );
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_no_key_of_a_set() {
    let set = |secret: &[u8]| {
        let set = json!({"keys": [{"kty": "oct", "alg": "HS256", "k": BASE64.encode(secret)}]});
        Tokens::of_jwks(
            "corporate",
            Place::Bearer,
            &Wanted::default(),
            set.to_string().as_bytes(),
        )
    };
    let refused = set(b"a").unwrap_err();
    assert_eq!(refused, "there is no key in it that verifies signatures");
    let token = token(&json!({"alg": "HS256"}), &claims(), hs256);
    assert_eq!(
        at(&set(SECRET).unwrap(), &token, NOW),
        Ok("anna".to_owned())
    );
}
