//! A machine with more memory than it was trained with.

use seedbed_autodiff::{Float, Tensor};

use crate::controller::Controller;
use crate::{Ntm, NtmError};

impl<F: Float, C: Controller<F>> Ntm<F, C> {
    /// The same machine with a memory of another number of rows, for longer sequences than it was trained on.
    ///
    /// Nothing that was learnt depends on the number of rows, as long as the memory is constant and the attention fixed at first.
    ///
    /// # Errors
    /// [`NtmError::SlotsAreFixed`] if they are not, or there are fewer rows than shifts.
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
        let Some(first) = memory.data().first().filter(|x| memory.data().iter().all(|y| y == *x))
        else {
            return refuse("the first memory is random, row by row");
        };
        if self.heads.options.addressing.shifts.is_some_and(|shifts| slots < shifts) {
            return refuse("there are fewer rows than shifts");
        }
        let &[heads, before] = attention.shape() else { unreachable!("attention has two axes") };
        let rows = attention.data().chunks(before);
        let attends =
            rows.map(|row| row.iter().copied().chain(std::iter::repeat(F::zero())).take(slots));
        let attention = Tensor::new(attends.flatten().collect(), &[heads, slots]);
        let mut resized = self.clone();
        resized.start.fixed_memory = Some(Tensor::full(&[slots, memory.shape()[1]], first.f64()));
        resized.start.fixed_attention = Some(attention);
        Ok(resized)
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Rng;
    use seedbed_nn::Config;

    use super::*;
    use crate::{FirstAttention, MemoryInit, NtmConfig};

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
    fn what_is_learnt_or_drawn_row_by_row_cannot_be_resized() {
        let refuse = |ntm: Ntm<f64>, slots| ntm.with_slots(slots).unwrap_err().to_string();
        assert!(refuse(ntm(|c| c.memory = MemoryInit::Learned), 20).contains("learnt"));
        assert!(refuse(ntm(|c| c.attention = FirstAttention::Learned), 20).contains("learnt"));
        assert!(refuse(ntm(|c| c.memory = MemoryInit::Random), 20).contains("random"));
        assert!(refuse(ntm(|_| ()), 2).contains("fewer rows than shifts"));
    }
}
