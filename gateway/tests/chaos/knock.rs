//! Clients that do not come in: what goes wrong before anything can be asked.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fault::{End, Fault};

/// Comes to the TLS door with what `hello` begins with; none if there is nothing wrong with that.
pub(crate) async fn knock(fault: Fault, door: SocketAddr, hello: &[u8]) -> Option<io::Result<End>> {
    match fault {
        Fault::KnocksHalfHello
        | Fault::KnocksAndRuns
        | Fault::KnocksSilent
        | Fault::KnocksGarbage => Some(at(fault, door, hello).await),
        _ => None,
    }
}

async fn at(fault: Fault, door: SocketAddr, hello: &[u8]) -> io::Result<End> {
    let mut stream = TcpStream::connect(door).await?;
    let mut some = [0; 2000];
    match fault {
        Fault::KnocksHalfHello => {
            stream.write_all(&hello[..hello.len() / 2]).await?;
            Ok(End::Left)
        }
        Fault::KnocksAndRuns => {
            stream.write_all(hello).await?;
            assert_ne!(stream.read(&mut some).await?, 0, "a hello is answered");
            stream.set_zero_linger()?;
            Ok(End::Left)
        }
        Fault::KnocksSilent => {
            // One byte, so that the gateway waits for the rest.
            stream.write_all(&hello[..1]).await?;
            let _closed = stream.read(&mut some).await;
            Ok(End::Told)
        }
        _ => {
            // A hello of one byte.
            let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
            stream.write_all(hello).await?;
            let mut said = Vec::new();
            let _ended = stream.read_to_end(&mut said).await;
            // A fatal alert (RFC 8446 section 6).
            Ok(match said.first() {
                Some(0x15) => End::Told,
                _ => End::Cut,
            })
        }
    }
}
