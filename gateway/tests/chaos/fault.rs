//! What goes wrong, and how an exchange may end for it.

/// How an exchange ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The origin's answer, all of it, and it was the one to this request.
    Whole,
    /// An error of the gateway's own, all of it: 502, 503 or 504.
    Refused,
    /// The beginning of the origin's answer, and then the end of the connection.
    Cut,
    /// The client went away itself.
    Left,
    /// The client was told that it makes no sense: 400.
    Told,
}

/// Where a request is sent: routes differ in what their backend is, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The origin, with all the time there is.
    Patient,
    /// The origin, with little time.
    Hasty,
    /// Where nobody listens.
    Down,
    /// Where connections are opened and nobody takes them.
    Deaf,
}

impl Place {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Hasty => "hasty",
            Self::Down => "down",
            Self::Deaf => "deaf",
        }
    }
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident $place:ident [$($end:ident)*],)*) => {
        /// What the origin does with a request, or the client with its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault { $($(#[doc = $doc])* $name),* }

        impl Fault {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            pub(crate) fn place(self) -> Place {
                match self { $(Self::$name => Place::$place),* }
            }

            /// How a read may end. A write may be refused besides: a connection that dies under it says nothing of whether it was executed.
            pub(crate) fn ends(self) -> &'static [End] {
                match self { $(Self::$name => &[$(End::$end),*]),* }
            }
        }
    };
}

faults! {
    /// An answer of a stated length.
    Fine Patient [Whole],
    /// An answer in chunks, and a trailer.
    Chunked Patient [Whole],
    /// An answer in many small pieces.
    Slow Patient [Whole],
    /// Three 103 and then an answer.
    Interim Patient [Whole],
    /// An answer of HTTP/1.0 that lasts until the connection ends.
    Old Patient [Whole],
    /// An answer, and `Connection: close`.
    SaysClose Patient [Whole],
    /// An answer, and the connection is closed at once, without a word.
    ClosesAfter Patient [Whole],
    /// An answer, and the connection is closed at some moment after it, perhaps while the next request comes.
    ClosesSoon Patient [Whole],
    /// As `ClosesSoon`, with a reset.
    ResetsSoon Patient [Whole],
    /// More bytes than the answer has.
    MoreThanAsked Patient [Whole],
    /// An answer before the request's body was read.
    Early Patient [Whole Refused Cut],
    /// The connection is closed instead of an answer.
    CloseSilent Patient [Refused],
    /// The connection is reset instead of an answer.
    ResetSilent Patient [Refused],
    /// It is reset while the request is sent.
    ResetUnread Patient [Refused],
    HalfHeadClose Patient [Refused],
    HalfHeadReset Patient [Refused],
    HalfBodyClose Patient [Cut Refused],
    HalfBodyReset Patient [Cut Refused],
    HalfChunkClose Patient [Cut Refused],
    BadChunk Patient [Cut Refused],
    /// Bytes that are no HTTP.
    Garbage Patient [Refused],
    BadStatus Patient [Refused],
    TwoLengths Patient [Refused],
    LengthAndChunked Patient [Refused],
    HugeHead Patient [Refused],
    UnaskedUpgrade Patient [Refused],
    /// The request is read and nothing comes.
    StallSilent Hasty [Refused],
    /// Nothing but the head of the request is read, and nothing comes.
    StallUnread Hasty [Refused],
    StallHalfHead Hasty [Refused],
    StallHalfBody Hasty [Cut Refused],
    /// Interim answers for as long as anybody listens, and no final one.
    StallInterim Hasty [Refused],
    Refuses Down [Refused],
    Deaf Deaf [Refused],
    /// The client is gone before it is answered.
    LeavesEarly Hasty [Left],
    LeavesMidHead Patient [Left],
    LeavesMidBody Patient [Left],
    /// The client is gone in the middle of a long answer.
    LeavesMidAnswer Patient [Left],
    /// The client says something that is no HTTP.
    SaysGarbage Patient [Told],
}

/// Small, fast and the same everywhere: SplitMix64, Steele et al. 2014.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(crate) fn fault(&mut self) -> Fault {
        Fault::ALL[usize::try_from(self.below(Fault::ALL.len() as u64)).unwrap()]
    }
}
