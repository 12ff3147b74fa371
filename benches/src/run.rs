//! From the command line to rows, table and report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Cli, Command, Options};
use crate::environment::Environment;
use crate::experiment::{Context, Experiment, Outcome, Profile, select};
use crate::report::{self, Section};
use crate::row::{Kind, Row};
use crate::saved::{Change, Run};
use crate::speed::SpeedContext;
use crate::{peers, speed, table};

/// Does what the command line says; `Ok(false)` if some experiment could not be measured.
///
/// # Errors
/// What makes the whole run senseless, before anything is measured: an unknown row, a saved run
/// that is not there. And a report that cannot be written.
pub fn run(cli: &Cli, experiments: &[Box<dyn Experiment>]) -> Result<bool> {
    let options = &cli.options;
    match &cli.command {
        Some(Command::Data) => {
            crate::data::print(options.data.as_deref());
            return Ok(true);
        }
        Some(Command::MemoryOf { name }) => return memory_of(name, experiments).map(|()| true),
        _ => {}
    }
    let (kind, prefixes) = Command::selection(cli.command.as_ref()).unwrap_or_default();
    let mut chosen = select(experiments, kind, prefixes)?;
    if cli.command.is_none() && options.profile() == Profile::Quick {
        leave_out_long(&mut chosen);
    }
    let folder = options.out.clone().unwrap_or_else(|| target().join("bench"));
    let saved = folder.join("saved");
    let before = options.against.as_deref().map(|name| Run::saved(&saved, name)).transpose()?;
    if let Some(name) = &options.save {
        Run::check_name(name)?;
    }

    let mut context = context(options);
    let mut environment = Environment::now(options.profile());
    if options.peers && chosen.iter().any(|e| e.kind() == Kind::Speed) {
        context.speed = SpeedContext { peers: start_peers(&mut environment), ..context.speed };
    }
    let sections = measure(&chosen, &mut context, options.json);
    environment.gemm_peak = *context.speed.gemm_peak.lock().map_err(|_| anyhow!("poisoned"))?;

    let rows: Vec<Row> = sections.iter().flat_map(|s| s.outcome.rows.iter().cloned()).collect();
    let changes = before.as_ref().map(|before| {
        warn_if_unlike(&before.environment, &environment);
        rows.iter().map(|row| Change::of(row, &before.rows)).collect::<Vec<_>>()
    });
    let run = Run { environment, rows };
    if !options.json {
        print!("\n{}", table::render(&run.rows, changes.as_deref()));
        println!("\n{}", run.environment.line());
    } else if changes.is_some() {
        eprint!("{}", table::render(&run.rows, changes.as_deref()));
    }
    run.write(&folder.join("report.json"))?;
    let page = folder.join("report.html");
    report::write(&page, &run, &sections, changes.as_deref())?;
    eprintln!("report: {}", page.display());
    if let Some(name) = &options.save {
        eprintln!("saved: {}", run.save(&saved, name)?.display());
    }
    Ok(sections.iter().all(|section| section.error.is_none()))
}

/// Leaves out what takes many minutes, and says so.
fn leave_out_long(chosen: &mut Vec<&dyn Experiment>) {
    let long: Vec<_> = chosen.iter().filter(|e| e.is_long()).map(|e| e.name()).collect();
    if !long.is_empty() {
        eprintln!(
            "left out, for they take many minutes: {} (`learn` runs them all, `learn NAME` one)",
            long.join(", ")
        );
        chosen.retain(|e| !e.is_long());
    }
}

/// Runs one experiment after the other. One that fails is told on stderr and in the report.
fn measure(chosen: &[&dyn Experiment], context: &mut Context, json: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    for (i, experiment) in chosen.iter().enumerate() {
        let label = format!("[{}/{}] {}", i + 1, chosen.len(), experiment.name());
        context.progress = bar(&label);
        let start = Instant::now();
        let result = experiment.run(context);
        context.progress.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        let (outcome, error) = match result {
            Ok(outcome) => {
                eprintln!("{label}: {seconds:.1} s");
                (outcome, None)
            }
            Err(error) => {
                eprintln!("{label}: error: {error:#}");
                (Outcome::new(), Some(format!("{error:#}")))
            }
        };
        if json {
            outcome.rows.iter().for_each(print_json);
        }
        let (name, kind, about) = (experiment.name(), experiment.kind(), experiment.about());
        sections.push(Section { name, kind, about, outcome, error, seconds });
    }
    sections
}

fn print_json(row: &Row) {
    println!("{}", serde_json::to_string(row).expect("a row has only strings and numbers"));
}

fn context(options: &Options) -> Context {
    Context {
        profile: options.profile(),
        data: options.data.clone(),
        seeds_asked: options.seeds,
        speed: SpeedContext { memory_probe: memory_probe(), ..SpeedContext::default() },
        ..Context::default()
    }
}

/// This program, if it is the scoreboard itself (a test's program has no such subcommand).
fn memory_probe() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let itself = program.file_stem()?.to_str()? == env!("CARGO_PKG_NAME");
    itself.then_some(program)
}

fn bar(label: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {eta} {msg}");
    let bar = ProgressBar::new(0).with_prefix(label.to_owned());
    bar.set_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(std::time::Duration::from_millis(250));
    bar
}

/// Starts the peers; without them, says why, and the rows are measured without.
fn start_peers(environment: &mut Environment) -> std::sync::Mutex<Vec<peers::Peer>> {
    let scripts = package().join("peers");
    let started =
        peers::start(&scripts, &target().join("peers"), &speed::work::sizes(environment.cores));
    let started = started.unwrap_or_else(|error| {
        eprintln!("peers: {error:#}\npeers: the rows are measured without them");
        Vec::new()
    });
    environment.peers = started.iter().map(|p| format!("{} {}", p.name(), p.version())).collect();
    started.into()
}

fn memory_of(name: &str, experiments: &[Box<dyn Experiment>]) -> Result<()> {
    let experiment = experiments.iter().find(|e| e.name() == name);
    let work = experiment.and_then(|e| e.work());
    let mut work = work.with_context(|| format!("{name:?} is no timed work"))?;
    (0..3).for_each(|_| work());
    if let Some(megabytes) = speed::high_water() {
        println!("{megabytes}");
    }
    Ok(())
}

/// The benches' own folder: cargo tells it at run time, the build knows where it was.
fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), PathBuf::from)
}

/// The workspace's target folder.
fn target() -> PathBuf {
    let workspace = || package().parent().map_or_else(PathBuf::new, |root| root.join("target"));
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(workspace, PathBuf::from)
}

fn warn_if_unlike(before: &Environment, now: &Environment) {
    if before.profile != now.profile || before.cpu != now.cpu || before.cores != now.cores {
        eprintln!("the saved run was measured under other conditions: {}", before.line());
    }
}
