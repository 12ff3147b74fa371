//! Spaces, tables and strategies.

use std::collections::BTreeSet;

use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_meta::search::{
    Budget, Choices, Columns, Comparison, EdgeOp, Evolution, Halving, Hyperband, LocalSearch,
    Named, RandomSearch, STRATEGIES, SearchSpace, Strategy, Table, Trial, cells, compare,
};

fn small() -> Choices {
    Choices::new([vec!["a", "b", "c"], vec!["x", "y"], vec!["0", "1", "2", "3"]]).unwrap()
}

#[test]
fn all_candidates_are_there_once_and_their_texts_say_which() {
    let space = small();
    let all: BTreeSet<Vec<usize>> = space.all().collect();
    assert_eq!((all.len() as u64, space.size()), (24, Some(24)));
    for candidate in space.all() {
        assert_eq!(space.decode(&space.encode(&candidate)).unwrap(), candidate);
        let neighbours = space.neighbours(&candidate);
        assert_eq!(neighbours.len(), 2 + 1 + 3);
        for neighbour in neighbours {
            let differ = candidate.iter().zip(&neighbour).filter(|(a, b)| a != b).count();
            assert!(differ == 1 && all.contains(&neighbour));
        }
    }
}

#[test]
fn samples_are_even_and_mutations_are_neighbours() {
    let (space, rng) = (small(), &mut Rng::new(0));
    let mut counts = [0; 4];
    for _ in 0..4000 {
        let candidate = space.sample(rng);
        counts[candidate[2]] += 1;
        let mutant = space.mutate(&candidate, rng);
        assert!(space.neighbours(&candidate).contains(&mutant));
    }
    assert!(counts.iter().all(|n| (900..1100).contains(n)), "{counts:?}");
    let single = Choices::new([vec!["only"]]).unwrap();
    assert_eq!(single.mutate(&vec![0], rng), [0], "it has no neighbour");
}

#[test]
fn spaces_that_are_none_are_refused() {
    let error = |positions: Vec<Vec<&str>>| Choices::new(positions).unwrap_err().to_string();
    assert_eq!(error(vec![]), "the space is empty, but should have at least 1 position");
    assert_eq!(
        error(vec![vec!["a"], vec![]]),
        "a position of the space is empty, but should have at least 1 option"
    );
    assert!(error(vec![vec!["a", "a"]]).contains("named twice"));
    assert!(error(vec![vec!["a|b"]]).contains("must not have |"));
    assert_eq!(
        small().decode("a|x").unwrap_err().to_string(),
        "\"a|x\" is no candidate of this space: it makes 2 choices, but there are 3"
    );
}

/// A strategy run against a score, and everything that it tried.
fn run<S: Strategy<Choices>>(
    mut strategy: S,
    space: &Choices,
    score: impl Fn(&[usize]) -> f64,
    seed: u64,
    trials: usize,
) -> Vec<Trial<Vec<usize>>> {
    let rng = &mut Rng::new(seed);
    let mut all = Vec::new();
    while all.len() < trials {
        let Some(trial) = strategy.ask(space, rng) else { break };
        strategy.tell(&trial, score(&trial.candidate));
        all.push(trial);
    }
    all
}

/// Good where the choices are large: one optimum, and every neighbour of another candidate that is nearer to it is better.
fn hill(candidate: &[usize]) -> f64 {
    candidate.iter().sum::<usize>() as f64
}

#[test]
fn random_search_tries_all_once() {
    let tried = run(RandomSearch::default(), &small(), hill, 0, 1000);
    let different: BTreeSet<_> = tried.iter().map(|trial| trial.candidate.clone()).collect();
    assert_eq!((tried.len(), different.len()), (24, 24));
}

#[test]
fn local_search_climbs_and_then_starts_again() {
    let space = cells();
    let tried = run(LocalSearch::default(), &space, hill, 1, 1000);
    let different: BTreeSet<_> = tried.iter().map(|trial| trial.candidate.clone()).collect();
    assert_eq!((tried.len(), different.len()), (625, 625), "after the top it goes on elsewhere");
    let top = tried.iter().position(|trial| trial.candidate == [4; 4]).unwrap();
    // At most four climbs of 16 neighbours each, and the start.
    assert!(top <= 4 * 16, "{top}");
    // The second to seventeenth trial are the neighbours of the first.
    let around = space.neighbours(&tried[0].candidate);
    assert!(tried[1..17].iter().all(|trial| around.contains(&trial.candidate)));
}

