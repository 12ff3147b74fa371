//! The derivatives of whole programs, to the third order, against differences of their values.

use seedbed_autodiff::{GradCheck, Module, Rng, Tensor, check_grads};
use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_neural_gpu::{Moving, Reach};
use seedbed_nn::Config;
use seedbed_strip_memory::{Batch, Control, Digital, StripConfig, StripMachine};

#[test]
fn programs_are_differentiated_rightly() {
    let rng = &mut Rng::new(5);
    let size = ProgramSize { items: 2, operations: 1, digits: 1 };
    let task = ProgramTask::KvAdd;
    let programs = vec![task.sample(size, 0.0, rng).unwrap()];
    let batch = Batch::new(programs).unwrap();
    for control in [Control::Apart, Control::Pooled] {
        let config = StripConfig {
            slots: 3,
            key: 2,
            strip: 1,
            maps: 2,
            moving: Moving { right: 1, left: 0 },
            reach: Reach::Left,
            read_heads: 1,
            similarity_eps: 0.1,
            control,
            ..Default::default()
        };
        let machine = StripMachine::<f64>::new(&config.check().unwrap(), rng);
        // Smaller weights keep all numbers away from where they are clipped, and so from where they have no derivative.
        let machine = machine.map_params(|x| x * 0.3);
        check_grads(
            GradCheck { tolerance: 1e-5, ..Default::default() },
            &machine.params(),
            |params| {
                let mut params = params.iter();
                let machine = machine.map_params(|_| params.next().unwrap().clone());
                let mut state = machine.reset(1, 3, batch.cells());
                let mut sum = Tensor::scalar(0.0);
                for step in 0..batch.steps() {
                    let (logits, next) =
                        machine.step(&batch, step, &state, Digital::SOFT, &mut Rng::new(0));
                    state = next;
                    sum = sum + logits.sum(..) + state.keys.sum(..) + state.strips.sum(..);
                }
                sum
            },
        );
    }
}
