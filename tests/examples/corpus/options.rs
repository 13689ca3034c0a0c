//! The peer's options by name, as a case gives them, with the peer's defaults.
//!
//! In: `options.tsv`, `case.json` or the one line of `opts.txt`. Out: [`Options`], which the other modules ask. Names
//! keep the order in which they stand; the peer ignores case in option names.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::json::Json;

/// Options by lower-case name.
#[derive(Debug, Clone, Default)]
pub struct Options(BTreeMap<String, String>);

/// What names of `opts.txt` that are not known begin with.
pub const UNMAPPED: &str = "unmapped:";

/// Options whose name begins with `prefix` and goes on with a number, in the order of the numbers.
const NUMBERED_REDEFINES: [&str; 2] = ["redefine_segment_id_map", "redefine-segment-id-map"];

impl Options {
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.trim().to_lowercase(), value.to_owned());
    }

    /// From `case.json`: the member `options`, whose values are texts, or objects of more options of that name.
    pub fn of_json(options: &Json) -> Options {
        let mut out = Options::default();
        let Json::Object(members) = options else {
            return out;
        };
        for (name, value) in members {
            match value {
                Json::Object(inner) => {
                    for (index, (redefine, ids)) in inner.iter().enumerate() {
                        out.set(
                            &format!("{name}:{index}"),
                            &format!("{redefine} => {}", text(ids)),
                        );
                    }
                }
                other => out.set(name, &text(other)),
            }
        }
        out
    }

    /// From the line in which the layout cases give what their copybook was parsed with.
    pub fn of_line(line: &str) -> Result<Options> {
        let mut out = Options::default();
        for (name, value) in words(line) {
            match name {
                "enc" => out.set("encoding", value),
                "dropGroupFillers" => out.set("drop_group_fillers", value),
                "dropValueFillers" => out.set("drop_value_fillers", value),
                "fillerNaming" => out.set(
                    "filler_naming_policy",
                    match value {
                        "PreviousFieldName" => "previous_field_name",
                        _ => "sequence_numbers",
                    },
                ),
                "segmentRedefines" => {
                    for (index, redefine) in inner(value).enumerate() {
                        out.set(
                            &format!("redefine_segment_id_map:{index}"),
                            &format!("{redefine} => {index}"),
                        );
                    }
                }
                "fieldParentMap" => {
                    for (index, pair) in inner(value).enumerate() {
                        let (child, parent) = pair.split_once(" -> ").context("a parent")?;
                        out.set(
                            &format!("segment-children:{index}"),
                            &format!("{parent} => {child}"),
                        );
                    }
                }
                "trimming" => out.set(
                    "string_trimming_policy",
                    match value {
                        "TrimNone" => "none",
                        "TrimLeft" => "left",
                        "TrimRight" => "right",
                        "KeepAll" => "keep_all",
                        _ => "both",
                    },
                ),
                "displayAlwaysString" => out.set("display_pic_always_string", value),
                "comment" => {
                    let parts: Vec<&str> = inner(value).collect();
                    let [cut, from, to] = parts.as_slice() else {
                        bail!("wanted three parts of a comment policy, got {value}")
                    };
                    out.set("truncate_comments", cut);
                    // The peer's own option cannot set columns where nothing is cut.
                    if *cut == "true" {
                        out.set("comments_lbound", from);
                        out.set("comments_ubound", to);
                    }
                }
                "strictSignOverpunch" => out.set("strict_sign_overpunching", value),
                "nonTerminals" => {
                    out.set("non_terminals", &inner(value).collect::<Vec<_>>().join(","));
                }
                "occursHandlers" => out.set("occurs_mappings", &occurs_json(value)),
                "debug" => out.set(
                    "debug",
                    match value {
                        "HexValue" => "hex",
                        "RawValue" => "raw",
                        "StringValue" => "text",
                        _ => "false",
                    },
                ),
                "fieldCodePageMap" => {
                    for pair in inner(value) {
                        let (field, page) = pair.split_once(" -> ").context("a code page")?;
                        let name = format!("field_code_page:{page}");
                        let fields = out
                            .text(&name)
                            .map_or(field.to_owned(), |others| format!("{others},{field}"));
                        out.set(&name, &fields);
                    }
                }
                "strictIntegralPrecision" => out.set("strict_integral_precision", value),
                "floatingPointFormat" => out.set(
                    "floating_point_format",
                    match value {
                        "IBM_LE" => "ibm_little_endian",
                        "IEEE754_LE" => "ieee754_little_endian",
                        other => other,
                    },
                ),
                other => out.set(&format!("{UNMAPPED}{other}"), value),
            }
        }
        Ok(out)
    }

    /// Every name, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.text(name)
            .map_or(default, |value| value.eq_ignore_ascii_case("true"))
    }

    /// A whole number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>> {
        self.text(name)
            .map(|value| {
                value.parse().map_err(|_| {
                    anyhow::anyhow!("option {name}: wanted a whole number, got {value:?}")
                })
            })
            .transpose()
    }

    /// Names and values of the options whose name begins so, with what follows.
    pub fn starting<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Segment id and the REDEFINES group it stands for, in the peer's names.
    pub fn segment_redefines(&self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for (_, value) in NUMBERED_REDEFINES
            .iter()
            .flat_map(|prefix| self.starting(prefix))
        {
            let (redefine, ids) = arrow(value)?;
            found.extend(
                ids.split(',')
                    .map(|id| (id.trim().to_owned(), identifier(redefine))),
            );
        }
        Ok(found)
    }

    /// Child and parent segment, in the peer's names.
    pub fn segment_parents(&self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for prefix in ["segment-children", "segment_children"] {
            for (_, value) in self.starting(prefix) {
                let (parent, children) = arrow(value)?;
                for child in children.split(',') {
                    let (child, parent) = (identifier(child.trim()), identifier(parent));
                    let other = found
                        .iter()
                        .find(|(own, of)| *own == child && *of != parent);
                    ensure!(
                        other.is_none(),
                        "{child} below {parent} and below {other:?}"
                    );
                    found.push((child, parent));
                }
            }
        }
        Ok(found)
    }
}

