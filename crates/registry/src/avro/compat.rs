//! Whether data written with one schema can be read with another: Avro's schema resolution, with what is in the way.

use std::collections::BTreeSet;

use super::{Avro, Body, Field, Type};
use crate::compat::Difference;

/// Everything that keeps `reader` from reading what `writer` wrote; nothing when it can.
pub(crate) fn check(reader: &Avro, writer: &Avro) -> Vec<Difference> {
    let mut checker = Checker {
        reader,
        writer,
        seen: BTreeSet::new(),
    };
    checker.types(&reader.root, &writer.root, "/")
}

struct Checker<'s> {
    reader: &'s Avro,
    writer: &'s Avro,
    /// Pairs of named types that are being compared or were: a record may contain itself.
    seen: BTreeSet<(&'s str, &'s str)>,
}

fn one(kind: &'static str, description: String) -> Vec<Difference> {
    vec![Difference { kind, description }]
}

fn mismatch(path: &str) -> Vec<Difference> {
    one(
        "TYPE_MISMATCH",
        format!(
            "The type (path '{path}') of a field in the %s schema does not match with the %s schema"
        ),
    )
}

impl<'s> Checker<'s> {
    fn types(&mut self, reader: &'s Type, writer: &'s Type, path: &str) -> Vec<Difference> {
        match (reader, writer) {
            (_, Type::Union(branches)) => {
                // Each branch that may have been written must be readable.
                let mut found = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    let path = below(path, &index.to_string());
                    found.extend(match reader {
                        Type::Union(_) => self.branch(reader, branch, &path),
                        _ => self.types(reader, branch, &path),
                    });
                }
                found
            }
            (Type::Union(_), _) => self.branch(reader, writer, path),
            (Type::Primitive(reader), Type::Primitive(writer)) => {
                if reader == writer || promotes(writer, reader) {
                    Vec::new()
                } else {
                    mismatch(path)
                }
            }
            (Type::Array(reader), Type::Array(writer)) => {
                self.types(reader, writer, &below(path, "items"))
            }
            (Type::Map(reader), Type::Map(writer)) => {
                self.types(reader, writer, &below(path, "values"))
            }
            (Type::Named(reader), Type::Named(writer)) => self.named(reader, writer, path),
            _ => mismatch(path),
        }
    }

    /// One branch of the reader's union must read what was written.
    fn branch(&mut self, union: &'s Type, writer: &'s Type, path: &str) -> Vec<Difference> {
        let Type::Union(branches) = union else {
            return mismatch(path);
        };
        let mut of_that_name = None;
        for branch in branches {
            // What an attempt assumed of records must not stand when the attempt failed.
            let before = self.seen.clone();
            let found = self.types(branch, writer, path);
            if found.is_empty() {
                return found;
            }
            self.seen = before;
            // Where a branch has the name, what is different in it says most.
            if matches!((branch, writer), (Type::Named(one), Type::Named(other)) if one == other) {
                of_that_name = Some(found);
            }
        }
        of_that_name.unwrap_or_else(|| {
            one(
                "MISSING_UNION_BRANCH",
                format!("The %s schema is missing a type inside a union field at path '{path}' in the %s schema"),
            )
        })
    }

    fn named(&mut self, reader: &'s str, writer: &'s str, path: &str) -> Vec<Difference> {
        if !self.seen.insert((reader, writer)) {
            return Vec::new();
        }
        let (Some(read), Some(written)) =
            (self.reader.named.get(reader), self.writer.named.get(writer))
        else {
            return mismatch(path);
        };
        let simple = |full: &str| full.rsplit('.').next().unwrap_or_default().to_owned();
        let same =
            simple(reader) == simple(writer) || read.aliases.iter().any(|alias| alias == writer);
        let name = || {
            if same {
                Vec::new()
            } else {
                one(
                    "NAME_MISMATCH",
                    format!(
                        "The name of the schema has changed (path '{}')",
                        below(path, "name")
                    ),
                )
            }
        };
        match (&read.body, &written.body) {
            (Body::Record(reader), Body::Record(writer)) => {
                let mut found = name();
                found.extend(self.records(reader, writer, path));
                found
            }
            (
                Body::Enum { symbols, default },
                Body::Enum {
                    symbols: written, ..
                },
            ) => {
                let mut found = name();
                let missing: Vec<&str> = written
                    .iter()
                    .filter(|symbol| !symbols.contains(symbol))
                    .map(String::as_str)
                    .collect();
                if !missing.is_empty() && default.is_none() {
                    let path = below(path, "symbols");
                    let missing = missing.join(", ");
                    found.extend(one(
                        "MISSING_ENUM_SYMBOLS",
                        format!("The %s schema is missing enum symbols '[{missing}]' at path '{path}' in the %s schema"),
                    ));
                }
                found
            }
            (Body::Fixed(reader), Body::Fixed(writer)) => {
                let mut found = name();
                if reader != writer {
                    let path = below(path, "size");
                    found.extend(one(
                        "FIXED_SIZE_MISMATCH",
                        format!("The size of FIXED type field at path '{path}' in the %s schema does not match with the %s schema"),
                    ));
                }
                found
            }
            _ => mismatch(path),
        }
    }

    fn records(&mut self, reader: &'s [Field], writer: &'s [Field], path: &str) -> Vec<Difference> {
        let mut found = Vec::new();
        for (index, field) in reader.iter().enumerate() {
            let path = below(path, &format!("fields/{index}"));
            let written = writer
                .iter()
                .find(|known| known.name == field.name || field.aliases.contains(&known.name));
            match written {
                Some(written) => {
                    found.extend(self.types(&field.ty, &written.ty, &below(&path, "type")));
                }
                None if field.has_default => {}
                None => found.extend(one(
                    "READER_FIELD_MISSING_DEFAULT_VALUE",
                    format!(
                        "The field '{}' at path '{path}' in the %s schema has no default value and is missing in the %s schema",
                        field.name
                    ),
                )),
            }
        }
        found
    }
}

fn below(path: &str, part: &str) -> String {
    format!("{}/{part}", path.trim_end_matches('/'))
}

/// What a reader may take for what was written: the specification's list.
fn promotes(writer: &str, reader: &str) -> bool {
    matches!(
        (writer, reader),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}
