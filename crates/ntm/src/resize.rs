//! A machine with more memory than it was trained with.

use seedbed_autodiff::{Float, Tensor};

use crate::config::MOST_ELEMENTS;
use crate::controller::Controller;
use crate::dnc::{DncOptions, MOST_LINKS, link_count};
use crate::{Dnc, Ntm, NtmError};

impl<F: Float, C: Controller<F>> Ntm<F, C> {
    /// The same machine with a memory of another number of rows, for longer sequences than it was trained on.
    ///
    /// Nothing that was learnt depends on the number of rows, as long as the memory and the attention are fixed at first. Further rows of a constant memory
    /// are like the others; those of a random one are 0, which no key prefers.
    ///
    /// # Errors
    /// [`NtmError::SlotsAreFixed`] if they are learnt, or there are fewer rows than shifts or more than can be.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    /// let config = NtmConfig { inputs: 4, ..Default::default() }.check()?;
    /// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
    /// let larger = ntm.with_slots(1024).unwrap();
    /// assert_eq!(larger.slots(), 1024);
    /// assert_eq!(larger.forward(&Tensor::ones(&[3, 1, 4])).shape(), [3, 1, 8]);
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    pub fn with_slots(&self, slots: usize) -> Result<Self, NtmError> {
        let refuse = |why| Err(NtmError::SlotsAreFixed { slots, why });
        let (Some(memory), Some(attention)) =
            (&self.start.fixed_memory, &self.start.fixed_attention)
        else {
            return refuse("the first memory or attention is learnt, row by row");
        };
        let least = self.heads.options.addressing.shifts.unwrap_or(1);
        if slots < least {
            return refuse("there are fewer rows than shifts");
        }
        let (width, heads) = (memory.shape()[1], attention.shape()[0]);
        if slots as f64 * (width + heads) as f64 > MOST_ELEMENTS {
            return refuse("no memory holds so many");
        }
        let further = match memory.data() {
            [first, rest @ ..] if rest.iter().all(|x| x == first) => *first,
            _ => F::zero(),
        };
        let resized = |rows: &Tensor<F>, axis: usize, fill: F| {
            let kept = rows.slice(axis as isize, ..rows.shape()[axis].min(slots) as isize);
            let mut shape = rows.shape().to_vec();
            shape[axis] = slots - kept.shape()[axis];
            Tensor::concat(&[kept, Tensor::full(&shape, fill.f64())], axis as isize)
        };
        let mut machine = self.clone();
        machine.start.fixed_memory = Some(resized(memory, 0, further));
        machine.start.fixed_attention = Some(resized(attention, 1, F::zero()));
        Ok(machine)
    }
}

impl<F: Float, C: Controller<F>> Dnc<F, C> {
    /// The same machine with a memory of another number of rows. Nothing that is learnt depends on it.
    ///
    /// # Errors
    /// [`NtmError::SlotsAreFixed`] if there is no row, or there are more than can be.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Dnc, DncConfig};
    /// let dnc = Dnc::<f32>::new(&DncConfig::default().check()?, &mut Rng::new(0));
    /// let larger = dnc.with_slots(64).unwrap();
    /// assert_eq!(larger.start(1).memory.shape(), [1, 64, 16]);
    /// # Ok::<(), seedbed_nn::ConfigError>(())
    /// ```
    pub fn with_slots(&self, slots: usize) -> Result<Self, NtmError> {
        let refuse = |why| Err(NtmError::SlotsAreFixed { slots, why });
        match link_count(slots, self.options.writes) {
            _ if slots == 0 => refuse("there must be a row"),
            links if links > MOST_LINKS => refuse("no memory holds the links of so many"),
            _ => Ok(Self { options: DncOptions { slots, ..self.options }, ..self.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Rng;
    use seedbed_nn::Config;

    use super::*;
    use crate::{DncConfig, FirstAttention, MemoryInit, NtmConfig};

    fn ntm(change: impl FnOnce(&mut NtmConfig)) -> Ntm<f64> {
        let mut config = NtmConfig { inputs: 3, slots: 9, width: 4, ..Default::default() };
        change(&mut config);
        Ntm::new(&config.check().unwrap(), &mut Rng::new(0))
    }

    #[test]
    fn a_machine_with_another_memory_is_the_one_built_so() {
        let x = Tensor::uniform(&[5, 2, 3], 0.0, 1.0, &mut Rng::new(1));
        let resized = ntm(|_| ()).with_slots(21).unwrap();
        assert_eq!(resized.forward(&x), ntm(|c| c.slots = 21).forward(&x));
        assert_eq!(resized.with_slots(9).unwrap().forward(&x), ntm(|_| ()).forward(&x));
    }

    #[test]
    fn further_rows_of_a_random_memory_are_zero() {
        let random = |slots| {
            ntm(|c| {
                c.memory = MemoryInit::Random;
                c.attention = FirstAttention::Nowhere;
                c.slots = slots;
            })
        };
        let small = random(9);
        let larger = small.with_slots(12).unwrap();
        let (before, after) = (small.start.memory(), larger.start.memory());
        assert_eq!(after.slice(0, ..9), *before);
        assert!(after.slice(0, 9..).data().iter().all(|&x| x == 0.0));
        assert_eq!(larger.start.attention(), Tensor::zeros(&[2, 12]));
        assert_eq!(larger.with_slots(5).unwrap().start.memory(), &before.slice(0, ..5));
        assert_eq!(larger.config().unwrap().slots, 12);
    }

    #[test]
    fn a_dnc_with_another_memory_is_the_one_built_so() {
        let dnc = |slots| {
            let config = DncConfig { inputs: 3, slots, ..Default::default() };
            Dnc::<f64>::new(&config.check().unwrap(), &mut Rng::new(0))
        };
        let x = Tensor::uniform(&[5, 2, 3], 0.0, 1.0, &mut Rng::new(1));
        assert_eq!(dnc(6).with_slots(9).unwrap().forward(&x), dnc(9).forward(&x));
        for slots in [0, 1 << 20, usize::MAX] {
            assert!(matches!(dnc(6).with_slots(slots), Err(NtmError::SlotsAreFixed { .. })));
        }
    }

    #[test]
    fn what_is_learnt_row_by_row_cannot_be_resized() {
        let refuse = |ntm: Ntm<f64>, slots| ntm.with_slots(slots).unwrap_err().to_string();
        assert!(refuse(ntm(|c| c.memory = MemoryInit::Learned), 20).contains("learnt"));
        assert!(refuse(ntm(|c| c.attention = FirstAttention::Learned), 20).contains("learnt"));
        for few in [0, 2] {
            assert!(refuse(ntm(|_| ()), few).contains("fewer rows than shifts"));
        }
        for many in [1 << 40, usize::MAX] {
            assert!(refuse(ntm(|_| ()), many).contains("no memory holds so many"));
        }
    }
}
