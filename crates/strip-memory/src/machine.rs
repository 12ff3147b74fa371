use std::sync::Arc;

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_neural_gpu::{DiagonalCell, Packing, Saturation};
use seedbed_nn::{Checked, Linear};
use seedbed_ntm::{Sharpening, memory};

use crate::config::{SHIFTS, StripConfig};
use crate::control::{Decided, Decoder};
use crate::digital::foremost;
use crate::{Batch, Choosing, Contents, Control, Digital, MemoryState, StripError};

/// What stands in an answer where the machine's numbers are not finite any more.
pub const NO_BIT: u8 = u8::MAX;

/// A machine whose memory keeps whole tapes: the equations are in the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct StripMachine<F: Float = f32> {
    /// From an instruction and the keys that were read to what the heads do.
    pub(crate) decoder: Decoder<F>,
    /// What each bit is before hτ, `[2, u]`.
    pub symbols: Tensor<F>,
    /// W_h, `[u, u]`: from the tape before.
    pub carried: Tensor<F>,
    /// W_R, `[R, D, u]`: from the strips that were read.
    pub read: Tensor<F>,
    /// What each operation lets into the tape, before σ: of the symbols, of the tape before, and of each strip that was read, `[operations, 2 + R, u]`.
    pub gates: Tensor<F>,
    /// What each operation adds to every cell, `[operations, u]`.
    pub operation: Tensor<F>,
    /// The unit.
    pub cell: DiagonalCell<F>,
    /// From a cell's last state to what is erased of the slot's cell.
    pub erase: Linear<F>,
    /// From a cell's last state to what is added to the slot's cell.
    pub add: Linear<F>,
    /// From a cell's last state to the logits of its bit.
    pub output: Linear<F>,
    /// The sizes.
    pub config: StripConfig,
}
module!(StripMachine<F> { decoder, symbols, carried, read, gates, operation, cell, erase, add, output } config { config });

impl<F: Float> StripMachine<F> {
    /// Random weights.
    pub fn new(config: &Checked<StripConfig>, rng: &mut Rng) -> Self {
        let config: &StripConfig = config;
        let &StripConfig { operations, key, strip, maps, moving, reach, read_heads, .. } = config;
        let bound = |inputs: usize| (6.0 / (inputs + maps) as f64).sqrt();
        let mut uniform = |shape: &[usize], bound: f64| Tensor::uniform(shape, -bound, bound, rng);
        let symbols = uniform(&[2, maps], 1.0);
        let carried = uniform(&[maps, maps], bound(maps));
        let read = uniform(&[read_heads, strip, maps], bound(strip));
        let pooled = (config.control == Control::Pooled).then_some(maps);
        let mut erase = Linear::new(maps, strip, rng);
        // A write takes the place of what was there, at first.
        erase.bias = Some(Tensor::full(&[strip], 1.0));
        Self {
            decoder: Decoder::new([operations, read_heads, key], pooled, rng),
            symbols,
            carried,
            read,
            gates: Tensor::full(&[operations, 2 + read_heads, maps], 0.5),
            operation: Tensor::zeros(&[operations, maps]),
            cell: DiagonalCell::new(maps, moving, reach, rng),
            erase,
            add: Linear::new(maps, strip, rng),
            output: Linear::new(maps, 2, rng),
            config: config.clone(),
        }
    }

    /// An empty memory of `slots` slots, and tapes of `cells` cells of zeros, for a batch. All heads are at the last slot, so that a shift by one comes to the first.
    pub fn reset(&self, batch: usize, slots: usize, cells: usize) -> MemoryState<F> {
        let &StripConfig { key, strip, maps, read_heads, .. } = &self.config;
        let heads = read_heads + 1;
        let mut attention = vec![F::zero(); batch * heads * slots];
        if slots > 0 {
            attention.iter_mut().skip(slots - 1).step_by(slots).for_each(|w| *w = F::one());
        }
        MemoryState {
            keys: Tensor::zeros(&[batch, slots, key]),
            strips: Tensor::zeros(&[batch, slots, cells * strip]),
            attention: Tensor::new(attention, &[batch, heads, slots]),
            read_keys: Tensor::zeros(&[batch, read_heads * key]),
            tape: Tensor::zeros(&[batch, cells, maps]),
            filled: vec![0; batch],
        }
    }

