//! Header compression (RFC 7541), as little as a client needs: it writes names and values as they are, whatever they are, and reads what
//! a server writes.

/// Writes a block that says nothing in the short form: no index, no Huffman code, so that each byte can be wrong.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            let text: Vec<u8> = text
                .chars()
                .map(|character| u8::try_from(u32::from(character)).expect("a byte"))
                .collect();
            integer(&mut block, 0, 7, text.len());
            block.extend(text);
        }
    }
    block
}

fn integer(out: &mut Vec<u8>, first: u8, bits: u32, value: usize) {
    let byte = |value: usize| u8::try_from(value).expect("seven bits and one");
    let most = (1 << bits) - 1;
    if value < most {
        return out.push(first | byte(value));
    }
    out.push(first | byte(most));
    let mut rest = value - most;
    while rest >= 128 {
        out.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    out.push(byte(rest));
}

/// A reader with its dynamic table.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The newest first.
    table: Vec<(String, String)>,
}

impl Reader {
    /// The fields of a block.
    pub(crate) fn read(&mut self, block: &[u8]) -> Result<Vec<(String, String)>, String> {
        let mut fields = Vec::new();
        let mut rest = block;
        while let Some(first) = rest.first() {
            let field = match first {
                0x80.. => {
                    let index = take_integer(&mut rest, 7)?;
                    self.at(index)?
                }
                0x40.. => {
                    let field = self.literal(&mut rest, 6)?;
                    self.table.insert(0, field.clone());
                    field
                }
                0x20.. => {
                    // Nothing that comes is so much that an old entry would be asked for.
                    take_integer(&mut rest, 5)?;
                    continue;
                }
                _ => self.literal(&mut rest, 4)?,
            };
            fields.push(field);
        }
        Ok(fields)
    }

    fn literal(&self, rest: &mut &[u8], bits: u32) -> Result<(String, String), String> {
        let name = match take_integer(rest, bits)? {
            0 => take_string(rest)?,
            index => self.at(index)?.0,
        };
        Ok((name, take_string(rest)?))
    }

    fn at(&self, index: usize) -> Result<(String, String), String> {
        if let Some((name, value)) = STATIC.get(index.wrapping_sub(1)) {
            return Ok(((*name).to_owned(), (*value).to_owned()));
        }
        self.table
            .get(index.wrapping_sub(STATIC.len() + 1))
            .cloned()
            .ok_or_else(|| format!("index {index}"))
    }
}

fn take_integer(rest: &mut &[u8], bits: u32) -> Result<usize, String> {
    let most = (1 << bits) - 1;
    let mut value = usize::from(take_byte(rest)?) & most;
    if value < most {
        return Ok(value);
    }
    for shift in (0..28).step_by(7) {
        let byte = usize::from(take_byte(rest)?);
        value += (byte & 127) << shift;
        if byte < 128 {
            return Ok(value);
        }
    }
    Err("a number without end".to_owned())
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, String> {
    let (byte, after) = rest.split_first().ok_or("a block that ends too soon")?;
    *rest = after;
    Ok(*byte)
}

fn take_string(rest: &mut &[u8]) -> Result<String, String> {
    let coded = rest.first().is_some_and(|byte| *byte >= 128);
    let length = take_integer(rest, 7)?;
    let (text, after) = rest
        .split_at_checked(length)
        .ok_or("a text that ends too soon")?;
    *rest = after;
    if coded {
        huffman(text)
    } else {
        Ok(crate::conn::latin(text))
    }
}

/// The characters by the length of their code, which is canonical (RFC 7541 appendix B): no server here writes others.
const CODES: [(u32, &str); 10] = [
    (5, "012aceiost"),
    (6, " %-./3456789=A_bdfghlmnpru"),
    (7, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, "&*,;XZ"),
    (10, "!\"()?"),
    (11, "'+|"),
    (12, "#>"),
    (13, "\0$@[]~"),
    (14, "^}"),
    (15, "<`{"),
];

fn huffman(bytes: &[u8]) -> Result<String, String> {
    let bits: Vec<bool> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
        .collect();
    let mut text = String::new();
    let mut at = 0;
    while at < bits.len() {
        let Some((character, length)) = character(&bits[at..]) else {
            // What is left is padding.
            if bits.len() - at < 8 && bits[at..].iter().all(|bit| *bit) {
                break;
            }
            return Err(format!("a Huffman code behind {text:?}"));
        };
        text.push(character);
        at += length;
    }
    Ok(text)
}

fn character(bits: &[bool]) -> Option<(char, usize)> {
    let (mut first, mut before) = (0_usize, 5_u32);
    for (length, characters) in CODES {
        first <<= length - before;
        before = length;
        let bits = bits.get(..length as usize)?;
        let code = bits
            .iter()
            .fold(0, |code, bit| code * 2 + usize::from(*bit));
        if let Some(found) = code
            .checked_sub(first)
            .and_then(|at| characters.chars().nth(at))
        {
            return Some((found, length as usize));
        }
        first += characters.chars().count();
    }
    None
}

/// RFC 7541 appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
