//! `figway demo`: the sample company on an embedded broker, played and checked, or played and kept running.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use demo::company::{Company, Scale};
use demo::step::{Observer, Outcome, Step};
use demo::tour::{self, Front, Kafka, Part, Scans, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ops::shutdown::Shutdown;

use crate::args;
use crate::progress;
use crate::terminal::Terminal;

pub(crate) fn run(args: &args::Demo, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let began = Instant::now();
    ops::telemetry::init("error");
    let (folder, made) = folder(args, terminal)?;
    let kafka = match &args.bootstrap {
        Some(bootstrap) => Kafka::given(bootstrap),
        None => Kafka::embedded(args.listen, &folder.join("var/kafka"))?,
    };
    let scale = args.scale.map_or(Scale::DEMO, |materials| {
        Scale::of_materials(u64::from(materials))
    });
    let stage = Stage {
        kafka,
        folder,
        company: Company {
            seed: args.seed,
            scale,
        },
        scans: Scans::FULL,
    };
    let runtime = super::runtime()?;
    let code = runtime.block_on(async {
        let code = if args.once {
            once(&stage, terminal).await?
        } else {
            keep_running(&stage, began, terminal).await?
        };
        stage.kafka.stop().await?;
        anyhow::Ok(code)
    })?;
    // A folder we made goes when all held; otherwise it is what a person needs to see why not.
    if let Some(made) = made {
        if code == crate::HELD {
            made.close()
                .context("the demo's folder cannot be removed")?;
        } else {
            terminal.note(format_args!(
                "data sets, capture.toml and routes.toml are kept in {}",
                made.keep().display()
            ));
        }
    }
    Ok(code)
}

/// The folder to play in, and the temporary one behind it if the user named none.
fn folder(
    args: &args::Demo,
    terminal: &Terminal,
) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    let Some(given) = &args.dir else {
        let made = tempfile::Builder::new().prefix("figway-demo-").tempdir()?;
        return Ok((made.path().to_owned(), Some(made)));
    };
    let folder = terminal.path(given);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", given.display()))?;
    let mut entries = folder
        .read_dir()
        .with_context(|| format!("{} cannot be read", given.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty; the demo wants a folder of its own",
            given.display()
        );
    }
    Ok((folder.canonicalize()?, None))
}

async fn once(stage: &Stage, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut watch = Watch::new(terminal);
    let steps = tour::play(stage, Part::Whole, &mut watch).await;
    drop(watch);
    terminal.say(table(&steps).trim_fmt())?;
    let failed = report_failures(&steps, terminal)?;
    terminal.say(format_args!(
        "\n{} of {} steps held",
        steps.len() - failed,
        steps.len()
    ))?;
    Ok(if failed == 0 {
        crate::HELD
    } else {
        crate::FAILED
    })
}

async fn keep_running(
    stage: &Stage,
    began: Instant,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let mut front = Front::raise(stage).await?;
    let addresses = front.addresses();
    terminal.say(format_args!(
        "ready after {} ms: old endpoints answer through the gateway\n\n\
         gateway            http://{}  (routes.toml)\n\
         its admin API      http://{}  (token in var/admin.token)\n\
         legacy stand-in    http://{}  (plays mainframe and ERP; a server of the demo's own, no mainframe)\n\
         kafka              {}\n\
         everything else    {}\n\n\
         loading the data sets into topics ...",
        began.elapsed().as_millis(),
        addresses.gateway,
        addresses.admin,
        addresses.legacy,
        stage.kafka.bootstrap(),
        stage.folder.display()
    ))?;
    terminal.flush()?;
    let code = play_and_serve(stage, &mut front, &shutdown, terminal).await;
    front.close().await;
    code
}

/// Plays the beginning, says what to try, and runs until asked to end.
async fn play_and_serve(
    stage: &Stage,
    front: &mut Front,
    shutdown: &Shutdown,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let mut watch = Watch::new(terminal);
    let steps = tokio::select! {
        steps = tour::play(stage, Part::Beginning, &mut watch) => steps,
        () = shutdown.begun() => return Ok(crate::HELD),
    };
    drop(watch);
    terminal.say(table(&steps).trim_fmt())?;
    if report_failures(&steps, terminal)? > 0 {
        return Ok(crate::FAILED);
    }
    tokio::select! {
        started = front.start_service() => started?,
        () = shutdown.begun() => return Ok(crate::HELD),
    }
    terminal.say("")?;
    let figway = std::env::current_exe()
        .map_or_else(|_| "figway".to_owned(), |path| path.display().to_string());
    let mut hints = front.hints(&figway)?;
    hints.extend(tour::hints(stage, &figway));
    for hint in hints {
        terminal.say(format_args!("# {}\n{}\n", hint.shows, hint.command))?;
    }
    terminal.say("Capture runs on: a file that appears in the folder of unloads is in its topic a moment later. Ctrl-C ends it.")?;
    terminal.flush()?;
    for source in tour::serve(stage, shutdown, progress::of_capture(terminal)).await? {
        source
            .outcome
            .with_context(|| format!("source {} ended", source.source))?;
    }
    Ok(crate::HELD)
}

fn table(steps: &[Step]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["", "STEP", "FIGURES"]);
    for (number, step) in (1..).zip(steps) {
        let figures: Vec<_> = step
            .figures
            .iter()
            .map(|figure| format!("{} {}", figure.value, figure.name))
            .collect();
        let mark = if step.held() { "held" } else { "FAILED" };
        table.add_row([
            format!("{number} {mark}"),
            step.title.to_owned(),
            figures.join(", "),
        ]);
    }
    table
}

/// What did not hold, step by step; how many steps that were.
fn report_failures(steps: &[Step], terminal: &mut Terminal) -> std::io::Result<usize> {
    let mut failed = 0;
    for step in steps {
        if let Outcome::Failed(findings) = &step.outcome {
            failed += 1;
            terminal.say(format_args!("\nFAILED: {}: {}", step.title, step.detail))?;
            for finding in findings {
                terminal.say(format_args!("  {finding}"))?;
            }
        }
    }
    Ok(failed)
}

/// Shows the step being played to a person; says nothing to a log until it is over.
struct Watch {
    bar: Option<ProgressBar>,
}

impl Watch {
    fn new(terminal: &Terminal) -> Self {
        let bar = terminal.interactive().then(|| {
            let style = ProgressStyle::with_template("{spinner} {prefix} {wide_msg}")
                .expect("the template is well formed");
            let bar =
                ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar }
    }
}

impl Observer for Watch {
    fn began(&mut self, title: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_prefix(title);
            bar.set_message("");
        }
    }

    fn advanced(&mut self, what: &'static str, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            let of = if total > 0 {
                format!(" of {}", crate::figures::grouped(total))
            } else {
                String::new()
            };
            bar.set_message(format!("{}{of} {what}", crate::figures::grouped(done)));
        }
    }

    fn ended(&mut self, step: &Step) {
        if let Some(bar) = &self.bar {
            bar.println(format!(
                "{} {}: {}",
                if step.held() { "held" } else { "FAILED" },
                step.title,
                step.detail
            ));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
