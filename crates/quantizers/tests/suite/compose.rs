use proptest::prelude::*;
use seedbed_kernels::Rng;
use seedbed_quantizers::{
    Affine, BitOrder, Codebook, Fsq, Grouped, Heads, Lfq, Projected, Quantizer, Residual,
    ResidualFsq, Scratch, Vq,
};

fn normal(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| rng.normal() as f32).collect()
}

fn vq(size: usize, dim: usize, scale: f32, rng: &mut Rng) -> Vq {
    // The first code is 0, so that no stage can make the rest longer.
    let mut codes: Vec<f32> = normal(size * dim, rng).iter().map(|e| e * scale).collect();
    codes[..dim].fill(0.0);
    Vq::new(Codebook::new(codes, dim).unwrap())
}

/// One of each kind, of dimension 6.
fn all(rng: &mut Rng) -> Vec<Box<dyn Quantizer>> {
    let boxed = |q: Vq| -> Box<dyn Quantizer> { Box::new(q) };
    let stages = (0..3).map(|i| vq(10 + 7 * i, 6, 0.5_f32.powi(i as i32), rng)).collect();
    let lfq = |i| Lfq::with_options(6, BitOrder::default(), 0.5_f32.powi(i), false).unwrap();
    let mixed: Vec<Box<dyn Quantizer>> = vec![boxed(vq(9, 6, 1.0, rng)), Box::new(lfq(1))];
    let affine = |inputs: usize, outputs: usize, rng: &mut Rng| {
        Affine::new(normal(inputs * outputs, rng), Some(normal(outputs, rng)), outputs).unwrap()
    };
    let (into, out_of) = (affine(6, 4, rng), affine(4, 6, rng));
    vec![
        Box::new(Fsq::new(&[3, 4, 5, 6, 7, 8]).unwrap()),
        Box::new(ResidualFsq::new(&[3, 4, 5, 6, 7, 8], 3).unwrap()),
        Box::new(lfq(0)),
        Box::new(Lfq::spherical(6).unwrap()),
        boxed(vq(33, 6, 1.0, rng)),
        Box::new(Residual::new(stages).unwrap()),
        Box::new(Residual::new((0..4).map(lfq).collect()).unwrap()),
        Box::new(Residual::new(mixed).unwrap()),
        Box::new(Grouped::new(vec![vq(5, 2, 1.0, rng), vq(9, 4, 1.0, rng)]).unwrap()),
        Box::new(
            Grouped::new(vec![
                Residual::new(vec![vq(5, 3, 1.0, rng), vq(6, 3, 0.5, rng)]).unwrap(),
                Residual::new(vec![vq(7, 3, 1.0, rng), vq(8, 3, 0.5, rng)]).unwrap(),
            ])
            .unwrap(),
        ),
        Box::new(Heads::new(vq(11, 2, 1.0, rng), 3).unwrap()),
        Box::new(Projected::new(into, Fsq::new(&[8, 5, 5, 5]).unwrap(), out_of).unwrap()),
    ]
}

#[test]
fn values_are_what_indices_decode_to() {
    let rng = &mut Rng::new(1);
    let n = 300;
    let x = normal(n * 6, rng);
    let scratch = &mut Scratch::new();
    for q in all(rng) {
        let (mut values, mut indices) = (vec![0.0; n * 6], vec![0_u64; n * q.tokens()]);
        q.quantize_into(&x, Some(&mut values), (&mut indices).into(), scratch).unwrap();
        assert_eq!(q.encode(&x).unwrap(), indices, "{q:?}");
        assert_eq!(q.decode(&indices).unwrap(), values, "{q:?}");
        let mut narrow = vec![0_u32; indices.len()];
        q.encode_into(&x, (&mut narrow).into(), scratch).unwrap();
        assert!(narrow.iter().zip(&indices).all(|(&n, &i)| u64::from(n) == i));
        let mut again = vec![0.0; values.len()];
        q.decode_into((&narrow).into(), &mut again, scratch).unwrap();
        assert_eq!(again, values);
        for (i, index) in indices.iter().enumerate() {
            assert!(*index < q.codebook_size(i % q.tokens()), "{q:?}");
        }
    }
}

#[test]
fn vectors_do_not_depend_on_their_neighbours() {
    let rng = &mut Rng::new(2);
    // More vectors than the stages take at once.
    let n = 5000;
    let x = normal(n * 6, rng);
    for q in all(rng) {
        let tokens = q.tokens();
        let indices = q.encode(&x).unwrap();
        let serial = seedbed_kernels::par::serially(|| q.encode(&x).unwrap());
        assert_eq!(serial, indices, "{q:?}");
        for i in [0, 1, 4095, 4096, n - 1] {
            let alone = q.encode(&x[i * 6..][..6]).unwrap();
            assert_eq!(alone, indices[i * tokens..][..tokens], "{q:?}");
        }
    }
}

#[test]
fn the_first_stages_are_a_coarser_quantizer() {
    let rng = &mut Rng::new(3);
    let stages = (0..4).map(|i| vq(20, 3, 0.6_f32.powi(i), rng)).collect();
    let all = Residual::new(stages).unwrap();
    let x = normal(60, rng);
    let tokens = all.encode(&x).unwrap();
    let two: Vec<u64> = tokens.chunks(4).flat_map(|t| t[..2].to_vec()).collect();
    let coarse = all.first(2).unwrap();
    assert_eq!(coarse.encode(&x).unwrap(), two);
    assert!(all.first(0).is_err() && all.first(5).is_err());
}

#[test]
fn errors_name_the_place_in_the_whole() {
    let rng = &mut Rng::new(4);
    for q in all(rng) {
        let mut x = normal(5000 * 6, rng);
        x[4321 * 6 + 5] = f32::NAN;
        let says = q.encode(&x).unwrap_err().to_string();
        assert!(says.starts_with("number 5 of vector 4321 is NaN"), "{q:?}: {says}");
        let tokens = q.tokens();
        let mut indices = vec![0; 5000 * tokens];
        let at = 4500 * tokens + tokens - 1;
        indices[at] = q.codebook_size(tokens - 1);
        let says = q.decode(&indices).unwrap_err().to_string();
        assert!(says.contains(&format!("at position {at} is out of range")), "{q:?}: {says}");
    }
}

proptest! {
    /// Where a stage has 0 among its codes, what is left never grows.
    #[test]
    fn the_rest_never_grows(seed in any::<u64>()) {
        let rng = &mut Rng::new(seed);
        let stages: Vec<Vq> = (0..5).map(|i| vq(12, 4, 0.7_f32.powi(i), rng)).collect();
        let all = Residual::new(stages).unwrap();
        let x = normal(40, rng);
        let mut before = [f64::INFINITY; 10];
        for stages in 1..=5 {
            let q = all.first(stages).unwrap();
            let y = q.decode(&q.encode(&x).unwrap()).unwrap();
            for (i, (x, y)) in x.chunks(4).zip(y.chunks(4)).enumerate() {
                let left: f64 = x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum();
                prop_assert!(left <= before[i] * (1.0 + 1e-6));
                before[i] = left;
            }
        }
    }
}
