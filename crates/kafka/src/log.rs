//! What librdkafka says, reduced to changes of state.
//!
//! librdkafka repeats itself while a broker is away: per connection, per retry. Here the first loss is one WARN, the return
//! one INFO, and every line as it came is a DEBUG event of the target `librdkafka`. The last reason is kept for error messages.

use std::error::Error as Fault;
use std::sync::Mutex;

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::KafkaConfig;
use crate::security::Tokens;

/// The context of each client of ours.
#[derive(Debug)]
pub(crate) struct ClientLog {
    tokens: Option<Tokens>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    down: bool,
    reason: Option<String>,
    told: Vec<RDKafkaErrorCode>,
}

impl ClientLog {
    pub(crate) fn new(config: &KafkaConfig) -> Self {
        Self {
            tokens: config.tokens(),
            state: Mutex::default(),
        }
    }

    /// Why the broker could not be reached, when that is so.
    pub(crate) fn reason(&self) -> Option<String> {
        self.with(|state| state.reason.clone())
    }

    /// The same, only when no broker at all answers.
    pub(crate) fn down(&self) -> Option<String> {
        self.with(|state| state.down.then(|| state.reason.clone().unwrap_or_default()))
    }

    /// Something came from a broker: it is there.
    pub(crate) fn answered(&self) {
        let returned = self.with(|state| {
            state.reason = None;
            std::mem::take(&mut state.down)
        });
        if returned {
            tracing::info!("kafka answers again");
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        // A panic while the lock was held leaves nothing half-done here.
        f(&mut self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl ClientContext for ClientLog {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Fault>> {
        match &self.tokens {
            Some(tokens) => tokens.next(),
            None => Err("there is no kafka.sasl.token".into()),
        }
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
        if facility == "FAIL" {
            self.with(|state| state.reason = Some(short(message)));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason);
        let code = error.rdkafka_error_code();
        if matches!(code, Some(RDKafkaErrorCode::PartitionEOF)) {
            // What a reader waits for, not an error.
        } else if matches!(code, Some(RDKafkaErrorCode::AllBrokersDown)) {
            let (lost, why) = self.with(|state| {
                let why = state.reason.get_or_insert_with(|| short(reason)).clone();
                (!std::mem::replace(&mut state.down, true), why)
            });
            if lost {
                tracing::warn!(reason = why, "kafka does not answer, trying on");
            }
        } else if matches!(
            code,
            Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::OperationTimedOut)
        ) {
            self.with(|state| state.reason.get_or_insert_with(|| short(reason)).len());
        } else if let Some(code) = code {
            let fresh = self.with(|state| {
                let fresh = !state.told.contains(&code);
                if fresh {
                    state.told.push(code); // the codes are a fixed set: this stays small
                }
                state.reason = Some(short(reason));
                fresh
            });
            if fresh {
                tracing::warn!(%error, reason, "kafka client error");
            }
        }
    }
}

impl ConsumerContext for ClientLog {}

/// What went wrong, without the names of threads and brokers and the time it took.
fn short(message: &str) -> String {
    let message = message
        .rsplit_once(" (after ")
        .map_or(message, |(head, _)| head);
    let message = message
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map_or(message, |(_, tail)| tail);
    let message = match message.split_once(": ") {
        Some((broker, tail)) if !broker.contains(' ') => tail,
        _ => message,
    };
    message.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short() {
        let line = "[thrd:localhost:9/bootstrap]: localhost:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: \
                    Connection refused (after 0ms in state CONNECT, 5 identical error(s) suppressed)";
        assert_eq!(
            short(line),
            "Connect to ipv4#127.0.0.1:9 failed: Connection refused"
        );
    }
}
