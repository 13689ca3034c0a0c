//! Reads on until what a client wants has come, or something else.

use crate::case::Wants;
use crate::conn::Conn;
use crate::h2::frame::{NO_ERROR, PING, Seen, Stream, frame};

impl Seen {
    pub(crate) async fn wanted(
        &mut self,
        conn: &mut Conn,
        stream: u32,
        wants: Wants,
    ) -> Result<(), String> {
        match wants {
            Wants::Status(status) => {
                self.until(conn, stream, |seen| seen.is_answered()).await?;
                self.at(stream).has(":status", &status.to_string())
            }
            Wants::Interim(status, name, value) => {
                self.until(conn, stream, |seen| !seen.heads.is_empty())
                    .await?;
                let head = self.at(stream).heads.remove(0);
                has(&head, ":status", &status.to_string())?;
                if name.is_empty() {
                    return Ok(());
                }
                has(&head, name, value)
            }
            Wants::First(status) => {
                self.until(conn, stream, |seen| !seen.heads.is_empty())
                    .await?;
                has(&self.at(stream).heads[0], ":status", &status.to_string())
            }
            Wants::Asks(name, value) => {
                self.until(conn, stream, |seen| !seen.heads.is_empty())
                    .await?;
                has(&self.at(stream).heads[0], name, value)
            }
            Wants::Unasked => {
                self.echo(conn).await?;
                match self.at(stream).heads.first() {
                    None => Ok(()),
                    Some(head) => Err(format!("there is {head:?}")),
                }
            }
            Wants::Opened(by) => self.until(conn, stream, |seen| seen.opened >= by).await,
            Wants::Field(name, value) => self.at(stream).has(name, value),
            Wants::NoField(name) => match self.at(stream).has(name, "") {
                Err(_) if !self.at(stream).names().any(|named| named == name) => Ok(()),
                _ => Err(format!("there is {name} in {:?}", self.at(stream).heads)),
            },
            Wants::Body(body) => {
                self.until(conn, stream, |seen| seen.ended).await?;
                let data = std::mem::take(&mut self.at(stream).data);
                if data == body {
                    Ok(())
                } else {
                    Err(format!(
                        "wanted {} bytes {}, got {} bytes {}",
                        body.len(),
                        start(&body),
                        data.len(),
                        start(&data)
                    ))
                }
            }
            Wants::Bytes(length) => {
                self.until(conn, stream, |seen| seen.data.len() >= length)
                    .await?;
                self.echo(conn).await?;
                let came = self.at(stream).data.len();
                if came == length {
                    Ok(())
                } else {
                    Err(format!("wanted {length} bytes, got {came}"))
                }
            }
            Wants::Trailer(name, value) => {
                self.until(conn, stream, |seen| seen.ended).await?;
                match self.at(stream).heads.as_slice() {
                    [.., _, trailers] => has(trailers, name, value),
                    heads => Err(format!("no trailers: {heads:?}")),
                }
            }
            Wants::Reset(codes) => {
                self.until(conn, stream, |seen| seen.reset.is_some())
                    .await?;
                one_of(self.at(stream).reset, codes)
            }
            Wants::Refused(codes, statuses) => self.refused(conn, stream, codes, statuses).await,
            Wants::Goaway(codes) => {
                while self.more(conn).await? {}
                match self.goaway {
                    None => Err("closed without a word".to_owned()),
                    goaway => one_of(goaway, codes),
                }
            }
            Wants::Leaves(last) => {
                while self.more(conn).await? {}
                if self.leaves == last && self.goaway == Some(NO_ERROR) {
                    Ok(())
                } else {
                    Err(format!("left at {:?} with {:?}", self.leaves, self.goaway))
                }
            }
            Wants::Acks(acks) => {
                while self.acks < acks {
                    self.next(conn).await?;
                }
                Ok(())
            }
            Wants::Pong(echo) => {
                while !self.pongs.iter().any(|pong| pong == echo) {
                    self.next(conn).await?;
                }
                Ok(())
            }
            Wants::Alive => self.echo(conn).await,
            Wants::AtMost(setting, most) => {
                while self.settings.is_empty() {
                    self.next(conn).await?;
                }
                match self.settings.get(&setting) {
                    Some(value) if *value <= most => Ok(()),
                    other => Err(format!("setting {setting} is {other:?}")),
                }
            }
        }
    }

    fn at(&mut self, stream: u32) -> &mut Stream {
        self.streams.entry(stream).or_default()
    }

    async fn next(&mut self, conn: &mut Conn) -> Result<(), String> {
        if self.more(conn).await? {
            return Ok(());
        }
        Err(format!(
            "closed with {:?}; streams: {:?}",
            self.goaway, self.streams
        ))
    }

    async fn until(
        &mut self,
        conn: &mut Conn,
        stream: u32,
        came: impl Fn(&Stream) -> bool,
    ) -> Result<(), String> {
        while !came(self.at(stream)) {
            if let Some(code) = self.at(stream).reset {
                return Err(format!("the stream was reset with {code}"));
            }
            self.next(conn).await?;
        }
        Ok(())
    }

    /// What was sent before is behind us when the echo comes.
    async fn echo(&mut self, conn: &mut Conn) -> Result<(), String> {
        let echoes = self.pongs.len();
        conn.send(&frame(PING, 0, 0, b"come bac")).await;
        while self.pongs.len() == echoes {
            self.next(conn).await?;
        }
        Ok(())
    }

    async fn refused(
        &mut self,
        conn: &mut Conn,
        stream: u32,
        codes: &[u32],
        statuses: &[u16],
    ) -> Result<(), String> {
        loop {
            let seen = self.at(stream);
            if seen.reset.is_some() {
                return one_of(seen.reset, codes);
            }
            if seen.is_answered() {
                let right = statuses
                    .iter()
                    .any(|status| seen.has(":status", &status.to_string()).is_ok());
                return if right {
                    Ok(())
                } else {
                    Err(format!("answered {:?}", seen.heads))
                };
            }
            if !self.more(conn).await? {
                return match self.goaway {
                    None => Err("closed without a word".to_owned()),
                    goaway => one_of(goaway, codes),
                };
            }
        }
    }
}

impl Stream {
    fn is_answered(&self) -> bool {
        self.heads
            .iter()
            .any(|head| !status(head).is_empty() && !status(head).starts_with('1'))
    }

    fn has(&self, name: &str, value: &str) -> Result<(), String> {
        let answer = self
            .heads
            .iter()
            .find(|head| !status(head).starts_with('1'));
        has(answer.ok_or("no answer")?, name, value)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.heads.iter().flatten().map(|(name, _)| name.as_str())
    }
}

fn status(head: &[(String, String)]) -> &str {
    head.iter()
        .find(|(name, _)| name == ":status")
        .map_or("", |(_, value)| value)
}

fn has(head: &[(String, String)], name: &str, value: &str) -> Result<(), String> {
    let all: Vec<&str> = head
        .iter()
        .filter(|(named, _)| named == name)
        .map(|(_, value)| value.as_str())
        .collect();
    if all.join(", ") == value && !all.is_empty() {
        return Ok(());
    }
    Err(format!("wanted {name}: {value}, got {head:?}"))
}

fn one_of(code: Option<u32>, codes: &[u32]) -> Result<(), String> {
    if code.is_some_and(|code| codes.contains(&code)) {
        return Ok(());
    }
    Err(format!("wanted one of {codes:?}, got {code:?}"))
}

fn start(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(40)
        .map(|byte| char::from(*byte))
        .collect()
}
