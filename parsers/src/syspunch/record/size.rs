//! The bytes of a column: by its POSITION, its type, or the room that the next position leaves.
//!
//! In: a column and what its neighbours say. Out: size and storage, or a fault.

use super::Record;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::syspunch::column::{Column, Position};
use crate::syspunch::kind::{Form, WIDEST};
use crate::syspunch::reader::Place;
use crate::syspunch::{SqlColumn, Store, Unit};

impl Record<'_> {
    /// The first position given in the statement beyond an offset: of a column, or of a null byte.
    pub(super) fn boundary(&self, offset: u32) -> Option<u32> {
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
    pub(super) fn sized(
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
            unit: Unit::Pairs, ..
        } => format!("{words}({})", size / 2),
        Store::Text(_) if words == "GRAPHIC" => format!("{words}({})", size / 2),
        _ => format!("{words}({size})"),
    }
}
