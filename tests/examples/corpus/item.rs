//! A layout as the peer shows it: its fields under the peer's names, with the columns that options add.
//!
//! In: a [`Layout`] and [`Options`]. Out: a tree of [`Item`]s, each with its place, whether it is shown, and what
//! decides on its values. The order of the steps is the peer's and matters: names are given after the steps before
//! have said what counts as FILLER.

use anyhow::{Context, Result, anyhow, bail, ensure};
use parsers::{Field, FieldKind, Layout};

use super::expression::Expression;
use super::fault::Fault;
use super::fillers;
use super::options::{Options, identifier};
use super::segments;

/// What an item stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Group,
    Leaf,
    /// A group's bytes as one text, beside it.
    Text,
    /// A field's bytes, beside it.
    Debug,
}

/// One line of the peer's layout.
#[derive(Debug, Clone)]
pub struct Item {
    /// [`Field::id`] of the field it shows or stands beside.
    pub field: u32,
    pub kind: Kind,
    pub level: u8,
    pub name: String,
    /// Not shown, nor a name for it.
    pub filler: bool,
    /// From 0.
    pub start: usize,
    /// Bytes with all occurrences; of views of one place, those of the longest.
    pub len: usize,
    pub redefines: Option<String>,
    pub redefined: bool,
    /// A REDEFINES group that stands for a record type.
    pub segment: bool,
    /// The segment whose children it holds.
    pub parent: Option<String>,
    /// It has values only where this holds.
    pub rule: Option<Expression>,
    pub children: Vec<Item>,
}

impl Item {
    pub fn is_group(&self) -> bool {
        self.kind == Kind::Group
    }

    /// Calls `with` for this item and all below it.
    pub fn each<'i>(&'i self, with: &mut impl FnMut(&'i Item)) {
        with(self);
        self.children.iter().for_each(|child| child.each(with));
    }
}

/// The peer's view of a layout: its outermost items.
pub fn items(layout: &Layout, options: &Options) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = layout
        .fields()
        .filter(|field| field.parent_id().is_none())
        .map(|field| of_field(layout, field))
        .collect();
    views(&mut items);
    texts_of_groups(&mut items, options);
    fillers::name(&mut items, options).context(Fault::Option)?;
    segments::mark(&mut items, options).context(Fault::Segments)?;
    if let Some(kind) = options
        .text("debug")
        .filter(|kind| !kind.eq_ignore_ascii_case("false"))
    {
        let wanted = ["true", "hex", "raw", "binary", "string", "text"];
        if !wanted.contains(&kind.to_lowercase().as_str()) {
            return Err(anyhow!(
                "option debug: wanted true, false, hex, raw or string, got {kind}"
            ))
            .context(Fault::Option);
        }
        debug_columns(&mut items);
    }
    rules(&mut items, options).context(Fault::Option)?;
    Ok(items)
}

fn of_field(layout: &Layout, field: &Field) -> Item {
    let times = field.occurs().map_or(1, |occurs| occurs.max as usize);
    let mut children: Vec<Item> = layout
        .fields()
        .filter(|child| child.parent_id() == Some(field.id()))
        .map(|child| of_field(layout, child))
        .collect();
    views(&mut children);
    let group = field.kind() == FieldKind::Group;
    Item {
        field: field.id(),
        kind: if group { Kind::Group } else { Kind::Leaf },
        level: field.level(),
        name: if field.is_filler() {
            "FILLER".to_owned()
        } else {
            identifier(field.name())
        },
        filler: field.is_filler(),
        start: field.offset(),
        len: field.len() * times,
        redefines: field
            .redefines()
            .and_then(|id| layout.field(id))
            .map(|base| identifier(base.name())),
        redefined: false,
        segment: false,
        parent: None,
        rule: None,
        children,
    }
}

/// Views of one place: all but the last are redefined, and each is as long as the longest.
fn views(items: &mut [Item]) {
    let mut at = 0;
    while at < items.len() {
        let more = items[at + 1..]
            .iter()
            .take_while(|item| item.redefines.is_some())
            .count();
        let place = &mut items[at..=at + more];
        let len = place.iter().map(|item| item.len).max().unwrap_or(0);
        for (index, item) in place.iter_mut().enumerate() {
            item.len = len;
            item.redefined = index < more;
        }
        at += more + 1;
    }
}

/// Option `non_terminals`: groups as text too.
fn texts_of_groups(items: &mut Vec<Item>, options: &Options) {
    let wanted = options.text("non_terminals").unwrap_or_default();
    let wanted: Vec<String> = wanted
        .split(',')
        .map(|name| identifier(name.trim()))
        .collect();
    add_texts(items, &wanted);
}

fn add_texts(items: &mut Vec<Item>, wanted: &[String]) {
    let mut at = 0;
    while at < items.len() {
        let item = &mut items[at];
        add_texts(&mut item.children, wanted);
        at += 1;
        if !item.is_group()
            || !wanted
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&item.name))
        {
            continue;
        }
        item.redefined = true;
        let mut text = Item {
            kind: Kind::Text,
            name: String::new(),
            redefines: Some(item.name.clone()),
            redefined: false,
            children: Vec::new(),
            ..item.clone()
        };
        let name = format!("{}_NT", item.name);
        let free = |name: &String| !items.iter().any(|item| item.name == *name);
        text.name = std::iter::once(name.clone())
            .chain((1..).map(|number| format!("{name}{number}")))
            .find(free)
            .unwrap_or_default();
        items.insert(at, text);
        at += 1;
    }
}

/// Option `debug`: every elementary field's bytes beside it.
fn debug_columns(items: &mut Vec<Item>) {
    let mut at = 0;
    while at < items.len() {
        let item = &mut items[at];
        debug_columns(&mut item.children);
        at += 1;
        if item.is_group() {
            continue;
        }
        item.redefined = true;
        let debug = Item {
            kind: Kind::Debug,
            name: format!("{}_debug", item.name),
            redefines: Some(item.name.clone()),
            ..item.clone()
        };
        items.insert(at, debug);
        at += 1;
    }
}

/// Options `redefine-rule:n`: a field has values only where an expression over earlier fields holds.
fn rules(items: &mut [Item], options: &Options) -> Result<()> {
    let mut seen = Vec::new();
    for prefix in ["redefine-rule", "redefine_rule"] {
        for (_, value) in options.starting(prefix) {
            let (field, text) = super::options::arrow(value)?;
            let own = identifier(field).to_lowercase();
            ensure!(
                !field.is_empty() && !text.is_empty() && !seen.contains(&own),
                "rule {value:?}: no field, no expression, or the second of its field"
            );
            seen.push(own);
            let expression = Expression::parse(text)?;
            for name in expression.names() {
                if !any(items, &identifier(name)) {
                    bail!("rule {value:?}: no field {name}");
                }
            }
            if !set_rule(items, &identifier(field), &expression) {
                bail!("rule {value:?}: no field {field}");
            }
        }
    }
    Ok(())
}

fn any(items: &[Item], name: &str) -> bool {
    items
        .iter()
        .any(|item| item.name.eq_ignore_ascii_case(name) || any(&item.children, name))
}

fn set_rule(items: &mut [Item], name: &str, rule: &Expression) -> bool {
    let mut found = false;
    for item in items {
        if item.name.eq_ignore_ascii_case(name) {
            item.rule = Some(rule.clone());
            found = true;
        }
        found |= set_rule(&mut item.children, name, rule);
    }
    found
}
