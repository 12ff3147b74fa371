//! Extreme settings, scores and files: a right value or a message that says what would be right.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_meta::MetaError;
use seedbed_meta::bilevel::{
    Bilevel, Hypergradient, ImplicitConfig, InnerAdam, InnerMomentum, InnerSgd, hypergradient,
};
use seedbed_meta::fewshot::{
    FewShotConfig, FewShotTrainer, Method, SineTraining, TaskConfig, Tasks,
};
use seedbed_meta::search::{
    Budget, CellData, CellTraining, Choices, Columns, Comparison, DartsConfig, EdgeOp, Evolution,
    Halving, Hyperband, LocalSearch, Named, OnEdge, RandomSearch, STRATEGIES, Strategy, Table,
    compare, train_cell,
};
use seedbed_nn::{Config, ConfigError};

type Candidate = Vec<usize>;

fn panics<T>(f: impl FnOnce() -> T) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err();
    let panic = panic.expect("it should panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap()
}

fn field<C: Config>(config: C) -> String {
    match config.check() {
        Err(ConfigError { field, .. }) => field,
        Ok(_) => "nothing".into(),
    }
}

/// outer = θ², where the inner training starts at 3 λ and goes to λ.
struct Square;

impl Bilevel<f64> for Square {
    type Upper = Tensor<f64>;
    type Lower = Tensor<f64>;
    fn start(&self, upper: &Tensor<f64>) -> Tensor<f64> {
        upper * 3.0
    }
    fn inner(&self, upper: &Tensor<f64>, lower: &Tensor<f64>, _: usize) -> Tensor<f64> {
        (lower - upper).square().sum(..)
    }
    fn outer(&self, _: &Tensor<f64>, lower: &Tensor<f64>) -> Tensor<f64> {
        lower.square().sum(..)
    }
}

#[test]
fn without_an_inner_step_the_start_is_judged() {
    let at = Tensor::scalar(2.0);
    let of = |how| {
        let sgd = hypergradient(&Square, &at, &InnerSgd { rate: 0.1 }, 0, how);
        let momentum = InnerMomentum { rate: 0.1, momentum: 0.9 };
        let momentum = hypergradient(&Square, &at, &momentum, 0, how);
        let adam = hypergradient(&Square, &at, &InnerAdam::default(), 0, how);
        let all = [sgd, momentum, adam].map(|found| {
            assert_eq!((found.loss.item(), found.lower.item()), (36.0, 6.0), "{how:?}");
            found.gradient.item()
        });
        assert!(all.iter().all(|g| *g == all[0]));
        all[0]
    };
    for how in [
        Hypergradient::Nested,
        Hypergradient::Recomputed,
        Hypergradient::FiniteDifference { step: 0.01 },
        Hypergradient::FirstOrder,
    ] {
        // d/dλ (3 λ)² = 18 λ.
        assert_eq!(of(how), 36.0, "{how:?}");
    }
    // Where the start plays no part: θ = λ at the minimum, so dθ/dλ = 1 and the outer slope is 2 θ.
    let implicit = of(Hypergradient::Implicit(ImplicitConfig::default()));
    assert!((implicit - 12.0).abs() < 1e-9, "{implicit}");
    assert_eq!(of(Hypergradient::Reptile), 0.0);
}

/// Tells every candidate a score; the candidates that it was asked for, with their budgets.
fn run(
    strategy: &mut dyn Strategy<Choices>,
    space: &Choices,
    most: usize,
    score: impl Fn(&Candidate) -> f64,
) -> Vec<(Candidate, Budget)> {
    let rng = &mut Rng::new(0);
    let mut asked = Vec::new();
    while let Some(trial) = strategy.ask(space, rng) {
        strategy.tell(&trial, score(&trial.candidate));
        asked.push((trial.candidate, trial.budget));
        if asked.len() == most {
            break;
        }
    }
    asked
}

