//! A record through the program to a visitor: the one place where record bytes become values.
//!
//! In: a compiled layout, a record, a [`Visitor`]. Out: its calls. Allocates nothing for a field that decodes; paths
//! with subscripts are put together only for residue and faults.

use super::Layout;
use super::field::{Field, to_usize};
use super::matching::Match;
use super::program::{Choice, Form, Leaf, Op};
use super::select;
use crate::charset::Table;
use crate::codec::{self, Bad, Codec, NO_DIGITS};
use crate::date::Date;
use crate::error::{FieldError, FieldErrorKind};
use crate::visitor::{Number, Text, Visitor};

/// Where in which tables the walk is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Displacement of all tables together.
    pub(crate) base: usize,
    /// Occurrence of the innermost table, from 1.
    pub(crate) subscript: u32,
    /// How many tables.
    pub(crate) tables: u16,
    pub(crate) around: Option<&'a Frame<'a>>,
}

impl Frame<'_> {
    pub(crate) const ROOT: Frame<'static> = Frame {
        base: 0,
        subscript: 0,
        tables: 0,
        around: None,
    };

    /// Subscripts, outermost first.
    pub(crate) fn subscripts(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = Some(self);
        while let Some(frame) = at.filter(|frame| frame.tables > 0) {
            found.push(frame.subscript);
            at = frame.around;
        }
        found.reverse();
        found
    }

    /// The displacement of the outermost `tables` tables.
    pub(crate) fn base_of(&self, tables: u16) -> usize {
        let mut at = self;
        while at.tables > tables
            && let Some(around) = at.around
        {
            at = around;
        }
        at.base
    }
}

