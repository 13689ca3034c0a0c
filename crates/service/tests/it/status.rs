//! Whether a service says how it is: over HTTP, while it starts, works, and hangs.

use std::time::Duration;

use ops::shutdown::Shutdown;
use service::{Service, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::answer::echo;
use super::rig::{Ask, PATIENCE, Rig};

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn until_ready(status: &Status) {
    let ready = async {
        while !status.is_ready() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_how_it_is() {
    let mut rig = Rig::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, service) = (Shutdown::new(), Service::new(rig.service_config(), echo));
    let (status, ending) = (service.status(), shutdown.clone());
    let serving = status.clone();
    let answers = tokio::spawn(async move { serving.serve(listener, &ending).await });
    assert!(get(address, "/v1/ready").await.starts_with("HTTP/1.1 503"));
    assert!(get(address, "/v1/health").await.starts_with("HTTP/1.1 200"));
    let ending = shutdown.clone();
    let running = tokio::spawn(async move { service.run(&ending).await });
    until_ready(&status).await;
    assert!(get(address, "/v1/ready").await.starts_with("HTTP/1.1 200"));
    rig.ask(&Ask::new(1, "one")).await;
    rig.ask(&Ask::new(1, "one").correlated("again")).await;
    // The counts follow the commit, which the reply was part of.
    let counted = async {
        loop {
            let page = get(address, "/metrics").await;
            let has = |line: &str| page.lines().any(|it| it == line);
            if has("figway_service_requests_total{outcome=\"answered\"} 1")
                && has("figway_service_requests_total{outcome=\"duplicate\"} 1")
                && has("figway_service_handler_seconds_count 1")
                && has("figway_service_partitions 4")
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted)
        .await
        .expect("the numbers");
    assert!(get(address, "/").await.starts_with("HTTP/1.1 404"));
    shutdown.begin();
    running.await.unwrap().unwrap();
    assert!(!status.is_ready() && status.is_live());
    answers.await.unwrap().unwrap();
}
