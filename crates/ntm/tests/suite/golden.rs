//! Values and gradients of an independent implementation: `scripts/golden.py`, PyTorch in double precision.

use std::path::PathBuf;

use crate::common::{Golden, close, gradient_of_weighted_sum};
use seedbed_autodiff::{Module, Rng, Role, Tensor};
use seedbed_nn::Config;
use seedbed_ntm::interop::{InteropError, from_pytorch};
use seedbed_ntm::{
    AddActivation, ControllerConfig, Dnc, DncConfig, FirstAttention, MemoryInit, Ntm, NtmConfig,
};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn machines_of_pytorch_ntm_are_read() {
    for pairs in ["1", "2", "closed"] {
        let golden = Golden::read(&file(&format!("pairs_{pairs}.json")));
        let state = file(&format!("pairs_{pairs}.safetensors"));
        let ntm = from_pytorch::<f64>(&state).unwrap();
        close("logits", &ntm.forward(&golden.input), &golden.logits, 1e-9);

        // A gradient as a state dict is read like any other: the map between the layouts is linear.
        let expected =
            from_pytorch::<f64>(&file(&format!("pairs_{pairs}_gradient.safetensors"))).unwrap();
        let gradient = gradient_of_weighted_sum(&ntm, |ntm| ntm.forward(&golden.input));
        for ((name, _, g), e) in gradient.named().iter().zip(expected.params()) {
            close(name, g, &e, 1e-8);
        }

        let single = from_pytorch::<f32>(&state).unwrap();
        close("logits", &single.forward(&golden.input.cast()).cast(), &golden.logits, 1e-5);
    }
}

#[test]
fn a_machine_of_pytorch_ntm_can_be_saved_and_given_more_rows() {
    let dir = tempfile::tempdir().unwrap();
    let saved = dir.path().join("ntm.safetensors");
    for pairs in ["1", "2", "closed"] {
        let ntm = from_pytorch::<f64>(&file(&format!("pairs_{pairs}.safetensors"))).unwrap();
        let input = Golden::read(&file(&format!("pairs_{pairs}.json"))).input;
        // What is a buffer there is not learnt here.
        let fixed = ntm.named().into_iter().filter(|(_, role, _)| *role == Role::Buffer);
        let fixed: Vec<_> = fixed.map(|(name, ..)| name).collect();
        let expected = ["start.fixed_memory", "start.fixed_attention", "start.fixed_read"];
        assert_eq!(fixed, expected);

        ntm.save(&ntm.config().unwrap(), &saved).unwrap();
        let loaded = Ntm::<f64>::load(&saved).unwrap();
        assert_eq!(loaded.forward(&input), ntm.forward(&input));

        let larger = loaded.with_slots(50).unwrap();
        assert_eq!(larger.forward(&input).shape(), ntm.forward(&input).shape());
        larger.save(&larger.config().unwrap(), &saved).unwrap();
        assert_eq!(Ntm::<f64>::load(&saved).unwrap().forward(&input), larger.forward(&input));
    }
}

#[test]
fn heads_together_learnt_start_and_wide_shifts() {
    let golden = Golden::read(&file("together.json"));
    let config = NtmConfig {
        inputs: 3,
        outputs: 2,
        slots: 6,
        width: 3,
        read_heads: 2,
        write_heads: 3,
        shift_range: 2,
        controller: ControllerConfig::FeedForward { hidden: 4, layers: 2 },
        memory: MemoryInit::Learned,
        attention: FirstAttention::Learned,
        add: AddActivation::Tanh,
        similarity_eps: 1e-3,
        ..Default::default()
    };
    let ntm = golden.fill(Ntm::<f64>::new(&config.check().unwrap(), &mut Rng::new(0)));
    close("logits", &ntm.forward(&golden.input), &golden.logits, 1e-10);
    golden.check_gradient(&gradient_of_weighted_sum(&ntm, |ntm| ntm.forward(&golden.input)));
}

#[test]
fn dnc() {
    let golden = Golden::read(&file("dnc.json"));
    let config = DncConfig {
        inputs: 3,
        outputs: 2,
        slots: 5,
        width: 3,
        read_heads: 2,
        write_heads: 2,
        controller: ControllerConfig::Lstm { hidden: 4, layers: 1 },
        similarity_eps: 1e-3,
        ..Default::default()
    };
    let dnc = golden.fill(Dnc::<f64>::new(&config.check().unwrap(), &mut Rng::new(0)));
    close("logits", &dnc.forward(&golden.input), &golden.logits, 1e-10);
    golden.check_gradient(&gradient_of_weighted_sum(&dnc, |dnc| dnc.forward(&golden.input)));
}

#[test]
fn a_file_that_is_no_state_dict_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.safetensors");
    let read = || from_pytorch::<f32>(&path).unwrap_err();
    assert!(matches!(read(), InteropError::Io { .. }));
    assert!(matches!(from_pytorch::<f32>(dir.path()), Err(InteropError::Io { .. })));
    std::fs::write(&path, b"not at all").unwrap();
    assert!(matches!(read(), InteropError::Format { .. }));

    let save = |tensors: &[(&str, Tensor)]| {
        let bytes = |x: &Tensor| x.data().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        let data: Vec<_> = tensors.iter().map(|(_, x)| bytes(x)).collect();
        let views = tensors.iter().zip(&data).map(|((name, x), data)| {
            let shape = x.shape().to_vec();
            (
                *name,
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, data).unwrap(),
            )
        });
        std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    };
    save(&[("other", Tensor::ones(&[2]))]);
    assert!(read().to_string().contains("there is no tensor `ntm.memory.mem_bias`"));
    let memory = Tensor::ones(&[4, 3]);
    save(&[("ntm.memory.mem_bias", memory.clone()), ("memory.mem_bias", Tensor::zeros(&[4, 3]))]);
    assert!(read().to_string().contains("is another matrix, but should be the same as"));
    for shape in [[1 << 40, 0], [0, 3], [0, 0]] {
        save(&[("ntm.memory.mem_bias", Tensor::zeros(&shape))]);
        assert!(read().to_string().ends_with("should be of shape [N, M], both at least 1"));
    }
    save(&[("ntm.memory.mem_bias", Tensor::new(vec![f32::NAN], &[1, 1]))]);
    assert!(read().to_string().contains("a tensor with the element NaN"), "{}", read());
    for shape in [[1, 2, 4], [0, 1, 4], [1 << 40, 1, 0]] {
        save(&[
            ("ntm.memory.mem_bias", memory.clone()),
            ("ntm.read0_bias", Tensor::ones(&[1, 3])),
            ("ntm.controller.lstm_h_bias", Tensor::ones(&shape)),
            ("ntm.controller.lstm_c_bias", Tensor::ones(&shape)),
        ]);
        let says = "should be of shape [layers, 1, hidden], with at least one layer and one unit";
        assert!(read().to_string().ends_with(says), "{}", read());
    }
    save(&[("ntm.memory.mem_bias", memory), ("ntm.read0_bias", Tensor::ones(&[1, 5]))]);
    assert!(
        read()
            .to_string()
            .ends_with("`ntm.read0_bias` is of shape [1, 5], but should be of shape [1, 3]")
    );
}