    /// Whether the machine can run these programs with so many slots.
    ///
    /// # Errors
    /// If it does not know their instructions, they keep more than there are slots, or there are fewer slots than the shifts of a head; or with
    /// [`Choosing::Given`] they read more things at a time than there are heads.
    pub fn check(&self, batch: &Batch, slots: usize) -> Result<(), StripError> {
        let program = &batch.programs()[0];
        let (task, machine) = (program.task.operations().len(), self.config.operations);
        if task > machine {
            return Err(StripError::Operations { task, machine });
        }
        let instructions = || batch.programs().iter().flat_map(|p| &p.instructions);
        let reads = instructions().flat_map(|i| &i.reads).map(|slot| slot + 1);
        let needed = batch.programs().iter().map(|p| p.slots()).chain(reads).max().unwrap_or(0);
        if slots > 0 && needed > slots {
            return Err(StripError::Slots { needed, slots });
        }
        let wrong = |what| Err(StripError::Batch { what });
        if (1..SHIFTS).contains(&slots) && self.config.choosing == Choosing::Heads {
            return wrong(format!(
                "a memory of {slots} slots should have none, or at least {SHIFTS}, the shifts of a head"
            ));
        }
        let heads = self.config.read_heads;
        let most = instructions().map(|i| i.reads.len()).max().unwrap_or(0);
        if slots > 0 && most > heads && self.config.choosing == Choosing::Given {
            return wrong(format!(
                "an instruction reads {most} things at a time, but the machine has {heads} heads that read"
            ));
        }
        Ok(())
    }

    /// One instruction of every program: the logits of every cell's bit, `[batch, cells, 2]`, and the next state.
    ///
    /// # Panics
    /// If the state is of another batch.
    #[track_caller]
    pub fn step(
        &self,
        batch: &Batch,
        step: usize,
        state: &MemoryState<F>,
        digital: Digital,
        rng: &mut Rng,
    ) -> (Tensor<F>, MemoryState<F>) {
        let (logits, next, _) = self.advance(batch, step, state, digital, rng);
        (logits, next)
    }

    /// [`step`](Self::step), and the saturation cost of its cells.
    #[track_caller]
    fn advance(
        &self,
        batch: &Batch,
        step: usize,
        state: &MemoryState<F>,
        digital: Digital,
        rng: &mut Rng,
    ) -> (Tensor<F>, MemoryState<F>, Tensor<F>) {
        let &StripConfig { key, strip, maps, read_heads, .. } = &self.config;
        let (size, cells) = (batch.len(), batch.cells());
        let slots = state.keys.shape()[1];
        let operations = batch.operations(step);

        // Where the heads look.
        let read_before = state.read_keys.reshape(&[size, read_heads, key]);
        let decided =
            self.decoder.forward(&operations, &batch.names(step), &read_before, &state.tape.max(1));
        let attention = self.attention(batch, step, state, &decided, digital, rng);

        // What they read: keys for the next step's control, strips for the tape.
        let reading = attention.slice(1, 0..read_heads as isize);
        let (read_keys, strips) = if slots > 0 {
            (memory::read(&state.keys, &reading), memory::read(&state.strips, &reading))
        } else {
            let none = |width| Tensor::zeros(&[size, read_heads, width]);
            (none(key), none(cells * strip))
        };

        // s₀ = hτ(g_x ⊙ E x + g_h ⊙ W_h h + Σ gᵢ ⊙ Wᵢ Rᵢ + bₒ).
        let gates = self.gates.sigmoid().index_select(0, &operations);
        let gate = |i: usize| gates.slice(1, i as isize..i as isize + 1);
        let table = self.symbols.pad(&[(1, 0), (0, 0)], 0.0);
        let symbols = table.index_select(0, &batch.symbols(step)).reshape(&[size, cells, maps]);
        let mut start = gate(0) * symbols
            + self.operation.index_select(0, &operations).unsqueeze(1)
            + gate(1)
                * state
                    .tape
                    .reshape(&[size * cells, maps])
                    .matmul(&self.carried)
                    .reshape(&[size, cells, maps]);
        if self.config.contents == Contents::Strips && slots > 0 {
            for head in 0..read_heads {
                let strip_read = strips.index(1, head as isize).reshape(&[size * cells, strip]);
                let into = strip_read.matmul(&self.read.index(0, head as isize));
                start = start + gate(2 + head) * into.reshape(&[size, cells, maps]);
            }
        }
        let (tape, saturation) = self.run(&start.clamp(-1.0, 1.0), digital, rng);

        // M ← M (1 − ω w E) + ω w A,  K ← K (1 − ω w) + ω w κ.
        let rows = tape.reshape(&[size * cells, maps]);
        let (keys, kept) = if slots > 0 {
            let writing = attention.slice(1, read_heads as isize..read_heads as isize + 1);
            let omega = digital.binary(&(decided.write * 0.5 + 0.5).clamp(0.0, 1.0), rng);
            let erase = (self.erase.forward(&rows) * 0.5 + 0.5).clamp(0.0, 1.0);
            let erase = digital.binary(&erase, rng).reshape(&[size, 1, cells * strip]);
            let add = digital.ternary(&self.add.forward(&rows).clamp(-1.0, 1.0), rng);
            let add = add.reshape(&[size, 1, cells * strip]);
            let whole = omega.broadcast_to(&[size, 1, key]);
            (
                memory::write(&state.keys, &writing, &whole, &(&omega * decided.key)),
                memory::write(&state.strips, &writing, &(&omega * erase), &(&omega * add)),
            )
        } else {
            (state.keys.clone(), state.strips.clone())
        };
        let logits = self.output.forward(&rows).reshape(&[size, cells, 2]);
        let new = |(filled, i): (&usize, usize)| filled + usize::from(i == *filled);
        let written = batch.at(step).map(|i| i.writes.unwrap_or(usize::MAX));
        let next = MemoryState {
            keys,
            strips: kept,
            attention,
            read_keys: read_keys.reshape(&[size, read_heads * key]),
            tape,
            filled: state.filled.iter().zip(written).map(new).collect(),
        };
        (logits, next, saturation)
    }

