//! Which changes of legacy are echoes of writes that the gateway gave back to it.
//!
//! In: the field in which legacy keeps the id that came with such a write (`marker` of the gateway's `write_back`), and a record
//! before and after. Out: the id of the write that made the change, if one did. Decided by the field alone; values, times and keys are
//! never guessed from.

use parsers::copybook::Usage;
use parsers::{Date, Field, FieldKind, FieldPath, Layout, Number, Text, Time, Timestamp, Visitor};
use uuid::{Uuid, Variant};

/// The header of an event that has the id of the write it is the echo of: a UUID's 36 characters.
pub(crate) const HEADER: &str = "figway-echo-of";
/// A UUID without its hyphens, the shortest text of one.
const DIGITS: usize = 32;
/// A UUID's own bytes.
const BYTES: usize = 16;

/// Where legacy keeps the id of the last write that was given back to it.
#[derive(Debug, Clone)]
pub(crate) struct EchoField(FieldPath);

impl EchoField {
    /// The field of that path, if it can hold an id.
    ///
    /// # Errors
    /// What is wrong with the path or the field, for a person.
    pub(crate) fn new(layout: &Layout, path: &str) -> Result<Self, String> {
        let place = layout.resolve(path).map_err(|error| error.to_string())?;
        let field = layout.field_of(&place);
        let mut around = around(layout, field);
        if around.clone().any(Field::is_table) {
            return Err(format!(
                "`{path}` is in a table: a record has one last write"
            ));
        }
        if around.any(Field::is_variant) {
            return Err(format!(
                "`{path}` is in one of several views (REDEFINES) and not in every record"
            ));
        }
        // A character of PIC N has two bytes.
        let width = if field.usage() == Some(Usage::National) {
            2
        } else {
            1
        };
        match field.kind() {
            FieldKind::Text { .. } if field.len() / width >= DIGITS => Ok(Self(place)),
            FieldKind::Bytes if field.len() == BYTES => Ok(Self(place)),
            _ => Err(format!(
                "`{path}` cannot hold the id of a write: that is a text of 36 characters, of {DIGITS} without hyphens, or {BYTES} bytes"
            )),
        }
    }

    /// The write that made this change: the field has an id after it that it had not before.
    pub(crate) fn write_behind(
        &self,
        layout: &Layout,
        before: Option<&[u8]>,
        after: Option<&[u8]>,
    ) -> Option<Uuid> {
        let after = self.read(layout, after?)?;
        let before = before.and_then(|record| self.read(layout, record));
        (before != Some(after)).then_some(after)
    }

    /// The id in the field; none where it has something else.
    fn read(&self, layout: &Layout, record: &[u8]) -> Option<Uuid> {
        let mut seen = Seen::default();
        layout.walk_field(record, &self.0, &mut seen).ok()?;
        seen.0
    }
}

/// The field and the groups it is in.
fn around<'l>(layout: &'l Layout, field: &'l Field) -> impl Iterator<Item = &'l Field> + Clone {
    let parent = |field: &&'l Field| field.parent_id().and_then(|id| layout.field(id));
    std::iter::successors(Some(field), parent)
}

/// The gateway's own ids have version 7, or 8 where a client names a request by a key (RFC 9562). Of 16 bytes that may be anything no other
/// version is believed; as a text an id is one whatever its version, for a proxy in front may give them.
fn as_ours(id: Uuid) -> Option<Uuid> {
    let ours = id.get_variant() == Variant::RFC4122 && matches!(id.get_version_num(), 7 | 8);
    ours.then_some(id)
}

/// The id that a field has.
#[derive(Debug, Default)]
struct Seen(Option<Uuid>);

impl Visitor for Seen {
    fn text(&mut self, _: &Field, text: Text<'_>) {
        let mut whole = String::with_capacity(DIGITS);
        text.push_to(&mut whole);
        let id = Uuid::try_parse(whole.trim()).ok();
        self.0 = id.filter(|id| !id.is_nil());
    }

    fn bytes(&mut self, _: &Field, bytes: &[u8]) {
        self.0 = Uuid::from_slice(bytes).ok().and_then(as_ours);
    }

    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn number(&mut self, _: &Field, _: Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn null(&mut self, _: &Field) {}
}

#[cfg(test)]
mod tests;
