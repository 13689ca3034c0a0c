//! A body that somebody watches on its way to the client: how much goes by, whether it comes to its end, and when it is over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::payload::{Payload, PayloadError, Tunnel};

/// Whoever watches. Dropped when the body is over, whole or not; must not block.
pub trait Watch: Send + Unpin + 'static {
    /// So many bytes went by.
    fn passed(&mut self, bytes: usize);
    /// It came to its end.
    fn ended(&mut self);
    /// It broke off at its sender's side. Not called where its reader leaves it.
    fn broke(&mut self, _why: &PayloadError) {}
}

impl Payload {
    /// The same body, watched. One that is at hand is over at once; a tunnel when it is closed, of what came from the backend.
    #[must_use]
    pub fn watched(self, mut watch: impl Watch) -> Self {
        match self {
            Self::Empty => {
                watch.ended();
                Self::Empty
            }
            Self::Whole { data, trailers } => {
                watch.passed(data.len());
                watch.ended();
                Self::Whole { data, trailers }
            }
            Self::Tunnel(inner) => Self::Tunnel(Box::new(WatchedTunnel { inner, watch })),
            inner @ Self::Stream(_) => Self::Stream(Box::pin(Watched {
                inner,
                watch: Some(watch),
            })),
        }
    }
}

struct Watched<W> {
    inner: Payload,
    /// Until it is over.
    watch: Option<W>,
}

impl<W: Watch> Watched<W> {
    fn over(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            watch.ended();
        }
    }
}

impl<W: Watch> Body for Watched<W> {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(data), Some(watch)) = (frame.data_ref(), &mut self.watch) {
                    watch.passed(data.len());
                }
                // Nobody may ask once more after the last.
                if self.inner.is_end_stream() {
                    self.over();
                }
            }
            Poll::Ready(None) => self.over(),
            Poll::Ready(Some(Err(error))) => {
                if let Some(mut watch) = self.watch.take() {
                    watch.broke(error);
                }
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

struct WatchedTunnel<W> {
    inner: Box<dyn Tunnel>,
    watch: W,
}

impl<W: Watch> Tunnel for WatchedTunnel<W> {
    fn idle(&self) -> Option<Duration> {
        self.inner.idle()
    }
}

impl<W: Watch> AsyncRead for WatchedTunnel<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.watch.passed(read);
        polled
    }
}

impl<W: Watch> AsyncWrite for WatchedTunnel<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    /// What was seen: bytes, whether it ended, whether it is over.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<(usize, bool, bool)>>);

    struct Eye(Seen);

    impl Watch for Eye {
        fn passed(&mut self, bytes: usize) {
            self.0.0.lock().unwrap().0 += bytes;
        }
        fn ended(&mut self) {
            self.0.0.lock().unwrap().1 = true;
        }
    }

    impl Drop for Eye {
        fn drop(&mut self) {
            self.0.0.lock().unwrap().2 = true;
        }
    }

    fn streamed(frames: Vec<Result<&'static str, PayloadError>>) -> Payload {
        let frames = frames
            .into_iter()
            .map(|frame| frame.map(|text| Frame::data(Bytes::from(text))));
        Payload::Stream(Box::pin(StreamBody::new(futures_util::stream::iter(
            frames,
        ))))
    }

    #[tokio::test]
    async fn a_body_is_watched_to_its_end_or_to_where_it_breaks() {
        let seen = Seen::default();
        let mut body = streamed(vec![Ok("abc"), Ok("de")]).watched(Eye(seen.clone()));
        assert!(body.frame().await.is_some());
        assert_eq!(*seen.0.lock().unwrap(), (3, false, false));
        while body.frame().await.is_some() {}
        assert_eq!(*seen.0.lock().unwrap(), (5, true, true));

        let seen = Seen::default();
        let body = streamed(vec![Ok("abc"), Err(PayloadError::Late)]).watched(Eye(seen.clone()));
        assert!(body.gather(100).await.is_err());
        assert_eq!(*seen.0.lock().unwrap(), (3, false, true));

        let seen = Seen::default();
        drop(streamed(vec![Ok("abc")]).watched(Eye(seen.clone())));
        assert_eq!(*seen.0.lock().unwrap(), (0, false, true));

        let seen = Seen::default();
        let _body = Payload::bytes("abcd").watched(Eye(seen.clone()));
        assert_eq!(*seen.0.lock().unwrap(), (4, true, true));
    }
}
