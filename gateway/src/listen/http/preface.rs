//! What a connection speaks, from its first bytes. Pure.

/// RFC 9113 section 3.4. No method of HTTP/1.1 is called PRI.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http2,
}

impl Speaks {
    /// What a connection that begins with these bytes speaks; none if more are needed.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        if first.starts_with(PREFACE) {
            Some(Self::Http2)
        } else if PREFACE.starts_with(first) {
            None
        } else {
            Some(Self::Http1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_clear_as_soon_as_it_can_be() {
        assert_eq!(Speaks::of(b""), None);
        assert_eq!(Speaks::of(b"P"), None);
        assert_eq!(Speaks::of(b"PO"), Some(Speaks::Http1));
        assert_eq!(Speaks::of(&PREFACE[..23]), None);
        assert_eq!(Speaks::of(PREFACE), Some(Speaks::Http2));
        assert_eq!(Speaks::of(b"\r\nGET"), Some(Speaks::Http1));
    }
}
