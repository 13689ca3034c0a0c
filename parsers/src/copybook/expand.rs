//! COPY, REPLACE, INCLUDE and EXEC: from the text of one file to the text the compiler sees.
//!
//! In: the text of a copybook or program and a [`Library`]. Out: [`Source`]: the entries of its data division with
//! everything copied in, and what SPECIAL-NAMES says. Opens nothing itself. Enterprise COBOL Language Reference,
//! "COPY statement", "REPLACE statement"; Db2, "INCLUDE".

mod statement;

use std::sync::Arc;

use super::options::{Library, TextOptions};
use super::piece::{Kind, Walk, pieces};
use super::program::{Part, Program};
use super::reference::{self, File};
use super::replace;
use super::source::Source;
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// More text than this is no data division but a COPY that doubles itself; the largest known is a tenth of it.
pub(super) const MOST_TEXT: usize = 16 << 20;
/// Members within members. Compilers allow some dozens.
const DEEPEST: usize = 64;

/// What came of a text.
pub(super) struct Expanded {
    pub(super) source: Source,
    pub(super) program: Program,
    pub(super) files: Vec<Arc<str>>,
}

/// Expands the text of `file`.
pub(super) fn expand(
    file: &Arc<str>,
    text: &str,
    options: &TextOptions,
    library: &mut dyn Library,
    faults: &mut Vec<CopybookError>,
) -> Expanded {
    let mut expander = Expander {
        options,
        members: library,
        files: vec![Arc::clone(file)],
        open: Vec::new(),
        faults,
        program: Program::new(options),
        copied: 0,
    };
    let source = expander.file(0, file, text);
    let source = expander.replaced(source);
    let (program, files) = (expander.program, expander.files);
    faults.extend(source.faults.iter().map(|(_, fault)| fault.clone()));
    Expanded {
        source,
        program,
        files,
    }
}

struct Expander<'a> {
    options: &'a TextOptions,
    members: &'a mut dyn Library,
    files: Vec<Arc<str>>,
    /// Members being copied, outermost first.
    open: Vec<String>,
    faults: &'a mut Vec<CopybookError>,
    program: Program,
    /// Bytes of all members copied so far.
    copied: usize,
}

impl Expander<'_> {
    /// The text of one file, with its own COPY statements expanded.
    fn file(&mut self, number: u16, name: &Arc<str>, text: &str) -> Source {
        let file = File { number, name, text };
        let source = reference::read(&file, self.options);
        let pieces = pieces(&source.text);
        let mut walk = Walk::new(&source.text, &pieces);
        let mut out = Source::beside(&source);
        let mut kept = 0;
        // Whether a statement may begin: `++INCLUDE` is one only at the beginning of a line.
        let mut fresh = true;
        while let Some((piece, word)) = walk.peek() {
            let start = piece.range.start;
            let kind = piece.kind;
            if kind == Kind::Space {
                fresh = fresh || word.contains('\n');
                walk.advance();
                continue;
            }
            let before = walk.at;
            if kind == Kind::Word && self.program.header(&mut walk) {
                out.append(&source, kept..start);
                kept = walk.offset();
                if self.program.part == Part::Procedure {
                    kept = source.text.len();
                    break;
                }
                fresh = false;
                continue;
            }
            if self.program.part != Part::Data {
                walk.at = before;
                self.program.special_names(&mut walk);
                kept = walk.offset();
                continue;
            }
            if let Some(text) = self.statement(&source, &mut walk, fresh) {
                out.append(&source, kept..start);
                kept = walk.offset();
                out.append(&text, 0..text.text.len());
                out.beyond.extend(text.beyond);
                if self.program.part == Part::Procedure {
                    kept = source.text.len();
                    break;
                }
            } else {
                walk.advance();
            }
            fresh = false;
        }
        out.append(&source, kept..source.text.len());
        out
    }

    /// The text after the REPLACE statements in it took effect.
    fn replaced(&mut self, source: Source) -> Source {
        let pieces = pieces(&source.text);
        let mut walk = Walk::new(&source.text, &pieces);
        let mut out = Source::beside(&source);
        let mut active = Vec::new();
        let mut kept = 0;
        let mut flush = |active: &[replace::Replacement], range: std::ops::Range<usize>| {
            if active.is_empty() {
                out.append(&source, range);
            } else {
                let mut part = Source::default();
                part.append(&source, range);
                let part = replace::apply(&part, active);
                out.append(&part, 0..part.text.len());
            }
        };
        while walk.peek().is_some() {
            let start = walk.offset();
            if !walk.take_word(&["REPLACE"]) {
                walk.advance();
                continue;
            }
            flush(&active, kept..start);
            walk.take_word(&["ALSO", "LAST"]);
            if walk.take_word(&["OFF"]) {
                active.clear();
            } else {
                match replace::operands(&source, &mut walk) {
                    Ok(found) => active = found,
                    Err((offset, message)) => {
                        let place = source.span(offset, 1);
                        self.fault(CopybookErrorKind::Syntax, place, message.to_owned(), None);
                    }
                }
            }
            while walk.peek().is_some() && !walk.take_period() {
                walk.advance();
            }
            kept = walk.offset();
        }
        flush(&active, kept..source.text.len());
        if active.is_empty() && kept == 0 {
            return source;
        }
        if out.text.len() > MOST_TEXT {
            self.fault(
                CopybookErrorKind::Structure,
                Span::default(),
                format!("REPLACE makes more than {} MiB of text", MOST_TEXT >> 20),
                None,
            );
        }
        out
    }

    fn fault(&mut self, kind: CopybookErrorKind, place: Span, message: String, help: Option<&str>) {
        let Some(root) = self.files.first() else {
            return;
        };
        let mut fault = CopybookError::new(kind, root, place, message);
        if let Some(help) = help {
            fault = fault.with_help(help);
        }
        self.faults.push(fault);
    }
}
