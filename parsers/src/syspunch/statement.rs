//! What stands around the columns: LOAD's options, INTO TABLE, WHEN.
//!
//! In: tokens. Out: [`Table`]s as written. Options that say nothing about records are passed over; those that make
//! records something else than fields at their positions are refused.

use std::sync::Arc;

use super::cards::{Kind, Token};
use super::column::{self, Column};
use super::reader::{Place, Read, Reader};
use crate::charset::CodePage;
use crate::copybook::Literal;
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// One INTO TABLE with its columns.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) encoding: Encoding,
    pub(super) when: Vec<(Place, Literal)>,
    pub(super) columns: Vec<Column>,
}

/// EBCDIC, ASCII or UNICODE, and the CCSIDs of single-byte, mixed and double-byte characters; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Encoding {
    pub(super) unicode: bool,
    pub(super) ccsids: [u16; 3],
    /// FLOAT(IEEE).
    pub(super) ieee: bool,
}

impl Encoding {
    pub(super) fn page(&self) -> Option<CodePage> {
        let [single, mixed, _] = self.ccsids;
        let known = |ccsid: &u16| *ccsid != 0;
        match [single, mixed].iter().find(|ccsid| known(ccsid)) {
            // All of Unicode's character columns are UTF-8; 367 is the part of it that single-byte columns have.
            Some(_) if self.unicode => Some(CodePage::Utf8),
            Some(ccsid) => CodePage::from_ccsid(*ccsid),
            None => self.unicode.then_some(CodePage::Utf8),
        }
    }
}

/// Every INTO TABLE of the text.
pub(super) fn tables(
    file: &Arc<str>,
    tokens: &[Token],
    faults: &mut Vec<CopybookError>,
) -> Vec<Table> {
    let mut reader = Reader {
        file,
        tokens,
        at: 0,
        depth: 0,
        faults,
    };
    let mut tables = Vec::new();
    let mut encoding = Encoding::default();
    // Before the first LOAD are other statements.
    while !reader.ended() && !reader.token().is("LOAD") {
        reader.next();
    }
    while !reader.ended() {
        if reader.token().is("INTO") && reader.ahead(1).is("TABLE") {
            let into = reader.next().span;
            reader.next();
            match reader.table(into, encoding) {
                Ok(Some(table)) => tables.push(table),
                Ok(None) => {}
                Err(fault) => reader.faults.push(fault),
            }
        } else if let Err(fault) = reader.option(&mut encoding, false) {
            reader.faults.push(fault);
        }
    }
    tables
}

