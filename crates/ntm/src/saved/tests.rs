use super::*;
use crate::{ControllerConfig, FirstAttention, FirstRead, HeadOrder, MemoryInit};

fn checked<C: Config + Clone>(config: &C) -> Checked<C> {
    config.clone().check().unwrap()
}

#[test]
fn a_machine_is_written_with_its_own_configuration_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ntm.safetensors");
    let small = NtmConfig { slots: 8, ..Default::default() };
    let ntm = Ntm::<f32>::new(&checked(&small), &mut Rng::new(0));
    let refused =
        |ntm: &Ntm, config: &NtmConfig| ntm.save(&checked(config), &file).unwrap_err().to_string();
    let larger = ntm.with_slots(16).unwrap();
    let says = refused(&larger, &small);
    assert!(
        says.ends_with("attention` is of shape [2, 16], and of shape [2, 8] in its configuration"),
        "{says}"
    );
    for config in [
        NtmConfig { clip: 10.0, ..small.clone() },
        NtmConfig { similarity_eps: 0.5, ..small.clone() },
        NtmConfig { order: HeadOrder::InPairs, ..small.clone() },
    ] {
        assert!(refused(&ntm, &config).contains("not written: the machine has HeadOptions"));
    }
    assert!(
        refused(&ntm, &NtmConfig { read: FirstRead::Random, ..small.clone() }).contains("read")
    );
    assert!(!file.exists());
    let wider = checked(&NtmConfig { slots: 16, ..small });
    larger.save(&wider, &file).unwrap();
    assert_eq!(NtmConfig::load(&file).unwrap(), wider);
    assert_eq!(Ntm::<f32>::load(&file).unwrap().slots(), 16);
}

#[test]
fn the_configuration_of_a_machine_is_the_one_it_was_built_of() {
    let base = NtmConfig { inputs: 3, outputs: 2, slots: 7, width: 4, ..Default::default() };
    let configs = [
        base.clone(),
        NtmConfig {
            memory: MemoryInit::Learned,
            attention: FirstAttention::Learned,
            controller: ControllerConfig::FeedForward { hidden: 5, layers: 2 },
            addressing: crate::Addressing::Content,
            ..base.clone()
        },
        NtmConfig {
            memory: MemoryInit::Random,
            attention: FirstAttention::Nowhere,
            read: FirstRead::Random,
            sharpening: crate::Sharpening::Divided(1e-16),
            order: HeadOrder::InPairs,
            add: crate::AddActivation::Tanh,
            clip: f64::INFINITY,
            read_heads: 2,
            write_heads: 2,
            shift_range: 2,
            controller: ControllerConfig::Lstm { hidden: 5, layers: 2 },
            ..base
        },
    ];
    for config in configs {
        let ntm = Ntm::<f32>::new(&checked(&config), &mut Rng::new(0));
        assert_eq!(*ntm.config().unwrap(), config);
    }
}

/// A file that holds a machine's tensors and another configuration.
fn with_config<F: Float, M: Module<F>>(
    file: &Path,
    model: &M,
    name: &str,
    config: &impl Serialize,
) {
    let mut writer = Writer::new();
    writer.module("model", model).value(name, config).unwrap().write(file).unwrap();
}

#[test]
fn sizes_in_a_file_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("machine.safetensors");
    let honest = NtmConfig { slots: 8, ..Default::default() };
    let ntm = Ntm::<f32>::new(&checked(&honest), &mut Rng::new(0));
    for n in [9, 1_000_000, 1 << 31, 1 << 40, usize::MAX] {
        let changes: [fn(&mut NtmConfig, usize); 7] = [
            |c, n| c.slots = n,
            |c, n| c.width = n,
            |c, n| c.inputs = n,
            |c, n| c.outputs = n,
            |c, n| c.read_heads = n,
            |c, n| c.controller = ControllerConfig::Lstm { hidden: n, layers: 1 },
            |c, n| c.controller = ControllerConfig::FeedForward { hidden: 1, layers: n },
        ];
        for change in changes {
            let mut config = honest.clone();
            change(&mut config, n);
            if config != honest {
                with_config(&file, &ntm, "config", &config);
                let error = Ntm::<f32>::load(&file).unwrap_err().to_string();
                assert!(error.contains(&*file.to_string_lossy()), "{error}");
            }
        }
    }
    with_config(&file, &ntm, "config", &NtmConfig { slots: 1 << 20, ..honest });
    let error = Ntm::<f32>::load(&file).unwrap_err().to_string();
    assert!(error.contains("the configuration describes a machine of 2"), "{error}");

    let honest = DncConfig { slots: 8, ..Default::default() };
    let dnc = Dnc::<f32>::new(&checked(&honest), &mut Rng::new(0));
    for config in [
        DncConfig { width: 1 << 30, ..honest.clone() },
        DncConfig { slots: 1 << 40, ..honest.clone() },
        DncConfig { read_heads: usize::MAX, ..honest.clone() },
    ] {
        with_config(&file, &dnc, "dnc", &config);
        assert!(matches!(Dnc::<f32>::load(&file), Err(CheckpointError::Corrupt { .. })));
    }
}

#[test]
fn a_dnc_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dnc.safetensors");
    let config = DncConfig { slots: 6, width: 5, clip: f64::INFINITY, ..Default::default() };
    let dnc = Dnc::<f64>::new(&checked(&config), &mut Rng::new(3));
    dnc.save(&checked(&config), &file).unwrap();
    let loaded = Dnc::<f64>::load(&file).unwrap();
    let x = seedbed_autodiff::Tensor::uniform(&[4, 2, 9], 0.0, 1.0, &mut Rng::new(1));
    assert_eq!(loaded.forward(&x), dnc.forward(&x));
    assert_eq!(*DncConfig::load(&file).unwrap(), config);
    let other = DncConfig { slots: 7, ..config.clone() };
    assert!(dnc.save(&checked(&other), &file).unwrap_err().to_string().contains("slots"));
    let wider = DncConfig { width: 6, ..config };
    assert!(dnc.save(&checked(&wider), &file).unwrap_err().to_string().contains("shape"));
    // Neither is taken for the other.
    assert!(Ntm::<f64>::load(&file).unwrap_err().to_string().contains("`config` is missing"));
}