#[test]
fn local_search_takes_the_steepest_way() {
    let space = cells();
    let tried = run(LocalSearch::default(), &space, hill, 3, 40);
    let scores: Vec<f64> = tried[..17].iter().map(|trial| hill(&trial.candidate)).collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    // Of equal ones the first.
    let best = scores.iter().position(|&score| score == best).unwrap();
    let around = space.neighbours(&tried[best].candidate);
    assert!(tried[17..25].iter().all(|trial| around.contains(&trial.candidate)));
}

#[test]
fn evolution_mutates_the_living_and_lets_the_oldest_die() {
    let space = cells();
    let tried = run(Evolution::new(10, 3), &space, hill, 2, 300);
    for (at, trial) in tried.iter().enumerate().skip(10) {
        let living = &tried[at - 10..at];
        let is_child = living
            .iter()
            .any(|parent| space.neighbours(&parent.candidate).contains(&trial.candidate));
        assert!(is_child, "trial {at}");
    }
    let mean = |part: &[Trial<Vec<usize>>]| {
        part.iter().map(|trial| hill(&trial.candidate)).sum::<f64>() / part.len() as f64
    };
    assert!(mean(&tried[250..]) > mean(&tried[..10]) + 2.0);
}

#[test]
fn halving_trains_the_best_of_a_round_wholly() {
    let tried = run(Halving::new(16, 4), &cells(), hill, 5, 40);
    let (short, whole) = (&tried[..16], &tried[16..20]);
    assert!(short.iter().all(|trial| trial.budget == Budget::Short));
    assert!(whole.iter().all(|trial| trial.budget == Budget::Whole));
    let mut scores: Vec<f64> = short.iter().map(|trial| hill(&trial.candidate)).collect();
    scores.sort_by(f64::total_cmp);
    assert!(whole.iter().all(|trial| hill(&trial.candidate) >= scores[12]));
    assert!(tried[20..36].iter().all(|trial| trial.budget == Budget::Short), "and again");
}

#[test]
fn hyperband_goes_round_its_rounds() {
    let tried = run(Hyperband::new(&[(9, 1), (3, 3)]), &cells(), hill, 5, 26);
    let kinds: String =
        tried.iter().map(|trial| if trial.budget == Budget::Short { 's' } else { 'w' }).collect();
    assert_eq!(kinds, "sssssssssw".to_owned() + "www" + "sssssssssw" + "www");
}

const TEXT: &str = "cell,quick,val 1,val 2,test\n\
                    |a~0|+|x~0|,0.1,0.5,0.7,0.55\n\
                    |a~0|+|y~0|,0.2,0.6,0.8,0.65\n\
                    |b~0|+|y~0|,0.4,0.8,1.0,0.60\n\
                    |b~0|+|x~0|,0.3,0.7,0.9,0.75\n";

fn columns() -> Columns {
    Columns {
        candidate: "cell".into(),
        short: vec!["quick".into()],
        validation: vec!["val 1".into(), "val 2".into()],
        test: vec!["test".into()],
    }
}

fn parse(text: &str) -> Result<Table, String> {
    Table::parse(text.as_bytes(), "mine.csv", &columns()).map_err(|e| e.to_string())
}

#[test]
fn a_users_table_is_read_whatever_its_order() {
    let table = parse(TEXT).unwrap();
    assert_eq!((table.len(), table.has_short()), (4, true));
    let at = |text| {
        let candidate = table.space().decode(text).unwrap();
        (table.short(&candidate), table.validation(&candidate), table.test(&candidate))
    };
    assert_eq!(at("b~0|y~0"), (0.4, 0.9, 0.6));
    assert_eq!(at("a~0|y~0"), (0.2, 0.7, 0.65));
    assert_eq!((table.best(), table.best_validation()), (("b~0|x~0".into(), 0.75), 0.9));
}

