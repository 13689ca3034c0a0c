//! Evidence as it is kept on a topic or in a file: what one run of a gateway found about one route ([`Part`]), and that a route was cleared
//! ([`Cleared`]). Pure.
//!
//! A part is written whole each time, under a [`Key`] of its own, so that the last one says all. Runs of one gateway have keys of their own: what a
//! run has taken up of those before it, it names.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::live::LiveState;
use super::state::RouteState;

/// The version of the written forms; a reader stops at any other.
pub const VERSION: u16 = 1;

/// Under what something is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A [`Part`].
    Part {
        /// The route.
        route: String,
        /// The gateway's instance name.
        gateway: String,
        /// Its run.
        run: Uuid,
    },
    /// A [`Cleared`].
    Cleared {
        /// The route.
        route: String,
    },
}

/// What one run of a gateway found about one route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`VERSION`].
    pub v: u16,
    /// The gateway's instance name.
    pub gateway: String,
    /// Its run: a process, or what a process began anew.
    pub run: Uuid,
    /// Which one of that run it is, from 1.
    pub count: u64,
    /// The route.
    pub route: String,
    /// How often the route had been cleared.
    pub epoch: u64,
    /// When it was written, in milliseconds since 1970, by the gateway's clock.
    pub at: u64,
    /// Since when is counted, in the same.
    pub since: u64,
    /// Earlier runs of the same gateway whose counts are in these.
    pub absorbed: Vec<Uuid>,
    /// What clients got.
    pub live: LiveState,
    /// What comparing has shown.
    pub found: Option<RouteState>,
    /// Samples, or fields, were left out for the record to be small enough.
    pub shortened: bool,
}

/// That what was found about a route before counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cleared {
    /// [`VERSION`].
    pub v: u16,
    /// The route.
    pub route: String,
    /// How often it has been cleared.
    pub epoch: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The gateway that was told to.
    pub gateway: String,
    /// Who wanted it.
    pub who: String,
    /// Why.
    pub why: String,
    /// A change reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// What a gateway found.
    Part(Box<Part>),
    /// That a route was cleared.
    Cleared(Cleared),
    /// That what stood under the key is no more.
    Gone(Key),
}

/// Why a record is not read, or not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// It is of another program.
    #[error("evidence has version {0}; this program knows version {VERSION}")]
    Version(u16),
    /// It is none, or not what its key says.
    #[error("no evidence: {0}")]
    Unreadable(String),
    /// It does not fit into a record even without samples and fields.
    #[error("what was found about route {route} does not fit into {limit} bytes")]
    TooLarge {
        /// The route.
        route: String,
        /// Bytes of a record.
        limit: usize,
    },
}

#[derive(Deserialize)]
struct OnlyVersion {
    v: u16,
}

fn unreadable(error: impl std::fmt::Display) -> PartError {
    PartError::Unreadable(error.to_string())
}

impl Key {
    /// As it is written: a list in JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Part {
                route,
                gateway,
                run,
            } => serde_json::json!(["part", route, gateway, run]),
            Self::Cleared { route } => serde_json::json!(["cleared", route]),
        }
        .to_string()
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// It is no key that this program knows.
    pub fn parse(text: &[u8]) -> Result<Self, PartError> {
        let words: Vec<String> = serde_json::from_slice(text).map_err(unreadable)?;
        match words.as_slice() {
            [kind, route, gateway, run] if kind == "part" => Ok(Self::Part {
                route: route.clone(),
                gateway: gateway.clone(),
                run: Uuid::try_parse(run).map_err(unreadable)?,
            }),
            [kind, route] if kind == "cleared" => Ok(Self::Cleared {
                route: route.clone(),
            }),
            _ => Err(PartError::Unreadable("the key is of no known kind".into())),
        }
    }
}

impl Said {
    /// What a record of that key and value says.
    ///
    /// # Errors
    /// Another version, or no evidence, or another's than the key's.
    pub fn read(key: &[u8], value: Option<&[u8]>) -> Result<Self, PartError> {
        let key = Key::parse(key)?;
        let Some(value) = value else {
            return Ok(Self::Gone(key));
        };
        let OnlyVersion { v } = serde_json::from_slice(value).map_err(unreadable)?;
        if v != VERSION {
            return Err(PartError::Version(v));
        }
        let (said, of) = match key {
            Key::Part { .. } => {
                let part: Part = serde_json::from_slice(value).map_err(unreadable)?;
                if let Some(found) = &part.found
                    && found.version != super::state::VERSION
                {
                    return Err(PartError::Version(found.version));
                }
                let of = part.key();
                (Self::Part(Box::new(part)), of)
            }
            Key::Cleared { .. } => {
                let cleared: Cleared = serde_json::from_slice(value).map_err(unreadable)?;
                let of = cleared.key();
                (Self::Cleared(cleared), of)
            }
        };
        if of == key {
            Ok(said)
        } else {
            Err(PartError::Unreadable(
                "it stands under another's key".into(),
            ))
        }
    }
}

impl Cleared {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Cleared {
            route: self.route.clone(),
        }
    }

    /// As it is written: JSON.
    ///
    /// # Errors
    /// None that a value of this type could cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PartError> {
        serde_json::to_vec(self).map_err(unreadable)
    }
}

impl Part {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Part {
            route: self.route.clone(),
            gateway: self.gateway.clone(),
            run: self.run,
        }
    }

    /// As it is written, in at most so many bytes: JSON. What is too large loses samples first, all but the first of a field and then all, and then
    /// fields, which are counted.
    ///
    /// # Errors
    /// It is too large all the same.
    pub fn to_bytes(&self, limit: usize) -> Result<Vec<u8>, PartError> {
        let bytes = serde_json::to_vec(self).map_err(unreadable)?;
        if bytes.len() <= limit {
            return Ok(bytes);
        }
        let mut part = Self {
            shortened: true,
            ..self.clone()
        };
        let mut most = part.most_fields();
        for samples in [1, 0] {
            part.shorten(samples, most);
            let bytes = serde_json::to_vec(&part).map_err(unreadable)?;
            if bytes.len() <= limit {
                return Ok(bytes);
            }
        }
        while most > 0 {
            most /= 2;
            part.shorten(0, most);
            let bytes = serde_json::to_vec(&part).map_err(unreadable)?;
            if bytes.len() <= limit {
                return Ok(bytes);
            }
        }
        Err(PartError::TooLarge {
            route: self.route.clone(),
            limit,
        })
    }

    fn most_fields(&self) -> usize {
        let variants = self.found.iter().flat_map(|found| found.variants.values());
        let fields = variants.map(|variant| variant.fields.len());
        fields.max().unwrap_or(0)
    }

    fn shorten(&mut self, samples: usize, fields: usize) {
        let variants = self
            .found
            .iter_mut()
            .flat_map(|found| found.variants.values_mut());
        for variant in variants {
            for field in variant.fields.values_mut() {
                field.samples.truncate(samples);
            }
            while variant.fields.len() > fields
                && let Some((_, last)) = variant.fields.pop_last()
            {
                let all = last.count.saturating_add(last.left_out);
                variant.more_fields = variant.more_fields.saturating_add(all);
            }
            if fields == 0 {
                // A text of any length.
                if let Some((_, text)) = &mut variant.last_not_comparable {
                    text.clear();
                }
            }
        }
        if let Some(found) = &mut self.found
            && fields == 0
        {
            for (_, count) in std::mem::take(&mut found.noise.fields) {
                found.noise.more_fields = found.noise.more_fields.saturating_add(count);
            }
        }
    }
}
