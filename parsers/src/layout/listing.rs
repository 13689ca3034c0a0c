//! The layout as text: the table of a compiler listing.

use super::Layout;
use super::field::{Field, FieldKind, to_usize};

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