    /// The attention of all heads, `[batch, R + 1, N]`.
    #[track_caller]
    fn attention(
        &self,
        batch: &Batch,
        step: usize,
        state: &MemoryState<F>,
        decided: &Decided<F>,
        digital: Digital,
        rng: &mut Rng,
    ) -> Tensor<F> {
        let (size, slots) = (batch.len(), state.keys.shape()[1]);
        let heads = self.config.read_heads + 1;
        if slots == 0 {
            return state.attention.clone();
        }
        let options = memory::AddressingOptions {
            shifts: Some(SHIFTS),
            similarity_eps: self.config.similarity_eps,
            sharpening: Sharpening::Normalized,
        };
        let raw = digital.noisy(&decided.heads.clamp(-20.0, 20.0), rng);
        match self.config.choosing {
            Choosing::Heads => {
                let soft = memory::addressing(&state.keys, &raw, &state.attention, options);
                digital.one_slot(&soft, rng)
            }
            Choosing::Pointers => {
                let content = raw.slice(2, 0..self.config.key as isize + 1);
                let soft = memory::content(&state.keys, &content, self.config.similarity_eps);
                let next = batch.at(step).zip(&state.filled).map(|(instruction, &filled)| {
                    (instruction.writes == Some(filled)).then_some(filled)
                });
                let next: Vec<_> = next.collect();
                let digital = Digital { one_slot: 1.0, ..digital };
                replaced(&digital.one_slot(&soft, rng), heads, &next)
            }
            Choosing::Given => {
                let mut w = vec![F::zero(); size * heads * slots];
                for (w, instruction) in w.chunks_exact_mut(heads * slots).zip(batch.at(step)) {
                    let write = instruction.writes.map(|slot| (heads - 1, slot));
                    let reads = instruction.reads.iter().copied().enumerate();
                    reads.chain(write).for_each(|(head, slot)| w[head * slots + slot] = F::one());
                }
                Tensor::new(w, &[size, heads, slots])
            }
        }
    }

