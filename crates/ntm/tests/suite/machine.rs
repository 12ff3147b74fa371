//! What a user relies on: steps and sequences agree, bad input is named, results have the same bits whatever the threads.

use seedbed_autodiff::{Module, Rng, Tensor, debug_nan, par_value_and_grad, value_and_grad};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, Writer};
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{GravesRmsProp, GravesRmsPropConfig};
use seedbed_ntm::{
    Addressing, ControllerConfig, Dnc, DncConfig, FeedForward, FirstAttention, HeadOrder,
    LstmBaseline, MemoryInit, Ntm, NtmConfig, NtmError, SequenceModel,
};

fn small() -> NtmConfig {
    NtmConfig {
        inputs: 4,
        outputs: 3,
        slots: 7,
        width: 5,
        read_heads: 2,
        write_heads: 2,
        controller: ControllerConfig::Lstm { hidden: 6, layers: 2 },
        ..Default::default()
    }
}

fn machine(config: NtmConfig) -> Ntm {
    Ntm::new(&config.check().unwrap(), &mut Rng::new(1))
}

fn sequence(time: usize, batch: usize) -> Tensor {
    Tensor::uniform(&[time, batch, 4], 0.0, 1.0, &mut Rng::new(2))
}

#[test]
fn steps_and_sequences_agree() {
    let configs = [
        small(),
        NtmConfig { order: HeadOrder::InPairs, attention: FirstAttention::Learned, ..small() },
        NtmConfig { addressing: Addressing::Content, memory: MemoryInit::Random, ..small() },
    ];
    for config in configs {
        let (ntm, x) = (machine(config), sequence(6, 3));
        let (logits, trace) = ntm.forward_traced(&x);
        assert_eq!(logits, ntm.forward(&x));
        let mut state = ntm.start(3);
        for t in 0..6 {
            let (y, next) = ntm.step(&x.index(0, t), &state);
            state = next;
            let expected = logits.index(0, t);
            let error = (y - expected).abs().max(..).item();
            assert!(error < 1e-5, "step {t}: {error}");
            assert_eq!(trace.attention.index(0, t), state.attention);
            assert_eq!(trace.memory.index(0, t), state.memory);
        }
        assert_eq!(trace.erase.shape(), [6, 3, 2, 5]);
        assert_eq!(trace.addressing.key.shape(), [6, 3, 4, 5]);
        // Attention is a distribution.
        let sums = trace.attention.sum(-1);
        assert!(sums.data().iter().all(|s| (s - 1.0).abs() < 1e-5), "{sums:?}");
    }
}

#[test]
fn examples_of_a_batch_do_not_mix() {
    let (ntm, x) = (machine(small()), sequence(5, 3));
    let together = ntm.forward(&x);
    for b in 0..3 {
        let alone = ntm.forward(&x.slice(1, b..b + 1));
        let error = (together.slice(1, b..b + 1) - alone).abs().max(..).item();
        assert!(error < 1e-5, "example {b}: {error}");
    }
}

#[test]
fn nothing_at_all_is_a_sequence() {
    let none = Tensor::zeros(&[0, 2, 4]);
    assert_eq!(machine(small()).forward(&none).shape(), [0, 2, 3]);
    let lstm = LstmBaseline::<f32>::new(4, 3, 5, 2, &mut Rng::new(0));
    assert_eq!(lstm.logits(&none).shape(), [0, 2, 3]);
}

#[test]
fn bad_input_is_named() {
    let ntm = machine(small());
    assert_eq!(ntm.check_input(&sequence(3, 2)), Ok(()));
    let wide = Tensor::zeros(&[3, 2, 5]);
    assert_eq!(ntm.check_input(&wide), Err(NtmError::Shape { shape: vec![3, 2, 5], inputs: 4 }));
    assert!(matches!(ntm.check_input(&Tensor::zeros(&[3, 4])), Err(NtmError::Shape { .. })));
    let mut numbers = sequence(3, 2).to_vec();
    numbers[4 * 2 + 4 + 3] = f32::NAN;
    let error = ntm.check_input(&Tensor::new(numbers, &[3, 2, 4])).unwrap_err();
    assert_eq!(error.to_string(), "input 3 of example 1 at time 1 is NaN, but should be finite");
    assert_eq!(ntm.check_capacity(7), Ok(()));
    let error = ntm.check_capacity(8).unwrap_err();
    assert_eq!(error, NtmError::MemoryTooSmall { slots: 7, vectors: 8 });
    assert!(error.to_string().contains("take a memory of at least 8 rows"));
}

#[test]
#[should_panic(expected = "Ntm: needs a sequence [time, batch, 4], got [3, 2, 5]")]
fn a_wide_sequence_panics() {
    let _ = machine(small()).forward(&Tensor::zeros(&[3, 2, 5]));
}

#[test]
#[should_panic(
    expected = "Ntm: the controller takes 3 elements that were read, the configuration says 10"
)]
fn a_controller_must_fit() {
    let controller = FeedForward::<f32>::new(4, 3, 6, 1, &mut Rng::new(0));
    let _ = Ntm::with_controller(&small().check().unwrap(), controller, &mut Rng::new(0));
}

/// Training on one batch.
struct Training<M> {
    model: M,
    optimizer: GravesRmsProp<M>,
}

