//! Mechanisms against their definitions.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::mechanism::Mechanism;
use seedbed_mechanisms::samples::{Unpaired, transform};

fn image(rows: usize, columns: usize) -> Tensor<f64> {
    Tensor::uniform(&[2, rows, columns, 2], 0.0, 1.0, &mut Rng::new(3))
}

fn apply(mechanism: &Mechanism<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    mechanism.apply(x, &mut Rng::new(1)).unwrap()
}

#[test]
fn shifts_move_by_any_distance_and_bring_zeros() {
    let x = image(5, 4);
    for (down, right) in [(0, 0), (2, 0), (-3, 1), (1, -2), (-4, -3), (9, 0), (0, isize::MAX / 4)] {
        let y = apply(&Mechanism::Shift { down, right }, &x);
        for n in 0..2 {
            for (r, c, k) in (0..5).flat_map(|r| (0..4).flat_map(move |c| [(r, c, 0), (r, c, 1)])) {
                let (from_r, from_c) = (r as isize - down, c as isize - right);
                let inside = (0..5).contains(&from_r) && (0..4).contains(&from_c);
                let at = |r: usize, c: usize| ((n * 5 + r) * 4 + c) * 2 + k;
                let expected =
                    if inside { x.data()[at(from_r as usize, from_c as usize)] } else { 0.0 };
                assert_eq!(y.data()[at(r, c)], expected);
            }
        }
    }
}

#[test]
fn the_ten_of_the_paper() {
    let ten = Mechanism::<f32>::ten(4);
    let names: Vec<String> = ten.iter().map(Mechanism::name).collect();
    assert_eq!(names[..4], ["up 4", "down 4", "left 4", "right 4"]);
    assert_eq!(names[4..8], ["up 4 left 4", "up 4 right 4", "down 4 left 4", "down 4 right 4"]);
    assert_eq!(names[8..], ["noise 0.5", "invert"]);
}

#[test]
fn turns_by_right_angles_are_exact_and_four_are_none() {
    let x = image(5, 5);
    let quarter = Mechanism::Rotate { degrees: 90.0 };
    let y = apply(&quarter, &x);
    for (r, c) in (0..5).flat_map(|r| (0..5).map(move |c| (r, c))) {
        // Anticlockwise: the right column becomes the top row.
        let (a, b) = (y.data()[(r * 5 + c) * 2], x.data()[(c * 5 + (4 - r)) * 2]);
        assert!((a - b).abs() < 1e-9, "{r} {c}: {a} {b}");
    }
    let four = quarter.clone().then(quarter.clone()).then(quarter.clone()).then(quarter);
    assert!((apply(&four, &x) - &x).abs().max(..).item() < 1e-9);
    assert_eq!(apply(&Mechanism::Rotate { degrees: 0.0 }, &x), x);
}

#[test]
fn a_blur_keeps_what_is_even_and_spreads_what_is_not() {
    let x = Tensor::<f64>::ones(&[1, 21, 21, 1]);
    let y = apply(&Mechanism::Blur { sigma: 1.0 }, &x);
    assert!((y.data()[10 * 21 + 10] - 1.0).abs() < 1e-12);
    assert!(y.data()[0] < 0.5, "darkness comes in at the corner");
    let mut point = vec![0.0; 441];
    point[10 * 21 + 10] = 1.0;
    let spread = apply(&Mechanism::Blur { sigma: 1.5 }, &Tensor::new(point, &[1, 21, 21, 1]));
    assert!((spread.sum(..).item() - 1.0).abs() < 1e-9);
    let variance: f64 = (0..441)
        .map(|i| (i as f64 / 21.0).floor() - 10.0)
        .zip(spread.data())
        .map(|(d, p)| d * d * p)
        .sum();
    assert!((variance - 2.25).abs() < 0.1, "{variance}");
}

#[test]
fn a_shear_keeps_the_middle_row() {
    let x = image(5, 5);
    let y = apply(&Mechanism::Shear { slope: 1.0 }, &x);
    assert_eq!(y.slice(1, 2..3), x.slice(1, 2..3));
    // One row above the middle: one pixel to the right.
    let (above, right) = (y.slice(1, 1..2), x.slice(1, 1..2));
    assert_eq!(above.slice(2, 1..), right.slice(2, ..4));
}

