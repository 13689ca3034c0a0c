//! Which FILLERs are shown, and under which names.
//!
//! In: items, of which FILLERs have that for a name. Out: names for those that options keep. Options
//! `drop_group_fillers` (default false), `drop_value_fillers` (default true), `filler_naming_policy`.

use anyhow::{Result, ensure};

use super::item::Item;
use super::options::Options;

struct Naming {
    drop_groups: bool,
    drop_values: bool,
    after_previous: bool,
    groups: u32,
    values: u32,
}

/// Names FILLERs that are kept and marks the others.
pub fn name(items: &mut [Item], options: &Options) -> Result<()> {
    let policy = options.text("filler_naming_policy").unwrap_or_default();
    let mut naming = Naming {
        drop_groups: options.flag("drop_group_fillers", false),
        drop_values: options.flag("drop_value_fillers", true),
        after_previous: policy.eq_ignore_ascii_case("previous_field_name"),
        groups: 0,
        values: 0,
    };
    if naming.drop_groups {
        naming.drop(items);
    }
    ensure!(
        naming.members(items, ""),
        "the copybook has nothing but FILLERs"
    );
    Ok(())
}

impl Naming {
    /// Groups without a named member are FILLERs; true when there is a named one.
    fn drop(&self, items: &mut [Item]) -> bool {
        let mut named = false;
        for item in items {
            if item.is_group() {
                named |= !item.filler;
                if !self.drop(&mut item.children) {
                    item.filler = true;
                }
            } else {
                named |= !item.filler || !self.drop_values;
            }
        }
        named
    }

    /// Names the members of `group`; true when one of them is shown.
    fn members(&mut self, items: &mut [Item], group: &str) -> bool {
        let (mut last_group, mut last_value) = (group.to_owned(), group.to_owned());
        let mut shown = false;
        for item in items {
            if item.is_group() {
                self.group(item, &last_group);
            } else if item.filler && !self.drop_values {
                self.values += 1;
                item.filler = false;
                item.name = if self.after_previous {
                    format!("FILLER_AFTER_{last_value}")
                } else {
                    format!("FILLER_P{}", self.values)
                };
            }
            last_group.clone_from(&item.name);
            last_value.clone_from(&item.name);
            shown |= !item.filler;
        }
        shown
    }

    fn group(&mut self, item: &mut Item, last: &str) {
        let own = item.name.clone();
        if !self.members(&mut item.children, &own) {
            item.filler = true;
        } else if item.filler && !self.drop_groups {
            self.groups += 1;
            item.filler = false;
            item.name = if self.after_previous {
                format!("FILLER_AFTER_{last}")
            } else {
                format!("FILLER_{}", self.groups)
            };
        }
    }
}
