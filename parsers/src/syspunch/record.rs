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
use crate::copybook::{Figurative, Item, Literal, Named, Usage};
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
            // By its place in the text, not its name: two columns may have one name.
            let own = self
                .pieces
                .iter()
                .position(|piece| piece.name.is_some() && piece.span == column.span);
            let Some(own) = own else {
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
                filled.extend(gaps(next, piece.offset, table.span, when));
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

/// Bytes that no column has: what WHEN wants of them, and low-values around it. However long they are, no more is kept of them than WHEN says.
fn gaps(from: u32, to: u32, span: Span, when: &When) -> Vec<Piece> {
    let mut wanted: Vec<(u32, &[u8])> = when
        .tests
        .iter()
        .filter_map(|(offset, literal, _)| match literal {
            Literal::Hex(bytes) => Some((*offset, &bytes[..])),
            _ => None,
        })
        .filter(|(offset, bytes)| from <= *offset && end_of(*offset, bytes) <= to)
        .collect();
    wanted.sort_by_key(|(offset, _)| *offset);
    let mut regions: Vec<(u32, Vec<u8>)> = Vec::new();
    for (offset, bytes) in wanted {
        match regions.last_mut() {
            // Conditions on the same bytes: the later one is what they are.
            Some((start, region)) if offset <= end_of(*start, region) => {
                let skipped = usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX);
                let behind = skipped.saturating_add(bytes.len()).min(region.len());
                region.splice(skipped.min(behind)..behind, bytes.iter().copied());
            }
            _ => regions.push((offset, bytes.to_vec())),
        }
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next = from;
    for (offset, region) in regions {
        pieces.extend(low_values(next, offset, span));
        next = end_of(offset, &region);
        pieces.push(blank(offset, next, span, Literal::Hex(region)));
    }
    pieces.extend(low_values(next, to, span));
    pieces
}

fn end_of(offset: u32, bytes: &[u8]) -> u32 {
    offset.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

fn low_values(from: u32, to: u32, span: Span) -> Option<Piece> {
    (from < to).then(|| blank(from, to, span, Literal::Figurative(Figurative::LowValue)))
}

fn blank(from: u32, to: u32, span: Span, value: Literal) -> Piece {
    Piece {
        name: None,
        span,
        offset: from,
        column: bytes(to.saturating_sub(from), Store::Bytes),
        value: Some(value),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: u32, to: u32, tests: &[(u32, &[u8])]) -> Vec<String> {
        let when = When {
            name: "T".to_owned(),
            tests: tests
                .iter()
                .map(|(offset, bytes)| (*offset, Literal::Hex(bytes.to_vec()), Span::default()))
                .collect(),
        };
        let pieces = gaps(from, to, Span::default(), &when);
        let shown = pieces.iter().map(|piece| {
            let value = piece.value.as_ref().unwrap();
            format!("{}..{} {value:?}", piece.offset, piece.end())
        });
        shown.collect()
    }

    #[test]
    fn a_gap_of_gigabytes_keeps_no_more_than_when_says() {
        assert_eq!(
            shown(
                2,
                2_132_711_904,
                &[(0, b"xx"), (2_000_000_000, &[0, 6]), (9, &[1])]
            ),
            [
                "2..9 Figurative(LowValue)",
                "9..10 Hex([1])",
                "10..2000000000 Figurative(LowValue)",
                "2000000000..2000000002 Hex([0, 6])",
                "2000000002..2132711904 Figurative(LowValue)",
            ]
        );
        assert_eq!(shown(0, 2, &[(0, &[0, 6])]), ["0..2 Hex([0, 6])"]);
    }

    #[test]
    fn conditions_on_the_same_bytes_are_one_piece() {
        assert_eq!(
            shown(0, 8, &[(0, &[1, 2, 3]), (1, &[9]), (2, &[4, 5]), (4, &[7])]),
            ["0..5 Hex([1, 9, 4, 5, 7])", "5..8 Figurative(LowValue)"]
        );
    }
}
