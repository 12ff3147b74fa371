//! The scoreboard as a user meets it: command lines in; rows, files and messages out.

mod data;
mod peer;
mod program;
mod runs;
mod timed;

use seedbed_benches::{
    Bar, Cli, Context, Experiment, Figure, Goal, Image, Kind, Outcome, Row, Series,
};

/// A learning claim with every kind of picture.
struct Learner;

impl Experiment for Learner {
    fn name(&self) -> &'static str {
        "demo-learn"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "Learns a <line>."
    }

    fn run(&self, context: &Context) -> anyhow::Result<Outcome> {
        let values: Vec<f64> = (0..context.seeds(3, 9)).map(|seed| 2.0 + seed as f64).collect();
        let runs = values.iter().map(|v| (0..50).map(|i| (i as f64, v * i as f64)).collect());
        let image = Image::grey(2, 2, vec![0, 255, 255, 0], "7").marked(true);
        Ok(Outcome::new()
            .row(Row::learn("demo-learn", "gain", "points", &values).goal(Goal::AtLeast(1.0)))
            .row(Row::learn("demo-learn", "cost", "", &values).reference(3.0, "a paper"))
            .figure(Figure::curves("Gain", "steps", "x", vec![Series::new("it", runs.collect())]))
            .figure(Figure::bars("Beside", "x", vec![Bar::new("it", 2.0)]).marked(1.0, "one"))
            .figure(Figure::images("Digits", "framed = picked", 4, vec![image; 5]))
            .figure(Figure::heatmap("Wins", &["a", "b"], &["c"], vec![0.0, 1.0])))
    }
}

/// An experiment that cannot be measured.
struct Broken;

impl Experiment for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "Misses its data."
    }

    fn run(&self, _: &Context) -> anyhow::Result<Outcome> {
        anyhow::bail!("no file train.gz")
    }
}

/// A speed row whose figure can be changed from test to test.
struct Timer(f64);

impl Experiment for Timer {
    fn name(&self) -> &'static str {
        "demo-speed"
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "Takes its time."
    }

    fn run(&self, _: &Context) -> anyhow::Result<Outcome> {
        Ok(Outcome::new()
            .row(Row::speed("demo-speed", "ms", "ms", &[self.0, self.0 * 1.1]))
            .row(Row::speed("demo-speed", "ratio", "×", &[2.0]).goal(Goal::AtLeast(3.0))))
    }
}

/// An experiment for which a newcomer should not have to wait.
struct Long;

impl Experiment for Long {
    fn name(&self) -> &'static str {
        "long"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "Trains for hours."
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, _: &Context) -> anyhow::Result<Outcome> {
        Ok(Outcome::new().row(Row::learn("long", "gain", "points", &[1.0])))
    }
}

fn registry() -> Vec<Box<dyn Experiment>> {
    vec![Box::new(Learner), Box::new(Timer(10.0))]
}

fn cli(line: &str, out: &std::path::Path) -> Cli {
    use clap::Parser as _;
    let out = ["--out".to_owned(), out.display().to_string()];
    let words = std::iter::once("bench").chain(line.split_whitespace()).map(str::to_owned);
    Cli::try_parse_from(words.chain(out)).expect("a well-formed command line")
}
