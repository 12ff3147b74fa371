use proptest::prelude::*;
use seedbed_quantizers::{
    Axis, Dialect, Fsq, Quantizer, ResidualFsq, Scratch, Squash, StageScale, levels_for_bits,
};

/// Level sets of the paper, and those whose indices a sum of `f32` gets wrong.
const LEVEL_SETS: &[&[u32]] = &[
    &[5, 3],
    &[8, 8],
    &[8, 6, 5],
    &[8, 5, 5, 5],
    &[7, 5, 5, 5, 5],
    &[8, 8, 8, 5, 5, 5],
    &[8; 9],
    &[5; 12],
    &[4; 15],
    &[3; 8],
    &[2; 63],
    &[1000, 1001, 3],
    &[17; 6],
];

fn dialects_of(levels: &[u32]) -> impl Iterator<Item = Fsq> {
    Dialect::all().filter_map(|dialect| Fsq::with_dialect(levels, dialect).ok())
}

/// The level by the dialect's formula, in double precision.
fn level(axis: &Axis, x: f32) -> u32 {
    let z = f64::from(x) + axis.shift;
    let bounded = match axis.squash {
        Squash::Tanh => z.tanh(),
        Squash::Clamp => z.clamp(-1.0, 1.0),
        Squash::Sigmoid => 2.0 / (1.0 + (-1.6 * z).exp()) - 1.0,
    };
    let position = bounded * axis.half + axis.centre;
    (position + 0.5).floor().clamp(0.0, f64::from(axis.levels - 1)) as u32
}

#[test]
fn the_paper_s_example() {
    for dialect in [Dialect::Google, Dialect::Lucidrains] {
        let fsq = Fsq::with_dialect(&[3, 5, 4], dialect).unwrap();
        let (mut values, mut index) = ([0.0; 3], [0_u32]);
        let x = [0.25, 0.6, -7.0];
        fsq.quantize_into(&x, Some(&mut values), (&mut index[..]).into(), &mut Scratch::new())
            .unwrap();
        assert_eq!((values, index), ([0.0, 0.5, -1.0], [10]), "{dialect}");
    }
}

#[test]
fn zero_is_a_code_where_the_dialect_has_one() {
    for levels in LEVEL_SETS {
        for fsq in dialects_of(levels) {
            let values = fsq.decode(&fsq.encode(&vec![0.0; levels.len()]).unwrap()).unwrap();
            for ((value, axis), levels) in values.iter().zip(fsq.axes()).zip(*levels) {
                let has_zero = levels % 2 == 1 || axis.scale == 1.0;
                // A level of ±half a step: the upper one.
                let expected = if has_zero { 0.0 } else { 1.0 / axis.width };
                assert_eq!(*value, expected, "{} {levels}", fsq.dialect());
            }
        }
    }
}

#[test]
fn every_index_of_a_small_codebook_comes_back() {
    for levels in LEVEL_SETS.iter().filter(|l| l.len() < 7 && l[0] < 10) {
        for fsq in dialects_of(levels) {
            let all: Vec<u64> = (0..fsq.codebook_size(0)).collect();
            let codes = fsq.decode(&all).unwrap();
            let mut back = vec![0_u32; all.len()];
            fsq.indices_of_codes(&codes, (&mut back).into()).unwrap();
            assert!(back.iter().zip(&all).all(|(&b, &a)| u64::from(b) == a), "{levels:?}");
        }
    }
}

#[test]
fn levels_for_a_number_of_bits_fill_it() {
    for bits in 1..=63 {
        let levels = levels_for_bits(bits);
        let size: f64 = levels.iter().map(|&l| f64::from(l).log2()).sum();
        assert!(size <= f64::from(bits) + 0.25, "{bits}: {levels:?}");
        assert!(size > f64::from(bits) - 0.45, "{bits}: {levels:?} has {size} bits");
        Fsq::new(&levels).unwrap();
    }
}

#[test]
fn every_level_is_reached_also_where_the_reference_leaves_the_grid() {
    // With 1 + ε the bound of 1,002 levels is beyond the outer ones, and the reference's index is another dimension's.
    let fsq = Fsq::new(&[1002, 3]).unwrap();
    let ends = fsq.encode(&[-20.0, 0.0, 20.0, 0.0]).unwrap();
    assert_eq!(ends, [1002, 1001 + 1002]);
    for levels in LEVEL_SETS {
        // Google's bound is 1 − ε: it leaves the outer ones of a thousand levels alone.
        let google = |fsq: &Fsq| fsq.dialect() == Dialect::Google && levels[0] >= 1000;
        for fsq in dialects_of(levels).filter(|fsq| !google(fsq)) {
            let low = fsq.encode(&vec![-50.0; levels.len()]).unwrap();
            let high = fsq.encode(&vec![50.0; levels.len()]).unwrap();
            assert_eq!([low[0], high[0]], [0, fsq.codebook_size(0) - 1], "{}", fsq.dialect());
        }
    }
}

