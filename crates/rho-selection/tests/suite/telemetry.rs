//! What a choice looks like, on numbers worked out by hand.

use seedbed_rho_selection::pick::Proposal;
use seedbed_rho_selection::{
    Candidates, Known, Policy, Quantiles, Rows, Score, SelectionConfig, Selector, Share, Telemetry,
    TelemetryWriter,
};

const IDS: [u64; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const LOSSES: [f32; 10] = [9.0, 0.0, 1.0, 8.0, 2.0, 3.0, 7.0, 4.0, 5.0, 6.0];

fn select(config: SelectionConfig, candidates: &Candidates<'_>) -> Telemetry {
    let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
    selector.select(candidates).unwrap().telemetry
}

fn highest_loss() -> SelectionConfig {
    SelectionConfig { score: Score::TrainingLoss, ratio: 0.4.into(), ..Default::default() }
}

#[test]
fn shares_classes_and_quantiles() {
    // Picked are the positions 0, 3, 6 and 9.
    let labels = [0, 1, 2, 0, 1, 2, 2, 1, 1, 1];
    let wrong = [true, false, false, true, false, false, true, false, false, true];
    let copied = [false, true, true, false, false, false, false, false, false, false];
    let known = Known { corrupted: Some(&wrong), duplicated: Some(&copied), ..Default::default() };
    let batch = Candidates::new(&IDS, &LOSSES).labels(&labels).known(known);
    let telemetry = select(highest_loss(), &batch);
    assert_eq!(telemetry.corrupted, Some(Share { picked: 1.0, base: 0.4 }));
    assert_eq!(telemetry.duplicated, Some(Share { picked: 0.0, base: 0.2 }));
    assert_eq!((telemetry.already_correct, telemetry.low_relevance), (None, None));
    assert_eq!(telemetry.classes, [2, 1, 1]);
    assert_eq!((telemetry.picked, telemetry.unique, telemetry.candidates), (4, 4, 10));
    assert_eq!(telemetry.effective_sample_size, 4.0);
    let quantiles = Quantiles { min: 0.0, q25: 2.25, median: 4.5, q75: 6.75, max: 9.0 };
    assert_eq!(telemetry.scores, Some(quantiles));
    let picked = telemetry.picked_scores.unwrap();
    assert_eq!((picked.min, picked.median, picked.max), (6.0, 7.5, 9.0));
    let losses = telemetry.losses.unwrap();
    assert!((losses.picked - 30.0 / 45.0).abs() < 1e-12);
    assert!((losses.top_fifth - 17.0 / 45.0).abs() < 1e-12);
    assert_eq!((losses.overlap_highest, losses.overlap_uniform), (1.0, 0.4));
}

#[test]
fn labels_that_are_no_classes_neither_panic_nor_fill_memory() {
    // Marks of what is ignored, and an identity hash as a label.
    let labels = [usize::MAX, 1, 2, -100_isize as usize, 1, 2, 1 << 40, 1, 1, 2_000];
    let telemetry = select(highest_loss(), &Candidates::new(&IDS, &LOSSES).labels(&labels));
    // Picked are the positions 0, 3, 6 and 9: none of the classes that are counted.
    assert_eq!((telemetry.classes.as_slice(), telemetry.other_classes), (&[0, 0, 0][..], 4));
    assert!(serde_json::to_string(&telemetry).unwrap().len() < 2_000);
    let rarest = Candidates::new(&IDS, &LOSSES).labels(&[1_023; 10]);
    let telemetry = select(highest_loss(), &rarest);
    assert_eq!((telemetry.classes[1_023], telemetry.other_classes), (4, 0));
    assert!(serde_json::to_string(&telemetry).unwrap().len() < 4_000);
    // Where there are logits, a label has to be one of their classes.
    let logits = vec![0.0; 20];
    let batch =
        Candidates::new(&IDS, &LOSSES).labels(&labels).logits(Rows::new(&logits, 2).unwrap());
    let mut selector = Selector::new(highest_loss().check().unwrap(), Default::default()).unwrap();
    assert_eq!(
        selector.select(&batch).unwrap_err().to_string(),
        "label of example 0 is 18446744073709551615 (-1 as a signed number): it must be below the \
         number of classes (2)"
    );
}

#[test]
fn quantiles_of_the_largest_scores_are_numbers() {
    let losses = [f32::MAX, -f32::MAX, 0.0, f32::MAX];
    let scores = select(highest_loss(), &Candidates::new(&IDS[..4], &losses)).scores.unwrap();
    assert_eq!((scores.min, scores.max, scores.q75), (-f32::MAX, f32::MAX, f32::MAX));
    assert!((scores.median / f32::MAX - 0.5).abs() < 1e-6);
}

#[test]
fn correct_answers_are_worked_out_from_logits() {
    let logits = [1.0, 0.0, 0.0, 1.0, 0.5, 0.5];
    let batch = Candidates::new(&IDS[..3], &[0.3, 1.3, 0.7])
        .labels(&[0, 0, 0])
        .logits(Rows::new(&logits, 2).unwrap());
    let config = SelectionConfig { ratio: 0.67.into(), ..highest_loss() };
    // A tie is no right answer. Picked are the other two.
    let correct = select(config, &batch).already_correct;
    assert_eq!(correct, Some(Share { picked: 0.0, base: 1.0 / 3.0 }));
    // The samples of an ensemble vote by their mean: the second outvotes the first.
    let sampled = [0.0, 1.0, 3.0, 0.0];
    let batch =
        Candidates::new(&IDS[..1], &[0.3]).labels(&[0]).logits(Rows::new(&sampled, 2).unwrap());
    assert_eq!(select(config, &batch).already_correct, Some(Share { picked: 1.0, base: 1.0 }));
}

#[test]
fn repeated_picks_count_once_in_the_effective_sample() {
    let proposal = Proposal::Proportional;
    let policy = Policy::Importance { proposal, tau: 0.0 };
    let config =
        SelectionConfig { policy, score: Score::Given, ratio: 1.0.into(), ..Default::default() };
    let telemetry = select(config, &Candidates::new(&IDS[..3], &[0.0, 1.0, 0.0]));
    assert_eq!((telemetry.picked, telemetry.unique), (3, 1));
    assert!((telemetry.effective_sample_size - 1.0).abs() < 1e-12);
}

#[test]
fn lines_of_json_are_read_back() {
    let mut file = Vec::new();
    let mut writer = TelemetryWriter::new(&mut file);
    let batch = Candidates::new(&IDS, &LOSSES);
    let mut selector = Selector::new(highest_loss().check().unwrap(), Default::default()).unwrap();
    let written: Vec<Telemetry> =
        (0..3).map(|_| selector.select(&batch).unwrap().telemetry).collect();
    written.iter().for_each(|telemetry| writer.write(telemetry).unwrap());
    writer.flush().unwrap();
    let text = String::from_utf8(file).unwrap();
    let read: Vec<Telemetry> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, written);
    assert!(text.starts_with("{\"step\":0,\"selected\":true,\"candidates\":10,"));
}
