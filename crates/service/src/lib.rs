//! SDK for a Kafka-backed service: a [`Handler`] in; replies, de-duplication and dead letters out.
//!
//! ```no_run
//! use service::{HandlerError, Reply, Request, Service, ServiceConfig};
//!
//! async fn echo(request: Request) -> Result<Reply, HandlerError> {
//!     Ok(Reply::json(200, request.body))
//! }
//!
//! # async fn example() -> Result<(), service::Error> {
//! let kafka = kafka::KafkaConfig::at("localhost:9092");
//! let config = ServiceConfig::new(kafka, "lot.requests", "lot-service");
//! Service::new(config, echo).run(&ops::shutdown::Shutdown::new()).await
//! # }
//! ```
//!
//! What one request leaves behind goes out in **one transaction**: its reply, its events, the record that it was answered, and
//! the offset behind it. Whoever dies at any point leaves all of that or nothing, so an effect (an event) happens exactly once,
//! however often a request is sent, and whatever dies. What a handler does elsewhere (a database, a call) is not covered.
//!
//! Handlers of values instead of bytes (JSON, COBOL records by layout, Avro) are made with [`typed()`].
//!
//! The path of a request: `decode` (headers to [`Request`]; what cannot be read is a dead letter) → deadline (expired ones are
//! dropped, without a reply) → `seen` (a duplicate gets the stored reply again) → [`Handler`] → `outcome` (to records) → commit.

mod commits;
mod config;
mod count;
mod dead_letter;
mod decide;
mod decode;
mod error;
mod handler;
mod large;
mod message;
pub mod metrics;
mod outcome;
mod parked;
mod partition;
mod queue;
mod replies;
mod run;
mod seen;
mod session;
mod status;
pub mod testkit;
pub mod trace;
mod typed;
mod write_back;

pub use config::{Beyond, Large, Order, Retries, ServiceConfig, Window};
pub use count::{Count, Counts};
pub use dead_letter::DeadLetterHeaders;
pub use error::{Error, ErrorKind};
pub use handler::{Handler, HandlerError};
pub use large::LargeBody;
pub use message::{Change, Reply, Request};
pub use run::Service;
pub use status::Status;
pub use trace::TraceContext;
pub use typed::{
    Answer, Avro, Decode, Encode, Json, Record, Typed, Undecodable, Unencodable, typed,
};
