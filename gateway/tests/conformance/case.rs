//! A case: which rule it stands for, and what client and origin do and want to see, in order.
//!
//! Messages are written on one line: `|` is CR LF, and a character below U+0100 is the byte of its number, so that
//! `"GET / HTTP/1.1|Host: a||"` is a whole request.

/// One thing that a side does or wants.
#[derive(Debug)]
pub(crate) enum Step {
    /// The client sends this.
    Client(Vec<u8>),
    /// The client sends this a byte at a time.
    ClientDribbles(Vec<u8>),
    /// From here on another client, which connects if it has not.
    Use(usize),
    ClientCloses,
    ClientHalfCloses,
    ClientResets,
    /// The client wants this head, or this status, field or body of the answer that comes next or has come.
    Gets(String),
    GetsStatus(u16),
    GetsError(u16, Vec<u8>),
    GetsFinal(u16),
    GetsField(&'static str, &'static str),
    GetsNo(&'static str),
    GetsBody(Vec<u8>),
    /// The bytes as they come, whatever they are.
    GetsBytes(Vec<u8>),
    /// The trailers of the body that has come, as lines.
    GetsTrailers(String),
    /// The body breaks off before its end.
    GetsBroken,
    /// 502, a body that breaks off, or an end without a word: in no case a whole answer.
    GetsNothingWhole,
    /// The gateway closes the client's connection and sends nothing more.
    Closed,
    /// The origin wants this head; without what a gateway adds.
    Sees(String),
    /// Any head.
    SeesAny,
    SeesField(&'static str, &'static str),
    SeesNo(&'static str),
    SeesBody(Vec<u8>),
    SeesTrailers(String),
    SeesBytes(Vec<u8>),
    /// The body breaks off before its end.
    SeesBroken,
    /// If something came to the origin, it was no whole message.
    NeverWhole,
    /// On a connection that is new, or on the one that was there.
    Fresh,
    Same,
    /// Nothing has come to the origin: not even a connection.
    Unseen,
    Origin(Vec<u8>),
    OriginCloses,
    OriginResets,
    /// Nobody listens there any more.
    OriginGoes,
    /// The gateway closes the origin's connection.
    OriginClosed,
    /// The gateway begins to shut down.
    Drain,
    /// A client of HTTP/2 wants this of a stream; 0 is the connection.
    H2(u32, Wants),
    /// The gateway connects to an origin of HTTP/2, says its preface, and is sent these.
    Greets(Vec<u8>),
    /// An origin of HTTP/2 wants this of a stream; 0 is the connection.
    Behind(u32, Wants),
}

/// What an end that speaks HTTP/2 wants to see.
#[derive(Debug)]
pub(crate) enum Wants {
    Status(u16),
    /// An interim answer with this status, and this field if one is named, the next one.
    Interim(u16, &'static str, &'static str),
    /// The first head of all has this status.
    First(u16),
    /// The head of a request has this field.
    Asks(&'static str, &'static str),
    /// There is no such stream, as long as nothing is said.
    Unasked,
    /// The window is opened by so much at least.
    Opened(u64),
    Field(&'static str, &'static str),
    NoField(&'static str),
    /// All of the body, and the end.
    Body(Vec<u8>),
    /// So many bytes of the body, and no more as long as nothing is said.
    Bytes(usize),
    Trailer(&'static str, &'static str),
    /// The stream ends with one of these codes.
    Reset(&'static [u32]),
    /// The request is refused: by an end of the stream or of the connection with one of these codes, or by a status.
    Refused(&'static [u32], &'static [u16]),
    /// The connection ends with one of these codes.
    Goaway(&'static [u32]),
    /// The connection ends, and was said to end with these requests as the last, one GOAWAY after the other.
    Leaves(&'static [u32]),
    /// Its settings have been acknowledged so often.
    Acks(usize),
    /// This echo.
    Pong(&'static [u8; 8]),
    /// The connection is still there.
    Alive,
    /// The server's settings have this one, at most.
    AtMost(u16, u32),
}

/// One script.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) suite: &'static str,
    pub(crate) section: &'static str,
    pub(crate) name: String,
    pub(crate) effect: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// A case of HTTP/1.1.
pub(crate) fn h1(section: &'static str, name: impl Into<String>) -> Case {
    Case {
        suite: "h1",
        section,
        name: name.into(),
        effect: "read",
        steps: Vec::new(),
    }
}

/// A case of HTTP/2, whose client has said hello.
pub(crate) fn h2(section: &'static str, name: impl Into<String>) -> Case {
    Case {
        suite: "h2",
        ..h1(section, name)
    }
    .bytes(crate::h2::frame::hello())
}

/// A case of HTTP/1.1 in front whose origin speaks HTTP/2.
pub(crate) fn h2_origin(section: &'static str, name: impl Into<String>) -> Case {
    Case {
        suite: "h2-origin",
        ..h1(section, name)
    }
}

/// The bytes of a message as it is written here.
pub(crate) fn wire(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' => bytes.extend_from_slice(b"\r\n"),
            other => bytes.push(u8::try_from(u32::from(other)).expect("a byte")),
        }
    }
    bytes
}

/// A plain request, and a plain answer to it.
pub(crate) const GET: &str = "GET / HTTP/1.1|Host: a||";
pub(crate) const OK: &str = "HTTP/1.1 200 OK|Content-Length: 2||ok";

macro_rules! steps {
    ($($method:ident($($arg:ident: $type:ty),*) => $step:expr;)*) => {
        impl Case {
            $(#[must_use]
            pub(crate) fn $method(mut self, $($arg: $type),*) -> Self {
                self.steps.push($step);
                self
            })*
        }
    };
}

steps! {
    bytes(bytes: Vec<u8>) => Step::Client(bytes);
    wants(stream: u32, wants: Wants) => Step::H2(stream, wants);
    greets(settings: Vec<u8>) => Step::Greets(settings);
    behind(stream: u32, wants: Wants) => Step::Behind(stream, wants);
    says(frames: Vec<u8>) => Step::Origin(frames);
    client(text: &str) => Step::Client(wire(text));
    dribbles(text: &str) => Step::ClientDribbles(wire(text));
    on(client: usize) => Step::Use(client);
    client_closes() => Step::ClientCloses;
    client_half_closes() => Step::ClientHalfCloses;
    client_resets() => Step::ClientResets;
    gets(head: &str) => Step::Gets(head.to_owned());
    status(status: u16) => Step::GetsStatus(status);
    field(name: &'static str, value: &'static str) => Step::GetsField(name, value);
    no_field(name: &'static str) => Step::GetsNo(name);
    body(text: &str) => Step::GetsBody(wire(text));
    gets_bytes(text: &str) => Step::GetsBytes(wire(text));
    trailers(lines: &str) => Step::GetsTrailers(lines.to_owned());
    broken() => Step::GetsBroken;
    nothing_whole() => Step::GetsNothingWhole;
    closed() => Step::Closed;
    sees(head: &str) => Step::Sees(head.to_owned());
    sees_any() => Step::SeesAny;
    sees_has(name: &'static str, value: &'static str) => Step::SeesField(name, value);
    sees_no(name: &'static str) => Step::SeesNo(name);
    sees_body(text: &str) => Step::SeesBody(wire(text));
    sees_trailers(lines: &str) => Step::SeesTrailers(lines.to_owned());
    sees_bytes(text: &str) => Step::SeesBytes(wire(text));
    sees_broken() => Step::SeesBroken;
    never_whole() => Step::NeverWhole;
    fresh() => Step::Fresh;
    same() => Step::Same;
    unseen() => Step::Unseen;
    origin(text: &str) => Step::Origin(wire(text));
    origin_closes() => Step::OriginCloses;
    origin_resets() => Step::OriginResets;
    origin_goes() => Step::OriginGoes;
    origin_closed() => Step::OriginClosed;
    drain() => Step::Drain;
}

impl Case {
    pub(crate) fn is_called(&self, part: &str) -> bool {
        self.section.contains(part) || self.name.contains(part) || self.suite == part
    }

    pub(crate) fn effect(mut self, effect: &'static str) -> Self {
        self.effect = effect;
        self
    }

    /// A case of the other suite that does not say hello.
    pub(crate) fn in_suite_h2(mut self) -> Self {
        self.suite = "h2";
        self
    }

    /// The origin may have heard of it.
    pub(crate) fn seen_is_fine(mut self) -> Self {
        self.steps.retain(|step| !matches!(step, Step::Unseen));
        self
    }

    /// The client is told so at once, its connection ends, and nobody behind the gateway hears of it.
    pub(crate) fn refused(self, request: &str, status: u16) -> Self {
        self.client(request).status(status).closed().unseen()
    }

    /// The head that the origin gets has this field.
    pub(crate) fn sees_value(self, name: &'static str, value: &'static str) -> Self {
        self.sees_any().sees_has(name, value)
    }

    /// A plain request goes to the origin.
    pub(crate) fn asked(self) -> Self {
        self.client(GET).sees(GET)
    }

    /// The origin answers so, which is no answer for a client; nothing more is asked of it on that connection.
    pub(crate) fn bad_answer(self, answer: &str) -> Self {
        self.asked().origin(answer).status(502).origin_closed()
    }

    /// An error of the origin's, with its body.
    pub(crate) fn gets_status_with_body(mut self, status: u16, body: &str) -> Self {
        self.steps.push(Step::GetsError(status, wire(body)));
        self
    }

    /// This answer, behind any number of interim ones.
    pub(crate) fn gets_final(mut self, status: u16) -> Self {
        self.steps.push(Step::GetsFinal(status));
        self
    }

    /// A plain answer comes back.
    pub(crate) fn answered(self) -> Self {
        self.origin(OK)
            .gets("HTTP/1.1 200 OK|Content-Length: 2||")
            .body("ok")
    }
}
