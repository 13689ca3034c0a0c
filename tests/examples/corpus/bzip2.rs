//! Decompresses `.bz2` files of a corpus.

use std::io::Read as _;

use anyhow::Result;

/// Appends the contents of a bzip2 file.
pub fn unpack(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    bzip2_rs::DecoderReader::new(bytes).read_to_end(out)?;
    Ok(())
}
