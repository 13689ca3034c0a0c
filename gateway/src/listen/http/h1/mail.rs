//! The body of a request on its way from the connection, which alone reads, to whoever asks for it.
//!
//! One part lies between the two at most: a client is read no faster than its body is taken. Both ends are mostly in one task; where
//! they are not, each wakes the other.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::message::PayloadError;

/// The connection's end.
#[derive(Debug)]
pub(super) struct Sender(Arc<Mutex<Mail>>);

/// The other end: a body.
#[derive(Debug)]
pub(super) struct Incoming {
    mail: Arc<Mutex<Mail>>,
    /// How many bytes are still to come, where that is known.
    left: Option<u64>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Mail {
    part: Option<Result<Frame<Bytes>, PayloadError>>,
    follows: Follows,
    wanted: bool,
    dropped: bool,
    reader: Option<Waker>,
    connection: Option<Waker>,
}

/// What comes after the part that lies there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Follows {
    #[default]
    More,
    /// The body is whole.
    End,
    /// The body is not whole, and nothing more of it comes.
    Cut,
}

fn lock(mail: &Mutex<Mail>) -> MutexGuard<'_, Mail> {
    mail.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body of so many bytes, where that is known, and the end to fill it from.
pub(super) fn body(length: Option<u64>) -> (Sender, Incoming) {
    let mail = Arc::<Mutex<Mail>>::default();
    let incoming = Incoming {
        mail: Arc::clone(&mail),
        left: length,
        ended: false,
    };
    (Sender(mail), incoming)
}

/// How the other end stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// It waits for the next part.
    Wants,
    /// There is room for the next part.
    HasRoom,
    /// It has not taken the last part yet.
    Full,
    /// It takes nothing any more.
    Left,
}

/// Where whoever waited for a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// In this task, which goes on by itself.
    Here,
    /// Elsewhere, and was woken; or nobody waited.
    Elsewhere,
}

/// Whether more parts will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
}

impl Sender {
    /// How the other end stands; the task is woken when it wants more.
    pub(super) fn reader(&self, context: &Context<'_>) -> Reader {
        let mut mail = lock(&self.0);
        if !mail
            .connection
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            mail.connection = Some(context.waker().clone());
        }
        match (&mail.part, mail.dropped, mail.wanted) {
            (_, true, _) => Reader::Left,
            (Some(_), ..) => Reader::Full,
            (None, _, true) => Reader::Wants,
            (None, _, false) => Reader::HasRoom,
        }
    }

    /// Puts a part down, or the end where there is none. Only where there is room.
    pub(super) fn send(
        &self,
        part: Option<Result<Frame<Bytes>, PayloadError>>,
        more: More,
        context: &Context<'_>,
    ) -> Waited {
        let mut mail = lock(&self.0);
        mail.part = part;
        if more == More::No {
            mail.follows = Follows::End;
        }
        if !std::mem::take(&mut mail.wanted) {
            return Waited::Elsewhere;
        }
        let Some(reader) = mail.reader.take() else {
            return Waited::Elsewhere;
        };
        drop(mail);
        if reader.will_wake(context.waker()) {
            return Waited::Here;
        }
        reader.wake();
        Waited::Elsewhere
    }
}

impl Drop for Sender {
    /// Whoever still waits hears that nothing more comes.
    fn drop(&mut self) {
        let mut mail = lock(&self.0);
        if mail.follows == Follows::End {
            return;
        }
        mail.follows = Follows::Cut;
        if let Some(reader) = mail.reader.take() {
            drop(mail);
            reader.wake();
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let mut mail = lock(&this.mail);
        let mut part = mail.part.take();
        if part.is_none() && mail.follows == Follows::Cut {
            part = Some(Err(PayloadError::broken(
                "the client's connection has ended",
            )));
        }
        if part.is_none() && mail.follows == Follows::More {
            mail.wanted = true;
            mail.reader = Some(context.waker().clone());
        } else {
            this.ended = mail.follows == Follows::End || matches!(part, Some(Err(_)));
        }
        // There is room again, or a wish.
        let elsewhere = mail
            .connection
            .take_if(|waker| !waker.will_wake(context.waker()));
        drop(mail);
        if let Some(connection) = elsewhere {
            connection.wake();
        }
        match part {
            None if this.ended => Poll::Ready(None),
            None => Poll::Pending,
            Some(part) => {
                if let (Some(left), Some(data)) =
                    (&mut this.left, part.as_ref().ok().and_then(Frame::data_ref))
                {
                    *left = left.saturating_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
                }
                Poll::Ready(Some(part))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut mail = lock(&self.mail);
        mail.dropped = true;
        mail.part = None;
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn part(text: &'static str) -> Option<Result<Frame<Bytes>, PayloadError>> {
        Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))
    }

    #[tokio::test]
    async fn a_reader_elsewhere_is_woken_and_wakes() {
        let (sender, mut incoming) = body(Some(4));
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            while let Some(frame) = incoming.frame().await {
                all.extend_from_slice(&frame.unwrap().into_data().unwrap());
            }
            assert!(incoming.is_end_stream());
            all
        });
        for (text, more) in [("on", More::Yes), ("ce", More::No)] {
            let wants = |context: &mut Context<'_>| match sender.reader(context) {
                Reader::Wants => Poll::Ready(()),
                _ => Poll::Pending,
            };
            std::future::poll_fn(wants).await;
            let context = Context::from_waker(Waker::noop());
            assert_eq!(sender.send(part(text), more, &context), Waited::Elsewhere);
        }
        assert_eq!(reading.await.unwrap(), b"once");
    }

    #[tokio::test]
    async fn a_connection_that_ends_is_no_end_of_a_body() {
        let (sender, mut incoming) = body(None);
        let context = Context::from_waker(Waker::noop());
        sender.send(part("half"), More::Yes, &context);
        drop(sender);
        assert!(incoming.frame().await.unwrap().unwrap().is_data());
        assert!(incoming.frame().await.unwrap().is_err());
        assert!(incoming.frame().await.is_none());
    }
}
