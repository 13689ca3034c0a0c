//! What two gateways say to one another: one JSON object to a line, over a socket in their folder; sockets go with a line.
//!
//! Everything that is shared has a version (in [`Word::Take`]), and whoever does not know it says so.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The version of what is said.
pub(super) const VERSION: u32 = 1;
/// A gateway has three at most.
const MOST: usize = 8;
/// The longest line.
const LONGEST: usize = 64 << 20;
/// What is read at once.
const READ: usize = 16 << 10;

/// One line. "New" is the gateway that takes over, "old" the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Word {
    /// New: asks for everything.
    Take {
        /// [`VERSION`].
        version: u32,
    },
    /// Old: the folder is free, and these are the listening sockets; the old one still accepts.
    Given {
        /// What each socket is for.
        names: Vec<String>,
    },
    /// Old: goes on by itself.
    Kept {
        /// Why.
        why: String,
    },
    /// New: could accept now.
    Ready,
    /// Old: then do.
    Yours,
    /// New: accepts. From here on the old one drains.
    Accepting,
    /// Old: so many more writes were accepted that legacy lacks.
    Wrote {
        /// Of which group.
        group: String,
        /// How many.
        writes: u64,
    },
    /// Old: no request begins here any more.
    Silent,
}

/// One end.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    input: Vec<u8>,
    sockets: Vec<OwnedFd>,
}

impl Wire {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            input: Vec::new(),
            sockets: Vec::new(),
        }
    }

    /// Who is at the other end: its user, and its process where the system says so.
    pub(super) fn peer(&self) -> io::Result<(u32, Option<u32>)> {
        let peer = self.stream.peer_cred()?;
        let process = peer.pid().and_then(|pid| u32::try_from(pid).ok());
        Ok((peer.uid(), process))
    }

    /// Says something. Dropped half-way the other end may have half a line: then it is to be left.
    pub(super) async fn say(&self, word: &Word) -> io::Result<()> {
        self.write(&line(word)?).await
    }

    /// The same, with sockets.
    pub(super) async fn give(
        &self,
        word: &Word,
        sockets: &[(&'static str, TcpListener)],
    ) -> io::Result<()> {
        let text = line(word)?;
        let sockets: Vec<_> = sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
        let sent = self.stream.async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !sockets.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
                return Err(io::Error::other("too many sockets"));
            }
            let slices = [IoSlice::new(&text)];
            Ok(sendmsg(
                &self.stream,
                &slices,
                &mut control,
                SendFlags::NOSIGNAL,
            )?)
        });
        let sent = sent.await?;
        self.write(text.get(sent..).unwrap_or_default()).await
    }

    async fn write(&self, mut text: &[u8]) -> io::Result<()> {
        while !text.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(text) {
                Ok(written) => text = text.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next line; none when the other end is gone. May be dropped at any time.
    pub(super) async fn hear(&mut self) -> io::Result<Option<Word>> {
        let mut looked = 0;
        loop {
            let unseen = self.input.get(looked..).unwrap_or_default();
            if let Some(place) = unseen.iter().position(|byte| *byte == b'\n') {
                let rest = self.input.split_off(looked + place + 1);
                let text = std::mem::replace(&mut self.input, rest);
                return Ok(Some(serde_json::from_slice(&text)?));
            }
            looked = self.input.len();
            if looked > LONGEST {
                return Err(io::Error::other("a line that does not end"));
            }
            if self.read().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The sockets that came so far.
    pub(super) fn take_sockets(&mut self) -> Vec<TcpListener> {
        let sockets = self.sockets.drain(..);
        sockets.map(TcpListener::from).collect()
    }

    async fn read(&mut self) -> io::Result<usize> {
        let mut buffer = vec![0; READ];
        let (got, mut sockets) = self
            .stream
            .async_io(Interest::READABLE, || {
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
                let mut control = RecvAncillaryBuffer::new(&mut space);
                let got = recvmsg(
                    &self.stream,
                    &mut [IoSliceMut::new(&mut buffer)],
                    &mut control,
                    RecvFlags::CMSG_CLOEXEC,
                )?;
                let mut sockets = Vec::new();
                for message in control.drain() {
                    if let RecvAncillaryMessage::ScmRights(given) = message {
                        sockets.extend(given);
                    }
                }
                Ok((got.bytes, sockets))
            })
            .await
            .or_else(|error| match error.kind() {
                // However it ended.
                io::ErrorKind::ConnectionReset => Ok((0, Vec::new())),
                _ => Err(error),
            })?;
        self.input
            .extend_from_slice(buffer.get(..got).unwrap_or_default());
        self.sockets.append(&mut sockets);
        Ok(got)
    }
}

fn line(word: &Word) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(word)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_stays_as_it_is() {
        let said = [
            Word::Take { version: VERSION },
            Word::Given {
                names: vec!["clients".to_owned()],
            },
            Word::Kept {
                why: "so".to_owned(),
            },
            Word::Ready,
            Word::Yours,
            Word::Accepting,
            Word::Wrote {
                group: "lots".to_owned(),
                writes: 3,
            },
            Word::Silent,
        ];
        let text: String = said
            .iter()
            .map(|word| String::from_utf8(line(word).unwrap()).unwrap())
            .collect();
        insta::assert_snapshot!(text, @r#"
        {"say":"take","version":1}
        {"say":"given","names":["clients"]}
        {"say":"kept","why":"so"}
        {"say":"ready"}
        {"say":"yours"}
        {"say":"accepting"}
        {"say":"wrote","group":"lots","writes":3}
        {"say":"silent"}
        "#);
    }

    #[tokio::test]
    async fn lines_come_whole_and_sockets_with_them() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, mut other) = (Wire::new(one), Wire::new(other));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let given = Word::Given {
            names: vec!["clients".to_owned()],
        };
        one.give(&given, &[("clients", listener)]).await.unwrap();
        one.write(b"{\"say\":\"si").await.unwrap();
        assert_eq!(other.hear().await.unwrap(), Some(given));
        let sockets = other.take_sockets();
        assert_eq!(sockets[0].local_addr().unwrap(), address);
        one.write(b"lent\"}\n{\"say\":\"no\"}\n").await.unwrap();
        assert_eq!(other.hear().await.unwrap(), Some(Word::Silent));
        assert!(other.hear().await.is_err(), "what it does not know");
        drop(one);
        assert_eq!(other.hear().await.unwrap(), None);
    }
}
