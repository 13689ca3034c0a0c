//! Answers that are kept, over Kafka and a fleet of gateways: given later, given again.

mod later;
mod once;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kafka::{KafkaConfig, TopicSpec, Topics};
use ops::shutdown::Shutdown;
use service::{HandlerError, Reply, Request, Service, ServiceConfig};
use tests::gateway::client::{self, Got};
use tests::gateway::rig::{PATIENCE, Rig};
use tokio::sync::watch;

/// Kafka with a topic of requests, and names that nobody else has there.
struct Place {
    kafka: KafkaConfig,
    requests: String,
    replies: String,
    group: String,
    _running: crate::Running,
}

impl Place {
    async fn made() -> Self {
        let (bootstrap, running) = crate::running();
        let kafka = KafkaConfig::at(&bootstrap);
        let name = tests::contract::unique("kept");
        let requests = format!("{name}.requests");
        let topics = [TopicSpec::new(&*requests, Some(4))];
        Topics::new(&kafka).ensure(&topics).await.unwrap();
        Self {
            kafka,
            requests,
            replies: format!("{name}.replies"),
            group: name,
            _running: running,
        }
    }
}

/// A service that answers how often it was asked, once it is let.
struct Lots {
    begun: watch::Sender<usize>,
    executed: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
    shutdown: Shutdown,
}

impl Lots {
    fn start(place: &Place) -> Self {
        let begun = watch::Sender::new(0);
        let executed = Arc::new(AtomicUsize::new(0));
        let open = watch::Sender::new(true);
        let shutdown = Shutdown::new();
        let (beginning, counting, opened) = (begun.clone(), Arc::clone(&executed), open.clone());
        let handle = move |request: Request| {
            let (counting, mut opened) = (Arc::clone(&counting), opened.subscribe());
            beginning.send_modify(|begun| *begun += 1);
            async move {
                opened.wait_for(|open| *open).await.unwrap();
                let nth = counting.fetch_add(1, Ordering::Relaxed) + 1;
                let said = String::from_utf8_lossy(&request.body).into_owned();
                let body = format!("{{\"nth\":{nth},\"said\":\"{said}\"}}");
                Ok::<_, HandlerError>(Reply::json(201, body))
            }
        };
        let config = ServiceConfig::new(place.kafka.clone(), &*place.requests, &*place.group);
        let ending = shutdown.clone();
        shutdown.spawn(async move {
            Service::new(config, handle).run(&ending).await.unwrap();
        });
        Self {
            begun,
            executed,
            open,
            shutdown,
        }
    }

    fn executed(&self) -> usize {
        self.executed.load(Ordering::Relaxed)
    }

    fn hold(&self) {
        self.open.send_replace(false);
    }

    fn begun(&self) -> usize {
        *self.begun.borrow()
    }

    /// Once it has another request than so many.
    async fn under_way(&self, before: usize) {
        let mut begun = self.begun.subscribe();
        let waiting = begun.wait_for(|begun| *begun > before);
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap()
            .unwrap();
    }

    fn let_go(&self) {
        self.open.send_replace(true);
    }

    async fn end(self) {
        self.let_go();
        assert!(self.shutdown.drain(PATIENCE).await);
    }
}

fn config(place: &Place, rest: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{}"
[backends.lots]
kafka = {{ requests = "{}", replies = "{}" }}
{rest}
"#,
        place.kafka.bootstrap, place.requests, place.replies,
    )
}

/// Asks until the answer is as wanted.
async fn until(
    what: &str,
    ask: impl AsyncFn() -> anyhow::Result<Got>,
    so: impl Fn(&Got) -> bool,
) -> Got {
    let mut last = None;
    let asking = async {
        loop {
            if let Ok(got) = ask().await {
                if so(&got) {
                    return got;
                }
                last = Some(got);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| panic!("waited for: {what}; last came {last:?}"))
}

fn header(got: &Got, name: &str) -> String {
    let value = got.headers.get(name);
    let value = value.unwrap_or_else(|| panic!("no {name} in {got:?}"));
    value.to_str().unwrap().to_owned()
}

async fn post(rig: &Rig, target: &str, headers: &[(&str, &str)], body: &'static str) -> Got {
    client::ask(rig.address(), "POST", target, headers, body)
        .await
        .unwrap()
}

/// Once its services can be asked.
async fn ready(rig: &Rig) {
    until(
        "the service can be asked",
        async || client::ask(rig.address(), "POST", "/ready", &[], "ready").await,
        |got| got.status == 201,
    )
    .await;
}
