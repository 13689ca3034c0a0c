//! A copybook and its meaning to a [`Layout`]: the steps, in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::control::ControlRecords;
use super::extent::ViewLength;
use super::field::{Field, FieldKind, to_usize};
use super::labels::Labels;
use super::meaning::Meaning;
use super::options::Fillers;
use super::program::Program;
use super::resolve::Resolver;
use super::scalar::Policy;
use super::{
    Layout, LayoutOptions, form_pages, names, occurs, program, records, renames, select, sql,
    storage, value_clause,
};
use crate::charset::CodePage;
use crate::copybook::Copybook;
use crate::error::{CopybookError, CopybookErrorKind};

impl Layout {
    /// Compiles a layout.
    ///
    /// # Errors
    /// Every fault: of storage with its place in the copybook, of the meaning with its place in the meaning file.
    pub fn compile(
        copybook: &Copybook,
        meaning: Option<&Meaning>,
        options: &LayoutOptions,
    ) -> Result<Arc<Layout>, Vec<CopybookError>> {
        Layout::build(copybook, meaning, options, false).map_err(|faults| {
            let faults = faults.into_iter();
            faults
                .map(|fault| fault.in_its_file(&copybook.files))
                .collect()
        })
    }

    /// The faults of what could be read of a text with faults; they number the file they are in.
    pub(crate) fn faults_of_draft(
        copybook: &Copybook,
        meaning: Option<&Meaning>,
        options: &LayoutOptions,
    ) -> Vec<CopybookError> {
        let built = Layout::build(copybook, meaning, options, true);
        built.err().unwrap_or_default()
    }

