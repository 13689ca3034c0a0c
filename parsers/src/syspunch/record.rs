//! Tables to records: every column at its place, the bytes between them, the null bytes.
//!
//! In: [`Table`]s as written. Out: an 01 entry for each, with entries in the order of the record. A column without a
//! length of its own reaches to the next one. The first bytes of an unloaded record, which say what table it is of,
//! and null bytes are entries without a name.

mod size;

use std::sync::Arc;

use super::column::{Column, Position};
use super::kind::Form;
use super::reader::Place;
use super::statement::Table;
use super::{NullIf, SqlColumn, Store, Unload, When};
use crate::copybook::{Item, Literal, Named, Usage};
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// The records, and what else the statements say.
pub(super) fn records(
    file: &Arc<str>,
    tables: &[Table],
    faults: &mut Vec<CopybookError>,
) -> (Vec<Item>, Unload) {
    let mut items: Vec<Item> = Vec::new();
    let mut unload = Unload::default();
    let mut seen: Vec<&Table> = Vec::new();
    for table in tables {
        // Each partition of a table has an INTO TABLE of its own, with the same columns.
        if seen.iter().any(|other| alike(other, table)) {
            continue;
        }
        seen.push(table);
        unload.page = unload.page.or(table.encoding.page());
        let mut record = Record {
            file,
            table,
            faults,
            pieces: Vec::new(),
        };
        record.columns();
        record.null_bytes();
        let when = record.when();
        items.push(record.item(&when));
        unload.whens.push(when);
    }
    (items, unload)
}

fn alike(one: &Table, other: &Table) -> bool {
    one.name == other.name
        && one.columns.len() == other.columns.len()
        && one.columns.iter().zip(&other.columns).all(|(a, b)| {
            a.name == b.name && a.kind.form == b.kind.form && a.kind.size == b.kind.size
        })
}

/// Some bytes of the record.
struct Piece {
    name: Option<String>,
    span: Span,
    offset: u32,
    column: SqlColumn,
    value: Option<Literal>,
}

impl Piece {
    fn end(&self) -> u32 {
        self.offset.saturating_add(self.column.size)
    }
}

struct Record<'a> {
    file: &'a Arc<str>,
    table: &'a Table,
    faults: &'a mut Vec<CopybookError>,
    pieces: Vec<Piece>,
}

fn bytes(size: u32, store: Store) -> SqlColumn {
    SqlColumn {
        store,
        size,
        text: if store == Store::Indicator {
            Box::from("null byte")
        } else {
            Box::from("bytes")
        },
        null_if: None,
        moving: false,
    }
}

