//! One rule of a mapping file: where from, what becomes of it, where to.

mod change;
mod list;

use parsers::{Field, FieldKind, Layout};
use toml::Spanned;

use super::cover::{Cover, under};
use super::side::{Found, Side, is_single};
use super::target::{Branch, What};
use super::{Compiler, Frame, Which};
use crate::mapping::event::Scalar;
use crate::mapping::file::Rule;
use crate::mapping::program::{self, Missing, Put, Source, Target, Want};
use crate::place;

/// Where a rule reads.
struct Given<'l> {
    source: Source,
    field: Option<&'l Field>,
    /// What comes is text, also where it is a number.
    textual: bool,
}

/// What goes with every rule of a list of rules.
pub(super) struct Scope<'s, 'f> {
    pub(super) frame: &'s Frame<'f>,
    pub(super) from: &'s Side<'s>,
    pub(super) to: &'s Side<'s>,
}

impl Compiler<'_> {
    /// What a rule writes, under its names; a table that has a counter of its own writes that, too.
    pub(super) fn rule(
        &mut self,
        scope: &Scope<'_, '_>,
        at: &Spanned<Rule>,
        cover: &mut Cover,
    ) -> Vec<Branch> {
        self.branches(scope, at, cover).unwrap_or_default()
    }

    fn branches(
        &mut self,
        scope: &Scope<'_, '_>,
        at: &Spanned<Rule>,
        cover: &mut Cover,
    ) -> Option<Vec<Branch>> {
        let rule = at.get_ref();
        let place = self.place(&rule.to, scope.to);
        let when = match &rule.when {
            None => Some(None),
            Some(when) => self.when(when, scope.from).map(Some),
        };
        let given = self.given(at, scope.from);
        let (place, given, when) = (place?, given?, when?);
        let field = place.steps.last().and_then(|(_, field)| *field);
        self.reads(scope, &given, rule, cover);
        let mut found = Vec::new();
        let what = if is_list(rule, &given, field, scope.from) {
            self.list(scope, at, given, when, field, cover, &mut found)?
        } else {
            if let Some(count) = &rule.count {
                self.fault(count, "only a table has a count");
            }
            What::Put(self.value(scope, at, given, when, field, cover)?)
        };
        let mut steps = place.steps.into_iter().rev();
        let (target, field) = steps.next()?;
        let mut branch = Branch::new(target, field.map(Field::id), what);
        for (target, field) in steps {
            branch = Branch::new(target, field.map(Field::id), What::Group(vec![branch]));
        }
        found.push(branch);
        Some(found)
    }

    fn given<'l>(&mut self, at: &Spanned<Rule>, side: &Side<'l>) -> Option<Given<'l>> {
        let rule = at.get_ref();
        let beside = |source| Given {
            source,
            field: None,
            textual: true,
        };
        let places = [
            rule.from.is_some(),
            rule.param.is_some(),
            rule.header.is_some(),
            rule.query.is_some(),
            rule.constant.is_some(),
        ];
        if places.iter().filter(|given| **given).count() != 1 {
            self.fault(at, "wanted one of: from, param, header, query, const");
            return None;
        }
        if let Some(name) = &rule.from {
            let Found { way, field } = self.way(name, side)?;
            return Some(Given {
                source: Source::Way(way),
                field,
                textual: side.is_textual(),
            });
        }
        if let Some(name) = &rule.param {
            return Some(beside(Source::Param(name.get_ref().as_str().into())));
        }
        if let Some(name) = &rule.query {
            return Some(beside(Source::Query(name.get_ref().as_str().into())));
        }
        if let Some(name) = &rule.header {
            let header = name.get_ref().parse();
            let header = header.map_err(|_| self.fault(name, "this is no name of a header"));
            return Some(beside(Source::Header(header.ok()?)));
        }
        // Which one is known once the target is.
        Some(Given {
            source: Source::Constant(Scalar::Null),
            field: None,
            textual: false,
        })
    }

    /// Notes what of the source's record a rule reads, and what of it is personal.
    fn reads(&mut self, scope: &Scope<'_, '_>, given: &Given<'_>, rule: &Rule, cover: &mut Cover) {
        let (Some(field), Some(layout)) = (given.field, scope.from.layout()) else {
            return;
        };
        if rule.fields.is_some() {
            cover.read.insert(field.id());
            return;
        }
        cover.read.extend(under(layout, field).map(Field::id));
        let private = under(layout, field).any(|field| place::is_private(layout, field));
        if private && scope.frame.which != Which::Request && scope.to.layout().is_none() {
            self.mask(rule.to.get_ref());
        }
    }

    /// Notes a member of what clients get as personal data: as a list would show it, and as one item.
    fn mask(&mut self, to: &str) {
        let member = |text: &str| text.trim_start_matches('/').replace('/', ".");
        let mut starred = String::new();
        let mut plain = String::new();
        for list in &self.lists {
            starred.push_str(&format!("{}[*].", member(list)));
            plain.push_str(&format!("{}.", member(list)));
        }
        let last = member(to);
        self.private.push(format!("{starred}{last}"));
        if !self.lists.is_empty() {
            self.private.push(format!("{plain}{last}"));
        }
    }

    /// One value.
    fn value(
        &mut self,
        scope: &Scope<'_, '_>,
        at: &Spanned<Rule>,
        given: Given<'_>,
        when: Option<program::When>,
        field: Option<&Field>,
        cover: &mut Cover,
    ) -> Option<Put> {
        let rule = at.get_ref();
        let before = self.faults.len();
        let kind = self.kind(rule);
        let change = self.change(rule, &given, field, scope);
        let any = rule
            .kind
            .as_ref()
            .is_some_and(|kind| kind.get_ref() == "any");
        if let (Some(kind), true, Side::Tree { textual: true, .. }) = (&rule.kind, any, scope.to) {
            self.fault_with_help(
                kind,
                "\"any\" goes into JSON alone: elsewhere names that came with the message would be markup, or lost",
                "write a rule for each value that may be there",
            );
            return None;
        }
        let group = field.is_some_and(|field| !is_single(field));
        if let (Some(field), Some(layout)) = (field, scope.to.layout()) {
            cover.written.extend(under(layout, field).map(Field::id));
        }
        let source = match &rule.constant {
            Some(constant) => Source::Constant(self.constant(constant, field, scope)?),
            None => given.source,
        };
        let missing = match (&rule.default, rule.optional) {
            (Some(default), false) => Missing::Default(self.constant(default, field, scope)?),
            (None, true) => Missing::Omit,
            (None, false) => Missing::Refuse,
            (Some(default), true) => {
                self.fault(default, "what has a default is optional already");
                return None;
            }
        };
        let (kind, change) = (kind?, change?);
        let translated = !matches!(change, program::Change::None);
        let want = want(kind, given.field, given.textual || translated, field);
        self.fits(rule, given.field, translated, field, cover);
        if self.faults.len() != before {
            return None;
        }
        Some(Put {
            target: Target::new("", None),
            field: field.map(|field| field.path().into()),
            nulls: field.is_none_or(Field::is_nullable),
            copies: any || group,
            rules: vec![program::Rule {
                source,
                of_record: scope.from.record(),
                when,
                missing,
                max: rule.max.as_ref().map(|max| *max.get_ref()),
                change,
                want,
            }],
        })
    }

    /// What the file says that a value is on the side that has no copybook.
    fn kind(&mut self, rule: &Rule) -> Option<Option<Want>> {
        let Some(kind) = &rule.kind else {
            return Some(None);
        };
        match kind.get_ref().as_str() {
            "string" => Some(Some(Want::Text)),
            "number" => Some(Some(Want::Number)),
            "boolean" => Some(Some(Want::Flag)),
            "any" => Some(Some(Want::Any)),
            other => {
                self.fault(kind, format!("unknown type \"{other}\"; known are: \"string\", \"number\", \"boolean\", \"any\""));
                None
            }
        }
    }

    /// A constant of the file, which a record must have room for.
    fn constant(
        &mut self,
        at: &Spanned<toml::Value>,
        field: Option<&Field>,
        scope: &Scope<'_, '_>,
    ) -> Option<Scalar<'static>> {
        let scalar = self.scalar(at, field)?;
        if let (Some(field), Some(layout)) = (field, scope.to.layout())
            && let Some(reason) = unfit(layout, field, &scalar)
        {
            self.fault(at, format!("{} cannot hold this: {reason}", field.path()));
            return None;
        }
        Some(scalar)
    }

    /// Whether what comes can be longer than its field.
    fn fits(
        &mut self,
        rule: &Rule,
        from: Option<&Field>,
        translated: bool,
        to: Option<&Field>,
        cover: &mut Cover,
    ) {
        let Some(to) = to else { return };
        if rule.constant.is_some() || translated {
            return;
        }
        let long = match (from.map(Field::kind), to.kind()) {
            (Some(FieldKind::Text { chars }), FieldKind::Text { chars: room }) => chars > room,
            (
                Some(FieldKind::Number { digits, scale, .. }),
                FieldKind::Number {
                    digits: room,
                    scale: places,
                    ..
                },
            ) => {
                let whole = |digits: u16, scale: i32| i32::from(digits).saturating_sub(scale);
                whole(digits, scale) > whole(room, places) || scale > places
            }
            (None, FieldKind::Text { chars }) => match &rule.max {
                None => true,
                Some(max) => {
                    let room = usize::try_from(chars).unwrap_or(usize::MAX);
                    if *max.get_ref() > room {
                        let message = format!("{} has room for {room}", to.path());
                        self.fault(max, message);
                    }
                    false
                }
            },
            _ => false,
        };
        if long {
            cover.long.push(to.path().to_owned());
        }
    }
}

