//! The statements that bring other text in, or that are none of COBOL's business.

use std::ops::Range;
use std::sync::Arc;

use super::{DEEPEST, Expander, MOST_TEXT};
use crate::copybook::piece::{Kind, Walk};
use crate::copybook::replace;
use crate::copybook::source::Source;
use crate::error::CopybookErrorKind;

/// A member that a statement names.
struct Wanted {
    /// As people write the statement: `COPY`, `EXEC SQL INCLUDE`.
    statement: &'static str,
    name: String,
    of_library: Option<String>,
    range: Range<usize>,
}

impl Expander<'_> {
    /// If a statement begins at the walk's place: takes it, and gives the text that stands for it.
    pub(super) fn statement(
        &mut self,
        source: &Source,
        walk: &mut Walk<'_>,
        fresh: bool,
    ) -> Option<Source> {
        let (piece, word) = walk.peek()?;
        if piece.kind == Kind::Symbol {
            return (word == "+" && fresh)
                .then(|| self.panvalet(source, walk))
                .flatten();
        }
        if piece.kind != Kind::Word {
            return None;
        }
        match word.to_ascii_uppercase().as_str() {
            "COPY" => Some(self.copy(source, walk)),
            "EXEC" | "EXECUTE" => Some(self.exec(source, walk)),
            "-INC" if fresh => {
                walk.advance();
                Some(self.include_line(source, walk, "-INC"))
            }
            _ => None,
        }
    }

    fn panvalet(&mut self, source: &Source, walk: &mut Walk<'_>) -> Option<Source> {
        let at = walk.at;
        walk.advance();
        let second = walk.peek().is_some_and(|(_, text)| text == "+");
        walk.advance();
        let include = walk
            .peek()
            .is_some_and(|(_, text)| text.eq_ignore_ascii_case("INCLUDE"));
        if !(second && include) {
            walk.at = at;
            return None;
        }
        walk.advance();
        Some(self.include_line(source, walk, "++INCLUDE"))
    }

    /// `++INCLUDE NAME` and `-INC NAME`: the name, perhaps with a period; the rest of the line says nothing.
    fn include_line(
        &mut self,
        source: &Source,
        walk: &mut Walk<'_>,
        statement: &'static str,
    ) -> Source {
        let place = source.span(walk.offset(), 1);
        let named = walk.name();
        while walk
            .peek()
            .is_some_and(|(piece, text)| piece.kind != Kind::Space || !text.contains('\n'))
        {
            walk.advance();
        }
        let Some((range, name)) = named else {
            let message = format!("wanted the name of a member after {statement}");
            self.fault(CopybookErrorKind::Syntax, place, message, None);
            return Source::default();
        };
        let wanted = Wanted {
            statement,
            name,
            of_library: None,
            range,
        };
        self.member(source, &wanted).unwrap_or_else(|| {
            self.missing(source, &wanted);
            Source::default()
        })
    }

    fn copy(&mut self, source: &Source, walk: &mut Walk<'_>) -> Source {
        let start = walk.offset();
        walk.advance();
        let Some((range, name)) = walk.name() else {
            let place = source.span(start, 4);
            let message = "wanted the name of a member after COPY".to_owned();
            self.fault(CopybookErrorKind::Syntax, place, message, None);
            walk.take_period();
            return Source::default();
        };
        let mut wanted = Wanted {
            statement: "COPY",
            name,
            of_library: None,
            range,
        };
        if walk.take_word(&["OF", "IN"]) {
            wanted.of_library = walk.name().map(|(_, library)| library);
        }
        walk.take_word(&["SUPPRESS"]);
        // SUPPRESS PRINTING, as other compilers have it.
        walk.take_word(&["PRINTING"]);
        let mut replacements = Vec::new();
        if walk.take_word(&["REPLACING"]) {
            match replace::operands(source, walk) {
                Ok(found) => replacements = found,
                Err((offset, message)) => {
                    let place = source.span(offset, 1);
                    self.fault(CopybookErrorKind::Syntax, place, message.to_owned(), None);
                    while walk.peek().is_some() && !walk.at_period() {
                        walk.advance();
                    }
                }
            }
        }
        if !walk.take_period() {
            let place = source.span(wanted.range.start, wanted.range.len());
            let message = format!("wanted a period after COPY {}", wanted.name);
            let help = Some("a COPY statement ends with a period of its own");
            self.fault(CopybookErrorKind::Syntax, place, message, help);
        }
        let Some(text) = self.member(source, &wanted) else {
            self.missing(source, &wanted);
            return Source::default();
        };
        if replacements.is_empty() {
            return text;
        }
        let replaced = replace::apply(&text, &replacements);
        if replaced.text.len() > MOST_TEXT {
            self.too_much(source, &wanted);
            return Source::default();
        }
        replaced
    }

    /// `EXEC SQL INCLUDE NAME END-EXEC` is a COPY; what else stands in EXEC blocks is for other translators.
    fn exec(&mut self, source: &Source, walk: &mut Walk<'_>) -> Source {
        let start = walk.offset();
        walk.advance();
        let include = walk.take_word(&["SQL"]) && walk.take_word(&["INCLUDE"]);
        let named = if include { walk.name() } else { None };
        let mut ended = false;
        while walk.peek().is_some() && !ended {
            ended = walk.take_word(&["END-EXEC"]);
            if !ended {
                walk.advance();
            }
        }
        walk.take_period();
        if !ended {
            let place = source.span(start, 4);
            let message = "this EXEC has no END-EXEC".to_owned();
            self.fault(CopybookErrorKind::Syntax, place, message, None);
        }
        let Some((range, name)) = named else {
            return Source::default();
        };
        let wanted = Wanted {
            statement: "EXEC SQL INCLUDE",
            name,
            of_library: None,
            range,
        };
        if let Some(text) = self.member(source, &wanted) {
            return text;
        }
        // The areas Db2 brings along, and members between records, are no part of a record.
        let areas = ["SQLCA", "SQLDA"];
        let area = areas
            .iter()
            .any(|own| own.eq_ignore_ascii_case(&wanted.name));
        if !area && !between_records(walk) {
            self.missing(source, &wanted);
        }
        Source::default()
    }

    /// The text of a member, expanded; `None` if the library has none of that name.
    fn member(&mut self, source: &Source, wanted: &Wanted) -> Option<Source> {
        let place = source.span(wanted.range.start, wanted.range.len());
        let (statement, name) = (wanted.statement, wanted.name.as_str());
        let library = wanted.of_library.as_deref();
        let key = format!("{}/{}", library.unwrap_or_default(), name.to_uppercase());
        let trouble = if self.open.contains(&key) {
            Some("the member copies itself".to_owned())
        } else if self.open.len() >= DEEPEST {
            Some(format!("members nested more than {DEEPEST} deep"))
        } else {
            None
        };
        let found = match trouble {
            Some(trouble) => Err(trouble),
            None => self.members.find(name, library),
        };
        let found = match found {
            Ok(found) => found?,
            Err(why) => {
                let message = format!("{statement} {name}: {why}");
                self.fault(CopybookErrorKind::Library, place, message, None);
                return Some(Source::default());
            }
        };
        self.copied = self.copied.saturating_add(found.text.len());
        let number = u16::try_from(self.files.len()).ok();
        let (Some(number), true) = (number, self.copied <= MOST_TEXT) else {
            self.too_much(source, wanted);
            return Some(Source::default());
        };
        let name: Arc<str> = Arc::from(found.file);
        self.files.push(Arc::clone(&name));
        self.open.push(key);
        let text = self.file(number, &name, &found.text);
        self.open.pop();
        Some(text)
    }

    fn missing(&mut self, source: &Source, wanted: &Wanted) {
        let place = source.span(wanted.range.start, wanted.range.len());
        let of = wanted
            .of_library
            .as_ref()
            .map_or_else(String::new, |library| format!(" of {library}"));
        let message = format!(
            "{} {}{of}: no member of that name",
            wanted.statement, wanted.name
        );
        let help = Some("name the directory it is in as an include directory");
        self.fault(CopybookErrorKind::Library, place, message, help);
    }

    fn too_much(&mut self, source: &Source, wanted: &Wanted) {
        let place = source.span(wanted.range.start, wanted.range.len());
        let message = format!(
            "{} {} makes more than {} MiB of text",
            wanted.statement,
            wanted.name,
            MOST_TEXT >> 20
        );
        self.fault(CopybookErrorKind::Library, place, message, None);
    }
}

/// Whether a record, another statement or the end follows: what is left out before it is no part of a record.
fn between_records(walk: &mut Walk<'_>) -> bool {
    let at = walk.at;
    walk.skip_space();
    let next = walk.peek().map(|(_, text)| text.to_ascii_uppercase());
    walk.at = at;
    next.is_none_or(|next| {
        matches!(
            next.as_str(),
            "01" | "1"
                | "77"
                | "78"
                | "EXEC"
                | "COPY"
                | "LINKAGE"
                | "LOCAL-STORAGE"
                | "WORKING-STORAGE"
                | "PROCEDURE"
        )
    })
}
