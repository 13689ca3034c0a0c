//! What `routes.toml` may say of which requests a route takes, of calendars and tokens, and of answers of our own.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::{Either, Named};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Match {
    pub(in crate::config) priority: Option<Spanned<i64>>,
    pub(in crate::config) host: Option<Spanned<String>>,
    pub(in crate::config) method: Option<Spanned<OneOrMany>>,
    pub(in crate::config) path: Spanned<Either<Path>>,
    #[serde(default)]
    pub(in crate::config) headers: Named<Spanned<Either<Text>>>,
    #[serde(default)]
    pub(in crate::config) query: Named<Spanned<Either<Text>>>,
    #[serde(default)]
    pub(in crate::config) cookies: Named<Spanned<Either<Text>>>,
    pub(in crate::config) client: Option<Spanned<OneOrMany>>,
    pub(in crate::config) tls: Option<Spanned<FlagOr<Tls>>>,
    pub(in crate::config) time: Option<Spanned<Either<Time>>>,
    #[serde(default)]
    pub(in crate::config) claims: Named<Spanned<Either<Text>>>,
    pub(in crate::config) tokens: Option<Spanned<String>>,
    pub(in crate::config) body: Option<Spanned<Body>>,
}

/// What a request's body must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Body {
    pub(in crate::config) json: Option<Spanned<Named<Spanned<Either<Text>>>>>,
    pub(in crate::config) xml: Option<Spanned<Named<Spanned<Either<Text>>>>>,
    pub(in crate::config) form: Option<Spanned<Named<Spanned<Either<Text>>>>>,
    pub(in crate::config) record: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) fields: Named<Spanned<Either<Text>>>,
    #[serde(default)]
    pub(in crate::config) namespaces: Named<Spanned<String>>,
    pub(in crate::config) on_undecodable: Option<Spanned<String>>,
    pub(in crate::config) max: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Path {
    pub(in crate::config) prefix: Option<Spanned<String>>,
    pub(in crate::config) regex: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Text {
    pub(in crate::config) prefix: Option<Spanned<String>>,
    pub(in crate::config) regex: Option<Spanned<String>>,
    pub(in crate::config) present: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tls {
    pub(in crate::config) server_name: Option<Spanned<Either<Text>>>,
    pub(in crate::config) certificate: Option<Spanned<bool>>,
    pub(in crate::config) subject: Option<Spanned<Either<Text>>>,
    pub(in crate::config) name: Option<Spanned<Either<Text>>>,
    pub(in crate::config) fingerprint: Option<Spanned<OneOrMany>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Time {
    pub(in crate::config) outside: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Calendar {
    pub(in crate::config) zone: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) open: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) also: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) closed: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tokens {
    pub(in crate::config) jwks: Option<Spanned<PathBuf>>,
    pub(in crate::config) public_key: Option<Spanned<PathBuf>>,
    pub(in crate::config) secret: Option<Spanned<ops::Setting>>,
    pub(in crate::config) issuer: Option<Spanned<String>>,
    pub(in crate::config) audience: Option<Spanned<OneOrMany>>,
    pub(in crate::config) leeway: Option<Spanned<String>>,
    pub(in crate::config) header: Option<Spanned<String>>,
    pub(in crate::config) cookie: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Redirect {
    pub(in crate::config) to: Spanned<String>,
    pub(in crate::config) status: Option<Spanned<i64>>,
    pub(in crate::config) query: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Answer {
    pub(in crate::config) status: Option<Spanned<i64>>,
    pub(in crate::config) content_type: Option<Spanned<String>>,
    pub(in crate::config) text: Option<Spanned<String>>,
    pub(in crate::config) file: Option<Spanned<PathBuf>>,
    pub(in crate::config) record: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) set: Named<Spanned<toml::Value>>,
    #[serde(default)]
    pub(in crate::config) headers: Named<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WhenClosed {
    pub(in crate::config) view: Option<Spanned<bool>>,
    pub(in crate::config) hold: Option<Spanned<String>>,
    pub(in crate::config) answer: Option<Spanned<Answer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct HeaderEdits {
    #[serde(default)]
    pub(in crate::config) set: Named<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) add: Named<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) remove: Vec<Spanned<String>>,
}

/// A text, or a list of texts.
#[derive(Debug)]
pub(in crate::config) enum OneOrMany {
    One(String),
    Many(Vec<Spanned<String>>),
}

/// True, false, or a table that says more.
#[derive(Debug)]
pub(in crate::config) enum FlagOr<T> {
    Flag(bool),
    Table(T),
}

impl OneOrMany {
    /// Each text, with its place; `at` is that of the whole.
    pub(in crate::config) fn each(&self, at: std::ops::Range<usize>) -> Vec<Spanned<String>> {
        match self {
            Self::One(text) => vec![Spanned::new(at, text.clone())],
            Self::Many(texts) => texts.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes or a list of such")
            }
            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FlagOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = FlagOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a table")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<FlagOr<T>, E> {
                Ok(FlagOr::Flag(flag))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<FlagOr<T>, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(FlagOr::Table)
            }
        }
        deserializer.deserialize_any(Reader(std::marker::PhantomData))
    }
}
