//! Configuration text, and the faults in it.
//!
//! In: a file's name and text. Out: a value of the caller's file type, or [`Faults`], each with the
//! place it is at. Reading the file is the only I/O; what a configuration means is the caller's to decide.

mod fault;
mod near;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use fault::{Fault, Faults};
pub use near::near_help;

/// A configuration file's name and text, kept for messages that point into it.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// Text that is already in memory; `name` is only used in messages.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Reads a file of UTF-8 text.
    ///
    /// # Errors
    /// One fault that names the file and says why it could not be read.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => Err(Fault::of_file(name, format!("cannot be read: {error}")).into()),
        }
    }

    /// The name messages use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads the text as TOML into the caller's file type.
    ///
    /// # Errors
    /// One fault at the place the TOML reader gives: an unknown key, a wrong type, a syntax error.
    pub fn toml<T: DeserializeOwned>(&self) -> Result<T, Faults> {
        toml::from_str(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let fault = self.fault(span, error.message());
            match meant(error.message()) {
                Some(name) => fault.help(format!("did you mean `{name}`?")).into(),
                None => fault.into(),
            }
        })
    }

    /// A fault at a span of bytes of this text.
    #[must_use]
    pub fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault::at_span(
            Arc::clone(&self.name),
            Arc::clone(&self.text),
            span,
            message,
        )
    }

    /// A fault at a line and column, both from 1; `len` is in characters of that line.
    #[must_use]
    pub fn fault_at(
        &self,
        line: usize,
        column: usize,
        len: usize,
        message: impl Into<String>,
    ) -> Fault {
        self.fault(fault::span_of(&self.text, line, column, len), message)
    }
}

/// The key that was meant where serde says "unknown field `a`, expected one of `b`, `c`".
fn meant(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (name, expected) = rest.split_once('`')?;
    // Between back quotes stand the names, and commas between those.
    near::nearest(name, expected.split('`').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the reading is tested")]
    struct File {
        version: u32,
        name: String,
    }

    fn check(text: &str) -> String {
        Source::new("capture.toml", text)
            .toml::<File>()
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_wrong_type_is_shown_where_it_stands() {
        assert_snapshot!(check("version = 1\nname = 7\n"), @r"
        error: invalid type: integer `7`, expected a string
         --> capture.toml:2:8
          |
        2 | name = 7
          |        ^
        ");
    }

    #[test]
    fn an_unknown_key_is_named() {
        assert_snapshot!(check("version = 1\nname = \"a\"\nnmae = 7\n"), @r"
        error: unknown field `nmae`, expected `version` or `name`
         --> capture.toml:3:1
          |
        3 | nmae = 7
          | ^^^^
          |
          = help: did you mean `name`?
        ");
    }

    #[test]
    fn several_faults_stand_in_the_order_found_with_their_help() {
        let source = Source::new("capture.toml", "version = 2\nname = \"ä\" # x\n");
        let mut faults = Faults::default();
        faults.push(
            source
                .fault_at(2, 8, 3, "no such name")
                .help("names in use: `a`"),
        );
        faults.push(Fault::of_file("lots.cpy", "cannot be read: no such file"));
        faults.push(source.fault(999..1200, "past the end"));
        assert_snapshot!(faults, @r#"
        error: no such name
         --> capture.toml:2:8
          |
        2 | name = "ä" # x
          |        ^^^
          |
          = help: names in use: `a`

        error: cannot be read: no such file
        --> lots.cpy

        error: past the end
         --> capture.toml:2:15
          |
        2 | name = "ä" # x
          |               ^
        "#);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Source::read(Path::new("/nowhere/capture.toml")).unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/capture.toml"),
            "{error}"
        );
    }
}