    /// The last states of the cells, `[batch, cells, u]`, from their first, after as many steps as there are cells, and the saturation cost.
    fn run(&self, start: &Tensor<F>, digital: Digital, rng: &mut Rng) -> (Tensor<F>, Tensor<F>) {
        let &[size, cells, maps] = start.shape() else { unreachable!("a state has three axes") };
        let packing = Packing::new(&vec![[cells, cells]; size]);
        // A row of zeros behind every string, and one before the first.
        let rows = start.pad(&[(0, 0), (0, 1), (0, 0)], 0.0).reshape(&[size * (cells + 1), maps]);
        let rows = rows.pad(&[(1, 0), (0, 0)], 0.0);
        let (last, saturation) = if digital == Digital::EXACT {
            let last = self.cell.infer(rows.data(), &packing, true);
            (Tensor::new(last, rows.shape()), Tensor::scalar(0.0))
        } else {
            let (last, Saturation(cost)) =
                self.cell.run(&rows, &Arc::new(packing), digital.cells, rng);
            (last, cost)
        };
        let last = last.slice(0, 1..(size * (cells + 1) + 1) as isize);
        (last.reshape(&[size, cells + 1, maps]).slice(1, 0..cells as isize), saturation)
    }

    /// Runs programs from an empty memory for training: the mean cross-entropy of the bits that are asked for, the saturation cost of a unit and step, and which programs were
    /// answered exactly.
    #[track_caller]
    pub(crate) fn learn(
        &self,
        batch: &Batch,
        slots: usize,
        digital: Digital,
        rng: &mut Rng,
    ) -> (Tensor<F>, Tensor<F>, Vec<bool>) {
        let (size, cells) = (batch.len(), batch.cells());
        let mut state = self.reset(size, slots, cells);
        let mut exact = vec![true; size];
        let (mut loss, mut cost, mut bits_asked) = (Tensor::scalar(0.0), Tensor::scalar(0.0), 0);
        for step in 0..batch.steps() {
            let (logits, next, saturation) = self.advance(batch, step, &state, digital, rng);
            (state, cost) = (next, cost + saturation);
            let (programs, bits) = batch.asked(step);
            if programs.is_empty() {
                continue;
            }
            let logits = logits.index_select(0, &programs).reshape(&[programs.len() * cells, 2]);
            for (&program, (logits, bits)) in programs
                .iter()
                .zip(logits.data().chunks_exact(2 * cells).zip(bits.chunks_exact(cells)))
            {
                let right =
                    logits.chunks_exact(2).map(foremost).eq(bits.iter().map(|&bit| Some(bit)));
                exact[program] &= right;
            }
            loss = loss + logits.cross_entropy_each(&bits).sum(..);
            bits_asked += bits.len();
        }
        let units = [size, cells, self.config.maps, cells, batch.steps()].map(|n| n as f64);
        (loss / bits_asked.max(1) as f64, cost / units.iter().product::<f64>().max(1.0), exact)
    }

    /// The bits of every answer of every program, in order; [`NO_BIT`] where a number is not finite.
    ///
    /// # Errors
    /// If the machine does not know the instructions, or the programs keep more than there are slots.
    pub fn answers(&self, batch: &Batch, slots: usize) -> Result<Vec<Vec<Vec<u8>>>, StripError> {
        self.check(batch, slots)?;
        let mut state = self.reset(batch.len(), slots, batch.cells());
        let mut answers = vec![Vec::new(); batch.len()];
        let rng = &mut Rng::new(0);
        for step in 0..batch.steps() {
            let (logits, next) = self.step(batch, step, &state, Digital::EXACT, rng);
            state = next;
            let bits = logits.data().chunks_exact(2 * batch.cells());
            for ((answers, bits), i) in answers.iter_mut().zip(bits).zip(batch.at(step)) {
                if i.answer.is_some() {
                    let bit = |logits: &[F]| foremost(logits).map_or(NO_BIT, |bit| bit as u8);
                    answers.push(bits.chunks_exact(2).map(bit).collect());
                }
            }
        }
        Ok(answers)
    }
}

/// Attention with the last head of some programs at given slots.
fn replaced<F: Float>(attention: &Tensor<F>, heads: usize, slots: &[Option<usize>]) -> Tensor<F> {
    let n = attention.shape()[2];
    let (mut keep, mut put) = (vec![F::one(); attention.len()], vec![F::zero(); attention.len()]);
    for (program, slot) in slots.iter().enumerate() {
        if let Some(slot) = slot {
            let row = (program * heads + heads - 1) * n;
            keep[row..row + n].fill(F::zero());
            put[row + slot] = F::one();
        }
    }
    let shape = attention.shape();
    attention * Tensor::new(keep, shape) + Tensor::new(put, shape)
}
