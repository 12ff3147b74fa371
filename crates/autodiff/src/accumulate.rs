//! A gradient that is added up of the parts that an op gives each time a tensor is used.

use crate::kernels::accumulate::add_assign;
use crate::{Float, Tensor};

/// Parts that are added to one another without care. A tensor that is used a million times has a gradient of a million parts, and a running sum of so
/// many errs: so the sums of this many are put aside, to be added to one another in the same way.
const MANY: u32 = 128;

/// What has been added up.
pub(crate) struct Accumulated<F: Float> {
    /// The sum of the newest parts, and how many they are.
    sum: Option<Tensor<F>>,
    parts: u32,
    /// What was put aside, if there is any: mostly there is not.
    aside: Option<Box<Aside<F>>>,
}

/// Sums of [`MANY`] parts, of as many of these, and so on; and of how many each is.
struct Aside<F: Float>(Vec<(Tensor<F>, u32)>);

impl<F: Float> Accumulated<F> {
    /// Of one part.
    pub(crate) fn new(part: Tensor<F>) -> Self {
        Self { sum: Some(part), parts: 1, aside: None }
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, part: Tensor<F>) {
        match &mut self.sum {
            Some(sum) => accumulate(sum, part),
            None => self.sum = Some(part),
        }
        self.parts += 1;
        if self.parts >= MANY {
            self.put_aside();
        }
    }

    /// Puts the sum aside.
    fn put_aside(&mut self) {
        self.parts = 0;
        let Some(mut carry) = self.sum.take() else { return };
        let aside = &mut self.aside.get_or_insert_with(|| Box::new(Aside(Vec::new()))).0;
        for (sum, parts) in aside.iter_mut() {
            if *parts == 0 {
                (*sum, *parts) = (carry, 1);
                return;
            }
            accumulate(sum, carry);
            *parts += 1;
            if *parts < MANY {
                return;
            }
            *parts = 0;
            carry = std::mem::replace(sum, Tensor::zeros(&[0]));
        }
        aside.push((carry, 1));
    }

    /// The sum of the newest parts.
    pub(crate) fn newest(&self) -> Option<&Tensor<F>> {
        self.sum.as_ref()
    }

    /// Takes the sum of the newest parts out, to be changed in place and put back by [`add`](Self::add), if nobody else can see it.
    pub(crate) fn take_unique(&mut self) -> Option<Tensor<F>> {
        self.sum.as_mut()?.unique_data()?;
        // It comes back as one part.
        self.parts = self.parts.saturating_sub(1);
        self.sum.take()
    }

    /// Replaces the sum of the newest parts.
    pub(crate) fn change(&mut self, f: impl FnOnce(Option<Tensor<F>>) -> Tensor<F>) {
        self.sum = Some(f(self.sum.take()));
    }

    /// The whole sum.
    pub(crate) fn complete(self) -> Option<Tensor<F>> {
        let Some(aside) = self.aside else { return self.sum };
        let aside = aside.0.into_iter().filter(|&(_, parts)| parts > 0).map(|(sum, _)| sum);
        self.sum.into_iter().chain(aside).reduce(|mut sum, other| {
            accumulate(&mut sum, other);
            sum
        })
    }
}

/// `sum += g`, in place where nobody can see it.
fn accumulate<F: Float>(sum: &mut Tensor<F>, mut g: Tensor<F>) {
    if sum.0.level == 0 && g.0.level == 0 {
        if let Some(data) = sum.unique_data() {
            return add_assign(data, g.data());
        }
        if let Some(data) = g.unique_data() {
            add_assign(data, sum.data());
            *sum = g;
            return;
        }
    }
    *sum = &*sum + &g;
}
