//! Frames: four bytes of length, then a request or an answer.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::Encodable;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Broken;
use crate::config::Limits;

/// Room is counted in this many bytes.
const UNIT: usize = 1024;
/// Reserved at first; more as bytes arrive, whatever the length says.
const FIRST: usize = 64 << 10;
/// API key, version and correlation id.
const HEAD: usize = 8;

/// Room in memory for requests and answers, shared by all connections.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    left: Arc<Semaphore>,
    /// All of it, in units.
    most: u32,
}

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let most = units(limits.queued_bytes);
        let permits = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            left: Arc::new(Semaphore::new(permits)),
            most,
        }
    }

    /// Waits for room for so many bytes. What is larger than the whole room takes all of it.
    async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Broken> {
        let units = units(bytes).min(self.most);
        let taken = Arc::clone(&self.left).acquire_many_owned(units).await;
        taken.map_err(|_| Broken::Closing)
    }
}

/// One request as it came, and the room it takes until it is answered.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) api: i16,
    pub(crate) version: i16,
    pub(crate) correlation: i32,
    /// Everything behind the length.
    pub(crate) bytes: Bytes,
    room: Room,
    /// Given back when the request is answered.
    taken: Vec<OwnedSemaphorePermit>,
}

impl Frame {
    /// Waits for room for a large answer, and keeps it until that is sent.
    ///
    /// Nobody waits here holding more than a small request, so there is always someone who gives back.
    pub(crate) async fn take_room(&mut self, bytes: usize) -> Result<(), Broken> {
        self.taken.push(self.room.take(bytes).await?);
        Ok(())
    }
}

/// Reads one request; `None` when the client is done. Dropped half-way the connection is of no more use.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    limits: &Limits,
    room: &Room,
) -> Result<Option<Frame>, Broken> {
    let mut length = [0; 4];
    let first = tokio::time::timeout(limits.idle_timeout, stream.read(&mut length[..1])).await;
    if !matches!(first, Ok(Ok(1..))) {
        // Done, or silent for so long that it may as well be.
        return first.map_or(Ok(None), |read| read.map(|_| None).map_err(Broken::from));
    }
    match tokio::time::timeout(limits.read_timeout, rest(stream, length[0], limits, room)).await {
        Ok(frame) => frame.map(Some),
        Err(_) => Err(Broken::Slow),
    }
}

async fn rest(
    stream: &mut (impl AsyncRead + Unpin),
    first: u8,
    limits: &Limits,
    room: &Room,
) -> Result<Frame, Broken> {
    let mut length = [first, 0, 0, 0];
    stream.read_exact(&mut length[1..]).await?;
    let length = i32::from_be_bytes(length);
    let len = usize::try_from(length)
        .ok()
        .filter(|len| *len >= HEAD)
        .ok_or(Broken::TooSmall(length))?;
    if len > limits.frame_bytes {
        return Err(Broken::TooLarge {
            len,
            most: limits.frame_bytes,
        });
    }
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let [a, b, c, d, id @ ..] = head;
    let (api, version, correlation) = (
        i16::from_be_bytes([a, b]),
        i16::from_be_bytes([c, d]),
        i32::from_be_bytes(id),
    );
    // Only records are large.
    if api != ApiKey::Produce as i16 && len > limits.small_frame_bytes {
        return Err(Broken::TooLarge {
            len,
            most: limits.small_frame_bytes,
        });
    }
    let taken = vec![room.take(len).await?];
    let mut bytes = BytesMut::with_capacity(len.min(FIRST));
    bytes.put_slice(&head);
    while bytes.len() < len {
        let missing = len - bytes.len();
        bytes.reserve(missing.min(bytes.len().max(FIRST)));
        if (&mut *stream)
            .take(u64::try_from(missing).unwrap_or(u64::MAX))
            .read_buf(&mut bytes)
            .await?
            == 0
        {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(Frame {
        api,
        version,
        correlation,
        bytes: bytes.freeze(),
        room: room.clone(),
        taken,
    })
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1)
}

/// An answer with its length, ready to be sent.
pub(crate) fn encode(
    response: &ResponseKind,
    api: i16,
    version: i16,
    correlation: i32,
) -> Result<Bytes, Broken> {
    let unanswerable = |why: String| Broken::Unanswerable { api, version, why };
    let mut out = BytesMut::new();
    out.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation);
    header
        .encode(&mut out, response.header_version(version))
        .map_err(|error| unanswerable(error.to_string()))?;
    response
        .encode(&mut out, version)
        .map_err(|error| unanswerable(error.to_string()))?;
    let length = i32::try_from(out.len() - 4).map_err(|error| unanswerable(error.to_string()))?;
    if let Some(field) = out.get_mut(..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    Ok(out.freeze())
}
