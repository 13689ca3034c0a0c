//! Why a message was refused, with the rule it broke. A refusal names no bytes of the message.

/// What was wrong with a message; it ends the connection, since nothing says where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    kind: RefusedKind,
    section: &'static str,
    what: &'static str,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedKind {
    /// Not a request line or a status line.
    BadStartLine,
    /// A method longer than any there is.
    MethodTooLong,
    /// A target in none of the four forms, or in one that its method does not take.
    BadTarget,
    /// A target longer than the limit.
    TargetTooLong,
    /// A version of HTTP that is not 1.x.
    BadVersion,
    /// A line that does not end with CR LF, or a CR elsewhere.
    BadLineEnd,
    /// A field line that is none, or a name or value with bytes that it cannot have.
    BadField,
    /// A field continued on a further line.
    Folded,
    /// No `Host` in HTTP/1.1.
    NoHost,
    /// More than one `Host`, or one that names no host.
    BadHost,
    /// `Content-Length` beside `Transfer-Encoding`.
    LengthAndChunked,
    /// More than one `Content-Length`, or one that is no number.
    BadLength,
    /// A `Transfer-Encoding` that does not end with `chunked`, or is garbled.
    BadCoding,
    /// A transfer coding before `chunked` that is not implemented.
    UnknownCoding,
    /// `Transfer-Encoding` in HTTP/1.0, which has none.
    CodingInHttp10,
    /// The head is larger than the limit, or has more fields.
    HeadTooLarge,
    /// A chunk whose size, extension or end is garbled.
    BadChunk,
    /// A trailer field that must not be one.
    BadTrailer,
    /// The sender closed before the message was whole.
    Incomplete,
}

impl Refused {
    pub(crate) const fn new(kind: RefusedKind, section: &'static str, what: &'static str) -> Self {
        Self {
            kind,
            section,
            what,
        }
    }

    /// Which kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> RefusedKind {
        self.kind
    }

    /// The status a client gets for it: 400, 414, 431, 501 or 505. Of an origin's answer it means nothing: that is a 502.
    #[must_use]
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self.kind {
            RefusedKind::TargetTooLong => StatusCode::URI_TOO_LONG,
            RefusedKind::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            RefusedKind::MethodTooLong | RefusedKind::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            RefusedKind::BadVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The section with the rule that was broken, as `RFC 9112 6.3`.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.section
    }
}

macro_rules! refusals {
    ($($name:ident = $kind:ident, $section:literal, $what:literal;)*) => {
        $(pub(crate) const $name: Refused = Refused::new(RefusedKind::$kind, $section, $what);)*
    };
}

refusals! {
    METHOD = BadStartLine, "RFC 9112 3.1", "the request line does not begin with a method and a space";
    METHOD_LENGTH = MethodTooLong, "RFC 9112 3", "the method is longer than any there is";
    REQUEST_LINE = BadStartLine, "RFC 9112 3", "the request line is not method, target and version with one space between";
    TARGET_BYTE = BadTarget, "RFC 9112 3.2", "the request target has a byte that none can have";
    TARGET_FORM = BadTarget, "RFC 9112 3.2", "the request target is in none of the forms that its method takes";
    TARGET_LENGTH = TargetTooLong, "RFC 9112 3", "the request target is longer than the limit";
    VERSION = BadStartLine, "RFC 9112 2.3", "the version is not HTTP, slash, digit, dot, digit";
    VERSION_MAJOR = BadVersion, "RFC 9110 2.5", "the version is not HTTP/1.x";
    STATUS_LINE = BadStartLine, "RFC 9112 4", "the status line is not version, status and reason";
    STATUS = BadStartLine, "RFC 9110 15", "the status is not a number from 100 to 999";
    BARE_LF = BadLineEnd, "RFC 9112 2.2", "a line ends with LF alone";
    BARE_CR = BadLineEnd, "RFC 9112 2.2", "a CR stands where no line ends";
    EMPTY_LINES = BadStartLine, "RFC 9112 2.2", "more empty lines before the start line than are skipped";
    FOLD = Folded, "RFC 9112 5.2", "a field is folded over two lines";
    FIRST_LINE_SPACE = BadField, "RFC 9112 2.2", "white space stands between the start line and the first field";
    NO_COLON = BadField, "RFC 9112 5", "a field line has no colon";
    NAME = BadField, "RFC 9110 5.1", "a field name is empty or has a byte that none can have";
    NAME_SPACE = BadField, "RFC 9112 5.1", "white space stands between a field name and its colon";
    VALUE = BadField, "RFC 9110 5.5", "a field value has a control character";
    FIELDS = HeadTooLarge, "RFC 6585 5", "there are more fields than the limit";
    HEAD = HeadTooLarge, "RFC 6585 5", "the head is longer than the limit";
    HOST_MISSING = NoHost, "RFC 9112 3.2", "there is no host";
    HOST_TWICE = BadHost, "RFC 9112 3.2", "there is more than one host";
    HOST_VALUE = BadHost, "RFC 9112 3.2", "the host is not a host with or without a port";
    LENGTH_TWICE = BadLength, "RFC 9112 6.3", "there is more than one content length";
    LENGTH = BadLength, "RFC 9110 8.6", "the content length is not a number of bytes";
    LENGTH_FORBIDDEN = BadLength, "RFC 9110 8.6", "an interim answer has a content length";
    LENGTH_CHUNKED = LengthAndChunked, "RFC 9112 6.3", "there is a content length beside a transfer coding";
    CODING_LAST = BadCoding, "RFC 9112 6.3", "the last transfer coding is not chunked, once";
    CODING_UNKNOWN = UnknownCoding, "RFC 9112 6.1", "a transfer coding other than chunked";
    CODING_HTTP_10 = CodingInHttp10, "RFC 9112 6.1", "there is a transfer coding in HTTP/1.0";
    CODING_FORBIDDEN = BadCoding, "RFC 9112 6.1", "an answer that has no body has a transfer coding";
    CHUNK_SIZE = BadChunk, "RFC 9112 7.1", "a chunk does not begin with its size in hexadecimal digits";
    CHUNK_LARGE = BadChunk, "RFC 9112 7.1", "a chunk is larger than any can be";
    CHUNK_EXTENSION = BadChunk, "RFC 9112 7.1.1", "a chunk extension is garbled";
    CHUNK_EXTENSIONS = BadChunk, "RFC 9112 7.1.1", "chunk extensions are longer than the limit";
    CHUNK_LINE = BadChunk, "RFC 9112 7.1", "the line of a chunk's size does not end with CR LF";
    CHUNK_DATA = BadChunk, "RFC 9112 7.1", "the data of a chunk does not end where its size says";
    TRAILER = BadTrailer, "RFC 9110 6.5.1", "a trailer field that must not be one";
    INCOMPLETE = Incomplete, "RFC 9112 8", "the connection was closed before the message was whole";
}
