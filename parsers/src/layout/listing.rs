//! The layout as text: the table of a compiler listing, and a hash of everything that decides what records mean.

use sha2::{Digest, Sha256};

use super::Layout;
use super::field::{Field, FieldKind, to_usize};
use super::program::Op;
use super::scalar::Policy;

impl Layout {
    /// A table as in a compiler's data division map: level, name, picture and usage, offset (decimal and
    /// hexadecimal), length, occurrences, what it redefines. Lines end with a newline.
    pub fn listing(&self) -> String {
        let rows: Vec<[String; 7]> = self.fields.iter().map(|field| self.row(field)).collect();
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let (name, form) = (width(0).max(4), width(1).max(13));
        let mut out = format!(
            "{:<name$}  {:<form$}  {:>7}  {:>6}  {:>7}  {:<12}  {}\n",
            "NAME", "PICTURE USAGE", "OFFSET", "HEX", "LENGTH", "OCCURS", "REDEFINES"
        );
        for [a, b, c, d, e, f, g] in &rows {
            let line = format!("{a:<name$}  {b:<form$}  {c:>7}  {d:>6}  {e:>7}  {f:<12}  {g}");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        let length = match (self.min_len(), self.max_len()) {
            (least, most) if least == most => format!("{most} bytes"),
            (least, most) => format!("{least} to {most} bytes"),
        };
        out.push_str(&format!(
            "{} {length}, code page {}\n",
            self.name, self.page
        ));
        out
    }

    fn row(&self, field: &Field) -> [String; 7] {
        let indent = "  ".repeat(usize::from(field.depth));
        let name = if field.filler {
            "FILLER"
        } else {
            field.name.as_str()
        };
        let occurs = field
            .occurs
            .map_or_else(String::new, |occurs| match occurs.depending_on {
                None => occurs.max.to_string(),
                Some(counter) => {
                    let counter = self.fields.get(to_usize(counter)).map_or("", Field::name);
                    format!("{}..{} {counter}", occurs.min, occurs.max)
                }
            });
        let redefines = field
            .redefines
            .and_then(|base| self.fields.get(to_usize(base)));
        [
            format!("{indent}{:02} {name}", field.level),
            form(field),
            field.offset.to_string(),
            format!("{:06X}", field.offset),
            field.len.to_string(),
            occurs,
            redefines.map_or_else(String::new, |base| base.name.clone()),
        ]
    }

    /// SHA-256 over everything that decides what a record's bytes mean: fields with places, forms and names, key,
    /// record types, null conventions, code page. Two layouts with the same fingerprint decode every record alike.
    /// Comments, condition-names that choose nothing, descriptions and PII classes do not change it.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    pub(super) fn compute_fingerprint(&self) -> [u8; 32] {
        // The text is the definition: a golden test pins the hash of a sample layout, so that a change of any
        // `Debug` form below is seen before it makes every checkpoint's layout look new.
        let mut lines = vec![
            "figway layout 1".to_owned(),
            format!("{} {}", self.page, self.name),
        ];
        if self.policy != Policy::default() {
            lines.push(format!("{:?}", self.policy));
        }
        for field in &self.fields {
            lines.push(format!(
                "{} {:?} {} {:?} {} {} {:?} {:?} {:?} {}",
                field.id,
                field.parent,
                field.name,
                field.label,
                field.offset,
                field.len,
                field.occurs,
                field.redefines,
                field.kind,
                field.hidden,
            ));
        }
        let gaps = self
            .program
            .ops
            .iter()
            .filter(|op| matches!(op, Op::Gap { .. }));
        lines.extend(gaps.map(|gap| format!("{gap:?}")));
        for leaf in &self.program.leaves {
            lines.push(format!(
                "{} {:?} {:?} {:?}",
                leaf.field, leaf.codec, leaf.initial, leaf.form
            ));
            lines.extend(leaf.null.iter().map(|null| format!("null byte {null:?}")));
            lines.extend(
                leaf.nulls
                    .iter()
                    .map(|nulls| format!("null {:?} {:?}", nulls.matches, nulls.canonical)),
            );
        }
        for choice in &self.program.choices {
            lines.push(format!(
                "choice {} {} {:?} {:?}",
                choice.offset, choice.variable, choice.views, choice.rules
            ));
        }
        for table in &self.program.tables {
            let texts = table.counter.iter().map(|counter| &counter.texts);
            lines.extend(
                texts
                    .filter(|texts| !texts.is_empty())
                    .map(|texts| format!("counts {} {texts:?}", table.field)),
            );
            if table.keeps {
                lines.push(format!("keeps {}", table.field));
            }
        }
        lines.push(format!(
            "key {:?} control {:?}",
            self.key_leaves, self.control
        ));
        Sha256::digest(lines.join("\n").as_bytes()).into()
    }

    /// [`fingerprint`](Self::fingerprint) in hexadecimal, as the `source` block and checkpoints carry it.
    pub fn fingerprint_hex(&self) -> String {
        crate::json::hex(&self.fingerprint).to_ascii_lowercase()
    }
}

/// `S9(7)V99 COMP-3`, `GROUP`, with what the meaning adds.
pub(crate) fn form(field: &Field) -> String {
    let mut out = match (&field.picture, field.usage) {
        _ if field.sql.is_some() => field.sql.as_deref().unwrap_or_default().to_owned(),
        (Some(picture), Some(usage)) => format!("{} {}", picture.text(), usage.name()),
        (None, Some(usage)) => usage.name().to_owned(),
        _ => "GROUP".to_owned(),
    };
    if field
        .picture
        .as_ref()
        .is_some_and(crate::copybook::Picture::is_edited)
    {
        out.push_str(" edited");
    }
    match field.kind {
        FieldKind::Date => out.push_str(" date"),
        FieldKind::Time { .. } => out.push_str(" time"),
        FieldKind::Timestamp { .. } => out.push_str(" timestamp"),
        FieldKind::Flag => out.push_str(" flag"),
        FieldKind::Bytes if field.sql.is_none() => out.push_str(" bytes"),
        _ => {}
    }
    out
}
