use seedbed_quantizers::{
    Affine, BitOrder, Codebook, Dialect, Fsq, Grouped, Heads, Lfq, Projected, Quantizer,
    QuantizerError, Residual, ResidualFsq, Scratch, StageScale, Vq,
};

fn says<T: std::fmt::Debug>(result: Result<T, QuantizerError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn settings() {
    assert_eq!(says(Fsq::new(&[8, 1])), "levels[1] is 1: it must be from 2 to 4194304");
    assert_eq!(says(Fsq::new(&[])), "there are no levels: at least one is needed");
    assert!(says(Fsq::new(&[1 << 23, 2])).contains("levels[0] is 8388608"));
    assert!(says(Fsq::new(&[1000; 7])).contains("more than 2^63 codes"));
    let says_of = |levels, dialect| says(Fsq::with_dialect(levels, dialect));
    assert_eq!(
        says_of(&[3, 5], Dialect::S3),
        "levels[1] is 5: the dialect s3-1 takes 3 levels only"
    );
    assert!(says_of(&[5, 8], Dialect::IfsqRounded).contains("odd numbers of levels only"));
    assert!(says(ResidualFsq::new(&[3], 0)).contains("from 1 to 64"));
    assert!(says(ResidualFsq::with_scale(&[0], 2, StageScale::Steps, true)).contains("levels[0]"));

    assert!(says(Lfq::new(0)).contains("there are no bits"));
    assert!(says(Lfq::new(64)).contains("64 bits make more than 2^63 codes"));
    assert!(says(Lfq::of_size(1000)).contains("take a power of two, such as 1024"));
    assert!(says(Lfq::of_size(1)).contains("there are no bits"));
    assert!(says(Lfq::with_options(3, BitOrder::default(), 0.0, false)).contains("above 0"));

    assert!(says(Codebook::new(vec![], 3)).contains("there are no codes"));
    assert!(says(Codebook::new(vec![1.0; 4], 3)).contains("are no rows of 3"));
    assert!(says(Codebook::new(vec![1.0; 4], 0)).contains("are no rows of 0"));
    assert!(says(Codebook::new(vec![1.0, 2.0, f32::INFINITY], 1)).contains("vector 2 is inf"));

    assert!(says(Residual::<Lfq>::new(vec![])).contains("there are no stages"));
    let two = vec![Lfq::new(2).unwrap(), Lfq::new(3).unwrap()];
    assert_eq!(
        says(Residual::new(two)),
        "a vector of a later stage has 3 entries, but should have 2"
    );
    assert!(says(Grouped::<Lfq>::new(vec![])).contains("there are no groups"));
    assert!(says(Heads::new(Lfq::new(2).unwrap(), 0)).contains("there are no heads"));
    let map =
        |inputs: usize, outputs| Affine::new(vec![1.0; inputs * outputs], None, outputs).unwrap();
    let lfq = || Lfq::new(2).unwrap();
    assert!(
        says(Projected::new(map(4, 3), lfq(), map(2, 4))).contains("an output of the first map")
    );
    assert!(says(Projected::new(map(4, 2), lfq(), map(2, 5))).contains("an output of the second"));
    assert!(says(Affine::new(vec![1.0; 4], Some(vec![0.0; 3]), 2)).contains("bias has 3"));
}

#[test]
fn names_of_dialects() {
    for dialect in Dialect::all() {
        assert_eq!(dialect.name().parse(), Ok(dialect));
        let json = serde_json::to_string(&dialect).unwrap();
        assert_eq!(json, format!("\"{dialect}\""));
        assert_eq!(serde_json::from_str::<Dialect>(&json).unwrap(), dialect);
    }
    let error = "lucidrains".parse::<Dialect>().unwrap_err();
    assert!(
        error.to_string().starts_with("no dialect is named \"lucidrains\"; there are google-1,")
    );
    assert!(serde_json::from_str::<Dialect>("\"google-2\"").is_err());
}

#[test]
fn vectors_and_indices() {
    let vq = Vq::new(Codebook::new(vec![0.0, 1.0, 2.0], 1).unwrap());
    let quantizers: [Box<dyn Quantizer>; 3] =
        [Box::new(vq), Box::new(Lfq::new(1).unwrap()), Box::new(Fsq::new(&[3]).unwrap())];
    let scratch = &mut Scratch::new();
    for q in &quantizers {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = q.encode(&[0.0, bad]).unwrap_err();
            let QuantizerError::NotFinite { vector: 1, channel: 0, value } = error else {
                panic!("{error}")
            };
            assert!(value.to_bits() == bad.to_bits());
        }
        // Never the last code in silence.
        let size = q.codebook_size(0);
        for index in [size, u64::MAX] {
            let expected = QuantizerError::IndexRange { position: 1, index, size };
            assert_eq!(q.decode(&[0, index]).unwrap_err(), expected);
        }
        let mut one = [0_u32];
        let error = q.encode_into(&[0.0; 2], (&mut one[..]).into(), scratch).unwrap_err();
        assert_eq!(error.to_string(), "indices has 1 entries, but should have 2");
        let error = q.decode_into((&[0_u32]).into(), &mut [0.0; 2], scratch).unwrap_err();
        assert_eq!(error.to_string(), "values has 2 entries, but should have 1");
        assert_eq!(q.encode(&[]).unwrap(), [0; 0]);
        assert_eq!(q.decode(&[]).unwrap(), [0.0; 0]);
    }
    let wide = Fsq::new(&[8, 8]).unwrap();
    let error = wide.encode(&[0.0; 3]).unwrap_err();
    assert!(error.to_string().starts_with("x has 3 numbers, which are no rows of 2"));
    let huge = Fsq::new(&[8; 11]).unwrap();
    let error = huge.encode_into(&[0.0; 11], (&mut [0_u32][..]).into(), scratch).unwrap_err();
    assert_eq!(error, QuantizerError::IndexType { size: 1 << 33, bits: 32 });
}

