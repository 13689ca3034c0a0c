//! Tables to records: every column at its place, the bytes between them, the null bytes.
//!
//! In: [`Table`]s as written. Out: an 01 entry for each, with entries in the order of the record. A column without a
//! length of its own reaches to the next one. The first bytes of an unloaded record, which say what table it is of,
//! and null bytes are entries without a name.

use std::sync::Arc;

use super::column::{Column, Position};
use super::kind::{Form, WIDEST};
use super::statement::{Place, Table};
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

    /// The first position given in the statement beyond an offset: of a column, or of a null byte.
    fn boundary(&self, offset: u32) -> Option<u32> {
        let columns = self.table.columns.iter();
        columns
            .flat_map(|column| {
                let own = match column.position {
                    Position::At { start, .. } => Some(start),
                    Position::Next(_) => None,
                };
                let null = match &column.null_if {
                    Some((Place::At { start, .. }, _)) => Some(*start),
                    _ => None,
                };
                own.into_iter().chain(null)
            })
            .map(|start| start.saturating_sub(1))
            .filter(|start| *start > offset)
            .min()
    }

    /// The bytes of a column. `given` is by its POSITION, which counts for more than a length of its type;
    /// `room` is what the next position leaves.
    fn sized(
        &mut self,
        column: &Column,
        given: Option<u32>,
        room: Option<u32>,
        moves: bool,
    ) -> Option<((String, Span, SqlColumn), u32)> {
        let kind = &column.kind;
        let usual = match kind.form {
            Form::Fixed(_, [only]) => Some(*only),
            _ => kind.size,
        };
        let own = given.or(usual);
        let fits = |room: &u32| match kind.form {
            Form::Fixed(_, sizes) => sizes.contains(room),
            Form::Packed { .. } => *room <= 16,
            Form::Zoned { .. } => *room <= 31,
            _ => true,
        };
        let size = match kind.form {
            Form::Varying(_) if moves => usual.unwrap_or(WIDEST.saturating_add(2)),
            Form::Varying(_) => given.or(room).or(usual).unwrap_or(WIDEST.saturating_add(2)),
            Form::Fixed(_, [first, ..]) => own.or(room.filter(|room| fits(room))).unwrap_or(*first),
            _ => match own.or(room.filter(|room| fits(room))) {
                Some(size) => size,
                None => {
                    let message = format!("the length of {} is not given", column.name);
                    let fault = CopybookError::new(
                        CopybookErrorKind::Structure,
                        self.file,
                        kind.span,
                        message,
                    )
                    .with_help("write POSITION(start:end), or the length after the type");
                    self.faults.push(fault);
                    return None;
                }
            },
        };
        if let (false, Form::Fixed(_, sizes)) = (fits(&size), kind.form) {
            let wanted: Vec<String> = sizes.iter().map(u32::to_string).collect();
            let message = format!(
                "{} has {size} bytes and {} has {}",
                column.name,
                kind.words,
                wanted.join(" or ")
            );
            self.fault(CopybookErrorKind::Structure, kind.span, message);
            return None;
        }
        let digits = |most: u32| u16::try_from(most).unwrap_or(u16::MAX);
        let (store, text) = match kind.form {
            Form::Any(store) | Form::Fixed(store, _) => {
                (store, sized_words(store, &kind.words, size))
            }
            Form::Varying(store) => {
                if size < 3 {
                    let message = format!(
                        "{} has {size} bytes: wanted two of length and at least one more",
                        column.name
                    );
                    self.fault(CopybookErrorKind::Structure, kind.span, message);
                    return None;
                }
                (
                    store,
                    sized_words(store, &kind.words, size.saturating_sub(2)),
                )
            }
            Form::Packed { digits: own, scale } => {
                let most = digits(size.saturating_mul(2).saturating_sub(1));
                self.digits(column, own.unwrap_or(most), most, scale)?
            }
            Form::Zoned { digits: own, scale } => {
                let most = digits(size);
                self.digits(column, own.unwrap_or(most), most, scale)?
            }
        };
        let sql = SqlColumn {
            store,
            size,
            text: text.into_boxed_str(),
            null_if: None,
            moving: moves,
        };
        Some(((column.name.clone(), column.span, sql), size))
    }

    fn digits(
        &mut self,
        column: &Column,
        own: u16,
        most: u16,
        scale: u16,
    ) -> Option<(Store, String)> {
        let kind = &column.kind;
        if most > 31 || own > most || scale > own {
            let message = format!(
                "{} holds {most} digits, and {} says {own}",
                column.name, kind.words
            );
            self.fault(CopybookErrorKind::Structure, kind.span, message);
            return None;
        }
        // The bytes of an even number of digits have room for one more, which Db2 does not use.
        let store = match kind.form {
            Form::Zoned { .. } => Store::Zoned { digits: own, scale },
            _ => Store::Packed { digits: own, scale },
        };
        let text = match scale {
            0 => format!("{}({own})", kind.words),
            scale => format!("{}({own},{scale})", kind.words),
        };
        Some((store, text))
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

/// `CHAR(8)`, `SMALLINT`, `FLOAT(53)`.
fn sized_words(store: Store, words: &str, size: u32) -> String {
    match store {
        Store::Integer => words.to_owned(),
        Store::Float { ieee } => {
            let digits = if size == 4 { 21 } else { 53 };
            format!("{words}({digits}){}", if ieee { " IEEE" } else { "" })
        }
        Store::Bytes if words == "DECFLOAT" => {
            format!("{words}({})", if size == 8 { 16 } else { 34 })
        }
        Store::Varying {
            unit: super::Unit::Pairs,
            ..
        } => format!("{words}({})", size / 2),
        Store::Text(_) if words == "GRAPHIC" => format!("{words}({})", size / 2),
        _ => format!("{words}({size})"),
    }
}
