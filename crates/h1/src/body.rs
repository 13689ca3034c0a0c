//! Bodies: their length, and their bytes out of what comes on a connection.

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;

use crate::Limits;
use crate::chunk::{self, Extensions, Size};
use crate::field::{self, Gap};
use crate::refused::{self, Refused};
use crate::scan::{self, Folds};

/// How long a body is (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    None,
    /// So many bytes, of a `Content-Length`; it can be 0.
    Exactly(u64),
    /// In chunks, of `Transfer-Encoding: chunked`.
    Chunked,
    /// All that comes until the sender closes; only of a response.
    UntilClose,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of it, at least one. They share the buffer that they came in.
    Data(Bytes),
    /// Fields after the last chunk; only [`Piece::End`] comes after them.
    Trailers(HeaderMap),
    /// It is whole. Whatever is left in the buffer belongs to the next message.
    End,
    /// More bytes are needed.
    More,
}

/// Takes one body out of what comes.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    extensions: Extensions,
    limits: Limits,
    unfit: Unfit,
}

/// What becomes of a trailer that must not be one. No recipient may heed it, or may take it for an error (RFC 9110 section 6.5.1).
#[derive(Debug, Clone, Copy)]
enum Unfit {
    Refused,
    LeftOut,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Exactly(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    End,
    Broken(Refused),
}

impl Decoder {
    /// For a body of that length. The limits are those of its trailer section.
    #[must_use]
    pub fn new(length: BodyLength, limits: &Limits) -> Self {
        Self {
            state: match length {
                BodyLength::None | BodyLength::Exactly(0) => State::End,
                BodyLength::Exactly(length) => State::Exactly(length),
                BodyLength::Chunked => State::ChunkSize,
                BodyLength::UntilClose => State::UntilClose,
            },
            extensions: Extensions::default(),
            limits: *limits,
            unfit: Unfit::Refused,
        }
    }

    /// For the body of an answer: it is not refused for a trailer that must not be one, which is left out. Of a request such a trailer is
    /// refused, since whoever sends it may want to have two readers read two requests; an origin only errs.
    #[must_use]
    pub fn of_answer(length: BodyLength, limits: &Limits) -> Self {
        Self {
            unfit: Unfit::LeftOut,
            ..Self::new(length, limits)
        }
    }

    /// The next piece, taken out of `buf`.
    ///
    /// # Errors
    /// A chunk or a trailer breaks a rule or a limit; asked again, it says the same.
    pub fn next(&mut self, buf: &mut BytesMut) -> Result<Piece, Refused> {
        let piece = self.advance(buf);
        if let Err(refused) = &piece {
            self.state = State::Broken(*refused);
        }
        piece
    }

    fn advance(&mut self, buf: &mut BytesMut) -> Result<Piece, Refused> {
        loop {
            match self.state {
                State::End => return Ok(Piece::End),
                State::Broken(refused) => return Err(refused),
                _ if buf.is_empty() => return Ok(Piece::More),
                State::UntilClose => return Ok(Piece::Data(buf.split().freeze())),
                State::Exactly(left) => {
                    let (data, left) = take(buf, left);
                    self.state = match left {
                        0 => State::End,
                        left => State::Exactly(left),
                    };
                    return Ok(Piece::Data(data));
                }
                State::ChunkData(left) => {
                    let (data, left) = take(buf, left);
                    self.state = match left {
                        0 => State::ChunkEnd,
                        left => State::ChunkData(left),
                    };
                    return Ok(Piece::Data(data));
                }
                State::ChunkEnd => match buf.as_ref() {
                    [b'\r', b'\n', ..] => {
                        buf.advance(2);
                        self.state = State::ChunkSize;
                    }
                    [b'\r'] => return Ok(Piece::More),
                    _ => return Err(refused::CHUNK_DATA),
                },
                State::ChunkSize => {
                    let Some(Size { size, line }) = chunk::size(buf, &mut self.extensions)? else {
                        return Ok(Piece::More);
                    };
                    buf.advance(line);
                    self.state = match size {
                        0 => State::Trailers,
                        size => State::ChunkData(size),
                    };
                }
                State::Trailers => {
                    let Some(section) = scan::fields(buf, 0, 0, &self.limits, Folds::Refused)?
                    else {
                        return Ok(Piece::More);
                    };
                    self.state = State::End;
                    if section.lines.is_empty() {
                        buf.advance(section.end);
                        return Ok(Piece::End);
                    }
                    let bytes = buf.split_to(section.end).freeze();
                    let (trailers, _) = field::read(&bytes, &section, Gap::Refused)?;
                    let fits = trailers.keys().all(field::may_trail);
                    return match self.unfit {
                        _ if fits => Ok(Piece::Trailers(trailers)),
                        Unfit::Refused => Err(refused::TRAILER),
                        Unfit::LeftOut => {
                            Ok(field::trailing(trailers).map_or(Piece::End, Piece::Trailers))
                        }
                    };
                }
            }
        }
    }

    /// The sender has closed its side, and all that came was taken.
    ///
    /// # Errors
    /// The body is not whole.
    pub fn closed(&mut self) -> Result<(), Refused> {
        match self.state {
            State::End => Ok(()),
            State::UntilClose => {
                self.state = State::End;
                Ok(())
            }
            State::Broken(refused) => Err(refused),
            _ => {
                self.state = State::Broken(refused::INCOMPLETE);
                Err(refused::INCOMPLETE)
            }
        }
    }

    /// Whether it is whole: all that [`next`](Self::next) still gives is [`Piece::End`].
    #[must_use]
    pub fn at_end(&self) -> bool {
        matches!(self.state, State::End)
    }

    /// How many bytes are still to come, where the message says so.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        match self.state {
            State::End => Some(0),
            State::Exactly(left) => Some(left),
            _ => None,
        }
    }
}

/// Up to `left` bytes, at least one of a buffer that is not empty; and how many are left then.
fn take(buf: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let length = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
    let data = buf.split_to(length).freeze();
    let took = u64::try_from(length).unwrap_or(u64::MAX);
    (data, left.saturating_sub(took))
}