/// What the target takes.
fn want(kind: Option<Want>, from: Option<&Field>, textual: bool, to: Option<&Field>) -> Want {
    let Some(to) = to else {
        return kind.unwrap_or(Want::Any);
    };
    let texts = textual || kind == Some(Want::Text) || from.is_some();
    match to.kind() {
        FieldKind::Number { .. } | FieldKind::FloatShort | FieldKind::FloatLong if texts => {
            Want::Number
        }
        FieldKind::Flag if texts => Want::Flag,
        FieldKind::Text { .. } if from.is_some() || kind.is_some() || textual => Want::Text,
        _ => Want::Any,
    }
}

/// A table, on either side, or what has fields of its own.
fn is_list(rule: &Rule, given: &Given<'_>, field: Option<&Field>, side: &Side<'_>) -> bool {
    let named = rule.from.as_ref().is_some_and(|name| {
        // One occurrence alone is one value.
        side.layout().is_some() && name.get_ref().trim_end().ends_with(')')
    });
    let read = given.field.is_some_and(Field::is_table) && !named;
    rule.fields.is_some() || field.is_some_and(Field::is_table) || read
}

/// Why a field cannot hold a value; none where it can, or where that cannot be tried alone.
fn unfit(layout: &Layout, field: &Field, scalar: &Scalar<'_>) -> Option<String> {
    let chain = place::chain(layout, field);
    if chain
        .iter()
        .any(|field| field.is_table() || field.is_variant())
    {
        return None;
    }
    let mut json = Vec::new();
    for step in &chain {
        json.push(b'{');
        crate::mapping::sink::quoted(step.label(), &mut json);
        json.push(b':');
    }
    match scalar {
        Scalar::Text(text) => crate::mapping::sink::quoted(text, &mut json),
        other => json.extend_from_slice(other.text().unwrap_or("null").as_bytes()),
    }
    json.extend(std::iter::repeat_n(b'}', chain.len()));
    let error = layout.read_json(&json).err()?;
    // Other fields may want what is not here.
    (error.path() == field.path()).then(|| error.reason().to_owned())
}