#[cfg(feature = "train")]
#[test]
fn configurations_that_make_no_sense() {
    use seedbed_nn::Config;
    use seedbed_quantizers::Metric;
    use seedbed_quantizers::train::{
        AffineMoments, Annealing, CodebookLearning, Estimator, LatentConfig, LfqConfig,
        ResidualLfqConfig, VqConfig,
    };
    fn says(config: impl Config) -> String {
        config.validate().unwrap_err().to_string()
    }
    let has = |text: String, part: &str| assert!(text.contains(part), "{part}: {text}");
    let estimator = Estimator::SpaceFilling { variance: 1e-3 };
    let learning = CodebookLearning::Gradient;
    let curve = VqConfig { estimator, learning, ..Default::default() };
    curve.validate().unwrap();
    has(says(VqConfig { estimator, ..Default::default() }), "do not learn by gradient");
    has(says(VqConfig { metric: Metric::Cosine, ..curve.clone() }), "metric");
    has(says(VqConfig { codebook_size: 1, ..curve.clone() }), "a curve has two ends");
    has(says(VqConfig { sampling: Some(1.0), ..curve.clone() }), "drawn already");
    let variance = f64::NAN;
    has(says(VqConfig { estimator: Estimator::SpaceFilling { variance }, ..curve }), "variance");
    let affine = Some(AffineMoments { batch_decay: 1.5, ..Default::default() });
    has(says(VqConfig { affine, ..Default::default() }), "affine.batch_decay");
    let affine = Some(AffineMoments::default());
    has(says(VqConfig { affine, metric: Metric::Cosine, ..Default::default() }), "affine");
    let annealing = |factor, steps| LfqConfig {
        annealing: Some(Annealing { factor, steps }),
        ..Default::default()
    };
    has(says(annealing(-1.0, 10)), "annealing.factor");
    has(says(annealing(3.0, 0)), "annealing.steps");
    let stage = LfqConfig { bits: 4, dim: Some(7), ..Default::default() };
    has(says(ResidualLfqConfig { stage, ..Default::default() }), "stage.dim");
    has(says(ResidualLfqConfig { stages: 0, ..Default::default() }), "stages");
    has(says(ResidualLfqConfig { stages: 400, ..Default::default() }), "so few");
    has(says(LatentConfig { levels: vec![5, 1], ..Default::default() }), "levels[1] is 1");
    has(says(LatentConfig { codebooks: 0, ..Default::default() }), "codebooks");
}
