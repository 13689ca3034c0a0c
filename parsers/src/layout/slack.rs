//! SYNCHRONIZED: the boundaries items ask for, and where slack bytes go.
//!
//! In: items with what they inherit. Out: alignments in bytes. By dialect:
//!
//! - `ibm`: Enterprise COBOL Language Reference, "SYNCHRONIZED clause", "Slack bytes". Slack goes in front of the
//!   outermost group that begins with the item; each occurrence of a table ends on its widest boundary. On an 01 the
//!   clause means all items below it.
//! - `mf`: as `ibm`, and only with the binary sizes of the directive IBMCOMP, without which the clause has no effect
//!   (Micro Focus COBOL Language Reference, "SYNCHRONIZED clause").
//! - `gnucobol`: as GnuCOBOL 3.1 does. Boundaries are the items' sizes, slack goes right in front of the item, a group
//!   with the clause is as one without, and see [`Pass::occurrence`] for tables.

use super::field::to_usize;
use super::form_rules::Rules;
use super::options::{BinarySizes, Dialect};
use super::storage::Pass;
use crate::copybook::{Item, PictureKind, Usage};

/// What items inherit that decides their boundaries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    pub(super) usage: Option<Usage>,
    /// The 01 is SYNCHRONIZED, and with it all its items.
    pub(super) synchronized: bool,
}

impl Around {
    fn within(self, item: &Item) -> Around {
        Around {
            usage: item.usage().or(self.usage),
            ..self
        }
    }
}

/// The boundary an elementary item asks for: 1 without SYNCHRONIZED or where it has no effect.
pub(super) fn alignment(item: &Item, around: Around, rules: &Rules) -> u64 {
    if item.synchronized.is_none() && !around.synchronized {
        return 1;
    }
    let usage = item.usage().or(around.usage).unwrap_or_default();
    let (digits, signed) = item
        .picture()
        .map_or((0, false), |picture| match picture.kind() {
            PictureKind::Numeric { digits, signed, .. } => (digits, signed),
            _ => (0, false),
        });
    let binary = matches!(
        usage,
        Usage::Binary | Usage::Native | Usage::CompX | Usage::CompN | Usage::BinaryLittle
    );
    let size = match binary {
        true => rules.binary_size(usage, digits, signed),
        false => rules.size_without_picture(usage),
    };
    let size = u64::from(size.unwrap_or(1));
    match rules.dialect {
        Dialect::GnuCobol if matches!(size, 2 | 4 | 8) => size,
        Dialect::GnuCobol => 1,
        Dialect::Mf if rules.sizes != BinarySizes::TwoFourEight => 1,
        Dialect::Ibm | Dialect::Mf => match usage {
            Usage::Binary | Usage::Native if digits <= 4 => 2,
            // Also of the 8 bytes of 10 to 18 digits.
            Usage::Binary | Usage::Native => 4,
            Usage::Index
            | Usage::Pointer
            | Usage::Pointer32
            | Usage::ProcedurePointer
            | Usage::FunctionPointer
            | Usage::ObjectReference => 4,
            _ if matches!(size, 2 | 4 | 8) => size,
            _ => 1,
        },
    }
}

/// The boundary in front of an item: of a group the one of what it begins with.
pub(super) fn leading_alignment(item: &Item, around: Around, rules: &Rules) -> u64 {
    match item.children().first() {
        Some(_) if rules.dialect == Dialect::GnuCobol => 1,
        Some(first) => leading_alignment(first, around.within(item), rules),
        None => alignment(item, around, rules),
    }
}

/// The widest boundary below an item ("Slack bytes between records", for the occurrences of a table).
pub(super) fn largest_alignment(item: &Item, around: Around, rules: &Rules) -> u64 {
    let within = around.within(item);
    item.children()
        .iter()
        .map(|child| largest_alignment(child, within, rules))
        .max()
        .unwrap_or_else(|| alignment(item, around, rules))
}

impl Pass<'_> {
    /// The length of an occurrence of a table that is a group, each of which must begin where its synchronized items
    /// are aligned again.
    ///
    /// GnuCOBOL takes the widest boundary of what came since the last group in it began, puts the slack in front of
    /// the last item instead of after it, and does nothing for a table of one.
    pub(super) fn occurrence(&mut self, item: &Item, id: u32, len: u64, around: Around) -> u64 {
        if self.rules.dialect != Dialect::GnuCobol {
            return len.next_multiple_of(largest_alignment(item, around, &self.rules));
        }
        if item.occurs().is_none_or(|occurs| occurs.max < 2) {
            return len;
        }
        let whole = len.next_multiple_of(self.widest.max(1));
        let slack = u32::try_from(whole.saturating_sub(len)).unwrap_or(u32::MAX);
        let fields = self.storage.fields.get_mut(to_usize(id)..);
        let mut fields = fields.unwrap_or_default().iter_mut().rev();
        if let Some(last) = fields.find(|field| field.parent == Some(id))
            && last.usage.is_some()
        {
            last.offset = last.offset.saturating_add(slack);
        }
        whole
    }
}
