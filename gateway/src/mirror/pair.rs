//! One exchange and the other side's answer to it: asking, and what comes of it.
//!
//! Each side is asked with the request's own id and `Figway-Shadow: true`; its answer is brought into the client's shape. A side
//! is asked once more only for reads: the mirror after a view was behind, legacy to see in what it differs from itself.

use std::error::Error as _;
use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use tokio::time::{Instant, timeout_at};

use super::Job;
use crate::backend::{Attempt, Call};
use crate::compare::{self, Answer, Noisy, NotComparable, Verdict};
use crate::error::{BackendErrorKind, GatewayError, rescue};
use crate::evidence::{AtSide, Finding, Noise, Sides};
use crate::exchange::{self, How, Taken};
use crate::message::{Gathered, PayloadError, Response};
use crate::mirror::Held;
use crate::route::{Effect, Leg, Side};
use crate::transcode::TranscodeError;

/// An exchange whose answer the client has.
pub(super) struct Pair {
    pub(super) taken: Taken,
    /// Who is to be asked as well.
    leg: Arc<Leg>,
    /// What it is asked with, once more.
    request: Option<(Parts, Gathered)>,
    /// What the client got.
    primary: Answer,
    /// What became of it at both sides when they were asked first.
    pub(super) sides: Sides,
    /// What the copies take of the budget.
    _held: Held,
}

/// What the other side said.
pub(super) enum Reply {
    Answer(Box<Answer>),
    /// It gave none that could be compared.
    None(Finding),
}

/// What comparing it gave.
pub(super) struct Judged {
    pub(super) finding: Finding,
    /// Fields that differ and are noise.
    pub(super) left_out: Vec<String>,
}

impl From<Finding> for Judged {
    fn from(finding: Finding) -> Self {
        Self {
            finding,
            left_out: Vec::new(),
        }
    }
}

impl Pair {
    /// Asks the mirror. The request is kept where it may be needed again.
    pub(super) async fn of<B: Call>(job: Job, keep: Keep, backends: &[B]) -> (Self, Reply) {
        let Job {
            taken,
            leg,
            request,
            request_body,
            answered,
            response,
            response_body,
            took,
            held,
            ..
        } = job;
        let primary = AtSide::Answered {
            took,
            server_error: response.status.is_server_error(),
        };
        let again = match keep {
            Keep::Request => Some((request.clone(), request_body.clone())),
            Keep::Nothing => None,
        };
        let mut pair = Self {
            sides: Sides::default(),
            primary: Answer::of(answered, response, response_body.data),
            request: again,
            taken,
            leg,
            _held: held,
        };
        let (reply, mirror) = ask(&pair.taken, &pair.leg, request, request_body, backends).await;
        pair.sides = match answered {
            Side::Legacy => Sides {
                legacy: primary,
                modern: mirror,
            },
            Side::Modern => Sides {
                legacy: mirror,
                modern: primary,
            },
        };
        (pair, reply)
    }

    /// Asks a side once more; none where the request was not kept or the route has no such side.
    async fn once_more<B: Call>(&self, side: Side, backends: &[B]) -> Option<Reply> {
        let leg = self.taken.route.leg(side)?;
        let (request, body) = self.request.clone()?;
        let (reply, _) = ask(&self.taken, leg, request, body, backends).await;
        Some(reply)
    }

    /// Asks the mirror once more.
    pub(super) async fn mirror_again<B: Call>(&self, backends: &[B]) -> Reply {
        let reply = self.once_more(self.leg.side, backends).await;
        reply.unwrap_or(Reply::None(Finding::Compared(Verdict::ViewBehind)))
    }

    /// What the client's answer held against the mirror's gives.
    pub(super) fn judge(&self, reply: &Reply, noisy: &Noisy) -> Judged {
        self.against(&self.primary, reply, noisy)
    }

    /// The same with an answer of the client's side that is asked for now: data may have changed since the client's.
    pub(super) async fn judge_anew<B: Call>(
        &self,
        reply: &Reply,
        noisy: &Noisy,
        backends: &[B],
    ) -> Option<Judged> {
        match self.once_more(self.primary.side, backends).await? {
            Reply::Answer(primary) => Some(self.against(&primary, reply, noisy)),
            Reply::None(_) => None,
        }
    }

    fn against(&self, primary: &Answer, reply: &Reply, noisy: &Noisy) -> Judged {
        let mirror = match reply {
            Reply::Answer(answer) => answer,
            Reply::None(finding) => return Judged::from(finding.clone()),
        };
        let route = &self.taken.route;
        let shape = &route.client.response;
        let compared = compare::compare_but(&route.compare, shape, primary, mirror, noisy);
        Judged {
            finding: Finding::Compared(compared.verdict),
            left_out: compared.left_out,
        }
    }

    /// Legacy's answer; modern's where there is none of legacy.
    pub(super) fn of_legacy<'a>(&'a self, reply: &'a Reply) -> &'a Answer {
        match (self.primary.side, reply) {
            (Side::Modern, Reply::Answer(mirror)) => mirror,
            _ => &self.primary,
        }
    }

