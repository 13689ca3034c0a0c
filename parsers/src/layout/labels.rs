//! The members of groups by the names that outputs give them.
//!
//! In: the fields, once. Out: a member of a group by its name, in as many steps as its number has bits.

use super::field::{Field, to_usize};

/// Fields that outputs show, by group and name.
#[derive(Debug, Default)]
pub(super) struct Labels {
    sorted: Box<[u32]>,
    /// A member of the record has a name that JSON keeps for what is beside the values.
    pub(super) reserved: bool,
}

impl Labels {
    /// `root` is the group whose members are the record's.
    pub(super) fn new(fields: &[Field], root: Option<u32>) -> Labels {
        let shown = fields.iter().filter(|field| !field.hidden);
        let mut sorted: Vec<&Field> = shown.collect();
        sorted.sort_by_key(|field| (field.parent, field.label(), field.id));
        let labels = Labels {
            sorted: sorted.iter().map(|field| field.id).collect(),
            reserved: false,
        };
        let is_taken = |name: &str| labels.find(fields, root, name).is_some();
        Labels {
            reserved: is_taken("_raw") || is_taken("_errors"),
            ..labels
        }
    }

    /// The member of a group, or of the record.
    pub(super) fn find<'f>(
        &self,
        fields: &'f [Field],
        group: Option<u32>,
        label: &str,
    ) -> Option<&'f Field> {
        let field = |id: &u32| fields.get(to_usize(*id));
        let before = |id: &u32| {
            field(id).is_some_and(|field| (field.parent, field.label()) < (group, label))
        };
        let at = self.sorted.partition_point(before);
        let found = self.sorted.get(at).and_then(field)?;
        (found.parent == group && found.label() == label).then_some(found)
    }
}
