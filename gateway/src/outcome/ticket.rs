//! The last segment of the address of an outcome: which request, and a secret that only who was told the address knows. Pure but for dice.

use uuid::Uuid;

/// Digits of the id, and of the secret.
const DIGITS: (usize, usize) = (32, 16);

/// A new secret, from the system's source of randomness.
#[must_use]
pub fn secret() -> u64 {
    let [a, b, c, d, e, f, ..] = Uuid::new_v4().into_bytes();
    let [.., g, h] = Uuid::new_v4().into_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// As it stands in an address: 48 hexadecimal digits.
#[must_use]
pub fn text(id: Uuid, secret: u64) -> String {
    format!("{}{secret:016x}", id.simple())
}

/// Read back; none of what cannot be one.
#[must_use]
pub fn parse(text: &str) -> Option<(Uuid, u64)> {
    let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != DIGITS.0 + DIGITS.1 || !text.bytes().all(plain) {
        return None;
    }
    let (id, secret) = text.split_at_checked(DIGITS.0)?;
    let secret = u64::from_str_radix(secret, 16).ok()?;
    Some((Uuid::try_parse(id).ok()?, secret))
}

/// What of it others may see: the id. None of what cannot be one.
#[must_use]
pub fn shown(text: &str) -> Option<&str> {
    parse(text)?;
    text.get(..DIGITS.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_and_nothing_else_is() {
        let id = Uuid::from_u128(0x1234);
        let written = text(id, 0xAB);
        assert_eq!(written, "0000000000000000000000000000123400000000000000ab");
        assert_eq!(parse(&written), Some((id, 0xAB)));
        assert_eq!(parse(&text(id, u64::MAX)), Some((id, u64::MAX)));
        for wrong in [
            "",
            written.trim_start_matches('0'),
            &format!("{written}0"),
            &written.to_uppercase(),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_ne!(secret(), secret());
    }
}
