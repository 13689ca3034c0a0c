//! What a route matches: [`Match`], and which of two matches comes first. Pure.
//!
//! Precedence follows the Kubernetes Gateway API (`HTTPRouteRule.matches`): the more exact host, then the more exact
//! path, then a method, then more headers, then more query parameters, then more of anything else; between equals the first
//! written. A stated priority comes before all of it.

use std::cmp::Reverse;
use std::fmt;
use std::fmt::Write as _;

use http::Method;

use crate::route::body::BodyRule;
use crate::route::condition::Condition;
use crate::route::pattern::Pattern;

/// The conditions of one route; all must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Higher ones are tried first, whatever else they say.
    pub priority: i32,
    /// The host asked for; any if none.
    pub host: Option<Host>,
    /// The path.
    pub path: Pattern,
    /// The methods; any if none is named.
    pub methods: Vec<Method>,
    /// Everything else, in the order in which it is looked at: what costs little first.
    pub conditions: Vec<Condition>,
}

impl Match {
    /// Whatever has that path.
    #[must_use]
    pub fn path(path: Pattern) -> Self {
        Self {
            priority: 0,
            host: None,
            path,
            methods: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// What is wanted of the body.
    #[must_use]
    pub(crate) fn body(&self) -> Option<&BodyRule> {
        self.conditions.iter().find_map(Condition::of_body)
    }

    /// Which of two is tried first: `Less` is. `Equal` leaves it to the order in the file.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> std::cmp::Ordering {
        let before = |rule: &Self| {
            let host = match &rule.host {
                Some(Host::Exact(_)) => (0, Reverse(0)),
                Some(Host::Below(suffix)) => (1, Reverse(suffix.len())),
                None => (2, Reverse(0)),
            };
            (Reverse(rule.priority), host)
        };
        let after = |rule: &Self| {
            let (mut headers, mut query, mut others) = (0, 0, 0);
            for condition in &rule.conditions {
                match condition {
                    Condition::Header(..) => headers += 1,
                    Condition::Query(..) => query += 1,
                    _ => others += 1,
                }
            }
            (rule.methods.is_empty(), Reverse((headers, query, others)))
        };
        before(self)
            .cmp(&before(other))
            .then_with(|| self.path.precedence(&other.path))
            .then_with(|| after(self).cmp(&after(other)))
    }

    /// The same text for two that match the very same requests, so that the second can never be reached.
    #[must_use]
    pub fn identity(&self) -> String {
        let mut out = format!("{} {:?} ", self.priority, self.host);
        self.path.identity(&mut out);
        let mut parts: Vec<String> = self.methods.iter().map(ToString::to_string).collect();
        parts.sort_unstable();
        parts.push(String::new());
        let conditions = parts.len();
        parts.extend(self.conditions.iter().map(|one| format!("{one:?}")));
        if let Some(conditions) = parts.get_mut(conditions..) {
            conditions.sort_unstable();
        }
        for part in parts {
            let _infallible = write!(out, "\n{part}");
        }
        out
    }
}

impl fmt::Display for Match {
    /// `POST example.com/cics/LOTI/{region} x-tran: LOTI ?page=1`: what the file says of it, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.priority != 0 {
            write!(f, "[{}] ", self.priority)?;
        }
        for (place, method) in self.methods.iter().enumerate() {
            write!(f, "{}{method}", if place == 0 { "" } else { "," })?;
        }
        if !self.methods.is_empty() {
            f.write_str(" ")?;
        }
        if let Some(host) = &self.host {
            write!(f, "{host}")?;
        }
        write!(f, "{}", self.path)?;
        for condition in &self.conditions {
            write!(f, " {condition}")?;
        }
        Ok(())
    }
}

/// A host of a rule, in lower case, without port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// This one.
    Exact(String),
    /// Any host that ends in this, which begins with a dot; one label or more stand before it.
    Below(String),
}

impl Host {
    /// `example.com`, or `*.example.com` for every host below it.
    ///
    /// # Errors
    /// Text that is no host name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let literal = name.starts_with('[') && name.ends_with(']') && !below;
        if name.contains(':') && !literal {
            return Err(format!("wanted a host name without port, got `{text}`"));
        }
        if !literal && !name.split('.').all(label) {
            return Err(format!(
                "wanted a host name such as `erp.example.com` or `*.example.com`, got `{text}`"
            ));
        }
        let name = name.to_ascii_lowercase();
        Ok(if below {
            Self::Below(format!(".{name}"))
        } else {
            Self::Exact(name)
        })
    }

    /// Whether `host` (without port) is meant, in any case.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name.eq_ignore_ascii_case(host),
            Self::Below(suffix) => host
                .len()
                .checked_sub(suffix.len())
                .filter(|start| *start > 0)
                .and_then(|start| host.get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix)),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}
