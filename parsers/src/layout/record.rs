//! What a layout does with a record: walks, keys, values, JSON, and back.

use super::field::Field;
use super::walk::{Frame, Walker};
use super::{Layout, Step, encode, probe};
use crate::error::FieldError;
use crate::path::FieldPath;
use crate::value::{Group, Record};
use crate::visitor::Visitor;

impl Layout {
    /// Whether a field says where or what others are.
    pub(crate) fn is_pivot(&self, field: &Field) -> bool {
        self.program.is_pivot(field.id)
    }

    /// One pass over the record, calling the visitor for each field in order.
    ///
    /// # Errors
    /// Whatever [`Visitor::invalid`] gave back, which by default is the first field that does not decode.
    pub fn walk<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<(), FieldError> {
        Walker::new(self, record).record(visitor)
    }

    /// As [`walk`](Self::walk), and says how many bytes of the record the layout accounts for: fewer than there are
    /// where something lies behind it, more where a view does not fill its area. Of bytes that go on with the next
    /// record it is where that begins.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn measure<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<usize, FieldError> {
        let mut walker = Walker::new(self, record);
        walker.record(visitor)?;
        Ok(walker.accounted())
    }

    /// The key fields only, in the order of the key; nothing else of the record needs to decode.
    ///
    /// # Errors
    /// As [`walk`](Self::walk); also for a record of a type that does not have the key's fields, such as a trailer.
    pub fn walk_key<V: Visitor>(&self, record: &[u8], visitor: &mut V) -> Result<(), FieldError> {
        let mut walker = Walker::new(self, record);
        walker.has_key()?;
        self.key_leaves().try_for_each(|leaf| {
            walker.start_of(leaf.field)?;
            walker.leaf(leaf, &Frame::ROOT, visitor)
        })
    }

    /// One field only, whatever record type it belongs to; without subscripts the first occurrence. A group is
    /// walked with all its members, as a group.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn walk_field<V: Visitor>(
        &self,
        record: &[u8],
        path: &FieldPath,
        visitor: &mut V,
    ) -> Result<(), FieldError> {
        Walker::new(self, record).one(path, visitor)
    }

    /// Whether the place of a field depends on the counts in the record: a table of varying length (OCCURS DEPENDING
    /// ON) is before it or around it. Then [`Field::offset`] is where it stands with most occurrences, and
    /// [`Visitor::raw`] says where it is.
    pub fn is_movable(&self, field: &Field) -> bool {
        self.program.is_movable(field.id)
    }

    /// Strides of the tables a field is in or is, outermost first.
    pub(super) fn strides(&self, field: u32) -> Vec<u32> {
        let mut strides = Vec::new();
        let mut at = self.field(field);
        while let Some(field) = at {
            strides.extend(field.occurs.map(|occurs| occurs.stride));
            at = field.parent.and_then(|parent| self.field(parent));
        }
        strides.reverse();
        strides
    }

    /// How many of these bytes are the record that begins them, by the counts that it holds: its canonical length.
    /// Nothing but the counts has to decode.
    ///
    /// # Errors
    /// A count that does not decode, or a table that is cut.
    pub fn record_len(&self, bytes: &[u8]) -> Result<usize, FieldError> {
        let mut walker = Walker::new(self, bytes);
        walker.record(&mut probe::Skim)?;
        Ok(walker.accounted())
    }

    /// Checks that every field decodes.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn validate(&self, record: &[u8]) -> Result<(), FieldError> {
        Walker::new(self, record).record(&mut probe::Probe)
    }

    /// Appends the canonical key: each key field decoded and encoded in its preferred form, one after the other.
    /// Records with equal key values give equal bytes, whatever their sign nibbles; the length is the same for all
    /// records of a layout, but for keys with a column of an unloaded table that is as long as its value. Bytewise order is a total order, by EBCDIC for text and not by value for numbers.
    ///
    /// # Errors
    /// A key field that does not decode, or a record of a type without them; `out` is then as it was.
    pub fn write_key(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FieldError> {
        let start = out.len();
        let mut walker = Walker::new(self, record);
        let done = walker.has_key().and_then(|()| {
            self.key_leaves()
                .try_for_each(|leaf| walker.canonical(leaf, out))
        });
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    /// Every field that does not decode, each once, in the order of the copybook; none where
    /// [`validate`](Self::validate) holds.
    pub fn faults(&self, record: &[u8]) -> Vec<FieldError> {
        let mut faults = probe::Faults::default();
        // It goes on after each of them, so that the walk itself has no error left.
        match self.walk(record, &mut faults) {
            Ok(()) => faults.0,
            Err(error) => vec![error],
        }
    }

    /// Decodes a record to values and residue: [`encode`](Self::encode) gives the same bytes back.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(&self, record: &[u8]) -> Result<Record, FieldError> {
        crate::value::decode(self, record)
    }

    /// Encodes values to record bytes, in canonical form but for what the residue says. Members that are missing get
    /// their VALUE, or blanks or zero; an OCCURS DEPENDING ON counter that is missing is set.
    ///
    /// # Errors
    /// A member the layout does not have, or a value its field cannot hold.
    pub fn encode(&self, record: &Record) -> Result<Vec<u8>, FieldError> {
        encode::encode(self, record, None)
    }

    /// As [`encode`](Self::encode), of values alone.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_values(&self, values: &Group) -> Result<Vec<u8>, FieldError> {
        encode::encode(self, &Record::from(values.clone()), None)
    }

    /// Appends the record as one JSON object, without a newline: names and nesting as in the copybook, numbers with
    /// full scale, and `_raw` with the residue where there is any.
    ///
    /// # Errors
    /// The first field that does not decode; `out` is then as it was.
    pub fn write_json(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), FieldError> {
        crate::json::write(self, record, &crate::json::JsonOptions::default(), out)
    }

    /// As [`write_json`](Self::write_json), with a choice of what to do about fields that do not decode and residue.
    ///
    /// # Errors
    /// In strict mode the first field that does not decode; `out` is then as it was.
    pub fn write_json_with(
        &self,
        record: &[u8],
        options: &crate::json::JsonOptions,
        out: &mut Vec<u8>,
    ) -> Result<(), FieldError> {
        crate::json::write(self, record, options, out)
    }

    /// Record bytes of a JSON object as [`write_json`](Self::write_json) makes it, edited or not.
    ///
    /// # Errors
    /// Text that is no such object, or what [`encode`](Self::encode) says.
    pub fn read_json(&self, json: &[u8]) -> Result<Vec<u8>, FieldError> {
        encode::of_json(self, json, None)
    }

    /// As [`read_json`](Self::read_json), of a record that may have at most `most` bytes: tables that make it longer are
    /// refused before their occurrences are made. Whoever writes the record still checks its length.
    ///
    /// # Errors
    /// As [`read_json`](Self::read_json).
    pub fn read_json_within(&self, json: &[u8], most: u32) -> Result<Vec<u8>, FieldError> {
        encode::of_json(self, json, Some(most))
    }

    /// Record bytes of the steps through an object, which name fields by [`Field::id`]: those that
    /// [`read_json_within`](Self::read_json_within) makes of the JSON of these values, or none where that has to be asked. It is asked for
    /// what is wrong, for what a policy bends, and for what is of no field; whatever it refuses is none here.
    pub fn read_steps(&self, steps: &[Step<'_>], most: u32) -> Option<Vec<u8>> {
        encode::of_steps(self, steps, Some(most))
    }
}
