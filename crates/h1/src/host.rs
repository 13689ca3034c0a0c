//! `Host` and the host of a target: a host, and a port if there is one (RFC 9110 section 7.2, RFC 3986 section 3.2.2).

/// The longest name (RFC 1035 section 2.3.4), in bytes. Whoever looks names up may do so label by label.
const LONGEST: usize = 255;

/// Whether this is `host` or `host:port`: a name of at most 255 bytes, an IPv4 address or an IPv6 address in brackets; not empty (RFC
/// 9110 section 4.2.1), and without user information (section 4.2.4).
#[must_use]
pub fn valid_host(value: &[u8]) -> bool {
    let rest = if let [b'[', literal @ ..] = value {
        let Some(end) = memchr::memchr(b']', literal) else {
            return false;
        };
        let (address, rest) = literal.split_at_checked(end).unwrap_or_default();
        if !std::str::from_utf8(address)
            .is_ok_and(|text| text.parse::<core::net::Ipv6Addr>().is_ok())
        {
            return false;
        }
        rest.get(1..).unwrap_or_default()
    } else {
        let end = memchr::memchr(b':', value).unwrap_or(value.len());
        let (name, rest) = value.split_at_checked(end).unwrap_or_default();
        if !registered_name(name) {
            return false;
        }
        rest
    };
    match rest {
        [] => true,
        // A port may be empty (RFC 3986 section 3.2.3).
        [b':', port @ ..] => {
            port.iter().all(u8::is_ascii_digit)
                && (port.is_empty()
                    || std::str::from_utf8(port).is_ok_and(|port| port.parse::<u16>().is_ok()))
        }
        _ => false,
    }
}

fn registered_name(mut name: &[u8]) -> bool {
    if name.is_empty() || name.len() > LONGEST {
        return false;
    }
    // Almost always all of it.
    let usual = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let plain = name.iter().take_while(|byte| usual(byte)).count();
    name = name.get(plain..).unwrap_or_default();
    loop {
        name = match name {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() => rest,
            // The other unreserved characters, and the sub-delimiters.
            [
                b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
                | b',' | b';' | b'=',
                rest @ ..,
            ] => rest,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_longer_than_names_can_be() {
        let longest = "a.".repeat(127) + "a";
        assert!(valid_host(longest.as_bytes()));
        assert!(valid_host(format!("{longest}:8080").as_bytes()));
        let longer = format!("b{longest}");
        assert!(!valid_host(longer.as_bytes()));
        assert!(!valid_host(format!("{longer}:8080").as_bytes()));
    }
}