#[test]
fn a_clamp_decodes_and_encodes_to_the_same() {
    for levels in LEVEL_SETS {
        let fsq = Fsq::with_dialect(levels, Dialect::SymmetricClamp).unwrap();
        let x: Vec<f32> =
            (0..levels.len() * 50).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0).collect();
        let tokens = fsq.encode(&x).unwrap();
        assert_eq!(fsq.encode(&fsq.decode(&tokens).unwrap()).unwrap(), tokens);
    }
}

#[test]
fn storage_of_few_bits_costs_no_codes() {
    // bf16 keeps 8 bits: the reference's arithmetic on it reaches half of the codes of [8, 5, 5, 5]. Here numbers may be stored
    // so, but levels and indices are not made of them.
    let fsq = Fsq::new(&[8, 5, 5, 5]).unwrap();
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let wide = ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 4.0;
        f32::from_bits(wide.to_bits() & 0xffff_0000)
    };
    let x: Vec<f32> = (0..4 * 200_000).map(|_| draw()).collect();
    let mut used = vec![false; 1000];
    fsq.encode(&x).unwrap().iter().for_each(|&index| used[index as usize] = true);
    assert!(used.iter().all(|&used| used));
}

#[test]
fn residual_stages_are_digits_of_an_expansion() {
    for levels in [3_u32, 5, 4, 8] {
        for stages in 1..=8 {
            let fsq = ResidualFsq::new(&[levels], stages).unwrap();
            let c = 1.0 + 1.0 / f64::from(levels - 1);
            let x: Vec<f32> = (-400..=400).map(|i| i as f32 / 100.0).collect();
            let y = fsq.decode(&fsq.encode(&x).unwrap()).unwrap();
            // Half a step of the last stage.
            let bound = f64::from(levels).powi(1 - stages as i32) / f64::from(levels - 1);
            for (x, y) in x.iter().zip(&y) {
                let target = c * (f64::from(*x) / c).tanh();
                let left = (target - f64::from(*y)).abs();
                assert!(
                    left <= bound + 1e-7,
                    "{levels} levels, {stages} stages: {x} leaves {left}"
                );
            }
        }
    }
}

#[test]
fn the_scale_of_residual_stages_is_part_of_the_format() {
    let stages = |scale| ResidualFsq::with_scale(&[5, 5], 3, scale, true).unwrap();
    let (new, old) = (stages(StageScale::Levels), stages(StageScale::Steps));
    let tokens = [24, 0, 12];
    assert_ne!(new.decode(&tokens).unwrap(), old.decode(&tokens).unwrap());
    let y = old.decode(&tokens).unwrap();
    assert_eq!(y, [0.75, 0.75]);
}

proptest! {
    #[test]
    fn levels_are_those_of_the_formula(x in prop::collection::vec(-4.0_f32..4.0, 60)) {
        for levels in [&[8_u32, 5, 5, 5][..], &[3, 3, 3], &[7, 2, 9, 16, 100], &[2, 300]] {
            for fsq in dialects_of(levels) {
                let rows = x.len() / levels.len();
                let x = &x[..rows * levels.len()];
                for (row, index) in x.chunks(levels.len()).zip(fsq.encode(x).unwrap()) {
                    let expected: Vec<u32> = fsq.axes().iter().zip(row).map(|(a, &x)| level(a, x)).collect();
                    let mut found = vec![0; levels.len()];
                    fsq.radix().digits(index, &mut found);
                    prop_assert_eq!(found, expected, "{} {:?}", fsq.dialect(), row);
                }
            }
        }
    }

    #[test]
    fn indices_and_codes_are_one_to_one(seed in any::<u64>()) {
        for levels in LEVEL_SETS {
            for fsq in dialects_of(levels) {
                let size = fsq.codebook_size(0);
                let index = seed % size;
                let code = fsq.decode(&[index]).unwrap();
                let mut back = [0_u64];
                fsq.indices_of_codes(&code, (&mut back[..]).into()).unwrap();
                prop_assert_eq!(back[0], index, "{} {:?}", fsq.dialect(), levels);
                prop_assert!(code.iter().all(|c| (-1.0..=1.0).contains(c)));
            }
        }
    }

    #[test]
    fn values_and_indices_say_the_same(x in prop::collection::vec(-3.0_f32..3.0, 40)) {
        for fsq in dialects_of(&[8, 5, 5, 5]) {
            let (mut values, mut indices) = (vec![0.0; 40], vec![0_u32; 10]);
            fsq.quantize_into(&x, Some(&mut values), (&mut indices).into(), &mut Scratch::new()).unwrap();
            let wide: Vec<u64> = indices.iter().map(|&i| u64::from(i)).collect();
            prop_assert_eq!(&fsq.encode(&x).unwrap(), &wide);
            prop_assert_eq!(fsq.decode(&wide).unwrap(), values);
        }
    }
}