impl Reader<'_> {
    /// One word of the statement, with what belongs to it.
    fn option(&mut self, encoding: &mut Encoding, table: bool) -> Read<()> {
        let token = self.next();
        let Kind::Word(word) = &token.kind else {
            return Ok(());
        };
        match word.as_str() {
            "LOAD" => *encoding = Encoding::default(),
            "UNICODE" => encoding.unicode = true,
            "CCSID" if self.token().is_sign('(') => {
                self.next();
                let mut ccsids = [0; 3];
                for (index, slot) in ccsids.iter_mut().enumerate() {
                    if index > 0 && !self.sign(',') {
                        break;
                    }
                    let span = self.token().span;
                    let number = self.number("a CCSID")?;
                    *slot = self.ccsid(number, span)?;
                }
                encoding.ccsids = ccsids;
                self.want_sign(')')?;
            }
            "FLOAT" if self.token().is_sign('(') => {
                self.next();
                encoding.ieee = self.word("IEEE");
                if !encoding.ieee && !self.word("S390") {
                    return Err(self.wanted("IEEE or S390"));
                }
                self.want_sign(')')?;
            }
            "FORMAT" => {
                let form = self.token();
                if ["DELIMITED", "INTERNAL", "UNLOAD", "SQL"]
                    .iter()
                    .any(|word| form.is(word))
                {
                    let message = format!(
                        "FORMAT {}: the records do not have their fields at positions",
                        form.shown().trim_matches('`')
                    );
                    return Err(self.not_supported(form.span, message).with_help(
                        "unload without FORMAT, so that SYSPUNCH has POSITION for each column",
                    ));
                }
            }
            "CONTINUEIF" => {
                let message = "CONTINUEIF: records that go on in the next one are not supported";
                return Err(self.not_supported(token.span, message));
            }
            // Before INTO TABLE every parenthesis is an option's; after it, only those of data set names.
            "INDDN" | "DISCARDDN" | "PART" => self.skip_group(),
            _ if !table => self.skip_group(),
            _ => {}
        }
        Ok(())
    }

    /// A CCSID that there is a code page for, or 0.
    pub(super) fn ccsid(&self, number: u32, span: Span) -> Read<u16> {
        let ccsid = u16::try_from(number).unwrap_or(u16::MAX);
        // 0 is none, 65534 and 65535 are bits.
        let none = matches!(ccsid, 0 | 65534 | 65535);
        if none || CodePage::from_ccsid(ccsid).is_some() {
            Ok(if none { 0 } else { ccsid })
        } else {
            Err(self.not_supported(
                span,
                format!("there is no code page for CCSID {number} yet"),
            ))
        }
    }

    /// After INTO TABLE.
    fn table(&mut self, into: Span, outer: Encoding) -> Read<Option<Table>> {
        let (mut name, mut span) = self.name("the name of a table")?;
        while self.sign('.') {
            (name, span) = self.name("the name of a table")?;
        }
        let mut encoding = outer;
        let mut when = Vec::new();
        loop {
            let token = self.token();
            if self.ended() || token.is("INTO") || token.is("LOAD") {
                let message = format!("INTO TABLE {name} lists no columns");
                let fault = CopybookError::new(
                    CopybookErrorKind::Structure,
                    self.file,
                    Span {
                        len: span
                            .column
                            .saturating_add(span.len)
                            .saturating_sub(into.column),
                        ..into
                    },
                    message,
                );
                let help =
                    "without them Db2 takes the table's own columns, which are not in this file";
                return Err(fault.with_help(help));
            }
            if token.is_sign('(') {
                break;
            }
            if self.word("WHEN") {
                if let Err(fault) = self.when(&mut when) {
                    self.faults.push(fault);
                    self.skip_to_columns();
                }
                continue;
            }
            self.option(&mut encoding, true)?;
        }
        self.next();
        let columns = self.columns(&encoding);
        Ok(Some(Table {
            name,
            span,
            encoding,
            when,
            columns,
        }))
    }

    /// Conditions that all must hold.
    fn when(&mut self, when: &mut Vec<(Place, Literal)>) -> Read<()> {
        loop {
            when.push(self.condition()?);
            let token = self.token();
            if token.is("OR") {
                return Err(self.not_supported(token.span, "WHEN with OR is not supported"));
            }
            if !self.word("AND") {
                return Ok(());
            }
        }
    }

    /// To the parenthesis that opens the columns.
    fn skip_to_columns(&mut self) {
        while !self.ended() && !self.token().is("INTO") && !self.token().is("LOAD") {
            let columns = self.token().is_sign('(')
                && matches!(self.ahead(1).kind, Kind::Word(_) | Kind::Name(_))
                && matches!(&self.ahead(2).kind, Kind::Word(word) if word == "POSITION" || column::is_type(word));
            if columns {
                return;
            }
            self.next();
        }
    }

    /// The columns up to the closing parenthesis.
    fn columns(&mut self, encoding: &Encoding) -> Vec<Column> {
        let mut columns = Vec::new();
        let depth = self.depth;
        loop {
            match self.column(encoding) {
                Ok(column) => columns.extend(column),
                Err(fault) => {
                    self.faults.push(fault);
                    self.skip_to_next_column(depth);
                }
            }
            if self.sign(',') {
                continue;
            }
            if !self.sign(')') {
                let fault = self.wanted("`,` and the next column, or `)`");
                self.faults.push(fault);
                self.skip_to_next_column(depth);
                if self.sign(',') {
                    continue;
                }
                self.sign(')');
            }
            return columns;
        }
    }

    /// After a fault: to the comma or parenthesis that ends the column, `depth` parentheses deep.
    fn skip_to_next_column(&mut self, depth: usize) {
        while !self.ended() {
            let token = self.token();
            let statement = token.is("INTO") && self.ahead(1).is("TABLE");
            let ends = token.is_sign(',') || token.is_sign(')');
            if statement || (ends && self.depth <= depth) {
                return;
            }
            self.next();
        }
    }
}