    /// The layout, or faults that number the file they are in. There is none of a draft, only what is wrong with it.
    fn build(
        copybook: &Copybook,
        meaning: Option<&Meaning>,
        options: &LayoutOptions,
        draft: bool,
    ) -> Result<Arc<Layout>, Vec<CopybookError>> {
        let mut faults = Vec::new();
        // A LOAD statement says itself which code page its records have.
        let unload = copybook.unload.as_ref();
        let own_page;
        let options = match unload.and_then(|unload| unload.page) {
            None => options,
            Some(page) => {
                own_page = LayoutOptions {
                    code_page: page,
                    ..options.clone()
                };
                &own_page
            }
        };
        // The rules that hold on the day asked for.
        let rules = meaning.map(|meaning| (&meaning.file, meaning.rules_on(options.day)));
        if let Some(fault) =
            meaning.and_then(|meaning| records::not_effective(meaning, options.day))
        {
            faults.push(fault);
        }
        let chosen = records::chosen(copybook, rules.as_ref(), &options.record, &mut faults);
        let Some((items, alternatives)) = chosen else {
            return Err(faults);
        };
        let mut storage = storage::place(
            &copybook.file,
            &items,
            alternatives,
            options.rules(),
            &mut faults,
        );
        let before = faults.len();
        let counts = occurs::counts(&copybook.file, &storage, options, &mut faults);
        let mut options_hold = faults.len() == before;
        occurs::resolve(copybook, &mut storage, options.odo, &counts, &mut faults);
        if options.fillers == Fillers::Shown {
            let forms = storage.forms.iter();
            for (field, form) in storage.fields.iter_mut().zip(forms) {
                field.hidden &= form.as_ref().is_some_and(|form| form.indicator);
            }
        }
        let before = faults.len();
        form_pages::apply(&copybook.file, &mut storage, options, &mut faults);
        options_hold &= faults.len() == before;
        if let Some((file, rules)) = &rules {
            sql::scales(file, rules, &mut storage, &mut faults);
        }
        check_literals(copybook, &storage, options.code_page, &mut faults);
        // What the meaning wants of fields can be told beside faults of others, but not where an option names none: it
        // may be what would make the meaning right.
        if !options_hold {
            return Err(in_order(faults, copybook));
        }
        let collapsed = matches!(items.as_slice(), [only] if !only.children().is_empty());
        let name = match items.as_slice() {
            [only] if only.name().is_some() => only.name().unwrap_or_default().to_owned(),
            _ => records::stem(copybook.file()),
        };
        let mut fields = std::mem::take(&mut storage.fields);
        unique_labels(&mut fields);
        form_pages::nullable(&mut fields, &storage, options);
        let page = options.code_page;
        let nulls = sql::indicators(&copybook.file, &mut fields, &storage, page, &mut faults);
        let mut layout = Layout {
            name,
            page: options.code_page,
            policy: Policy {
                numbers: options.numbers,
                text: options.text,
                short: options.short,
                bad_count: options.bad_count,
            },
            fields: Vec::new(),
            labels: Labels::default(),
            renames: Vec::new(),
            collapsed,
            program: Program::default(),
            key: Vec::new(),
            key_leaves: Vec::new(),
            key_views: Vec::new(),
            types: Vec::new(),
            control: ControlRecords::default(),
            total_views: None,
            error: None,
            only: Vec::new(),
            fingerprint: [0; 32],
            nothing: nothing(),
        };
        let mut meant = Vec::new();
        let mut length = ViewLength::Natural;
        let mut key_fields = Vec::new();
        if let Some((file, rules)) = &rules {
            length = rules.length.unwrap_or(ViewLength::Natural);
            let page = options.code_page;
            let mut resolver = Resolver {
                file,
                rules,
                fields: &mut fields,
                storage: &storage,
                items: &items,
                page,
                faults: &mut faults,
            };
            meant = resolver.fields();
            layout.types = resolver.record_types();
            layout.types.extend(resolver.redefines());
            (layout.key, key_fields) = resolver.key();
            layout.control.header = resolver.control(rules.header.as_ref(), &layout.types);
            layout.control.trailer = resolver.control(rules.trailer.as_ref(), &layout.types);
            layout.error = resolver.error();
        }
        renames::check(copybook, &items, &fields, &storage, &mut faults);
        if draft || !faults.is_empty() {
            return Err(in_order(faults, copybook));
        }
        if let Some(unload) = unload {
            let mut types = sql::record_types(&fields, &unload.whens, layout.page);
            match types.as_mut_slice() {
                [only] => layout.only = std::mem::take(&mut only.tests),
                _ if layout.types.is_empty() => layout.types = types,
                _ => {}
            }
        }
        names::apply(&mut fields, &storage, &mut meant, options);
        let rules = |views: &[u32]| select::rules(&layout.types, views);
        let tests = layout.types.iter().flat_map(|kind| &kind.tests);
        let tested: Vec<u32> = tests
            .chain(layout.control.tests())
            .chain(layout.error.iter().flat_map(|error| &error.tests))
            .map(|test| test.field)
            .collect();
        layout.program = program::build(&program::Parts {
            fields: &fields,
            storage: &storage,
            meant: &meant,
            page: layout.page,
            length,
            odo: options.odo,
            collapsed,
            counts: &counts,
            nulls: &nulls,
            tested: &tested,
            rules: &rules,
        });
        layout.key_leaves = key_fields
            .iter()
            .filter_map(|id| *layout.program.leaf_of.get(to_usize(*id))?)
            .collect();
        layout.key_views = layout.program.views_of(&fields, &key_fields);
        layout.total_views = layout
            .control
            .total_of()
            .and_then(|of| layout.program.views_around(&fields, of.field));
        layout.labels = Labels::new(&fields, collapsed.then_some(0));
        layout.fields = fields;
        layout.compile_renames(copybook, &items, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        layout.fingerprint = layout.compute_fingerprint();
        Ok(Arc::new(layout))
    }
}

/// Faults of the copybook in the order of the text, then those of the meaning.
fn in_order(mut faults: Vec<CopybookError>, copybook: &Copybook) -> Vec<CopybookError> {
    faults.sort_by_key(|fault| (fault.file() != copybook.file(), fault.order()));
    faults
}

/// VALUE literals that are not of their field's kind.
fn check_literals(
    copybook: &Copybook,
    storage: &storage::Storage,
    page: CodePage,
    faults: &mut Vec<CopybookError>,
) {
    for (field, form) in storage.fields.iter().zip(&storage.forms) {
        let Some(storage::Form {
            codec,
            value: Some((literal, span)),
            ..
        }) = form
        else {
            continue;
        };
        if storage.is_unsure(&storage.fields, field.id) {
            continue;
        }
        if let Err(bad) = value_clause::initial(literal, *codec, field.len(), page) {
            let message = format!("VALUE of {}: {}", field.name, bad.message);
            faults.push(CopybookError::new(
                CopybookErrorKind::Structure,
                &copybook.file,
                *span,
                message,
            ));
        }
    }
}

/// Two members of one group may share a name that nothing refers to; outputs need them apart.
fn unique_labels(fields: &mut [Field]) {
    let mut seen: HashSet<(Option<u32>, String)> = HashSet::new();
    // The numbers that names had last, so that many of one name are not counted from the first for each.
    let mut counts: HashMap<(Option<u32>, String), u32> = HashMap::new();
    // Groups whose path is another now: how long it was before, and what it is.
    let mut moved: HashMap<u32, (usize, String)> = HashMap::new();
    for field in fields.iter_mut() {
        let before = field.path.len();
        let above = field.parent.and_then(|parent| moved.get(&parent));
        let below = above.and_then(|(long, path)| Some((path, field.path.get(*long..)?)));
        if let Some((path, rest)) = below {
            field.path = format!("{path}{rest}");
            moved.insert(field.id, (before, field.path.clone()));
        }
        if field.hidden || seen.insert((field.parent, field.name.clone())) {
            continue;
        }
        let last = counts
            .entry((field.parent, field.name.clone()))
            .or_insert(1);
        let label = loop {
            *last = last.saturating_add(1);
            let label = format!("{}-{last}", field.name);
            if seen.insert((field.parent, label.clone())) {
                break label;
            }
        };
        field.path = match field.path.rsplit_once('.') {
            Some((groups, _)) => format!("{groups}.{label}"),
            None => label.clone(),
        };
        moved.insert(field.id, (before, field.path.clone()));
        field.set_label(label);
    }
}

fn nothing() -> Field {
    Field {
        id: u32::MAX,
        parent: None,
        end: u32::MAX,
        depth: 0,
        level: 0,
        name: String::new(),
        filler: true,
        hidden: true,
        label: String::new(),
        path: String::new(),
        picture: None,
        usage: None,
        kind: FieldKind::Group,
        offset: 0,
        len: 0,
        occurs: None,
        redefines: None,
        redefined: false,
        conditions: Vec::new(),
        names: Vec::new(),
        only_named: false,
        nullable: false,
        pii: None,
        description: None,
        json_key: Box::default(),
        json_key_block: None,
        sql: None,
        moving: false,
    }
}
