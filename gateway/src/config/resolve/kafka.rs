//! A service behind Kafka: its topics, and the headers it knows.

use http::StatusCode;
use kafka::reply::HeaderForm;
use payload::{Policy, Rules, Surroundings, Topic};
use toml::Spanned;

use super::Resolver;
use crate::backend::kafka::{Correlation, Form, room};
use crate::config::file::KafkaBackend;
use crate::config::{BackendSpec, KafkaSpec};

const IN_FLIGHT: usize = 1000;
/// The longest name of a header that a service is asked to look for.
const LONGEST_NAME: usize = 256;

impl Resolver<'_> {
    pub(super) fn kafka(&mut self, kafka: &Spanned<KafkaBackend>) -> BackendSpec {
        self.needs_kafka(kafka);
        let backend = kafka.get_ref();
        if backend.requests.get_ref() == backend.replies.get_ref() {
            self.fault(
                &backend.replies,
                "requests and replies need a topic each, and these are the same",
            );
        }
        BackendSpec::Kafka(Box::new(KafkaSpec {
            requests: self.topic(&backend.requests),
            replies: self.topic(&backend.replies),
            form: self.form(backend),
            max_in_flight: self.count(backend.max_in_flight.as_ref(), IN_FLIGHT),
            outcomes: None,
            payload: self.payload(backend.payload.as_ref()),
        }))
    }

    /// Which way bodies travel.
    fn payload(&mut self, rules: Option<&Spanned<Rules>>) -> Policy {
        let around = Surroundings {
            room: room(&self.kafka).into(),
            store: self
                .kafka
                .payload
                .as_deref()
                .map(|store| store.expire_after()),
            topic: Topic::Requests,
        };
        let default = Spanned::new(0..0, Rules::default());
        let rules = rules.unwrap_or(&default);
        rules.get_ref().resolve(&around).unwrap_or_else(|faults| {
            for fault in faults {
                let fault = fault.told(self.text, rules.span());
                self.faults.push(fault);
            }
            Policy::plain(0)
        })
    }

    fn form(&mut self, backend: &KafkaBackend) -> Form {
        let known = [
            ("figway", HeaderForm::Figway),
            ("spring", HeaderForm::Spring),
        ];
        let headers = backend.headers.as_ref();
        let headers = headers.and_then(|headers| self.word(headers, "headers", &known));
        let mut form = Form::of(headers.unwrap_or_default());
        let known = [("binary", Correlation::Binary), ("text", Correlation::Text)];
        let correlation = backend.correlation.as_ref();
        if let Some(said) = correlation.and_then(|word| self.word(word, "correlation", &known)) {
            form.correlation = said;
        }
        if let Some(names) = &backend.header_names {
            let said = names.get_ref();
            let given = [
                (&said.correlation, &mut form.correlation_id),
                (&said.reply_topic, &mut form.reply_topic),
                (&said.reply_partition, &mut form.reply_partition),
                (&said.status, &mut form.status),
            ];
            let mut any = false;
            for (given, name) in given {
                if let Some(given) = given {
                    any = true;
                    self.record_header(given);
                    name.clone_from(given.get_ref());
                }
            }
            if !any {
                self.fault_with_help(
                    names,
                    "this says nothing",
                    "write correlation, reply_topic, reply_partition or status",
                );
            }
            self.all_differ(names, &form);
        }
        if let Some(status) = &backend.default_status {
            let said = u16::try_from(*status.get_ref()).ok();
            let said = said.and_then(|said| StatusCode::from_u16(said).ok());
            let said = said.filter(|said| (200..600).contains(&said.as_u16()));
            if said.is_none() {
                self.fault(
                    status,
                    format!("wanted a status from 200 to 599, got {}", status.get_ref()),
                );
            }
            form.default_status = said;
        }
        form
    }

    /// The name of a header of a record: any text, but a short one without what cannot be seen.
    fn record_header(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        if text.is_empty()
            || text.len() > LONGEST_NAME
            || !text.bytes().all(|b| b.is_ascii_graphic())
        {
            self.fault_with_help(
                name,
                format!("\"{text}\" cannot be the name of a header"),
                format!(
                    "letters, digits and signs of ASCII without blanks, at most {LONGEST_NAME}"
                ),
            );
        }
    }

    fn all_differ<T>(&mut self, at: &Spanned<T>, form: &Form) {
        let names = [
            &form.correlation_id,
            &form.reply_topic,
            &form.reply_partition,
            &form.status,
        ];
        let twice = names
            .iter()
            .enumerate()
            .find(|(nth, name)| names.iter().take(*nth).any(|before| before == *name));
        if let Some((_, name)) = twice {
            self.fault(at, format!("two headers would be called \"{name}\""));
        }
    }
}
