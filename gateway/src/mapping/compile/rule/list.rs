//! Lists: tables, and whatever occurs several times on the other side.

use parsers::{Field, FieldKind, FieldOccurs};
use toml::Spanned;

use super::{Given, Scope};
use crate::mapping::compile::Compiler;
use crate::mapping::compile::cover::Cover;
use crate::mapping::compile::side::{Side, is_single};
use crate::mapping::compile::target::{Branch, What};
use crate::mapping::event::Scalar;
use crate::mapping::file::{Record, Rule};
use crate::mapping::program::{self, Change, Each, Format, Missing, Put, Source, Target, Want};
use crate::mapping::way::Way;

impl Compiler<'_> {
    /// What is written for each item; `beside` takes what writes how many there are.
    #[allow(clippy::too_many_arguments, reason = "one step of reading one rule")]
    pub(super) fn list(
        &mut self,
        scope: &Scope<'_, '_>,
        at: &Spanned<Rule>,
        given: Given<'_>,
        when: Option<program::When>,
        field: Option<&Field>,
        cover: &mut Cover,
        beside: &mut Vec<Branch>,
    ) -> Option<What> {
        let rule = at.get_ref();
        let Source::Way(way) = given.source else {
            self.fault(at, "a list comes from the message: wanted from = \"…\"");
            return None;
        };
        if let Some(field) = field.filter(|field| !field.is_table()) {
            self.fault_with_help(
                &rule.to,
                format!("{} occurs once", field.path()),
                "give each of its members a rule of its own",
            );
            return None;
        }
        if let Some(read) = given.field.filter(|read| !read.is_table()) {
            let message = format!("{} occurs once, and a list is wanted", read.path());
            self.fault(rule.from.as_ref()?, message);
            return None;
        }
        if let Some(field) = field {
            cover.written.insert(field.id());
        }
        let plain = rule.fields.as_ref().is_none_or(Vec::is_empty);
        let members = if plain {
            let group = [given.field, field].into_iter().flatten();
            if let Some(group) = group.into_iter().find(|field| !is_single(field)) {
                let message = format!("the occurrences of {} are groups", group.path());
                self.fault_with_help(&rule.to, message, "give it fields = [...]");
                return None;
            }
            let item = Given {
                source: Source::Way(Way::default()),
                ..given
            };
            let mut put = self.value_of_item(scope, at, item, field, cover)?;
            put.target = Target::new("", None);
            vec![Branch::new(put.target.clone(), None, What::Put(put))]
        } else {
            let inner = Scope {
                frame: scope.frame,
                from: &scope.from.within(given.field),
                to: &scope.to.within(field),
            };
            self.lists.push(rule.to.get_ref().clone());
            let rules = rule.fields.as_deref().unwrap_or_default();
            let members = self.rules(&inner, rules, cover);
            self.lists.pop();
            members
        };
        let occurs = field.and_then(Field::occurs);
        let mut each = Each {
            target: Target::new("", None),
            field: field.map(|field| field.path().into()),
            way,
            when,
            optional: rule.optional,
            fill: None,
            most: occurs.map(|occurs| occurs.max),
            limit: None,
            plain,
            end: 0,
        };
        if let Some(count) = &rule.count {
            let read = given.field.and_then(Field::occurs);
            match (occurs, read) {
                (Some(occurs), _) => {
                    beside.extend(self.counter(count, occurs, &each.way, scope.to, cover)?);
                    let blank = || (occurs.max, blank(field));
                    each.fill = occurs.depending_on.is_none().then(blank);
                }
                (None, Some(occurs)) => {
                    let found = self.way(count, scope.from)?;
                    cover.read.extend(found.field.map(Field::id));
                    each.limit = occurs.depending_on.is_none().then_some(found.way);
                }
                (None, None) => {
                    self.fault(count, "neither side is a table that has a count");
                    return None;
                }
            }
        }
        Some(What::List(each, members))
    }

    fn value_of_item(
        &mut self,
        scope: &Scope<'_, '_>,
        at: &Spanned<Rule>,
        item: Given<'_>,
        field: Option<&Field>,
        cover: &mut Cover,
    ) -> Option<Put> {
        let rule = at.get_ref();
        if rule.constant.is_some() {
            self.fault(at, "a list comes from the message: wanted from = \"…\"");
            return None;
        }
        self.value(scope, at, item, None, field, cover)
    }

    /// What writes the count of a table that always has as many occurrences. Of an OCCURS DEPENDING ON it is set with the table.
    fn counter(
        &mut self,
        count: &Spanned<String>,
        occurs: FieldOccurs,
        way: &Way,
        to: &Side<'_>,
        cover: &mut Cover,
    ) -> Option<Option<Branch>> {
        let place = self.place(count, to)?;
        let (_, field) = place.steps.last()?;
        let id = field.map(Field::id);
        cover.written.extend(id);
        if let Some(counter) = occurs.depending_on {
            if Some(counter) != id {
                self.fault(count, "this is not the field that the table depends on");
                return None;
            }
            return Some(None);
        }
        let put = Put {
            target: Target::new("", None),
            field: field.map(|field| field.path().into()),
            nulls: false,
            copies: false,
            rules: vec![program::Rule {
                source: Source::Count(way.clone()),
                of_record: None,
                when: None,
                missing: Missing::Refuse,
                max: None,
                change: Change::None,
                want: Want::Any,
            }],
        };
        let mut steps = place.steps.into_iter().rev();
        let (target, field) = steps.next()?;
        let mut branch = Branch::new(target, field.map(Field::id), What::Put(put));
        for (target, field) in steps {
            branch = Branch::new(target, field.map(Field::id), What::Group(vec![branch]));
        }
        Some(Some(branch))
    }

    /// Records of one kind in a message of several, as a list.
    pub(in crate::mapping::compile) fn list_of_records(
        &mut self,
        scope: &Scope<'_, '_>,
        each: &Spanned<String>,
        record: &Record,
        nth: usize,
        cover: &mut Cover,
    ) -> Option<Branch> {
        let place = self.place(each, scope.to)?;
        self.lists.push(each.get_ref().clone());
        let members = self.rules(scope, &record.fields, cover);
        self.lists.pop();
        let list = Each {
            target: Target::new("", None),
            field: None,
            way: Way::of_labels("", &[(&nth.to_string(), None)]),
            when: None,
            optional: true,
            fill: None,
            most: None,
            limit: None,
            plain: false,
            end: 0,
        };
        let mut steps = place.steps.into_iter().rev();
        let (target, _) = steps.next()?;
        let mut branch = Branch::new(target, None, What::List(list, members));
        for (target, _) in steps {
            branch = Branch::new(target, None, What::Group(vec![branch]));
        }
        debug_assert!(!matches!(scope.frame.from, Format::Record(_)));
        Some(branch)
    }
}

/// An occurrence that nothing is given for.
fn blank(field: Option<&Field>) -> Scalar<'static> {
    match field.map(Field::kind) {
        Some(FieldKind::Text { .. }) => Scalar::Text("".into()),
        Some(FieldKind::Number { .. } | FieldKind::FloatShort | FieldKind::FloatLong) => {
            Scalar::Number("0".into())
        }
        _ => Scalar::Null,
    }
}
