//! What a rule finds in what was read, or around it.

use super::Run;
use crate::mapping::event::Scalar;
use crate::mapping::program::{Missing, Put, Rule, Source, Want};
use crate::mapping::sink::is_of_xml;
use crate::mapping::tree::At;
use crate::mapping::value;
use crate::route::table::parameters;
use crate::transcode::TranscodeError;

/// What a rule finds.
pub(super) enum Found<'s> {
    Nothing,
    Scalar(Scalar<'s>),
    /// A value that stays what it is, where it stands: moving it costs more than all else.
    Same(&'s Scalar<'s>),
    /// Something with others in it, which is copied.
    Whole(At),
}

impl<'p, 't> Run<'p, 't, '_>
where
    'p: 't,
{
    // Here and in what it calls a value would be copied several times on its way: half of what a value costs.
    #[inline(always)]
    pub(super) fn found(
        &self,
        put: &'p Put,
        rule: &'p Rule,
        scope: At,
    ) -> Result<Found<'t>, TranscodeError> {
        let given: Scalar<'t> = match &rule.source {
            Source::Constant(scalar) => return Ok(Found::Scalar(scalar.borrowed())),
            Source::Count(way) => {
                let count = self.items(way, scope, true)?.len();
                return Ok(Found::Scalar(Scalar::Number(count.to_string().into())));
            }
            Source::Way(way) => match self.tree.find(scope, way) {
                None => return Ok(Found::Nothing),
                Some(at) => match self.tree.scalar(at) {
                    Some(scalar) if !self.plain_xml && value::stays(rule, scalar) => {
                        return Ok(Found::Same(scalar));
                    }
                    Some(scalar) => scalar.borrowed(),
                    None if rule.want == Want::Any && put.copies => {
                        return Ok(Found::Whole(at));
                    }
                    None => return Err(self.fault(put, rule, "wanted one value")),
                },
            },
            Source::Param(name) => {
                let found = self.around.params.and_then(|params| params.get(name));
                match found {
                    Some(text) => Scalar::Text(text),
                    None => return Ok(Found::Nothing),
                }
            }
            Source::Header(name) => {
                let found = self.around.headers.and_then(|headers| headers.get(name));
                match found.map(|value| std::str::from_utf8(value.as_bytes())) {
                    Some(Ok(text)) => Scalar::Text(text.into()),
                    Some(Err(_)) => return Err(self.fault(put, rule, "wanted UTF-8")),
                    None => return Ok(Found::Nothing),
                }
            }
            Source::Query(name) => {
                let query = self.around.query.unwrap_or_default();
                let found = parameters(query).find(|(given, _)| **given == *name.as_bytes());
                match found.map(|(_, value)| String::from_utf8(value.into_owned())) {
                    Some(Ok(text)) => Scalar::Text(text.into()),
                    Some(Err(_)) => return Err(self.fault(put, rule, "wanted UTF-8")),
                    None => return Ok(Found::Nothing),
                }
            }
        };
        if given == Scalar::Null {
            let is_value = put.nulls && !matches!(rule.missing, Missing::Default(_));
            return Ok(match is_value {
                true => Found::Scalar(Scalar::Null),
                false => Found::Nothing,
            });
        }
        let made = value::made(rule, given).map_err(|reason| self.fault(put, rule, reason))?;
        if self.plain_xml && !made.text().is_none_or(is_of_xml) {
            return Err(self.fault(put, rule, "a character that XML does not have"));
        }
        Ok(Found::Scalar(made))
    }
}