/// A name as the peer shows it.
pub fn identifier(name: &str) -> String {
    name.replace('-', "_").replace([':', '\'', '"'], "")
}

/// Both sides of `FIELD => values`.
pub fn arrow(value: &str) -> Result<(&str, &str)> {
    let (left, right) = value
        .split_once("=>")
        .with_context(|| format!("wanted `NAME => values`, got {value:?}"))?;
    ensure!(
        !right.contains("=>"),
        "wanted `NAME => values`, got {value:?}"
    );
    Ok((left.trim(), right.trim()))
}

fn text(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `name=value` by blanks outside parentheses.
fn words(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, letter) in line.char_indices().chain([(line.len(), ' ')]) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                let word = line.get(start..at).unwrap_or_default();
                found.extend(word.split_once('='));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The parts of `List(a, b)`.
fn inner(value: &str) -> impl Iterator<Item = &str> {
    let (_, rest) = value.split_once('(').unwrap_or(("", ""));
    rest.trim_end_matches(')')
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// `Map(GRP1 -> Map(A -> 0, B -> 1))` as the JSON of `occurs_mappings`.
fn occurs_json(value: &str) -> String {
    let body = value
        .strip_prefix("Map(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_default();
    let mut out = String::from("{");
    for (index, part) in body
        .split("),")
        .filter(|part| !part.trim().is_empty())
        .enumerate()
    {
        let Some((field, pairs)) = part.split_once(" -> Map(") else {
            continue;
        };
        let pairs: Vec<String> = pairs
            .trim_end_matches(')')
            .split(',')
            .filter_map(|pair| pair.split_once(" -> "))
            .map(|(name, count)| format!("\"{}\":{}", name.trim(), count.trim()))
            .collect();
        let comma = if index > 0 { "," } else { "" };
        out += &format!("{comma}\"{}\":{{{}}}", field.trim(), pairs.join(","));
    }
    out + "}"
}
