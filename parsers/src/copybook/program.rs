//! A whole program: which of its text holds data description entries, and what SPECIAL-NAMES says.
//!
//! In: the text words of a program. Out: the part they are in; pictures' symbols. A text without divisions is a
//! copybook: all of it is data.

use std::collections::HashMap;

use super::options::TextOptions;
use super::picture::Symbols;
use super::piece::{Kind, Walk};

/// Where in a program the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The data division, or a copybook.
    Data,
    /// Other divisions before it, and the sections of it that have other entries: REPORT, SCREEN, COMMUNICATION.
    Other,
    /// The procedure division and all after it.
    Procedure,
}

/// What is known of the program around the entries.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) part: Part,
    pub(super) symbols: Symbols,
}

impl Program {
    pub(super) fn new(options: &TextOptions) -> Program {
        Program {
            part: Part::Data,
            symbols: Symbols {
                decimal_comma: options.decimal_comma,
                currency: options
                    .currency
                    .iter()
                    .map(|currency| (currency.symbol, currency.sign.clone()))
                    .collect(),
                constants: HashMap::new(),
            },
        }
    }

    /// Takes the header of a division or section, with its period, if one begins here.
    pub(super) fn header(&mut self, walk: &mut Walk<'_>) -> bool {
        let Some((_, word)) = walk.peek() else {
            return false;
        };
        let upper = word.to_ascii_uppercase();
        let (part, noun) = match upper.as_str() {
            "IDENTIFICATION" | "ID" | "ENVIRONMENT" => (Part::Other, "DIVISION"),
            "DATA" => (Part::Data, "DIVISION"),
            "PROCEDURE" => (Part::Procedure, "DIVISION"),
            "FILE" | "WORKING-STORAGE" | "LOCAL-STORAGE" | "LINKAGE" => (Part::Data, "SECTION"),
            "REPORT" | "SCREEN" | "COMMUNICATION" | "CONFIGURATION" | "INPUT-OUTPUT" => {
                (Part::Other, "SECTION")
            }
            _ => return false,
        };
        let at = walk.at;
        walk.advance();
        if !walk.take_word(&[noun]) {
            walk.at = at;
            return false;
        }
        walk.take_period();
        self.part = part;
        true
    }

    /// Takes one text word outside the data division, or a clause of SPECIAL-NAMES that pictures depend on.
    pub(super) fn special_names(&mut self, walk: &mut Walk<'_>) {
        if walk.take_word(&["DECIMAL-POINT"]) {
            walk.take_word(&["IS"]);
            self.symbols.decimal_comma |= walk.take_word(&["COMMA"]);
        } else if walk.take_word(&["CURRENCY"]) {
            walk.take_word(&["SIGN"]);
            walk.take_word(&["IS"]);
            let Some(sign) = literal(walk) else {
                return;
            };
            walk.take_word(&["WITH"]);
            let symbol = if walk.take_word(&["PICTURE"]) {
                walk.take_word(&["SYMBOL"]);
                literal(walk)
            } else {
                None
            };
            if let Some(symbol) = symbol.as_ref().unwrap_or(&sign).chars().next() {
                self.symbols.currency.push((symbol, sign));
            }
        } else {
            walk.advance();
        }
    }
}

/// The literal behind blanks, taken.
fn literal(walk: &mut Walk<'_>) -> Option<String> {
    walk.skip_space();
    let (piece, text) = walk.peek()?;
    if piece.kind != Kind::Literal {
        return None;
    }
    walk.advance();
    Some(text.trim_matches(['\'', '"']).to_owned())
}