pub(crate) struct Walker<'a> {
    layout: &'a Layout,
    table: &'static Table,
    record: &'a [u8],
    /// Canonical length of the record, as far as is known.
    pub(crate) length: usize,
    /// Above 0: in a view that does not govern, whose residue is another's.
    quiet: u32,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(layout: &'a Layout, record: &'a [u8]) -> Walker<'a> {
        let length = to_usize(layout.program.fixed_end);
        Walker {
            layout,
            table: layout.page.table(),
            record,
            length,
            quiet: 0,
        }
    }

    /// The whole record, with what lies beyond the layout.
    pub(crate) fn record<V: Visitor>(&mut self, visitor: &mut V) -> Result<(), FieldError> {
        self.run(0, self.layout.program.ops.len(), &Frame::ROOT, visitor)?;
        if V::RESIDUE {
            match self.record.get(self.length..) {
                Some([]) => {}
                Some(beyond) => visitor.residue(&format!("@{}", self.length), beyond),
                // Shorter than canonical, with no field missing: a view that does not fill its area.
                None => {
                    let length = u32::try_from(self.record.len()).unwrap_or(u32::MAX);
                    visitor.residue("@length", &length.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    /// The ops of one field, at the occurrence its subscripts say.
    pub(super) fn one<V: Visitor>(
        &mut self,
        path: &crate::path::FieldPath,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let wanted = path.field;
        let whole = layout.collapsed && wanted == 0;
        let ops = &layout.program.ops;
        let found = ops.iter().position(|op| match op {
            Op::Leaf(leaf) => layout
                .program
                .leaves
                .get(to_usize(*leaf))
                .is_some_and(|leaf| leaf.field == wanted),
            Op::GroupStart { field, .. } => *field == wanted,
            _ => false,
        });
        let (from, to) = match (found, found.and_then(|at| ops.get(at))) {
            (Some(at), Some(Op::GroupStart { end, .. })) => (at, to_usize(*end)),
            (Some(at), Some(_)) => (at, at.saturating_add(1)),
            _ if whole => (0, ops.len()),
            _ => return Ok(()),
        };
        let strides = layout.strides(wanted);
        let one = [1u32];
        let subscripts = path.subscripts.iter().chain(one.iter().cycle());
        let mut base = 0usize;
        for (stride, subscript) in strides.iter().zip(subscripts) {
            let index = to_usize(subscript.saturating_sub(1));
            base = base.saturating_add(to_usize(*stride).saturating_mul(index));
        }
        let subscript = path.subscripts.last().copied().unwrap_or(1);
        let frame = match strides.len() {
            0 => Frame::ROOT,
            // Faults name the innermost subscript only; the path asked for names them all.
            _ => Frame {
                base,
                subscript,
                tables: 1,
                around: None,
            },
        };
        self.run(from, to, &frame, visitor)
    }

    /// Checks that the record is of a type that has the key's fields.
    pub(super) fn has_key(&self) -> Result<(), FieldError> {
        let layout = self.layout;
        for (choice, view) in &layout.key_views {
            let Some(choice) = layout.program.choices.get(to_usize(*choice)) else {
                continue;
            };
            let base = |_| 0;
            if select::choose(&choice.rules, self.record, &base) != Some(*view) {
                let name = choice
                    .views
                    .get(*view)
                    .map_or("", |view| self.field(view.field).name());
                let found = select::shown(&choice.rules, &layout.fields, self.record, &base);
                let message = format!("a record without {name}, where the key is: {found}");
                let path = layout
                    .key
                    .first()
                    .map_or("", crate::path::FieldPath::as_str);
                return Err(FieldError::at(
                    FieldErrorKind::RecordType,
                    path,
                    to_usize(choice.offset),
                    &[],
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Appends the canonical bytes of a key field.
    pub(super) fn canonical(&self, leaf: &Leaf, out: &mut Vec<u8>) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = to_usize(leaf.offset);
        let fault = |bad: Bad, bytes: &[u8]| {
            FieldError::at(bad.kind, field.path(), start, bytes, bad.message)
        };
        let Some(bytes) = select::bytes_at(self.record, 0, leaf.offset, leaf.len) else {
            let message = format!(
                "the record ends at byte {}: wanted {} bytes here",
                self.record.len(),
                leaf.len
            );
            let rest = self.record.get(start..).unwrap_or_default();
            return Err(fault(Bad::new(FieldErrorKind::Short, message), rest));
        };
        let mut seen = Checked;
        if self
            .scalar(leaf, bytes, &mut seen)
            .map_err(|bad| fault(bad, bytes))?
        {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let value = crate::value::scalar(self, leaf, bytes).unwrap_or(crate::Value::Null);
        let at = out.len();
        out.resize(at.saturating_add(bytes.len()), 0);
        let place = out.get_mut(at..).unwrap_or_default();
        super::encode::write(leaf, &value, self.layout.page, place).map_err(|bad| fault(bad, bytes))
    }

    fn field(&self, id: u32) -> &'a Field {
        // Ids in ops are positions in `fields`; the first one stands in for an id that cannot be.
        self.layout
            .fields
            .get(to_usize(id))
            .unwrap_or(&self.layout.nothing)
    }

    pub(crate) fn path(&self, field: &Field, frame: &Frame<'_>) -> String {
        crate::path::with_subscripts(&self.layout.fields, field, &frame.subscripts())
    }

    pub(crate) fn run<V: Visitor>(
        &mut self,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let ops = &layout.program.ops;
        let mut at = from;
        while let Some(op) = ops.get(at).filter(|_| at < to) {
            at = at.saturating_add(1);
            match op {
                Op::Leaf(leaf) => {
                    if let Some(leaf) = layout.program.leaves.get(to_usize(*leaf)) {
                        self.leaf(leaf, frame, visitor)?;
                    }
                }
                Op::GroupStart { field, .. } => visitor.group_start(self.field(*field)),
                Op::GroupEnd { field } => visitor.group_end(self.field(*field)),
                Op::Array { field, end } => {
                    let end = to_usize(*end);
                    self.array(*field, at, end, frame, visitor)?;
                    at = end;
                }
                Op::Choice { choice, end } => {
                    if let Some(choice) = layout.program.choices.get(to_usize(*choice)) {
                        self.choice(choice, frame, visitor)?;
                    }
                    at = to_usize(*end);
                }
                Op::Gap { offset, len, fill } => {
                    if V::RESIDUE && self.quiet == 0 {
                        self.gap(*offset, *len, *fill, frame, visitor);
                    }
                }
            }
        }
        Ok(())
    }

    fn gap<V: Visitor>(&self, offset: u32, len: u32, fill: u8, frame: &Frame<'_>, visitor: &mut V) {
        let start = frame.base.saturating_add(to_usize(offset));
        let end = start.saturating_add(to_usize(len)).min(self.record.len());
        if let Some(bytes) = self.record.get(start..end)
            && bytes.iter().any(|byte| *byte != fill)
        {
            visitor.residue(&format!("@{start}"), bytes);
        }
    }

    #[inline]
    pub(super) fn leaf<V: Visitor>(
        &mut self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let Some(bytes) = select::bytes_at(self.record, frame.base, leaf.offset, leaf.len) else {
            return self.short(leaf, frame, visitor);
        };
        let field = self.field(leaf.field);
        if leaf.hidden {
            if V::RESIDUE && self.quiet == 0 && *bytes != *leaf.initial {
                visitor.residue(&self.path(field, frame), bytes);
            }
            return Ok(());
        }
        let canonical = match self.scalar(leaf, bytes, visitor) {
            Ok(canonical) => canonical,
            Err(bad) => return self.invalid(leaf, bytes, bad, frame, visitor),
        };
        if V::RESIDUE && !canonical && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }

    /// One elementary item's bytes to one call of the visitor. Gives back whether writing the value gives the same
    /// bytes.
    #[inline]
    pub(crate) fn scalar<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        visitor: &mut V,
    ) -> Result<bool, Bad> {
        if !matches!((&leaf.form, &leaf.nulls), (Form::Plain, None)) {
            return self.meant(leaf, bytes, visitor);
        }
        self.plain::<V>(leaf, bytes, visitor)
    }

    #[inline]
    fn plain<V: Visitor>(&self, leaf: &Leaf, bytes: &[u8], visitor: &mut V) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        match leaf.codec {
            Codec::Text { right } => {
                visitor.text(
                    field,
                    Text::new(codec::text::trim(bytes, right), self.table),
                );
                Ok(true)
            }
            Codec::FloatShort | Codec::FloatLong => {
                let value = codec::float::read(bytes);
                visitor.float(field, value);
                Ok(!V::RESIDUE || float_is_canonical(value, bytes))
            }
            Codec::Zoned { .. } | Codec::Packed { .. } | Codec::Binary { .. } => {
                let mut digits = NO_DIGITS;
                let (number, canonical) = leaf.codec.number(bytes, &mut digits)?;
                visitor.number(field, number);
                Ok(canonical)
            }
        }
    }

    #[cold]
    fn short<V: Visitor>(
        &self,
        leaf: &Leaf,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = frame.base.saturating_add(to_usize(leaf.offset));
        let rest = self.record.get(start..).unwrap_or_default();
        let message = format!(
            "the record ends at byte {}: wanted {} bytes here",
            self.record.len(),
            leaf.len
        );
        let path = self.path(field, frame);
        let error = FieldError::at(FieldErrorKind::Short, path.as_str(), start, rest, message);
        visitor.invalid(field, error, rest)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&path, rest);
        }
        Ok(())
    }

    #[cold]
    fn invalid<V: Visitor>(
        &self,
        leaf: &Leaf,
        bytes: &[u8],
        bad: Bad,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(leaf.field);
        let start = frame.base.saturating_add(to_usize(leaf.offset));
        let path = self.path(field, frame);
        let error = FieldError::at(bad.kind, path.as_str(), start, bytes, bad.message);
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&path, bytes);
        }
        Ok(())
    }

    /// A leaf that the meaning says more about. Gives back whether its bytes are canonical.
    fn meant<V: Visitor>(&self, leaf: &Leaf, bytes: &[u8], visitor: &mut V) -> Result<bool, Bad> {
        let field = self.field(leaf.field);
        if let Some(nulls) = &leaf.nulls
            && nulls
                .matches
                .iter()
                .any(|null| null.holds(leaf.codec, bytes))
        {
            visitor.null(field);
            return Ok(*nulls.canonical == *bytes);
        }
        match &leaf.form {
            Form::Plain => self.plain(leaf, bytes, visitor),
            Form::Bytes => {
                visitor.bytes(field, bytes);
                Ok(true)
            }
            Form::Date(form) => {
                let (date, canonical) = read_date(leaf.codec, form, bytes, self.table)?;
                visitor.date(field, date);
                Ok(canonical)
            }
            Form::Flag(flag) => {
                let holds =
                    |values: &[Match]| values.iter().any(|value| value.holds(leaf.codec, bytes));
                let (value, canonical) = if holds(&flag.yes) {
                    (true, &flag.yes_bytes)
                } else if holds(&flag.no) {
                    (false, &flag.no_bytes)
                } else {
                    return Err(Bad::new(
                        FieldErrorKind::Flag,
                        "neither of the values that the meaning gives this flag",
                    ));
                };
                visitor.flag(field, value);
                Ok(**canonical == *bytes)
            }
        }
    }

    fn array<V: Visitor>(
        &mut self,
        id: u32,
        from: usize,
        to: usize,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(id);
        let Some(occurs) = field.occurs else {
            return Ok(());
        };
        let start = frame.base.saturating_add(field.offset());
        let count = match occurs.depending_on {
            None => occurs.max,
            Some(counter) => match self.count(counter, field, occurs.min, occurs.max) {
                Ok(count) => count,
                Err(error) => return self.unknown(field, start, error, frame, visitor),
            },
        };
        let stride = to_usize(occurs.stride);
        let last = start.saturating_add(stride.saturating_mul(to_usize(count.saturating_sub(1))));
        if count > 0 && last >= self.record.len() {
            let message = format!(
                "the record ends at byte {}, and {count} occurrences are wanted",
                self.record.len()
            );
            let rest = self.record.get(start..).unwrap_or_default();
            let path = self.path(field, frame);
            let error = FieldError::at(FieldErrorKind::Short, path, start, rest, message);
            return self.unknown(field, start, error, frame, visitor);
        }
        if occurs.depending_on.is_some() {
            self.length = self
                .length
                .max(start.saturating_add(stride.saturating_mul(to_usize(count))));
        }
        if !field.hidden {
            visitor.array_start(field, to_usize(count));
        }
        for index in 0..count {
            let inner = Frame {
                base: frame
                    .base
                    .saturating_add(stride.saturating_mul(to_usize(index))),
                subscript: index.saturating_add(1),
                tables: frame.tables.saturating_add(1),
                around: Some(frame),
            };
            self.run(from, to, &inner, visitor)?;
        }
        if !field.hidden {
            visitor.array_end(field);
        }
        Ok(())
    }

    /// The value of an OCCURS DEPENDING ON counter, within its bounds.
    pub(crate) fn count(
        &self,
        counter: u32,
        table: &Field,
        min: u32,
        max: u32,
    ) -> Result<u32, FieldError> {
        let field = self.field(counter);
        let layout = self.layout;
        let leaf = layout
            .program
            .leaf_of
            .get(to_usize(counter))
            .and_then(|leaf| layout.program.leaves.get(to_usize((*leaf)?)));
        let codec = leaf.map_or(Codec::FloatShort, |leaf| leaf.codec);
        let bytes = select::bytes_at(self.record, 0, field.offset, field.len).unwrap_or_default();
        let fault = |kind, message: String| {
            FieldError::at(kind, field.path(), field.offset(), bytes, message)
        };
        let mut digits = NO_DIGITS;
        let number = match codec.number(bytes, &mut digits) {
            Ok((number, _)) => number.decimal(),
            Err(bad) => return Err(fault(bad.kind, bad.message)),
        };
        let count = number.to_i128().and_then(|count| u32::try_from(count).ok());
        count
            .filter(|count| (min..=max).contains(count))
            .ok_or_else(|| {
                let message = format!(
                    "{number} occurrences of {}: wanted {min} to {max}",
                    table.name
                );
                fault(FieldErrorKind::Count, message)
            })
    }

    /// From here on the structure of the record is not known.
    #[cold]
    fn unknown<V: Visitor>(
        &mut self,
        field: &Field,
        start: usize,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let rest = self.record.get(start..).unwrap_or_default();
        visitor.invalid(field, error, rest)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), rest);
        }
        self.length = self.length.max(self.record.len());
        Ok(())
    }

    fn choice<V: Visitor>(
        &mut self,
        choice: &Choice,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let length = self.length;
        if !choice.rules.is_empty() {
            let base = |tables| frame.base_of(tables);
            let Some(view) = select::choose(&choice.rules, self.record, &base) else {
                return self.no_record_type(choice, frame, visitor);
            };
            return match choice.views.get(view) {
                Some(view) => self.view(choice, view.body, view.fixed_end, frame, visitor),
                None => Ok(()),
            };
        }
        let mut first: Option<FieldError> = None;
        let mut governed = false;
        for view in &choice.views {
            let needed = frame.base.saturating_add(to_usize(view.fixed_end));
            if !(view.sure && needed <= self.record.len())
                && let Err(error) = self.probe(view.body, frame)
            {
                first.get_or_insert(error);
                continue;
            }
            if governed {
                let length = self.length;
                self.quiet = self.quiet.saturating_add(1);
                let done = self.view(choice, view.body, view.fixed_end, frame, visitor);
                self.quiet = self.quiet.saturating_sub(1);
                self.length = length;
                done?;
            } else {
                governed = true;
                self.view(choice, view.body, view.fixed_end, frame, visitor)?;
            }
        }
        match first {
            Some(error) if !governed => {
                self.length = length;
                self.no_view(choice, error, frame, visitor)
            }
            _ => Ok(()),
        }
    }

    fn view<V: Visitor>(
        &mut self,
        choice: &Choice,
        body: (u32, u32),
        fixed_end: u32,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        if choice.variable {
            self.length = self
                .length
                .max(frame.base.saturating_add(to_usize(fixed_end)));
        }
        self.run(to_usize(body.0), to_usize(body.1), frame, visitor)
    }

    /// Whether a view decodes.
    fn probe(&mut self, body: (u32, u32), frame: &Frame<'_>) -> Result<(), FieldError> {
        let length = self.length;
        let done = self.run(to_usize(body.0), to_usize(body.1), frame, &mut Probe);
        self.length = length;
        done
    }

    #[cold]
    fn no_record_type<V: Visitor>(
        &mut self,
        choice: &Choice,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let layout = self.layout;
        let base = |tables| frame.base_of(tables);
        let message = format!(
            "no record type of the meaning fits: {}",
            select::shown(&choice.rules, &layout.fields, self.record, &base)
        );
        let first = choice.views.first().map_or(0, |view| view.field);
        let start = frame.base.saturating_add(to_usize(choice.offset));
        let rest = self.record.get(start..).unwrap_or_default();
        let error = FieldError::at(
            FieldErrorKind::RecordType,
            self.path(self.field(first), frame),
            start,
            rest,
            message,
        );
        self.no_view(choice, error, frame, visitor)
    }

    /// None of the views: the bytes of the place are kept under its first field.
    #[cold]
    fn no_view<V: Visitor>(
        &mut self,
        choice: &Choice,
        error: FieldError,
        frame: &Frame<'_>,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        let field = self.field(choice.views.first().map_or(0, |view| view.field));
        let start = frame.base.saturating_add(to_usize(choice.offset));
        if choice.variable {
            return self.unknown(field, start, error, frame, visitor);
        }
        let end = choice
            .views
            .iter()
            .map(|view| self.field(view.field))
            .map(|field| {
                field.offset().saturating_add(
                    field
                        .len()
                        .saturating_mul(field.occurs.map_or(1, |o| to_usize(o.max))),
                )
            })
            .max()
            .unwrap_or(0);
        let end = frame.base.saturating_add(end).min(self.record.len());
        let bytes = self.record.get(start..end).unwrap_or_default();
        visitor.invalid(field, error, bytes)?;
        if V::RESIDUE && self.quiet == 0 {
            visitor.residue(&self.path(field, frame), bytes);
        }
        Ok(())
    }
}