impl Record<'_> {
    fn fault(&mut self, kind: CopybookErrorKind, span: Span, message: String) {
        let fault = CopybookError::new(kind, self.file, span, message);
        self.faults.push(fault);
    }

    /// Offsets and sizes.
    fn columns(&mut self) {
        let table = self.table;
        let mut next = 0u32;
        let mut moving: Option<&Column> = None;
        for (index, column) in table.columns.iter().enumerate() {
            let offset = match column.position {
                Position::Next(skip) => next.saturating_add(skip),
                Position::At { start, span, .. } => {
                    if let Some(before) = moving {
                        let message = format!(
                            "{} has a fixed position, but {} before it is as long as its value",
                            column.name, before.name
                        );
                        self.fault(CopybookErrorKind::Structure, span, message);
                    }
                    start.saturating_sub(1)
                }
            };
            let given = match column.position {
                Position::At {
                    start,
                    end: Some(end),
                    ..
                } => Some(end.saturating_sub(start).saturating_add(1)),
                _ => None,
            };
            let follower = table.columns.get(index.saturating_add(1));
            let moves = matches!(column.kind.form, Form::Varying(_))
                && given.is_none()
                && !matches!(
                    follower.map(|follower| follower.position),
                    Some(Position::At { .. })
                );
            let room = if moves {
                None
            } else {
                self.boundary(offset).map(|end| end.saturating_sub(offset))
            };
            if let Some((column, size)) = self.sized(column, given, room, moves) {
                next = offset.saturating_add(size);
                self.pieces.push(Piece {
                    name: Some(column.0),
                    span: column.1,
                    offset,
                    column: column.2,
                    value: None,
                });
            }
            if moves {
                moving = Some(column);
            }
        }
    }

    /// NULLIFs to null bytes.
    fn null_bytes(&mut self) {
        let table = self.table;
        for column in &table.columns {
            let Some((place, value)) = &column.null_if else {
                continue;
            };
            let Some(own) = self.position_of(&column.name) else {
                continue;
            };
            let found = match place {
                Place::At { start, end, .. } => {
                    let offset = start.saturating_sub(1);
                    Some((offset, end.saturating_sub(*start).saturating_add(1)))
                }
                Place::Named { name, .. } => self
                    .position_of(name)
                    .and_then(|at| self.pieces.get(at))
                    .map(|piece| (piece.offset, piece.column.size)),
            };
            let Some((offset, len)) = found else {
                let message = match place {
                    Place::Named { name, .. } => format!("NULLIF: no column {name}"),
                    Place::At { .. } => "NULLIF: no such position".to_owned(),
                };
                self.fault(CopybookErrorKind::Path, place.span(), message);
                continue;
            };
            let wanted = match value {
                Literal::Text(text) => text.chars().count(),
                Literal::Hex(bytes) => bytes.len(),
                _ => 0,
            };
            if usize::try_from(len).ok() != Some(wanted) {
                let message = format!("NULLIF compares {len} bytes with {wanted}");
                self.fault(CopybookErrorKind::Structure, place.span(), message);
                continue;
            }
            if !self.indicator(own, offset, len, place) {
                continue;
            }
            if let Some(piece) = self.pieces.get_mut(own) {
                piece.column.null_if = Some(NullIf {
                    offset,
                    len,
                    value: value.clone(),
                    span: place.span(),
                });
            }
        }
    }

    fn position_of(&self, name: &str) -> Option<usize> {
        self.pieces
            .iter()
            .position(|piece| piece.name.as_deref() == Some(name))
    }

    /// Makes the bytes a null byte, if they are not the column's own.
    fn indicator(&mut self, own: usize, offset: u32, len: u32, place: &Place) -> bool {
        let end = offset.saturating_add(len);
        let over = |piece: &Piece| piece.offset < end && offset < piece.end();
        let Some(at) = self.pieces.iter().position(over) else {
            self.pieces.push(Piece {
                name: None,
                span: place.span(),
                offset,
                column: bytes(len, Store::Indicator),
                value: None,
            });
            return true;
        };
        let whole = self
            .pieces
            .get(at)
            .is_some_and(|piece| (piece.offset, piece.column.size) == (offset, len));
        if at == own && whole {
            return true;
        }
        let named = matches!(place, Place::Named { .. });
        match self.pieces.get_mut(at) {
            Some(piece) if whole && at != own && (named || piece.name.is_none()) => {
                piece.column = bytes(len, Store::Indicator);
                piece.name = None;
                true
            }
            Some(piece) => {
                let other = piece.name.clone().unwrap_or_default();
                let message = format!("NULLIF by a part of {other} is not supported");
                self.fault(CopybookErrorKind::NotSupported, place.span(), message);
                false
            }
            None => false,
        }
    }

    /// The conditions that make a record one of this table.
    fn when(&mut self) -> When {
        let table = self.table;
        let mut tests = Vec::new();
        for (place, literal) in &table.when {
            let offset = match place {
                Place::At { start, .. } => Some(start.saturating_sub(1)),
                Place::Named { name, .. } => self
                    .position_of(name)
                    .and_then(|at| self.pieces.get(at))
                    .map(|piece| piece.offset),
            };
            match offset {
                Some(offset) => tests.push((offset, literal.clone(), place.span())),
                None => {
                    let message = "WHEN: no column of that name".to_owned();
                    self.fault(CopybookErrorKind::Path, place.span(), message);
                }
            }
        }
        When {
            name: table.name.clone(),
            tests,
        }
    }

    /// The entry: pieces in order, with entries for the bytes that none of them has.
    fn item(&mut self, when: &When) -> Item {
        let table = self.table;
        self.pieces.sort_by_key(|piece| piece.offset);
        let mut filled: Vec<Piece> = Vec::new();
        let mut next = 0u32;
        for piece in std::mem::take(&mut self.pieces) {
            if piece.offset < next {
                let before = filled.last().and_then(|before| before.name.clone());
                let message = format!(
                    "{} begins at position {}, within {}",
                    piece.name.as_deref().unwrap_or("a null byte"),
                    piece.offset.saturating_add(1),
                    before.as_deref().unwrap_or("a null byte"),
                );
                self.fault(CopybookErrorKind::Structure, piece.span, message);
                continue;
            }
            if piece.offset > next {
                filled.push(gap(next, piece.offset, table.span, when));
            }
            next = piece.end();
            filled.push(piece);
        }
        let mut record = Item::new(1, table.span);
        record.name = Some(Named {
            name: table.name.clone(),
            span: table.span,
        });
        record.children = filled.into_iter().map(entry).collect();
        record
    }
}

/// Bytes that no column has: low-values, or what WHEN wants of them.
fn gap(from: u32, to: u32, span: Span, when: &When) -> Piece {
    let size = to.saturating_sub(from);
    let mut value = vec![0u8; usize::try_from(size).unwrap_or_default()];
    for (offset, literal, _) in &when.tests {
        let start = offset
            .checked_sub(from)
            .and_then(|start| usize::try_from(start).ok());
        if let (Some(start), Literal::Hex(wanted)) = (start, literal)
            && let Some(place) = value
                .get_mut(start..)
                .and_then(|place| place.get_mut(..wanted.len()))
        {
            place.copy_from_slice(wanted);
        }
    }
    Piece {
        name: None,
        span,
        offset: from,
        column: bytes(size, Store::Bytes),
        value: Some(Literal::Hex(value)),
    }
}

fn entry(piece: Piece) -> Item {
    let mut item = Item::new(5, piece.span);
    item.name = piece.name.map(|name| Named {
        name,
        span: piece.span,
    });
    let usage = match piece.column.store {
        Store::Packed { .. } => Usage::Packed,
        Store::Integer => Usage::Native,
        Store::Float { .. } if piece.column.size == 4 => Usage::FloatShort,
        Store::Float { .. } => Usage::FloatLong,
        _ => Usage::Display,
    };
    item.usage = Some((usage, piece.span));
    item.value = piece.value.map(|value| (value, piece.span));
    item.sql = Some(Box::new(piece.column));
    item
}
