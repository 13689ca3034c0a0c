//! The tour of the sample company, as `figway demo --once` plays it.

use broker::{Broker, BrokerConfig};
use demo::company::{Company, Scale};
use demo::fault::Fault;
use demo::step::{Observer, Outcome, Step, Unwatched};
use demo::tour::{Kafka, Part, Scans, Stage, hints, play, play_fault};

/// Keeps nothing but prints what a person would see, for whoever reads a failed test.
struct Printed;

impl Observer for Printed {
    fn began(&mut self, _title: &'static str) {}
    fn advanced(&mut self, _what: &'static str, _done: u64, _total: u64) {}
    fn ended(&mut self, step: &Step) {
        let figures: Vec<String> = step
            .figures
            .iter()
            .map(|figure| format!("{} {}", figure.value, figure.name))
            .collect();
        println!(
            "{}: {}\n  {}\n  {:?}",
            step.title,
            step.detail,
            figures.join(", "),
            step.outcome
        );
    }
}

/// On a thread of its own: starting blocks.
fn start_broker() -> Broker {
    std::thread::spawn(|| Broker::start(BrokerConfig::default()).unwrap())
        .join()
        .unwrap()
}

/// On an embedded broker that the tour may stop.
async fn tour(scale: Scale, seed: u64) -> Vec<Step> {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("var/kafka");
    let kafka = std::thread::spawn(move || {
        Kafka::embedded(([127, 0, 0, 1], 0).into(), &directory).unwrap()
    });
    let stage = Stage {
        kafka: kafka.join().unwrap(),
        folder: folder.path().to_owned(),
        company: Company { seed, scale },
        scans: Scans::SMALL,
    };
    let steps = play(&stage, Part::Whole, &mut Printed).await;
    stage.kafka.stop().await.unwrap();
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_an_unload_loses_doubles_or_deletes_a_record() {
    let faults = [
        Fault::Cut,
        Fault::Empty,
        Fault::WrongFormat,
        Fault::WrongTrailer,
        Fault::Missing { every: 9 },
        Fault::DamagedBody { every: 50 },
        Fault::DamagedKey { every: 50 },
    ];
    let played = (100..).zip(faults).map(|(seed, fault)| {
        tokio::spawn(async move {
            let broker = start_broker();
            let folder = tempfile::tempdir().unwrap();
            let company = Company {
                seed,
                scale: Scale::SMALL,
            };
            let stage = Stage {
                kafka: Kafka::given(broker.bootstrap()),
                folder: folder.path().to_owned(),
                company,
                scans: Scans::SMALL,
            };
            let steps = play_fault(&stage, fault, &mut Unwatched).await;
            broker.shutdown().await.unwrap();
            (fault, steps)
        })
    });
    for playing in played.collect::<Vec<_>>() {
        let (fault, steps) = playing.await.unwrap();
        for step in &steps {
            assert_eq!(step.outcome, Outcome::Held, "{fault:?}: {}", step.title);
        }
        assert_eq!(steps.len(), 4, "{fault:?}");
    }
}

fn figure<'a>(step: &'a Step, name: &str) -> &'a str {
    step.figures
        .iter()
        .find(|figure| figure.name == name)
        .map_or("", |figure| &figure.value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_the_tour_holds() {
    let steps = tour(Scale::SMALL, 42).await;
    let titles: Vec<_> = steps.iter().map(|step| step.title).collect();
    assert_eq!(
        titles,
        [
            "Unload three data sets",
            "Load them into topics",
            "A second generation",
            "A damaged generation",
            "A person decides",
            "The next sound generation",
            "A gateway in front",
            "Shadow: the new service is asked as well",
            "A fault is planted in it",
            "The fault is mended",
            "Canary 10 %, then 50 %",
            "Modern, while writes come in",
            "The new service is killed",
            "A new generation, served by the view",
            "Kafka is stopped",
            "Kafka is back",
            "Rolled back",
            "Who did what",
            "Scans too large for a topic",
        ]
    );
    for step in &steps {
        assert_eq!(step.outcome, Outcome::Held, "{}", step.title);
    }
    // Not held because nothing was looked at.
    assert_eq!(figure(&steps[1], "r"), figure(&steps[0], "records"));
    for name in ["c", "u", "d", "tombstones"] {
        assert_ne!(figure(&steps[2], name), "", "{name}");
    }
    assert_eq!(figure(&steps[3], "dead letters"), "2");
    assert_eq!(figure(&steps[3], "held"), "1 generation, deletes of 1");
    assert_eq!(figure(&steps[7], "inquiries compared"), "100");
    assert_eq!(figure(&steps[7], "equal"), "100");
    assert_ne!(figure(&steps[8], "different"), "0");
    assert!(figure(&steps[8], "found").starts_with("LOTI-VALUATION.LOT-VALUE at 152: "));
    assert_eq!(figure(&steps[11], "writes sent"), "200");
    assert_ne!(figure(&steps[11], "by the new service"), "0");
    for step in [11, 16] {
        assert!(figure(&steps[step], "batch total").ends_with(" agrees"));
    }
    assert_ne!(figure(&steps[16], "executed by the service"), "0");
    assert_eq!(figure(&steps[12], "reads fallen back"), "4");
    assert_eq!(figure(&steps[13], "lots served by the view"), "50");
    assert_eq!(figure(&steps[17], "by demo"), "9");
    assert_eq!(figure(&steps[18], "document"), "8.0 MB");
}

/// As on somebody's Kafka, which the tour must leave running.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_holds_on_a_kafka_that_is_not_ours_to_stop() {
    let broker = start_broker();
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage {
        kafka: Kafka::given(broker.bootstrap()),
        folder: folder.path().to_owned(),
        company: Company {
            seed: 7,
            scale: Scale::SMALL,
        },
        scans: Scans::SMALL,
    };
    let steps = play(&stage, Part::Whole, &mut Printed).await;
    assert_eq!(steps.len(), 19);
    for step in &steps {
        assert_eq!(step.outcome, Outcome::Held, "{}", step.title);
    }
    broker.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_says_when_somebody_else_played_there() {
    let broker = start_broker();
    let folder = tempfile::tempdir().unwrap();
    let company = Company {
        seed: 1,
        scale: Scale::SMALL,
    };
    let stage = Stage {
        kafka: Kafka::given(broker.bootstrap()),
        folder: folder.path().to_owned(),
        company,
        scans: Scans::SMALL,
    };
    let first = play(&stage, Part::Beginning, &mut Printed).await;
    assert!(first.iter().all(Step::held));
    let second = play(&stage, Part::Beginning, &mut Printed).await;
    let [only] = second.as_slice() else {
        panic!("{second:?}")
    };
    let Outcome::Failed(why) = &only.outcome else {
        panic!("{only:?}")
    };
    assert!(
        why[0].starts_with("topic pharma.material is there already"),
        "{why:?}"
    );
    broker.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_demo_says_to_type_works_as_printed() {
    if std::process::Command::new("kcat")
        .arg("-V")
        .output()
        .is_err()
    {
        println!("kcat not found: not run");
        return;
    }
    let broker = start_broker();
    let folder = tempfile::tempdir().unwrap();
    let company = Company {
        seed: 5,
        scale: Scale::SMALL,
    };
    let stage = Stage {
        kafka: Kafka::given(broker.bootstrap()),
        folder: folder.path().to_owned(),
        company,
        scans: Scans::SMALL,
    };
    let steps = play(&stage, Part::Beginning, &mut Unwatched).await;
    assert!(steps.iter().all(Step::held), "{steps:?}");
    let mut shown = String::new();
    for hint in hints(&stage, "figway") {
        if !hint.command.starts_with("kcat") {
            continue;
        }
        let output = tokio::process::Command::new("sh")
            .args(["-c", &hint.command])
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            hint.command,
            String::from_utf8_lossy(&output.stderr)
        );
        println!(
            "# {}\n{}\n{}",
            hint.shows,
            hint.command,
            String::from_utf8_lossy(&output.stdout)
        );
        shown.push_str(&String::from_utf8_lossy(&output.stdout));
        if !hint.command.contains(".dlq") {
            assert!(!output.stdout.is_empty(), "{}", hint.command);
        }
    }
    for part in [
        "topic \"pharma.material\"",
        "\"op\":\"u\"",
        "NULL",
        "PHARMA.ORDER.G0002V00",
    ] {
        assert!(shown.contains(part), "{part}");
    }
    broker.shutdown().await.unwrap();
}
