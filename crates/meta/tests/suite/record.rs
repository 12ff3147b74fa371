//! Searches that are kept in a file.

use std::fs;

use seedbed_meta::search::{
    Budget, Evolution, Halving, RandomSearch, Strategy, Table, Trial, search,
};

type Candidate = Vec<usize>;

fn strategies() -> Vec<Box<dyn Strategy<seedbed_meta::search::Choices>>> {
    vec![
        Box::new(RandomSearch::<Candidate>::default()),
        Box::new(Evolution::<Candidate>::new(10, 3)),
        Box::new(Halving::<Candidate>::new(8, 2)),
    ]
}

/// A boxed strategy is one.
struct Boxed(Box<dyn Strategy<seedbed_meta::search::Choices>>);

impl Strategy<seedbed_meta::search::Choices> for Boxed {
    fn ask(
        &mut self,
        space: &seedbed_meta::search::Choices,
        rng: &mut seedbed_autodiff::Rng,
    ) -> Option<Trial<Candidate>> {
        self.0.ask(space, rng)
    }

    fn tell(&mut self, trial: &Trial<Candidate>, score: f64) {
        self.0.tell(trial, score);
    }
}

#[test]
fn a_search_that_was_stopped_ends_as_one_that_was_not() {
    let table = Table::cells();
    let folder = tempfile::tempdir().unwrap();
    for (i, (once, again)) in strategies().into_iter().zip(strategies()).enumerate() {
        let [whole, parts] = ["whole", "parts"].map(|n| folder.path().join(format!("{n}{i}")));
        let mut trained = 0;
        let mut train = |trial: &Trial<Candidate>| {
            trained += 1;
            match trial.budget {
                Budget::Short => table.short(&trial.candidate),
                Budget::Whole => table.validation(&trial.candidate),
            }
        };
        let expected = search(table.space(), &mut Boxed(once), 60, 7, &whole, &mut train).unwrap();
        let first = &mut Boxed(strategies().remove(i));
        search(table.space(), first, 23, 7, &parts, &mut train).unwrap();
        // The process was killed in the middle of a line.
        let mut text = fs::read(&parts).unwrap();
        text.extend(b"{\"candidate\": \"sk");
        fs::write(&parts, text).unwrap();
        let found = search(table.space(), &mut Boxed(again), 60, 7, &parts, &mut train).unwrap();
        assert_eq!((found.resumed, found.trials == expected.trials), (23, true));
        assert_eq!(fs::read(&parts).unwrap(), fs::read(&whole).unwrap());
        assert_eq!(trained, 60 + 60, "nothing is trained twice");
        let board = found.leaderboard(3);
        let whole = found.trials.iter().filter(|(trial, _)| trial.budget == Budget::Whole);
        let best = whole.map(|(_, score)| *score).fold(0.0, f64::max);
        assert!(board.len() == 3 && board[0].1 == best && board[1].1 >= board[2].1);
    }
}

#[test]
fn records_that_do_not_fit_are_refused_and_kept() {
    let table = Table::cells();
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("r.jsonl");
    let run = |seed, score: f64| {
        let random = &mut RandomSearch::default();
        search(table.space(), random, 5, seed, &record, &mut |_: &Trial<Candidate>| score)
    };
    run(0, 0.5).unwrap();
    let text = fs::read_to_string(&record).unwrap();
    let error = run(1, 0.5).unwrap_err().to_string();
    assert!(error.contains("line 1 of ") && error.contains("the seed"), "{error}");
    fs::write(&record, text.replacen("0.5", "0.5!", 2)).unwrap();
    let damaged = fs::read_to_string(&record).unwrap();
    let error = run(0, 0.5).unwrap_err().to_string();
    assert!(error.contains("line 1 of "), "{error}");
    assert_eq!(fs::read_to_string(&record).unwrap(), damaged, "nothing is lost");

    fs::remove_file(&record).unwrap();
    let error = run(0, f64::NAN).unwrap_err().to_string();
    assert!(error.ends_with("is NaN, but should be a finite number"), "{error}");
    let held = fs::File::open(&record).unwrap();
    held.lock().unwrap();
    let error = run(0, 0.5).unwrap_err().to_string();
    assert!(error.contains("another process is writing"), "{error}");
    let error = search(
        table.space(),
        &mut RandomSearch::default(),
        1,
        0,
        &folder.path().join("none/r"),
        &mut |_: &Trial<Candidate>| 0.0,
    );
    assert!(error.unwrap_err().to_string().contains("none/r: "));
}
