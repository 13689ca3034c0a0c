//! Where in a message something is, told in the mapping's own words.

use std::fmt::Write as _;

use super::{Ops, Run};
use crate::mapping::program::{Format, Op, Put, Rule, Source};
use crate::mapping::way::Way;
use crate::transcode::TranscodeError;

impl<'p> Run<'p, '_, '_> {
    /// What is wrong with what a rule reads.
    pub(super) fn fault(&self, put: &Put, rule: &Rule, reason: &'static str) -> TranscodeError {
        TranscodeError::mapping(reason)
            .at(self.source(rule))
            .of_field(put.field.as_deref())
    }

    fn source(&self, rule: &Rule) -> String {
        match &rule.source {
            Source::Way(way) | Source::Count(way) => self.pointer(way.as_str()),
            Source::Param(name) => format!("path parameter {name}"),
            Source::Header(name) => format!("header {name}"),
            Source::Query(name) => format!("query parameter {name}"),
            Source::Constant(_) => "a constant".to_owned(),
        }
    }

    /// From the outermost, through the items of lists that we are in.
    pub(super) fn pointer(&self, way: &str) -> String {
        let mut pointer = String::new();
        for (list, index) in &self.trail {
            self.item(&mut pointer, list, *index);
        }
        pointer.push_str(way);
        pointer
    }

    fn item(&self, pointer: &mut String, list: &Way, index: usize) {
        pointer.push_str(list.as_str());
        let done = match self.program.from {
            Format::Xml | Format::Soap(_) | Format::Form | Format::Query => {
                write!(pointer, "[{}]", index.saturating_add(1))
            }
            _ => write!(pointer, "/{index}"),
        };
        done.unwrap_or_default();
    }

    /// Where a field of the record that was to be made comes from: `LINE(2).NO` from `/lines/1/no`.
    pub(super) fn place_of(&self, path: &str, ops: Ops) -> Option<String> {
        let mut bare = String::with_capacity(path.len());
        let mut subscripts: Vec<usize> = Vec::new();
        let mut rest = path;
        while let Some((name, after)) = rest.split_once('(') {
            let (number, after) = after.split_once(')')?;
            bare.push_str(name);
            subscripts.push(number.parse().ok()?);
            rest = after;
        }
        bare.push_str(rest);
        let mut pointer = self.pointer("");
        let mut at = ops.start;
        let mut tables = subscripts.into_iter();
        while let Some(op) = self.program.ops.get(at).filter(|_| at < ops.end) {
            at += 1;
            match op {
                Op::Put(put) if put.field.as_deref() == Some(&bare) => {
                    let rule = put.rules.first()?;
                    let way = match &rule.source {
                        Source::Way(way) | Source::Count(way) => way.as_str(),
                        _ => return Some(self.source(rule)),
                    };
                    return Some(pointer + way);
                }
                Op::Each(each) => {
                    let field = each.field.as_deref()?;
                    let within = bare.strip_prefix(field);
                    match within {
                        Some("") if each.plain || tables.len() == 0 => {
                            match tables.next() {
                                Some(number) => {
                                    self.item(&mut pointer, &each.way, number.saturating_sub(1));
                                }
                                None => pointer.push_str(each.way.as_str()),
                            }
                            return Some(pointer);
                        }
                        Some(below) if below.is_empty() || below.starts_with('.') => {
                            let number = tables.next().unwrap_or(1);
                            self.item(&mut pointer, &each.way, number.saturating_sub(1));
                            if below.is_empty() {
                                return Some(pointer);
                            }
                        }
                        _ => at = each.end,
                    }
                }
                Op::Put(_) | Op::Open(_) | Op::Close => {}
            }
        }
        None
    }
}
