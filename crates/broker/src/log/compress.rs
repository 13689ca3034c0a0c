//! Inflates the records of one batch, never to more than a bound: a few kilobytes can claim gigabytes.

use std::borrow::Cow;
use std::io::{self, Read};

use super::batch::{Codec, Fault};

/// The most one batch may inflate to. Clients bound their requests far below.
const MOST: usize = 256 << 20;
/// The frame snappy-java writes, which is what Kafka means by snappy: magic, version and compatible version.
const XERIAL: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEADER: usize = 16;

/// The records as encoded, decompressed when needed.
pub(crate) fn inflate(codec: Codec, bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    let inflated = match codec {
        Codec::None => return Ok(Cow::Borrowed(bytes)),
        Codec::Gzip => bounded(flate2::read::MultiGzDecoder::new(bytes)),
        Codec::Lz4 => lz4::Decoder::new(bytes).and_then(bounded),
        Codec::Zstd => zstd::Decoder::with_buffer(bytes).and_then(bounded),
        Codec::Snappy => snappy(bytes),
    };
    inflated
        .map(Cow::Owned)
        .map_err(|error| Fault::Records(error.to_string()))
}

fn too_large() -> io::Error {
    io::Error::other(format!("the batch inflates to more than {MOST} bytes"))
}

fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let most = u64::try_from(MOST).unwrap_or(u64::MAX);
    reader.take(most + 1).read_to_end(&mut out)?;
    if out.len() > MOST {
        return Err(too_large());
    }
    Ok(out)
}

fn snappy(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    if !bytes.starts_with(XERIAL) {
        snappy_block(bytes, &mut out)?;
        return Ok(out);
    }
    let mut rest = bytes.get(XERIAL_HEADER..).unwrap_or_default();
    while let Some((len, tail)) = rest.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(io::Error::other)?;
        let block = tail
            .get(..len)
            .ok_or_else(|| io::Error::other("a snappy block is cut"))?;
        snappy_block(block, &mut out)?;
        rest = tail.get(len..).unwrap_or_default();
    }
    Ok(out)
}

fn snappy_block(block: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let len = snap::raw::decompress_len(block).map_err(io::Error::other)?;
    let start = out.len();
    // Snappy copies at most 64 bytes for 3 read: a length beyond that is a lie, do not allocate for it.
    if len > block.len().saturating_mul(64) || start.saturating_add(len) > MOST {
        return Err(too_large());
    }
    out.resize(start + len, 0);
    let target = out.get_mut(start..).unwrap_or_default();
    let written = snap::raw::Decoder::new()
        .decompress(block, target)
        .map_err(io::Error::other)?;
    out.truncate(start + written);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused() {
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 30), 1).unwrap();
        assert!(bomb.len() < 1 << 20);
        let refused = inflate(Codec::Zstd, &bomb).unwrap_err();
        assert!(refused.to_string().contains("more than"), "{refused}");
        assert!(inflate(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 1]).is_err());
    }
}
