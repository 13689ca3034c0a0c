//! When clients of a leg hear of their requests.

use http::StatusCode;

use super::Resolver;
use crate::config::BackendSpec;
use crate::config::file;
use crate::route::{BackendId, Delivery};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Reply,
    Forget,
    Async,
}

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn delivery(
        &mut self,
        leg: &file::Leg,
        (id, spec): (BackendId, &BackendSpec),
    ) -> Option<Delivery> {
        let known = [
            ("reply", Word::Reply),
            ("forget", Word::Forget),
            ("async", Word::Async),
        ];
        let said = leg.delivery.as_ref();
        let word = match said {
            Some(said) => self.word(said, "delivery", &known)?,
            None => Word::Reply,
        };
        if let Some(said) = said
            && !matches!(spec, BackendSpec::Kafka(_))
        {
            self.fault(
                said,
                format!(
                    "a {} backend answers each request: only a kafka backend has this",
                    spec.as_str()
                ),
            );
            return None;
        }
        if let (Some(accepted), Word::Reply | Word::Async) = (&leg.accepted, word) {
            let why = match word {
                Word::Async => "whoever is answered later hears 202 at first",
                Word::Reply | Word::Forget => "the reply has a status of its own",
            };
            self.fault_with_help(accepted, why, "this goes with delivery = \"forget\"");
            return None;
        }
        if let (Some(later), Word::Reply | Word::Forget) = (&leg.later, word) {
            self.fault_with_help(
                later,
                "clients of this are not answered later",
                "this goes with delivery = \"async\"",
            );
            return None;
        }
        Some(match word {
            Word::Reply => Delivery::Reply,
            Word::Forget => Delivery::Forget(self.accepted(leg)?),
            Word::Async => {
                let later = self.later(leg.later.as_ref())?;
                self.later = true;
                self.keeps(id, later.keep);
                Delivery::Async(later)
            }
        })
    }

    /// A status of success without a body that would have to be made up.
    fn accepted(&mut self, leg: &file::Leg) -> Option<StatusCode> {
        let Some(accepted) = &leg.accepted else {
            return Some(StatusCode::ACCEPTED);
        };
        let said = u16::try_from(*accepted.get_ref()).ok();
        let said = said.and_then(|said| StatusCode::from_u16(said).ok());
        let said = said.filter(StatusCode::is_success);
        if said.is_none() {
            self.fault(
                accepted,
                format!(
                    "wanted a status from 200 to 299, got {}",
                    accepted.get_ref()
                ),
            );
        }
        said
    }
}
