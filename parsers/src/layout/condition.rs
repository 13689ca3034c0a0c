//! A level 88 as a question to records, for those that tell answers apart by it. Nothing here is resolved per record.
//!
//! In: a condition-name. Out: a [`ConditionTest`], or that there is none of that name, or several.

use super::matching::Match;
use super::select::{RecordType, Test};
use super::{Field, Layout, Walker, to_usize};
use crate::codec::{Chars, Codec};
use crate::path;

/// A level 88 of a field that stands in no table.
#[derive(Debug, Clone)]
pub struct ConditionTest {
    name: String,
    test: Test,
}

impl ConditionTest {
    /// The condition-name, in upper case.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Layout {
    /// The record types of the meaning, in its order: what [`Layout::record_type`] can say.
    pub fn record_type_names(&self) -> impl Iterator<Item = &str> {
        self.record_types().map(|kind: &RecordType| &*kind.name)
    }

    /// The level 88 of a name, qualified by its field if need be: `LOT-STATE.LOT-RELEASED`.
    ///
    /// # Errors
    /// Why there is none to ask for, in words.
    pub fn condition(&self, name: &str) -> Result<ConditionTest, String> {
        let upper = name.trim().to_uppercase();
        let (of, bare) = upper
            .rsplit_once('.')
            .map_or((None, upper.as_str()), |(of, bare)| (Some(of), bare));
        let of = match of.map(|of| path::resolve(&self.fields, of)) {
            None => None,
            Some(Ok(path)) => Some(path.field),
            Some(Err(error)) => return Err(error.to_string()),
        };
        let fields = self.fields.iter();
        let found: Vec<_> = fields
            .filter(|field| of.is_none_or(|wanted| wanted == field.id))
            .flat_map(|field| {
                let named = field.conditions().iter();
                named
                    .filter(|condition| condition.name() == bare)
                    .map(move |condition| (field, condition))
            })
            .collect();
        let [(field, condition)] = *found.as_slice() else {
            return Err(match found.len() {
                0 => format!("no level 88 `{name}` in this copybook"),
                _ => format!("several level 88 `{name}`: write FIELD.{bare}"),
            });
        };
        if self.is_in_table(field) {
            return Err(format!(
                "{bare} is of {}, which stands in a table",
                field.name()
            ));
        }
        // A group is compared as text.
        let codec = self.codec_of(field).unwrap_or(Codec::Text {
            chars: Chars::of(self.page),
            right: false,
        });
        let ranges = condition.values().iter();
        let values = ranges.map(|range| Match::of_range(range, codec, field.len(), self.page));
        let values = values
            .collect::<Result<Vec<_>, _>>()
            .map_err(|bad| format!("{bare}: {}", bad.message))?;
        Ok(ConditionTest {
            name: bare.to_owned(),
            test: Test {
                field: field.id,
                offset: field.offset,
                len: field.len,
                codec,
                tables: 0,
                values,
            },
        })
    }

    /// Whether it holds in a record; not in one that does not have its field.
    pub fn holds(&self, condition: &ConditionTest, record: &[u8]) -> bool {
        Walker::new(self, record).holds(&condition.test)
    }

    fn is_in_table(&self, field: &Field) -> bool {
        let mut at = Some(field);
        while let Some(field) = at {
            if field.is_table() {
                return true;
            }
            at = field.parent.and_then(|id| self.fields.get(to_usize(id)));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::{Copybook, CopybookText, Layout, LayoutOptions};

    #[test]
    fn a_condition_name_is_asked_of_records() {
        let text = "
       01  REPLY.
           05  CODE-1  PIC S9(3) COMP-3.
               88  DONE    VALUE 0.
               88  WARNED  VALUES 1 THRU 4.
           05  STATE   PIC X(2).
               88  OPEN-NOW  VALUE 'O'.
           05  OTHER   PIC X.
               88  DONE    VALUE 'D'.
           05  ROW OCCURS 2.
               10  R   PIC X.
                   88  R-SET VALUE 'Y'.
";
        let copybook = Copybook::parse(CopybookText {
            file: "reply.cpy",
            text,
        })
        .unwrap();
        let layout = Layout::compile(&copybook, None, &LayoutOptions::default()).unwrap();
        let record = |code: i64| {
            let json = format!(
                r#"{{"CODE-1":{code},"STATE":"O","OTHER":"X","ROW":[{{"R":"Y"}},{{"R":"N"}}]}}"#
            );
            layout.read_json(json.as_bytes()).unwrap()
        };
        let holds =
            |name: &str, code| layout.holds(&layout.condition(name).unwrap(), &record(code));
        assert!(holds("CODE-1.DONE", 0) && !holds("CODE-1.DONE", 1));
        assert!(holds("warned", 4) && !holds("WARNED", 5));
        assert!(holds("OPEN-NOW", 0) && !holds("OTHER.DONE", 0));
        assert!(!layout.holds(&layout.condition("WARNED").unwrap(), &[]));
        let told: Vec<String> = ["DONE", "GONE", "NONE.DONE", "R-SET"]
            .iter()
            .map(|name| layout.condition(name).unwrap_err())
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        several level 88 `DONE`: write FIELD.DONE
        no level 88 `GONE` in this copybook
        no field `NONE` in this copybook
        R-SET is of R, which stands in a table
        ");
        assert_eq!(layout.record_type_names().count(), 0);
    }
}
