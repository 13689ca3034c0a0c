//! Zstandard with bounded memory: small windows, and never more output than was asked for. No I/O.

use bytes::Bytes;
use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use crate::error::{Error, Kind};

/// Fast, and close to what slower levels reach on records and scans.
const LEVEL: i32 = 3;
/// 8 MiB: what a reader needs at most for what we write, and allows others.
const WINDOW: u32 = 23;
const OUTPUT: usize = 128 << 10;

/// Compresses what is pushed.
pub(crate) struct Deflater(Encoder<'static>);

/// Decompresses one frame.
pub(crate) struct Inflater {
    decoder: Decoder<'static>,
    input: Bytes,
    ended: bool,
}

fn failed(error: std::io::Error) -> Error {
    Error::new(Kind::Store, "a body cannot be compressed").because(error)
}

fn altered(error: std::io::Error) -> Error {
    Error::altered("the body does not decompress").because(error)
}

impl Deflater {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut encoder = Encoder::new(LEVEL).map_err(failed)?;
        let window = encoder.set_parameter(CParameter::WindowLog(WINDOW - 2));
        window.map_err(failed)?;
        Ok(Self(encoder))
    }

    pub(crate) fn push(&mut self, data: &[u8]) -> Result<Bytes, Error> {
        let mut input = InBuffer::around(data);
        let mut all = Vec::new();
        while input.pos() < data.len() {
            step(&mut all, |output| self.0.run(&mut input, output))?;
        }
        Ok(all.into())
    }

    pub(crate) fn finish(mut self) -> Result<Bytes, Error> {
        let mut all = Vec::new();
        while step(&mut all, |output| self.0.finish(output, true))? > 0 {}
        Ok(all.into())
    }
}

/// Appends what one step writes.
fn step(
    all: &mut Vec<u8>,
    run: impl FnOnce(&mut OutBuffer<'_, [u8]>) -> std::io::Result<usize>,
) -> Result<usize, Error> {
    let begin = all.len();
    all.resize(begin + OUTPUT, 0);
    let room = all.get_mut(begin..).unwrap_or_default();
    let mut output = OutBuffer::around(room);
    let left = run(&mut output).map_err(failed)?;
    let written = output.pos();
    all.truncate(begin + written);
    Ok(left)
}

impl Inflater {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut decoder = Decoder::new().map_err(altered)?;
        let window = decoder.set_parameter(DParameter::WindowLogMax(WINDOW));
        window.map_err(altered)?;
        Ok(Self {
            decoder,
            input: Bytes::new(),
            ended: false,
        })
    }

    /// More input; there was no more output without it.
    pub(crate) fn push(&mut self, data: Bytes) -> Result<(), Error> {
        if self.ended && !data.is_empty() {
            return Err(Error::altered("something follows the compressed body"));
        }
        self.input = data;
        Ok(())
    }

    /// The next output, at most 128 KiB; none until there is more input.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.ended {
                return match self.input.is_empty() {
                    true => Ok(None),
                    false => Err(Error::altered("something follows the compressed body")),
                };
            }
            let mut room = vec![0; OUTPUT];
            let mut input = InBuffer::around(&self.input);
            let mut output = OutBuffer::around(&mut room[..]);
            let left = self.decoder.run(&mut input, &mut output).map_err(altered)?;
            let (read, written) = (input.pos(), output.pos());
            drop(self.input.split_to(read));
            self.ended = left == 0;
            if written > 0 {
                room.truncate(written);
                return Ok(Some(room.into()));
            }
            if read == 0 && !self.ended {
                return Ok(None);
            }
        }
    }

    /// Whether the frame has come to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflate(pieces: &[&[u8]]) -> Bytes {
        let mut deflater = Deflater::new().unwrap();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(deflater.push(piece).unwrap());
        }
        all.extend(deflater.finish().unwrap());
        all.into()
    }

    fn inflate(frame: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
        let mut inflater = Inflater::new()?;
        let mut all = Vec::new();
        for piece in frame.chunks(piece) {
            inflater.push(Bytes::copy_from_slice(piece))?;
            while let Some(output) = inflater.next()? {
                assert!(output.len() <= OUTPUT);
                all.extend(output);
            }
        }
        match inflater.has_ended() {
            true => Ok(all),
            false => Err(Error::altered("it did not end")),
        }
    }

    #[test]
    fn what_is_compressed_is_had_again_and_others_read_it() {
        let (one, other) = (vec![7; 1_000_000], b"a batch document".repeat(5_000));
        let both = [&one[..], &other].concat();
        let frame = deflate(&[&one, b"", &other]);
        assert!(frame.len() < both.len() / 100);
        for piece in [1, 1_000, frame.len()] {
            assert!(inflate(&frame, piece).unwrap() == both);
        }
        assert!(zstd::stream::decode_all(&frame[..]).unwrap() == both);
        assert_eq!(inflate(&deflate(&[]), 100).unwrap(), b"");
    }

    #[test]
    fn what_is_cut_short_or_followed_is_refused() {
        let frame = deflate(&[&b"a batch document".repeat(100)]);
        assert!(inflate(&frame[..frame.len() - 1], 10).is_err());
        assert!(inflate(&[&frame[..], &frame].concat(), frame.len()).is_err());
        assert!(inflate(&[&frame[..], b"x"].concat(), 7).is_err());
        assert!(inflate(b"no frame at all", 100).is_err());
    }

    #[test]
    fn a_window_of_a_gigabyte_is_refused() {
        let mut encoder = Encoder::new(1).unwrap();
        encoder.set_parameter(CParameter::WindowLog(27)).unwrap();
        let mut frame = Vec::new();
        let data = [1; 64];
        let mut input = InBuffer::around(&data[..]);
        while input.pos() < data.len() {
            step(&mut frame, |output| encoder.run(&mut input, output)).unwrap();
        }
        while step(&mut frame, |output| encoder.finish(output, true)).unwrap() > 0 {}
        assert!(inflate(&frame, frame.len()).is_err());
    }
}
