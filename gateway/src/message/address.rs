//! An address as text.

use std::io::Write as _;
use std::net::IpAddr;

/// What the longest takes: IPv6 with an IPv4 address in it.
const LONGEST: usize = 45;

/// An address as its `Display` writes it, but by hand where it is IPv4: the formatter of numbers takes several times as long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressText {
    text: [u8; LONGEST],
    end: usize,
}

impl AddressText {
    /// As the address is: what is mapped stays so.
    pub(crate) fn of(address: IpAddr) -> Self {
        let mut out = Self {
            text: [0; LONGEST],
            end: 0,
        };
        match address {
            IpAddr::V4(address) => {
                let [first, rest @ ..] = address.octets();
                out.octet(first);
                for octet in rest {
                    out.push(b'.');
                    out.octet(octet);
                }
            }
            IpAddr::V6(address) => {
                let mut left = out.text.as_mut_slice();
                // There is room for all of them.
                let _never = write!(left, "{address}");
                out.end = LONGEST - left.len();
            }
        }
        out
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.end).unwrap_or_default()
    }

    fn octet(&mut self, octet: u8) {
        if octet >= 100 {
            self.push(b'0' + octet / 100);
        }
        if octet >= 10 {
            self.push(b'0' + octet / 10 % 10);
        }
        self.push(b'0' + octet % 10);
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.end) {
            *place = byte;
            self.end += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_is_displayed(address: IpAddr) {
            let text = AddressText::of(address).as_bytes().to_vec();
            prop_assert_eq!(text, address.to_string().into_bytes());
        }
    }

    #[test]
    fn the_longest_have_room() {
        for text in [
            "255.255.255.255",
            "0.10.100.9",
            "::ffff:255.255.255.255",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            let text_of = AddressText::of(text.parse().unwrap());
            assert_eq!(text_of.as_bytes(), text.as_bytes());
        }
    }
}
