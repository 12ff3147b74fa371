use seedbed_autodiff::{Module, Rng};

use super::*;
use crate::Ntm;

fn wrong_field(change: impl FnOnce(&mut NtmConfig)) -> String {
    let mut config = NtmConfig::default();
    change(&mut config);
    config.check().unwrap_err().field
}

#[test]
fn every_size_is_checked() {
    assert!(NtmConfig::default().check().is_ok());
    assert_eq!(wrong_field(|c| c.inputs = 0), "inputs");
    assert_eq!(wrong_field(|c| c.outputs = 0), "outputs");
    assert_eq!(wrong_field(|c| c.width = 0), "width");
    assert_eq!(wrong_field(|c| c.read_heads = 0), "read_heads");
    assert_eq!(wrong_field(|c| c.write_heads = 0), "write_heads");
    assert_eq!(wrong_field(|c| c.slots = 0), "slots");
    assert_eq!(wrong_field(|c| c.shift_range = 64), "slots");
    let empty = ControllerConfig::Lstm { hidden: 0, layers: 1 };
    assert_eq!(wrong_field(|c| c.controller = empty), "controller.hidden");
    let none = ControllerConfig::FeedForward { hidden: 5, layers: 0 };
    assert_eq!(wrong_field(|c| c.controller = none), "controller.layers");
}

#[test]
fn absurd_sizes_are_refused_and_nothing_wraps() {
    for n in [usize::MAX, 1 << 63, (1 << 63) - 1, 1 << 40, (1 << 31) + 1] {
        assert_eq!(wrong_field(|c| c.inputs = n), "inputs", "{n}");
        assert_eq!(wrong_field(|c| c.outputs = n), "outputs", "{n}");
        assert_eq!(wrong_field(|c| c.slots = n), "slots", "{n}");
        assert_eq!(wrong_field(|c| c.width = n), "width", "{n}");
        assert_eq!(wrong_field(|c| c.read_heads = n), "read_heads", "{n}");
        assert_eq!(wrong_field(|c| c.write_heads = n), "write_heads", "{n}");
        assert_eq!(wrong_field(|c| c.shift_range = n), "slots", "{n}");
        let wide = ControllerConfig::Lstm { hidden: n, layers: 1 };
        assert_eq!(wrong_field(|c| c.controller = wide), "controller.hidden", "{n}");
        let deep = ControllerConfig::FeedForward { hidden: 1, layers: n };
        assert_eq!(wrong_field(|c| c.controller = deep), "controller.layers", "{n}");
    }
    // Each by itself could be.
    let error = NtmConfig { slots: 1 << 30, width: 1 << 20, ..Default::default() };
    let says = error.check().unwrap_err().to_string();
    let expected = "NtmConfig.slots is 1073741824, but should be smaller: machine and state would have 1.1e15 elements, at most 1.1e12 can be";
    assert_eq!(says, expected);
}

#[test]
fn what_single_precision_cannot_take_is_refused() {
    for x in [0.0, -1.0, f64::NAN, 1e-320, 1e-30, 1e308, f64::INFINITY] {
        assert_eq!(wrong_field(|c| c.similarity_eps = x), "similarity_eps", "{x}");
        assert_eq!(wrong_field(|c| c.sharpening = Sharpening::Divided(x)), "sharpening", "{x}");
    }
    for x in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY, 1e-320, 1e30, 1e308] {
        assert_eq!(wrong_field(|c| c.clip = x), "clip", "{x}");
    }
    for x in [f64::NAN, f64::INFINITY, 1e30, -1e308] {
        assert_eq!(wrong_field(|c| c.memory = MemoryInit::Constant(x)), "memory", "{x}");
    }
    let fine = NtmConfig {
        clip: f64::INFINITY,
        similarity_eps: 1e-24,
        sharpening: Sharpening::Divided(1e-16),
        ..Default::default()
    };
    assert!(fine.check().is_ok());
}

#[test]
fn elements_are_those_of_the_machine() {
    let base = NtmConfig { inputs: 3, outputs: 2, slots: 7, width: 5, ..Default::default() };
    let controllers = [
        ControllerConfig::Lstm { hidden: 6, layers: 1 },
        ControllerConfig::Lstm { hidden: 4, layers: 3 },
        ControllerConfig::FeedForward { hidden: 6, layers: 1 },
        ControllerConfig::FeedForward { hidden: 4, layers: 3 },
    ];
    for controller in controllers {
        for addressing in [Addressing::Full, Addressing::Content] {
            let config = NtmConfig {
                controller: controller.clone(),
                addressing,
                memory: MemoryInit::Random,
                read_heads: 3,
                write_heads: 2,
                shift_range: 2,
                ..base.clone()
            };
            let ntm = Ntm::<f32>::new(&config.clone().check().unwrap(), &mut Rng::new(0));
            let all: usize = ntm.named().iter().map(|(_, _, x)| x.len()).sum();
            assert_eq!(config.elements(), all as f64, "{config:?}");
        }
    }
}

#[test]
fn a_memory_that_cannot_be_told_apart_is_refused() {
    assert_eq!(wrong_field(|c| c.addressing = Addressing::Content), "memory");
    assert_eq!(wrong_field(|c| c.attention = FirstAttention::Nowhere), "memory");
    assert_eq!(wrong_field(|c| c.shift_range = 0), "memory");
    let random = NtmConfig {
        memory: MemoryInit::Random,
        addressing: Addressing::Content,
        attention: FirstAttention::Nowhere,
        ..Default::default()
    };
    assert!(random.check().is_ok());
}

#[test]
fn pairs_need_as_many_heads_of_either_kind() {
    let pairs = |reads| NtmConfig {
        read_heads: reads,
        write_heads: 2,
        order: HeadOrder::InPairs,
        ..Default::default()
    };
    assert_eq!(pairs(1).check().unwrap_err().field, "order");
    assert!(pairs(2).check().is_ok());
}