#[test]
fn a_training_that_diverged_is_worse_than_any() {
    let space = Choices::new([vec!["a", "b", "c", "d"], vec!["0", "1", "2", "3"]]).unwrap();
    // Half of all candidates diverge; the others are the better the more they add up to.
    let score =
        |c: &Candidate| if c[1].is_multiple_of(2) { f64::NAN } else { (c[0] + c[1]) as f64 };
    let is_nan = |c: &Candidate| score(c).is_nan();
    let mut evolution = Evolution::<Candidate>::new(8, 8);
    let late: Vec<_> = run(&mut evolution, &space, 200, score).split_off(150);
    let best = late.iter().filter(|(c, _)| !is_nan(c) && score(c) >= 5.0).count();
    assert!(best > 10, "{best} of 50");
    let mut halving = Halving::<Candidate>::new(8, 2);
    let asked = run(&mut halving, &space, 100, score);
    let whole: Vec<_> = asked.iter().filter(|(_, budget)| *budget == Budget::Whole).collect();
    assert!(whole.len() >= 2 && whole.iter().all(|(c, _)| !is_nan(c)), "{whole:?}");
    let mut local = LocalSearch::<Candidate>::default();
    let asked = run(&mut local, &space, 100, score);
    assert!(asked.len() == 16 && asked.iter().any(|(c, _)| score(c) == 6.0));
}

#[test]
fn spaces_with_fewer_candidates_than_a_round() {
    for options in [1, 3] {
        let names: Vec<String> = (0..options).map(|i| i.to_string()).collect();
        let space = Choices::new([names]).unwrap();
        let strategies: [Box<dyn Strategy<Choices>>; 5] = [
            Box::new(RandomSearch::<Candidate>::default()),
            Box::new(LocalSearch::<Candidate>::default()),
            Box::new(Halving::<Candidate>::new(16, 4)),
            Box::new(Hyperband::<Candidate>::new(&[(27, 3), (12, 4), (6, 6)])),
            Box::new(Hyperband::<Candidate>::new(&[(usize::MAX, usize::MAX)])),
        ];
        for (i, mut strategy) in strategies.into_iter().enumerate() {
            let asked = run(&mut *strategy, &space, 1000, |c| c[0] as f64);
            assert!(asked.len() < 1000, "strategy {i} ends");
            let whole = asked.iter().filter(|(_, budget)| *budget == Budget::Whole);
            let best = whole.map(|(c, _)| c[0]).max();
            assert_eq!(best, Some(options - 1), "strategy {i}: {asked:?}");
        }
    }
    let late = panics(|| Hyperband::<Candidate>::new(&[(4, 2), (2, 4)]));
    assert!(late.contains("Halving: 4 of 2 candidates"), "{late}");
    assert!(panics(|| Hyperband::<Candidate>::new(&[])).contains("at least one round"));
}

#[test]
fn comparisons_without_runs_and_with_too_many() {
    let table = Table::cells();
    let with = |runs, evaluations, short_cost| {
        let settings = Comparison { runs, evaluations, short_cost };
        compare(&STRATEGIES[0], &table, settings)
    };
    assert!(panics(|| with(0, 10, 0.25)).contains("0 runs"));
    assert!(panics(|| with(10, 0, 0.25)).contains("0 evaluations"));
    assert!(panics(|| with(10, 10, f64::NAN)).contains("above 0"));
    assert!(panics(|| with(u64::MAX, 10, 0.25)).contains("at most 2^30"));
    assert!(panics(|| with(10, usize::MAX, 0.25)).contains("at most 2^30"));
    let regrets = with(3, 10, 0.25);
    assert!(panics(|| regrets.mean_after(0)).contains("after 0 evaluations"));
    assert!(panics(|| regrets.mean_after(11)).contains("there were 1 to 10"));
    assert!(panics(|| regrets.quantile_after(1, 1.5)).contains("a share of 1.5"));
    assert!(panics(|| regrets.quantile_after(1, f64::NAN)).contains("a share of NaN"));
    // A search that asks for short trainings only, which cost next to nothing, ends with the space.
    let halving = Named::new("halving", || Box::new(Halving::<Candidate>::new(usize::MAX, 1)));
    let settings = Comparison { runs: 1, evaluations: 2, short_cost: 1e-300 };
    assert_eq!(compare(&halving, &table, settings).by_evaluations.len(), 2);
}