    /// Asks legacy once more and tells in what it differs from itself. None where the request was not kept.
    pub(super) async fn noise<B: Call>(&self, reply: &Reply, backends: &[B]) -> Option<Noise> {
        let first = match (self.primary.side, reply) {
            (Side::Legacy, _) => &self.primary,
            (Side::Modern, Reply::Answer(mirror)) => mirror,
            (Side::Modern, Reply::None(_)) => return None,
        };
        let second = self.once_more(Side::Legacy, backends).await?;
        let judged = self.against(first, &second, &Noisy::new());
        Some(match judged.finding {
            Finding::Compared(Verdict::Equal) => Noise::Pair(Vec::new()),
            Finding::Compared(Verdict::Different(found)) => {
                let mut names: Vec<String> = Vec::new();
                for difference in found.fields {
                    if !names.contains(&difference.field) {
                        names.push(difference.field);
                    }
                }
                Noise::Pair(names)
            }
            _ => Noise::None,
        })
    }

    /// Whether it may be asked more than once: it changes no data.
    pub(super) fn is_read(&self) -> bool {
        self.taken.route.effect == Effect::Read
    }

    pub(super) fn mirror_side(&self) -> Side {
        self.leg.side
    }
}

/// Whether the request may be needed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Request,
    Nothing,
}

/// Asks one side, and reads its answer to the end. Also what became of it there.
async fn ask<B: Call>(
    taken: &Taken,
    leg: &Arc<Leg>,
    request: Parts,
    body: Gathered,
    backends: &[B],
) -> (Reply, AtSide) {
    let began = Instant::now();
    let how = How {
        attempt: Attempt::First,
        shadow: true,
        deadline: began + taken.route.timeout,
    };
    let ask = exchange::ask(taken, request, body.into(), how.deadline);
    let answer = exchange::attempt(leg, taken, ask, how, backends).await;
    let answered = |status: StatusCode| AtSide::Answered {
        took: began.elapsed(),
        server_error: status.is_server_error(),
    };
    match answer {
        Ok(response) => {
            let at_side = answered(response.parts.status);
            let reply = read(taken, leg.side, response, how.deadline).await;
            let broke_off = matches!(reply, Reply::None(Finding::Failed(_)));
            (reply, if broke_off { AtSide::Failed } else { at_side })
        }
        // What the client would have got is the route's own error.
        Err(error @ GatewayError::Status { status, .. }) if !status.is_server_error() => {
            let at_side = answered(status);
            let told = rescue(&error, &taken.route.errors, taken.id);
            (read(taken, leg.side, told, how.deadline).await, at_side)
        }
        Err(error) => {
            let finding = failed(leg.side, &error);
            let at_side = match (&error, &finding) {
                (GatewayError::Status { status, .. }, _) => answered(*status),
                // It is not asked then.
                (GatewayError::Closed { .. }, _) => AtSide::Unknown,
                (_, Finding::Failed(_)) => AtSide::Failed,
                // What it said could not be used, or it was behind.
                _ => AtSide::Unknown,
            };
            (Reply::None(finding), at_side)
        }
    }
}

async fn read(taken: &Taken, side: Side, response: Response, deadline: Instant) -> Reply {
    let Response { parts, payload, .. } = response;
    let failed = |code| Reply::None(Finding::Failed(code));
    match timeout_at(deadline, payload.gather(taken.route.max_body)).await {
        Ok(Ok(whole)) => Reply::Answer(Box::new(Answer::of(side, parts, whole.data))),
        Ok(Err(PayloadError::TooLarge { limit })) => {
            let reason = NotComparable::TooLarge { side, limit };
            Reply::None(Finding::Compared(Verdict::NotComparable(reason)))
        }
        Ok(Err(PayloadError::Broken(_))) => failed("broken"),
        Err(_) | Ok(Err(PayloadError::Late)) => failed("timeout"),
    }
}

/// What it means that a side gave no answer to compare.
fn failed(side: Side, error: &GatewayError) -> Finding {
    let untranslatable = |reason: &TranscodeError| {
        Finding::Compared(Verdict::NotComparable(NotComparable::Untranslatable {
            side,
            reason: reason.to_string(),
        }))
    };
    match error {
        GatewayError::Undecodable(reason) => untranslatable(reason),
        GatewayError::Backend { error, .. } if error.kind() == BackendErrorKind::Stale => {
            Finding::Compared(Verdict::ViewBehind)
        }
        GatewayError::Backend { error, .. } => match error.source() {
            Some(source) => match source.downcast_ref::<TranscodeError>() {
                Some(reason) => untranslatable(reason),
                None => Finding::Failed(error.kind().as_str()),
            },
            None => Finding::Failed(error.kind().as_str()),
        },
        other => Finding::Failed(other.code()),
    }
}