fn float_is_canonical(value: f64, bytes: &[u8]) -> bool {
    let mut again = [0; 8];
    match again.get_mut(..bytes.len()) {
        Some(again) => codec::float::write(value, again).is_ok() && again == bytes,
        None => false,
    }
}

/// A date out of a text or a number. The bool is whether writing the date gives the same bytes.
pub(crate) fn read_date(
    codec: Codec,
    form: &crate::date::DateForm,
    bytes: &[u8],
    table: &'static Table,
) -> Result<(Date, bool), Bad> {
    let no_date = |shown: &str| {
        Bad::new(
            FieldErrorKind::Date,
            format!("`{shown}` is no date of the form {}", form.as_str()),
        )
    };
    let mut ascii = NO_DIGITS;
    if let Codec::Text { right } = codec {
        let text = codec::text::trim(bytes, right);
        let Some(ascii) = ascii.get_mut(..text.len()) else {
            return Err(no_date("..."));
        };
        for (to, byte) in ascii.iter_mut().zip(text) {
            *to = u8::try_from(table.char_of(*byte)).unwrap_or(0);
        }
        let date = form
            .read(ascii)
            .ok_or_else(|| no_date(&String::from_utf8_lossy(ascii)))?;
        return Ok((date, true));
    }
    let mut digits = NO_DIGITS;
    let (number, canonical) = codec.number(bytes, &mut digits)?;
    let bad = || no_date(&number.decimal().to_string());
    let text = number
        .right_aligned(form.width(), &mut ascii)
        .filter(|_| !number.is_negative())
        .ok_or_else(bad)?;
    Ok((form.read(text).ok_or_else(bad)?, canonical))
}

/// A visitor that only wants to know whether everything decodes.
pub(super) struct Probe;

/// The same, with canonical bytes told from others.
pub(super) struct Checked;

macro_rules! silent {
    ($($visitor:ty, $residue:literal;)*) => {$(
impl Visitor for $visitor {
    const RESIDUE: bool = $residue;
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: Text<'_>) {}
    fn number(&mut self, _: &Field, _: Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
}
    )*};
}

silent! {
    Probe, false;
    Checked, true;
}
