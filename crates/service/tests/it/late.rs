//! A commit that is held up until a deadline has passed.

use std::net::SocketAddr;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use service::{Count, HandlerError, Reply, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::answer::echo;
use super::rig::{Ask, EVENTS, PATIENCE, Rig, Serving, in_ms};

/// Between clients and a broker: all that goes through it stands still while that is said.
async fn through(listener: TcpListener, to: SocketAddr, still: watch::Receiver<bool>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(to).await.unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        tokio::spawn(pass(from_client, to_server, still.clone()));
        tokio::spawn(pass(from_server, to_client, still.clone()));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut still: watch::Receiver<bool>) {
    let mut part = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut part).await.unwrap_or(0);
        let moves = still.wait_for(|still| !still).await.is_ok();
        if count == 0 || !moves || to.write_all(&part[..count]).await.is_err() {
            return;
        }
    }
}

/// What Kafka refuses, so that all that is committed with it is committed anew, one by one.
async fn refused_or_done(request: Request) -> Result<Reply, HandlerError> {
    let large = request.body.starts_with(b"large");
    let mut reply = echo(request).await?;
    if large && let Some(event) = reply.events.first_mut() {
        event.value = Some(vec![0; 200 << 10].into());
    }
    Ok(reply)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_again_after_a_refusal_is_not_written_past_its_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    let (hold, still) = watch::channel(false);
    let broker = Broker::start(BrokerConfig {
        advertised: Some(front.to_string()),
        ..BrokerConfig::default()
    })
    .unwrap();
    tokio::spawn(through(listener, broker.address(), still));
    let mut rig = Rig::with(broker).await;
    // There before the service is, so that they come to it together: twenty that are refused, and behind them one that has four seconds.
    for id in 0..20 {
        rig.send(&Ask::new(id * 7, &format!("large {id}"))).await;
    }
    let ask = Ask::new(700, "late").with("figway-deadline", in_ms(4_000));
    let over = tokio::time::Instant::now() + Duration::from_millis(4_100);
    rig.send(&ask).await;
    let mut config = rig.service_config();
    config.kafka.max_message = 100 << 10;
    let serving = Serving::start(config, refused_or_done);
    let refused = async {
        while serving.counts.get(Count::Aborted) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("all together are refused");
    hold.send(true).unwrap();
    tokio::time::sleep_until(over).await;
    hold.send(false).unwrap();
    let settled = async {
        while serving.counts.get(Count::Expired) + serving.counts.get(Count::Answered) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled)
        .await
        .expect("it is dropped, or done");
    // Whoever asked counts on that nothing of it happens any more.
    assert_eq!(serving.counts.get(Count::Answered), 0);
    assert_eq!(rig.ask(&Ask::new(707, "next")).await.body, "next");
    serving.stop().await;
    assert_eq!(rig.values(EVENTS).await, ["next"]);
    assert!(!rig.got.contains_key(&ask.correlation));
}