#[test]
fn tables_that_cannot_be_are_refused() {
    let wrong = |from: &str, to: &str| parse(&TEXT.replace(from, to)).unwrap_err();
    assert_eq!(
        wrong("|b~0|+|y~0|,0.4,0.8,1.0,0.60\n", ""),
        "mine.csv: the candidate \"b~0|y~0\" is missing"
    );
    assert_eq!(wrong("|b~0|+|y~0|", "|b~0|+|x~0|"), "mine.csv: \"b~0|x~0\" is there twice");
    assert_eq!(
        wrong("0.65", "NaN"),
        "mine.csv: line 3: test is \"NaN\", but should be a finite number"
    );
    assert_eq!(
        wrong("quick", "slow"),
        "mine.csv: there is no column \"quick\"; there are cell, slow, val 1, val 2, test"
    );
    assert_eq!(wrong("val 2", "quick"), "mine.csv: there are two columns \"quick\"");
    assert!(
        wrong("|a~0|+|y~0|", "|a~0|").contains("makes 1 choices, but the first candidate makes 2")
    );
    assert!(parse("cell,quick,val 1,val 2,test\n").unwrap_err().contains("the space is empty"));
    assert!(
        Table::read(std::path::Path::new("none.csv"), &columns())
            .unwrap_err()
            .to_string()
            .contains("none.csv")
    );
}

#[test]
fn the_cells_table_is_what_its_cells_are() {
    let table = Table::cells();
    assert_eq!(table.space(), &cells());
    let score = |ops: [EdgeOp; 4]| {
        let candidate: Vec<usize> = ops
            .iter()
            .map(|op| EdgeOp::ALL.iter().position(|other| other == op).unwrap())
            .collect();
        table.test(&candidate)
    };
    let [none, skip, conv] = [EdgeOp::None, EdgeOp::Skip, EdgeOp::Conv3x3].map(|op| score([op; 4]));
    assert!(conv > 0.9 && none < 0.4 && skip < 0.5, "{conv} {none} {skip}");
    // Nothing gets over the last edge, so that what stands on the others does not matter but for how their weights are drawn.
    let cut = score([EdgeOp::Skip, EdgeOp::AvgPool3x3, EdgeOp::None, EdgeOp::None]);
    assert_eq!(cut, none);
}

#[test]
fn searches_differ_as_the_literature_says() {
    let settings = Comparison { runs: 200, evaluations: 150, ..Default::default() };
    let table = Table::cells();
    let of = |name: &str| {
        let strategy = STRATEGIES.iter().find(|strategy| strategy.name == name).unwrap();
        compare(strategy, &table, settings)
    };
    let [random, local, evolution] = ["random", "local", "evolution"].map(of);
    // Local search with 75 evaluations is ahead of random search with twice as many.
    assert!(local.mean_after(75) < random.mean_after(150));
    assert!(evolution.mean_after(150) < random.mean_after(150));
    for regrets in [&random, &local, &evolution] {
        assert!(regrets.quantile_after(100, 0.1) <= regrets.quantile_after(100, 0.9));
        assert!(regrets.by_evaluations.iter().flatten().all(|regret| *regret >= 0.0));
    }
}

#[test]
fn a_comparison_is_the_same_each_time() {
    let settings = Comparison { runs: 20, evaluations: 30, ..Default::default() };
    for strategy in &STRATEGIES {
        let again = || compare(strategy, &Table::cells(), settings);
        assert_eq!(again(), again(), "{}", strategy.name);
    }
}

#[test]
fn a_search_that_tries_all_has_no_regret_left_in_what_it_sees() {
    let random = Named::new("random", || Box::new(RandomSearch::<Vec<usize>>::default()));
    let table = parse(TEXT).unwrap();
    let settings = Comparison { runs: 10, evaluations: 4, ..Default::default() };
    let regrets = compare(&random, &table, settings);
    // The best by validation is not the best by test: 0.75 − 0.60 is left.
    assert!(regrets.by_evaluations[3].iter().all(|regret| (regret - 0.15).abs() < 1e-12));
    assert!(regrets.to_best.iter().all(|&n| (1.0..=4.0).contains(&n)));
}

proptest! {
    #[test]
    fn texts_and_candidates_are_one_to_one(sizes in prop::collection::vec(1usize..6, 1..5), seed: u64) {
        let names = sizes.iter().map(|&n| (0..n).map(|i| format!("o{i}")).collect::<Vec<_>>());
        let space = Choices::new(names).unwrap();
        let candidate = space.sample(&mut Rng::new(seed));
        prop_assert_eq!(space.decode(&space.encode(&candidate)).unwrap(), candidate);
        prop_assert_eq!(space.all().count() as u64, space.size().unwrap());
    }
}