impl<M: SequenceModel<f32> + Send + Sync> Training<M> {
    fn new(model: M) -> Self {
        let config = GravesRmsPropConfig { lr: 1e-3, ..Default::default() };
        let optimizer = GravesRmsProp::new(&model, config.check().unwrap());
        Self { model, optimizer }
    }

    fn step(&mut self) -> f32 {
        let x = sequence(5, 4);
        let shards = x.chunk(1, 2);
        let loss = |m: &M, x: &Tensor| m.logits(x).bce_with_logits(&x.slice(2, ..3));
        let (loss, mut gradient) = par_value_and_grad(&self.model, &shards, loss);
        clip_global_norm(&mut gradient, 10.0);
        self.optimizer.step(&mut self.model, &gradient);
        loss.item()
    }

    fn bits(&self) -> Vec<u32> {
        let params = self.model.params();
        params.iter().flat_map(|p| p.data().iter().map(|x| x.to_bits())).collect()
    }
}

#[test]
fn training_has_the_same_bits_on_one_thread_and_two() {
    let run = |threads: &str| {
        // The number of threads is fixed when a process starts: this test runs itself again.
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["machine::print_the_bits_of_a_training", "--exact", "--nocapture"])
            .env("RAYON_NUM_THREADS", threads)
            .env("PRINT_BITS", "1")
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let bits = text.split("bits ").nth(1).expect("the bits are printed");
        bits.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(run("1"), run("2"));
}

#[test]
fn print_the_bits_of_a_training() {
    let mut training = Training::new(machine(small()));
    let before = training.bits();
    (0..3).for_each(|_| {
        training.step();
    });
    let hash = training
        .bits()
        .iter()
        .fold(0u64, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3).rotate_left(5));
    assert_ne!(before, training.bits());
    if std::env::var_os("PRINT_BITS").is_some() {
        println!("\nbits {hash:016x} ");
    }
}

#[test]
fn going_on_from_a_checkpoint_is_going_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ntm.safetensors");
    let config = NtmConfig { memory: MemoryInit::Random, ..small() };
    let mut training = Training::new(machine(config.clone()));
    (0..3).for_each(|_| {
        training.step();
    });
    let mut writer = Writer::new();
    writer.module("model", &training.model).optimizer(&training.optimizer);
    writer.write(&file).unwrap();

    let checkpoint = Checkpoint::read(&file).unwrap();
    // Another seed: everything must come from the file, the fixed random memory too.
    let fresh = Ntm::new(&config.check().unwrap(), &mut Rng::new(99));
    let mut resumed = Training::new(checkpoint.module("model", &fresh).unwrap());
    checkpoint.load_optimizer(&mut resumed.optimizer).unwrap();
    (0..3).for_each(|_| assert_eq!(training.step(), resumed.step()));
    assert_eq!(training.bits(), resumed.bits());
}

#[test]
fn training_makes_no_nan_and_learns() {
    let mut ntm = Training::new(machine(small()));
    let config = DncConfig { inputs: 4, outputs: 3, slots: 5, width: 4, ..Default::default() };
    let mut dnc = Training::new(Dnc::new(&config.check().unwrap(), &mut Rng::new(1)));
    debug_nan(|| {
        let (first, first_dnc) = (ntm.step(), dnc.step());
        let last = (0..60).map(|_| (ntm.step(), dnc.step())).last().unwrap();
        assert!(last.0 < first && last.1 < first_dnc, "{first} {first_dnc} {last:?}");
    });
}

fn check_finite<M: SequenceModel<f32>>(model: &M, x: &Tensor, what: &str) {
    let (loss, gradient) = value_and_grad(model, |model| model.logits(x).tanh().square().sum(..));
    assert!(loss.item().is_finite(), "{what}");
    for (name, _, g) in gradient.named() {
        assert!(g.data().iter().all(|g| g.is_finite()), "{name} of {what}");
    }
}

/// The largest parameters that the clipped heads can give, and inputs of any size.
#[test]
fn extreme_weights_stay_finite() {
    for scale in [1e2, 1e4] {
        let ntm = machine(small()).map_params(|p| p * scale);
        check_finite(&ntm, &(sequence(30, 2) * 100.0), &format!("scale {scale}"));
    }
}

/// What a configuration may say at its ends. (The gradient of a cosine with a row of zeros is of the size 1/√ε: in more steps than these it may
/// overflow, which a training reports.)
#[test]
fn extreme_configurations_stay_finite() {
    for (similarity_eps, clip) in [
        (1e-24, 1e6),
        (1e-24, 1e-6),
        (1e24, 1e6),
        (1e24, 1e-6),
        (1e-24, f64::INFINITY),
        (1e24, f64::INFINITY),
    ] {
        for memory in [MemoryInit::Constant(0.0), MemoryInit::Constant(1e6), MemoryInit::Random] {
            let ntm = machine(NtmConfig { similarity_eps, clip, memory, ..small() });
            let dnc = DncConfig {
                inputs: 4,
                outputs: 3,
                slots: 7,
                width: 5,
                similarity_eps,
                clip,
                ..Default::default()
            };
            let dnc = Dnc::new(&dnc.check().unwrap(), &mut Rng::new(1));
            let what = format!("ε {similarity_eps:e}, clip {clip:e}, {memory:?}");
            for scale in [1.0, 1e3] {
                check_finite(&ntm.map_params(|p| p * scale), &sequence(2, 2), &what);
                check_finite(&dnc.map_params(|p| p * scale), &sequence(2, 2), &what);
            }
        }
    }
}
