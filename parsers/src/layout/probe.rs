//! Visitors that want no values, only whether and where a record does not decode.
//!
//! In: the calls of a walk. Out: the first fault, or all. They keep nothing of what decodes.

use super::field::Field;
use crate::error::FieldError;
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// A visitor that only wants to know whether everything decodes.
pub(super) struct Probe;

/// The same, with canonical bytes told from others.
pub(super) struct Checked;

/// Looks only for how many occurrences tables have; whether other fields decode does not matter.
pub(super) struct Skim;

/// Collects what does not decode.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    fn add(&mut self, error: FieldError) {
        // A counter is at fault once for itself and once for its table.
        if !self.0.iter().any(|other| other.path() == error.path()) {
            self.0.push(error);
        }
    }
}

macro_rules! silent {
    ($($visitor:ty, $residue:literal, |$this:ident, $field:ident, $error:ident| $invalid:expr;)*) => {$(
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
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
    fn invalid(&mut self, $field: &Field, $error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        let $this = self;
        $invalid
    }
}
    )*};
}

silent! {
    Probe, false, |_this, _field, error| Err(error);
    Checked, true, |_this, _field, error| Err(error);
    Skim, false, |_this, field, error| if field.is_table() { Err(error) } else { Ok(()) };
    Faults, false, |this, _field, error| {
        this.add(error);
        Ok(())
    };
}
