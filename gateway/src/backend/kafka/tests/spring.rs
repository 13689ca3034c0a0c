//! A service written on Spring for Apache Kafka, by script: it knows three headers and answers with one.

use kafka::reply::HeaderForm;
use kafka::{Follow, Follower};

use super::*;

/// Answers every request as a `@KafkaListener` with `@SendTo` does: to the topic and partition that it names, its correlation id as it
/// came, and whatever `more` says.
fn listen(config: &KafkaConfig, more: Vec<(String, Bytes)>) -> tokio::task::JoinHandle<()> {
    let config = config.clone();
    tokio::spawn(async move {
        let mut requests = Follower::start(&config, Follow::committed("lot.requests")).unwrap();
        let producer = Producer::open(&config, config.timeout).unwrap();
        while let Ok(step) = requests.next().await {
            for request in step.records {
                let header = |name: &str| request.header(name).expect(name).to_vec();
                let topic = String::from_utf8(header("kafka_replyTopic")).unwrap();
                let partition = header("kafka_replyPartition").try_into().unwrap();
                let mut reply = Outgoing::new(topic, None, request.value.clone().map(Bytes::from));
                reply.partition = Some(i32::from_be_bytes(partition));
                let correlation = Bytes::from(header("kafka_correlationId"));
                reply.headers = vec![("kafka_correlationId".to_owned(), correlation)];
                reply.headers.extend(more.clone());
                producer.send(reply).await.unwrap();
            }
        }
    })
}

async fn asked(form: Form, more: Vec<(String, Bytes)>) -> (Rig, Response) {
    let mut rig = rig(BrokerConfig::default(), 10).await;
    let config = Config {
        form,
        ..config(&rig.config, 10)
    };
    rig.backend = Service::open(config, &rig.metrics).unwrap();
    rig.ready().await;
    let service = listen(&rig.config, more);
    let response = crate::backend::call(&rig.backend, ask("hello", PATIENCE))
        .await
        .unwrap();
    service.abort();
    (rig, response)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_knows_springs_headers_alone_is_asked_and_answers() {
    for correlation in [Correlation::Binary, Correlation::Text] {
        let form = Form {
            correlation,
            ..Form::of(HeaderForm::Spring)
        };
        let (rig, response) = asked(form, Vec::new()).await;
        assert_eq!(response.parts.status, 200);
        assert_eq!(text(response).await, "hello");
        let requests = Reader::new(&rig.config)
            .read("lot.requests", Isolation::Committed)
            .await
            .unwrap();
        let request = requests.first().unwrap();
        let names: Vec<_> = request.headers.iter().map(|(name, _)| &**name).collect();
        // As Spring has it, and then what else a service may want to know.
        let spring = [
            "kafka_replyTopic",
            "kafka_replyPartition",
            "kafka_correlationId",
        ];
        assert_eq!(names[..3], spring);
        assert!(!names.contains(&"figway-correlation-id"), "{names:?}");
        assert!(names.contains(&"figway-request-id"), "{names:?}");
        let length = request.header("kafka_correlationId").unwrap().len();
        assert_eq!(
            length,
            if correlation == Correlation::Text {
                36
            } else {
                16
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_status_and_type_under_names_of_its_own() {
    let form = Form {
        status: "http_statusCode".to_owned(),
        ..Form::of(HeaderForm::Spring)
    };
    let more = [("http_statusCode", "404"), ("contentType", "text/plain")];
    let more = more.map(|(name, value)| (name.to_owned(), Bytes::from(value)));
    let (_rig, response) = asked(form, more.to_vec()).await;
    assert_eq!(response.parts.status, 404);
    assert_eq!(response.parts.headers["content-type"], "text/plain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_our_kit_answers_in_the_form_it_is_asked_in() {
    let mut rig = rig(BrokerConfig::default(), 10).await;
    let config = Config {
        form: Form::of(HeaderForm::Spring),
        ..config(&rig.config, 10)
    };
    rig.backend = Service::open(config, &rig.metrics).unwrap();
    rig.ready().await;
    rig.serve();
    let response = rig.backend.call(ask("hello", PATIENCE)).await.unwrap();
    // It says its status all the same.
    assert_eq!(response.parts.status, 201);
    assert_eq!(text(response).await, "POST /lots?x=1 false hello");
    rig.shutdown.begin();
}