#[test]
fn an_elastic_image_moves_by_what_it_should_and_differs_each_time() {
    let x = image(16, 16);
    let elastic = |strength| Mechanism::Elastic { strength, smoothness: 3.0 };
    let small = (apply(&elastic(1e-6), &x) - &x).abs().max(..).item();
    assert!(small < 1e-4, "{small}");
    let rng = &mut Rng::new(0);
    let [a, b] = [0, 1].map(|_| elastic(1.0).apply(&x, rng).unwrap());
    assert!(a != b && a != x);
}

#[test]
fn noise_has_its_deviation_and_stays_in_range() {
    let x = Tensor::<f64>::full(&[4, 32, 32, 1], 0.5);
    let y = apply(&Mechanism::Noise { std: 0.1 }, &x);
    assert!((y.var(..).item().sqrt() - 0.1).abs() < 0.005);
    let y = apply(&Mechanism::Noise { std: 5.0 }, &x);
    assert!(y.min(..).item() == 0.0 && y.max(..).item() == 1.0);
}

#[test]
fn a_users_own_is_checked() {
    let x = image(4, 4);
    let own = Mechanism::own("half", |x: &Tensor<f64>, _: &mut Rng| x * 0.5);
    assert_eq!(apply(&own, &x), &x * 0.5);
    let crop = Mechanism::own("crop", |x: &Tensor<f64>, _: &mut Rng| x.slice(1, ..3));
    let error = crop.apply(&x, &mut Rng::new(0)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the mechanism crop made images [2, 3, 4, 2] of images [2, 4, 4, 2], but should keep their shape"
    );
    let root = Mechanism::own("root", |x: &Tensor<f64>, _: &mut Rng| (x - 2.0).sqrt());
    let error = own.then(root).apply(&x, &mut Rng::new(0)).unwrap_err().to_string();
    assert_eq!(error, "a pixel of the mechanism root is NaN in row 0, but should be finite");
}

#[test]
fn images_go_through_in_turn_and_the_truth_says_so() {
    let x = image(3, 3).concat_twice();
    let mechanisms =
        [Mechanism::Identity, Mechanism::Invert, Mechanism::Shift { down: 1, right: 0 }];
    let (y, truth) = transform(&x, &mechanisms, &mut Rng::new(0)).unwrap();
    assert_eq!((truth.mechanism, truth.clean), (vec![0, 1, 2, 0], x.clone()));
    for (row, m) in [0, 1, 2, 0].into_iter().enumerate() {
        assert_eq!(y.slice(0, row..row + 1), apply(&mechanisms[m], &x.slice(0, row..row + 1)));
    }
    // Fewer images than mechanisms.
    assert_eq!(
        transform(&x.slice(0, ..1), &mechanisms, &mut Rng::new(0)).unwrap().0,
        x.slice(0, ..1)
    );
}

#[test]
fn halves_are_disjoint_and_cover_all() {
    let x = Tensor::<f64>::arange(10).reshape(&[10, 1, 1, 1]);
    let (data, truth) = Unpaired::split(&x, &[Mechanism::Identity], &mut Rng::new(0)).unwrap();
    let mut all = [data.canonical().to_vec(), data.transformed().to_vec()].concat();
    all.sort_by(f64::total_cmp);
    assert_eq!((all, truth.clean), (x.to_vec(), data.transformed().clone()));
}

trait Twice {
    fn concat_twice(&self) -> Self;
}

impl Twice for Tensor<f64> {
    fn concat_twice(&self) -> Self {
        Tensor::concat(&[self, self], 0)
    }
}

#[test]
fn distances_beyond_any_image() {
    let x = image(3, 3);
    for mechanism in Mechanism::shifts(usize::MAX) {
        assert_eq!(apply(&mechanism, &x), Tensor::zeros(x.shape()), "{mechanism:?}");
    }
    assert_eq!(Mechanism::<f64>::shifts(usize::MAX)[1].name(), format!("down {}", isize::MAX));
    let far = Mechanism::<f64>::Shift { down: isize::MIN, right: 0 };
    assert_eq!(far.name(), format!("up {}", isize::MIN.unsigned_abs()));
    assert_eq!(apply(&far, &x), Tensor::zeros(x.shape()));
    // The row through the centre stays where it is.
    let sheared = apply(&Mechanism::Shear { slope: f64::MAX }, &x);
    assert_eq!(sheared.slice(1, 1..2), x.slice(1, 1..2));
    assert_eq!(sheared.slice(1, 0..1), Tensor::zeros(&[2, 1, 3, 2]));
}
