//! What goes wrong, and how an exchange may end for it.

/// How an exchange ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The origin's answer, all of it, and it was the one to this request.
    Whole,
    /// An error of the gateway's own, all of it: 502, 503 or 504.
    Refused,
    /// The beginning of the origin's answer, and then the end of the connection, or of the stream, which may come before what it cuts off.
    Cut,
    /// The client went away itself.
    Left,
    /// The client was told that it makes no sense: 400, or as its protocol has it.
    Told,
}

macro_rules! places {
    ($($(#[doc = $doc:literal])* $name:ident $path:literal,)*) => {
        /// Where a request is sent: routes differ in what their backend is, and how long it may take.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Place { $($(#[doc = $doc])* $name),* }

        impl Place {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) fn path(self) -> &'static str {
                match self { $(Self::$name => $path),* }
            }
        }
    };
}

places! {
    /// The origin, with all the time there is.
    Patient "patient",
    /// The origin, with little time.
    Hasty "hasty",
    /// Where nobody listens.
    Down "down",
    /// Where connections are opened and nobody takes them.
    Deaf "deaf",
    /// The origin over TLS.
    Private "private",
    /// The same with little time.
    PrivateHasty "private-hasty",
    /// Who never answers a hello of TLS.
    Mute "mute",
    /// Who stops in the middle of its own.
    HalfHello "half-hello",
    /// Who answers with something else.
    Noise "noise",
    /// Who closes then.
    HangsUp "hangs-up",
    /// Who shows somebody else's certificate.
    Stranger "stranger",
    /// The origin over HTTP/2, where what happens to one stream is nothing to the others.
    Two "two",
    /// The same with little time.
    TwoHasty "two-hasty",
    /// The same over TLS.
    TwoPrivate "two-private",
    /// The origin over HTTP/2, where whole connections break.
    Rough "rough",
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
    /// The client never takes what it asked for, and leaves when nothing more comes.
    LeavesUntaken Patient [Left],
    /// The client's connection is reset in the middle of an upload, with all that is asked on it.
    LeavesConnection Patient [Left],
    /// The client says something that is no HTTP.
    SaysGarbage Patient [Told],
    /// A client closes its connection in the middle of its hello.
    KnocksHalfHello Private [Left],
    /// A client resets its connection when the gateway has answered its hello.
    KnocksAndRuns Private [Left],
    /// A client waits with its hello for longer than the gateway does.
    KnocksSilent Private [Told],
    /// A client says something that is no hello.
    KnocksGarbage Private [Told],
    PrivateFine Private [Whole],
    /// As `Old`, ended by `close_notify`.
    PrivateOld Private [Whole],
    PrivateClosesSoon Private [Whole],
    PrivateReset Private [Refused],
    /// An answer of HTTP/1.0 whose connection ends without `close_notify`.
    CutOld Private [Cut Refused],
    CutBody Private [Cut Refused],
    /// Bytes that are no TLS, in the middle of an answer.
    GarbledBody Private [Cut Refused],
    /// The same instead of an answer.
    GarbledSilent Private [Refused],
    /// Half a record of TLS in an answer, and then nothing.
    HalfRecord PrivateHasty [Cut Refused],
    Mute Mute [Refused],
    HalfHello HalfHello [Refused],
    Noise Noise [Refused],
    HangsUp HangsUp [Refused],
    Stranger Stranger [Refused],
    TwoFine Two [Whole],
    TwoPrivate TwoPrivate [Whole],
    TwoTrailers Two [Whole],
    TwoSlow Two [Whole],
    TwoInterim Two [Whole],
    /// An answer, and the stream reset without an error before the request's body was read (RFC 9113 section 8.1).
    TwoEarly Two [Whole],
    /// A stream refused each time.
    TwoRefused Two [Refused],
    /// The first time.
    TwoRefusedOnce Two [Whole],
    /// GOAWAY with time to stop (RFC 9113 section 6.8).
    TwoGoesAway Two [Whole],
    /// GOAWAY at once: what came after the last stream it names is not looked at.
    TwoGoesAwayNow Two [Whole],
    TwoResetSilent Two [Refused],
    TwoResetUnread Two [Refused],
    TwoResetHead Two [Cut Refused],
    TwoResetBody Two [Cut Refused],
    TwoBadHead Two [Refused],
    TwoHugeHead Two [Refused],
    TwoMoreThanStated Two [Cut Refused],
    TwoLessThanStated Two [Cut Refused],
    TwoStallSilent TwoHasty [Refused],
    /// The window for the request is never opened.
    TwoStallUnread TwoHasty [Refused],
    TwoStallBody TwoHasty [Cut Refused],
    TwoStallInterim TwoHasty [Refused],
    RoughFine Rough [Whole Cut Refused],
    RoughClose Rough [Whole Cut Refused],
    RoughReset Rough [Whole Cut Refused],
    RoughGoesAway Rough [Whole Cut Refused],
    /// Nothing is read or said on the connection for a while.
    RoughHangs Rough [Whole Cut Refused],
    RoughGarbage Rough [Whole Cut Refused],
    /// Half a frame, and the end.
    RoughHalfFrame Rough [Whole Cut Refused],
    /// A frame of 16 MiB.
    RoughHugeFrame Rough [Whole Cut Refused],
    RoughBadStatus Rough [Whole Cut Refused],
    RoughBadBlock Rough [Whole Cut Refused],
    RoughEndlessBlock Rough [Whole Cut Refused],
    RoughPush Rough [Whole Cut Refused],
    RoughWindow Rough [Whole Cut Refused],
    /// More than the gateway's window has room for.
    RoughOverrun Rough [Whole Cut Refused],
    RoughSettings Rough [Whole Cut Refused],
    RoughPings Rough [Whole Cut Refused],
    RoughEmpty Rough [Whole Cut Refused],
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