#[test]
fn tables_that_are_none() {
    let columns = Columns {
        candidate: "cell".into(),
        short: vec![],
        validation: vec!["v".into()],
        test: vec!["t".into()],
    };
    let error = |text: &[u8]| Table::parse(text, "x", &columns).unwrap_err().to_string();
    for cell in ["NaN", "inf", "1e999", "", "x"] {
        let found = error(format!("cell,v,t\na,1,2\nb,1,{cell}\n").as_bytes());
        assert!(found.contains("line 3: t is") && found.contains("finite"), "{found}");
    }
    assert!(error(b"cell,v,t\n").contains("position"));
    assert!(error(b"").contains("no column"));
    assert!(error(b"cell,v,v,t\na,1,2,3\n").contains("two columns"));
    assert!(error(b"cell,v,t\na,1,2\na,1,2\n").contains("\"a\" is there twice"));
    assert!(error(b"cell,v,t\na|x,1,2\nb|y,1,2\n").contains("is missing"));
    assert!(error(b"cell,v,t\n\xff\xfe,1,2\n").contains("UTF-8"));
    // As many options as lines: they are looked up, not compared with one another.
    let many: String = (0..60_000).map(|i| format!("c{i},1,{i}\n")).collect();
    let table = Table::parse(format!("cell,v,t\n{many}").as_bytes(), "x", &columns).unwrap();
    assert_eq!((table.len(), table.best()), (60_000, ("c59999".into(), 59_999.0)));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("x.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let columns =
        Columns { candidate: "c".into(), short: vec![], validation: vec![], test: vec![] };
    let error = Table::read(&pipe, &columns).unwrap_err();
    assert!(matches!(&error, MetaError::File { .. }), "{error}");
}

#[test]
fn settings_that_cannot_be() {
    for n in [usize::MAX, 1 << 63, 1 << 40] {
        let fewshot = || FewShotConfig::of(Method::Maml, 5);
        assert_eq!(field(FewShotConfig { channels: n, ..fewshot() }), "channels");
        assert_eq!(field(FewShotConfig { ways: n, ..fewshot() }), "ways");
        assert_eq!(field(FewShotConfig { tasks: n, ..fewshot() }), "tasks");
        assert_eq!(field(SineTraining { tasks: n, ..Default::default() }), "tasks");
        assert_eq!(field(CellTraining { epochs: n, ..Default::default() }), "epochs");
        assert_eq!(field(DartsConfig { epochs: n, ..Default::default() }), "epochs");
    }
    for step in [0.0, -1.0, f64::NAN, 1e300] {
        let hypergradient = Hypergradient::FiniteDifference { step };
        let config = SineTraining { hypergradient, ..Default::default() };
        assert_eq!(field(config), "hypergradient.step");
        let hypergradient =
            Hypergradient::Implicit(ImplicitConfig { damping: step - 1.0, ..Default::default() });
        let config = SineTraining { hypergradient, ..Default::default() };
        assert_eq!(field(config), "hypergradient.damping");
    }
}

#[test]
fn tasks_of_other_sizes_than_the_network() {
    let tasks = |side: usize, ways| {
        let images = Tensor::<f32>::uniform(&[30, side, side, 1], 0.0, 1.0, &mut Rng::new(0));
        let labels: Vec<usize> = (0..30).map(|i| i / 5).collect();
        Tasks::new(images, &labels, TaskConfig { ways, shots: 1, queries: 2 }).unwrap()
    };
    let trainer = |method| {
        let config = FewShotConfig { channels: 4, tasks: 2, ..FewShotConfig::of(method, 3) };
        FewShotTrainer::new(&config.check().unwrap(), 8, 0)
    };
    for method in [Method::Maml, Method::Anil, Method::Reptile] {
        let mut trainer = trainer(method);
        let found = panics(|| trainer.step(&tasks(8, 5)));
        assert_eq!(found, "FewShotTrainer: tasks of 5 ways, but the network is for 3");
        let found = panics(|| trainer.step(&tasks(16, 3)));
        assert!(found.contains("images of [16, 16, 1], but the network is for [8, 8, 1]"));
        assert!(panics(|| trainer.accuracy(&tasks(8, 5).fixed(2, 0))).contains("of 5 ways"));
        assert_eq!(trainer.accuracy(&[]), 0.0);
    }
    assert!(trainer(Method::Prototypes).step(&tasks(8, 5)).is_finite());
    let flat = Tensor::<f32>::zeros(&[30, 64]);
    let config = TaskConfig { ways: 2, shots: 1, queries: 1 };
    let error = Tasks::new(flat, &[0; 30], config).unwrap_err().to_string();
    assert!(error.contains("of shape [30, 64]"), "{error}");
}

#[test]
fn fewer_examples_than_a_batch() {
    let part = || (Tensor::<f32>::zeros(&[3, 8, 8, 1]), vec![0, 1, 0]);
    let data = CellData { train: part(), validation: part(), test: part(), classes: 2 };
    let cell = [EdgeOp::Skip; 4].map(OnEdge::One);
    let config = CellTraining { batch: 4, ..Default::default() }.check().unwrap();
    let found = panics(|| train_cell(&cell, &data, &config, 0));
    assert_eq!(found, "train_cell: 3 examples are fewer than a batch of 4");
}
