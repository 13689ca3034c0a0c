//! Whether records look like those of a layout.
//!
//! In: records, one after the other. Out: how many decode and look right. A PIC X decodes whatever is in it, so text
//! counts only where it is text: control characters in it mean that the record begins somewhere else.

use crate::charset::CodePage;
use crate::copybook::Usage;
use crate::error::FieldError;
use crate::layout::{Field, Layout};
use crate::temporal::{Date, Time, Timestamp};
use crate::visitor::{Number, Text, Visitor};

/// How many records are looked at one by one, and how many are passed over between two after that.
const CLOSELY: u64 = 5_000;
const STRIDE: u64 = 64;

/// What was found in many records.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) tried: u64,
    pub(super) decoded: u64,
    /// The first record that does not look right: its number, where it begins in the file, and why.
    pub(super) first: Option<(u64, u64, String)>,
}

impl Judged {
    /// Looks at one record, if it is one of those looked at.
    pub(super) fn take(&mut self, layout: &Layout, record_no: u64, offset: u64, record: &[u8]) {
        if record_no >= CLOSELY && record_no.checked_rem(STRIDE) != Some(0) {
            return;
        }
        self.tried = self.tried.saturating_add(1);
        let look = Look::at(layout, record);
        match look.trouble(record) {
            None => self.decoded = self.decoded.saturating_add(1),
            Some(trouble) => {
                self.first.get_or_insert((record_no, offset, trouble));
            }
        }
    }

    /// Whether the layout is that of these records: a bad one among many is a bad record.
    pub(super) fn is_good(&self) -> bool {
        let bad = self.tried.saturating_sub(self.decoded);
        bad.saturating_mul(20) <= self.tried
    }
}

/// One record looked at.
#[derive(Debug, Default)]
pub(super) struct Look {
    ebcdic: bool,
    double: bool,
    /// Texts with something in them, and those among them that are none.
    texts: u32,
    odd: u32,
    odd_path: String,
    pub(super) packed: u32,
    pub(super) packed_bad: u32,
    /// Fields that are no packed ones, and those of them that do not decode or look wrong.
    pub(super) others: u32,
    pub(super) others_bad: u32,
    first: Option<String>,
    /// Bytes of the record that the layout accounts for.
    pub(super) len: usize,
}

impl Look {
    pub(super) fn at(layout: &Layout, record: &[u8]) -> Look {
        let page = layout.code_page();
        let mut look = Look {
            ebcdic: page.is_ebcdic(),
            double: !page.is_single_byte() || page == CodePage::Utf8,
            ..Look::default()
        };
        match layout.measure(record, &mut look) {
            Ok(len) => look.len = len,
            Err(error) => look.first = look.first.take().or(Some(error.to_string())),
        }
        look
    }

    /// What is wrong with the record, if something is.
    pub(super) fn trouble(&self, record: &[u8]) -> Option<String> {
        if let Some(first) = &self.first {
            return Some(first.clone());
        }
        if self.odd.saturating_mul(4) > self.texts {
            return Some(format!("field {} is no text", self.odd_path));
        }
        // What fills a record of fixed length up is no data.
        let beyond = record.get(self.len..).unwrap_or_default();
        let filler = beyond.first().copied().unwrap_or_default();
        if beyond.iter().any(|byte| *byte != filler) {
            return Some(format!(
                "it has {} bytes, and the copybook describes {}",
                record.len(),
                self.len
            ));
        }
        None
    }

    fn is_odd(&self, bytes: &[u8]) -> bool {
        let first = bytes.first().copied().unwrap_or_default();
        if matches!(first, 0x00 | 0xff) && bytes.iter().all(|byte| *byte == first) {
            return false;
        }
        if self.ebcdic {
            let shift = |byte: u8| self.double && matches!(byte, 0x0e | 0x0f);
            return bytes
                .iter()
                .any(|byte| (*byte < 0x40 && !shift(*byte)) || *byte == 0xff);
        }
        let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
        bytes.iter().any(|byte| *byte < 0x20)
            || (!self.double && high.saturating_mul(2) > bytes.len())
    }

    fn other(&mut self) {
        self.others = self.others.saturating_add(1);
    }
}

fn is_packed(field: &Field) -> bool {
    matches!(field.usage(), Some(Usage::Packed | Usage::PackedNoSign))
}

impl Visitor for Look {
    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.other();
        if text.is_empty() {
            return;
        }
        self.texts = self.texts.saturating_add(1);
        if self.is_odd(text.raw()) {
            if self.odd == 0 {
                field.path().clone_into(&mut self.odd_path);
            }
            self.odd = self.odd.saturating_add(1);
            self.others_bad = self.others_bad.saturating_add(1);
        }
    }
    fn number(&mut self, field: &Field, _: Number<'_>) {
        if is_packed(field) {
            self.packed = self.packed.saturating_add(1);
        } else {
            self.other();
        }
    }
    fn invalid(&mut self, field: &Field, error: FieldError, _: &[u8]) -> Result<(), FieldError> {
        self.first = self.first.take().or_else(|| Some(error.to_string()));
        if is_packed(field) {
            self.packed = self.packed.saturating_add(1);
            self.packed_bad = self.packed_bad.saturating_add(1);
        } else {
            self.other();
            self.others_bad = self.others_bad.saturating_add(1);
        }
        Ok(())
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn float(&mut self, _: &Field, _: f64) {
        self.other();
    }
    fn date(&mut self, field: &Field, _: Date) {
        if is_packed(field) {
            self.packed = self.packed.saturating_add(1);
        } else {
            self.other();
        }
    }
    fn time(&mut self, _: &Field, _: Time) {
        self.other();
    }
    fn timestamp(&mut self, _: &Field, _: Timestamp) {
        self.other();
    }
    fn flag(&mut self, _: &Field, _: bool) {
        self.other();
    }
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {
        self.other();
    }
}
