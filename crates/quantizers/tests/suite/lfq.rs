use proptest::prelude::*;
use seedbed_quantizers::{BitOrder, Lfq, Quantizer};

#[test]
fn zero_is_below() {
    assert_eq!(Lfq::new(2).unwrap().encode(&[0.0, -0.0, 1e-45, 0.0]).unwrap(), [0, 0b10]);
}

#[test]
fn both_orders_of_bits() {
    let lowest = Lfq::with_options(3, BitOrder::FirstIsLowest, 1.0, false).unwrap();
    assert_eq!(lowest.encode(&[1.0, -1.0, -1.0]).unwrap(), [1]);
    assert_eq!(Lfq::new(3).unwrap().encode(&[1.0, -1.0, -1.0]).unwrap(), [4]);
}

#[test]
fn spherical_codes_have_length_one() {
    for bits in [1, 9, 18, 63] {
        let code = Lfq::spherical(bits).unwrap().decode(&[5 % (1 << bits)]).unwrap();
        let norm: f32 = code.iter().map(|c| c * c).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{bits} bits: {norm}");
    }
}

proptest! {
    #[test]
    fn indices_are_the_signs(x in prop::collection::vec(-1.0_f32..1.0, 252)) {
        for bits in [1_u32, 7, 18, 32, 33, 63] {
            for order in [BitOrder::FirstIsHighest, BitOrder::FirstIsLowest] {
                let lfq = Lfq::with_options(bits, order, 0.5, false).unwrap();
                let dim = bits as usize;
                let x = &x[..252 / dim * dim];
                let indices = lfq.encode(x).unwrap();
                for (row, index) in x.chunks(dim).zip(&indices) {
                    let mut expected = 0_u64;
                    for (k, &x) in row.iter().enumerate() {
                        let bit = if order == BitOrder::FirstIsLowest { k } else { dim - 1 - k };
                        expected |= u64::from(x > 0.0) << bit;
                    }
                    prop_assert_eq!(*index, expected);
                }
                let values = lfq.decode(&indices).unwrap();
                let signed = |x: &f32| if *x > 0.0 { 0.5 } else { -0.5 };
                prop_assert_eq!(&values, &x.iter().map(signed).collect::<Vec<f32>>());
                prop_assert_eq!(&lfq.encode(&values).unwrap(), &indices);
                if bits <= 32 {
                    let mut narrow = vec![0_u32; indices.len()];
                    lfq.encode_into(x, (&mut narrow).into(), &mut Default::default()).unwrap();
                    prop_assert!(narrow.iter().zip(&indices).all(|(&n, &i)| u64::from(n) == i));
                }
            }
        }
    }
}
