//! SDK for a Kafka-backed service: a [`Handler`] in; replies, de-duplication and dead letters out.
//!
//! ```no_run
//! # async fn example() -> Result<(), service::Error> {
//! use service::{Reply, Request, Service, ServiceConfig};
//!
//! let config = ServiceConfig::new(kafka::KafkaConfig::at("localhost:9092"), "lot.requests", "lot-service");
//! let handler = async |request: Request| Ok(Reply::json(200, request.body));
//! # let handler = |request: Request| async move { Ok(Reply::json(200, request.body)) };
//! Service::new(config, handler).run(&ops::shutdown::Shutdown::new()).await
//! # }
//! ```
//!
//! What one request leaves behind goes out in **one transaction**: its reply, its events, the record that it was answered, and
//! the offset behind it. Whoever dies at any point leaves all of that or nothing, so an effect (an event) happens exactly once,
//! however often a request is sent, and whatever dies. What a handler does elsewhere (a database, a call) is not covered.
//!
//! The path of a request: `decode` (headers to [`Request`]; what cannot be read is a dead letter) → deadline (expired ones are
//! dropped, without a reply) → `seen` (a duplicate gets the stored reply again) → [`Handler`] → `outcome` (to records) → commit.

mod config;
mod count;
mod decode;
mod error;
mod handler;
mod message;
mod outcome;
mod partition;
mod replies;
mod run;
mod seen;
mod session;

pub use config::{ServiceConfig, Window};
pub use count::{Count, Counts};
pub use error::{Error, ErrorKind};
pub use handler::{Handler, HandlerError};
pub use message::{Reply, Request};
pub use run::Service;
