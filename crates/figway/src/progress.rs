//! Signs of life on long work: bars for a person at a terminal, a line now and then for a log.
//!
//! In: what capture tells its observer. Out: standard error only, so that standard output stays a result.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cdc::{Event, Observer, Phase};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::figures::grouped;
use crate::terminal::Terminal;

/// The shortest time between two lines of the same work in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// An observer of capture that shows what it hears.
pub(crate) fn of_capture(terminal: &Terminal) -> Observer {
    if terminal.interactive() {
        let bars = Bars::new();
        Observer::new(move |event| bars.show(&event))
    } else {
        let lines = Lines::default();
        Observer::new(move |event| lines.show(&event))
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Reading => "reading",
        Phase::Comparing => "comparing",
        Phase::Sending => "sending",
    }
}

/// What a generation came to, in one line, behind its source; `None` for events that are no result.
fn result<'e>(event: &Event<'e>) -> Option<(&'e str, String)> {
    Some(match event {
        Event::Finished {
            source,
            generation,
            emitted,
            held,
            ..
        } => {
            let mut line = format!(
                "{source} {generation}: {} r, {} c, {} u, {} d, {} dead letters",
                grouped(emitted.read),
                grouped(emitted.created),
                grouped(emitted.updated),
                grouped(emitted.deleted),
                grouped(emitted.dead_letters),
            );
            if !held.is_empty() {
                line.push_str("; its deletes are held: see figway cdc status");
            }
            (source, line)
        }
        Event::Held {
            source,
            generation,
            reasons,
        } => {
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            let reasons = reasons.join("; ");
            (
                source,
                format!("{source} {generation}: HELD, {reasons}: see figway cdc status"),
            )
        }
        Event::Trouble { source, error } => {
            let help = error
                .help()
                .map_or_else(String::new, |help| format!(" ({help})"));
            (
                source,
                format!("{source}: {}{help}; trying again", error.chain()),
            )
        }
        _ => return None,
    })
}

/// One bar a source, results above them.
struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)),
            bars: Mutex::default(),
        }
    }

    fn show(&self, event: &Event<'_>) {
        if let Event::Progress {
            source,
            generation,
            phase,
            done,
            total,
        } = event
        {
            let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
            let bar = bars.entry((*source).to_owned()).or_insert_with(|| {
                let style = ProgressStyle::with_template("{msg:40} {bar:30} {percent:>3} %  {eta}")
                    .expect("the template is well formed");
                self.all.add(ProgressBar::new(0).with_style(style))
            });
            bar.set_message(format!("{source} {generation}: {}", phase_name(*phase)));
            bar.set_length(*total);
            bar.set_position(*done);
        } else if let Some((source, line)) = result(event) {
            if let Some(bar) = self
                .bars
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(source)
            {
                bar.finish_and_clear();
            }
            self.all.println(line).ok();
        }
    }
}

/// Results, and a line of progress at most every few seconds.
#[derive(Default)]
struct Lines {
    last: Mutex<HashMap<String, (Phase, Instant)>>,
}

impl Lines {
    fn show(&self, event: &Event<'_>) {
        if let Some((_, line)) = result(event) {
            write(&line);
            return;
        }
        let Event::Progress {
            source,
            generation,
            phase,
            done,
            total,
        } = event
        else {
            return;
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match last.get(*source) {
            Some((shown, at)) if shown == phase && now.duration_since(*at) < BETWEEN_LINES => {
                return;
            }
            // Short work needs no line: the first of a phase only starts the clock.
            Some((shown, _)) if shown == phase => {
                write(&format!(
                    "{source} {generation}: {} {} of {}",
                    phase_name(*phase),
                    grouped(*done),
                    grouped(*total)
                ));
            }
            _ => {}
        }
        last.insert((*source).to_owned(), (*phase, now));
    }
}

/// A line to standard error from whichever thread works; if it cannot be written there is nobody to tell.
fn write(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr().lock(), "{line}").ok();
}
