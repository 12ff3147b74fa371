//! Machines that were trained elsewhere.
//!
//! [`from_pytorch`] reads the state dict of the best-known PyTorch implementation, `pytorch-ntm` by loudinthecloud, from a safetensors file.
//! In Python, a model that was saved there is written so:
//!
//! ```python
//! state = {name: x.contiguous().clone() for name, x in net.state_dict().items()}
//! safetensors.torch.save_file(state, "copy.safetensors")
//! ```

mod error;

pub use error::InteropError;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use seedbed_autodiff::{Float, Tensor};
use seedbed_nn::{Linear, LstmState};

use crate::memory::{AddressingOptions, HeadOptions};
use crate::{
    AddActivation, HeadOrder, Heads, LstmController, Ntm, Sharpening, StandardController, Start,
};

/// Reads a machine from a state dict of pytorch-ntm in a safetensors file, of elements `F32` or `F64`.
///
/// All sizes follow from the shapes. The machine computes what the original does before its last sigmoid, by the same conventions: each pair of heads
/// reads and then writes ([`HeadOrder::InPairs`]), the first attention is 0, the random memory and what counts as read before the first step are fixed, nothing is
/// clipped, and sharpened attention is divided by its sum + 10⁻¹⁶ ([`Sharpening::Divided`]). The shift weights, which stand for +1, 0, −1 there, are
/// turned round. [`Ntm::config`] describes the machine, so that it can be [saved](Ntm::save).
///
/// One thing differs below what matters: the original bounds norms in the cosine by 10⁻⁸ from below, this machine adds 10⁻²⁴ to their squares.
///
/// # Errors
/// [`InteropError`] names the file, the tensor, and what would be right.
pub fn from_pytorch<F: Float>(file: &Path) -> Result<Ntm<F>, InteropError> {
    StateDict::read(file)?.machine()
}

/// Tensors by name; each is taken out once.
struct StateDict<F: Float> {
    file: PathBuf,
    tensors: BTreeMap<String, Tensor<F>>,
}

impl<F: Float> StateDict<F> {
    fn read(file: &Path) -> Result<Self, InteropError> {
        let io = |source| InteropError::Io { file: file.to_owned(), source };
        // A pipe would be waited for.
        if !std::fs::metadata(file).map_err(io)?.is_file() {
            return Err(io(std::io::Error::other("it is no regular file")));
        }
        let bytes = std::fs::read(file).map_err(io)?;
        let format = |why: String| InteropError::Format { file: file.to_owned(), why };
        let views = SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
        let mut dict = Self { file: file.to_owned(), tensors: BTreeMap::new() };
        for (name, view) in views.tensors() {
            let data = view.data();
            let elements: Vec<F> = match view.dtype() {
                Dtype::F32 => {
                    let (chunks, _) = data.as_chunks::<4>();
                    chunks.iter().map(|b| F::of(f32::from_le_bytes(*b).into())).collect()
                }
                Dtype::F64 => {
                    let (chunks, _) = data.as_chunks::<8>();
                    chunks.iter().map(|b| F::of(f64::from_le_bytes(*b))).collect()
                }
                other => return Err(dict.wrong(&name, format!("{other:?}"), "F32 or F64")),
            };
            if let Some(x) = elements.iter().find(|x| !x.is_finite()) {
                let found = format!("a tensor with the element {x}");
                return Err(dict.wrong(&name, found, "finite in this precision"));
            }
            dict.tensors.insert(name, Tensor::new(elements, view.shape()));
        }
        Ok(dict)
    }

    fn wrong(&self, name: &str, found: String, expected: impl Into<String>) -> InteropError {
        let expected = expected.into();
        InteropError::Tensor { file: self.file.clone(), name: name.into(), found, expected }
    }

    /// Takes a tensor of `N` axes out.
    fn any<const N: usize>(&mut self, name: &str) -> Result<(Tensor<F>, [usize; N]), InteropError> {
        let missing = || InteropError::Missing { file: self.file.clone(), name: name.into() };
        let x = self.tensors.remove(name).ok_or_else(missing)?;
        match x.shape().try_into() {
            Ok(shape) => Ok((x, shape)),
            Err(_) => {
                Err(self.wrong(name, format!("of shape {:?}", x.shape()), format!("of {N} axes")))
            }
        }
    }

    /// Takes a tensor of this shape out.
    fn of<const N: usize>(
        &mut self,
        name: &str,
        shape: [usize; N],
    ) -> Result<Tensor<F>, InteropError> {
        let (x, found) = self.any::<N>(name)?;
        if found == shape {
            return Ok(x);
        }
        Err(self.wrong(name, format!("of shape {found:?}"), format!("of shape {shape:?}")))
    }

    fn machine(mut self) -> Result<Ntm<F>, InteropError> {
        let memory = self.memory()?;
        let [slots, width] = [memory.shape()[0], memory.shape()[1]];
        let more = (1..).take_while(|k| self.tensors.contains_key(&format!("ntm.read{k}_bias")));
        let pairs = 1 + more.count();
        let reads = (0..pairs).map(|k| self.of(&format!("ntm.read{k}_bias"), [1, width]));
        let read = Tensor::concat(&reads.collect::<Result<Vec<_>, _>>()?, 1);
        let controller = self.controller(pairs * width)?;
        let hidden = controller.first[0].h.shape()[1];
        let heads = self.heads(pairs, [slots, width], hidden)?;
        let (bias, [outputs]) = self.any("ntm.fc.bias")?;
        if outputs == 0 {
            let found = "of shape [0]".into();
            return Err(self.wrong("ntm.fc.bias", found, "of shape [outputs], at least one"));
        }
        let weight = self.of("ntm.fc.weight", [outputs, hidden + pairs * width])?.t();
        if let Some((name, x)) = self.tensors.first_key_value() {
            let found = format!("a tensor of shape {:?}", x.shape());
            return Err(self.wrong(name, found, "left out: pytorch-ntm has none of this name"));
        }
        Ok(Ntm {
            controller: StandardController::Lstm(controller),
            heads,
            output: Linear { weight, bias: Some(bias) },
            start: Start {
                memory: None,
                attention: None,
                read: None,
                fixed_memory: Some(memory),
                fixed_attention: Some(Tensor::zeros(&[2 * pairs, slots])),
                fixed_read: Some(read),
            },
            order: HeadOrder::InPairs,
        })
    }

    /// The memory, which stands there under several names.
    fn memory(&mut self) -> Result<Tensor<F>, InteropError> {
        let suffix = "memory.mem_bias";
        let names: Vec<_> = self.tensors.keys().filter(|n| n.ends_with(suffix)).cloned().collect();
        let first = names.first().map_or("ntm.memory.mem_bias", String::as_str);
        let (memory, [slots, width]) = self.any::<2>(first)?;
        if slots == 0 || width == 0 {
            let found = format!("of shape {:?}", memory.shape());
            return Err(self.wrong(first, found, "of shape [N, M], both at least 1"));
        }
        for name in names.iter().skip(1) {
            if self.tensors.remove(name).as_ref() != Some(&memory) {
                return Err(self.wrong(
                    name,
                    "another matrix".into(),
                    format!("the same as `{first}`"),
                ));
            }
        }
        Ok(memory)
    }

    fn controller(&mut self, reads: usize) -> Result<LstmController<F>, InteropError> {
        let (h, [layers, one, hidden]) = self.any("ntm.controller.lstm_h_bias")?;
        if one != 1 || layers == 0 || hidden == 0 {
            let expected = "of shape [layers, 1, hidden], with at least one layer and one unit";
            return Err(self.wrong(
                "ntm.controller.lstm_h_bias",
                format!("of shape {:?}", h.shape()),
                expected,
            ));
        }
        let c = self.of("ntm.controller.lstm_c_bias", [layers, one, hidden])?;
        let state = |x: &Tensor<F>, k| x.slice(0, k..k + 1).reshape(&[1, hidden]);
        let first =
            (0..layers as isize).map(|k| LstmState { h: state(&h, k), c: state(&c, k) }).collect();
        let mut linears = Vec::with_capacity(layers);
        for k in 0..layers {
            let part = |kind: &str, of| format!("ntm.controller.lstm.{kind}_{of}_l{k}");
            let (weight_ih, [_, width]) = self.any(&part("weight", "ih"))?;
            let name = part("weight", "ih");
            let fits = if k == 0 { width > reads } else { width == hidden };
            if !fits || weight_ih.shape()[0] != 4 * hidden {
                let inputs = if k == 0 { format!("more than {reads}") } else { hidden.to_string() };
                let expected = format!("of shape [{}, {inputs}]", 4 * hidden);
                return Err(self.wrong(
                    &name,
                    format!("of shape {:?}", weight_ih.shape()),
                    expected,
                ));
            }
            let weight_hh = self.of(&part("weight", "hh"), [4 * hidden, hidden])?;
            let biases = [part("bias", "ih"), part("bias", "hh")];
            let bias = self.of(&biases[0], [4 * hidden])? + self.of(&biases[1], [4 * hidden])?;
            let weight = Tensor::concat(&[weight_ih.t(), weight_hh.t()], 0);
            linears.push(Linear { weight, bias: Some(bias) });
        }
        Ok(LstmController { layers: linears, first, reads })
    }

    fn heads(
        &mut self,
        pairs: usize,
        [slots, width]: [usize; 2],
        hidden: usize,
    ) -> Result<Heads<F>, InteropError> {
        let (bias, [parameters]) = self.any("ntm.heads.0.fc_read.bias")?;
        let shifts = parameters.wrapping_sub(width + 3);
        if shifts % 2 == 0 || shifts > slots {
            let expected =
                format!("of shape [{} + shifts], with an odd number of shifts", width + 3);
            let found = format!("of shape {:?}", bias.shape());
            return Err(self.wrong("ntm.heads.0.fc_read.bias", found, expected));
        }
        self.tensors.insert("ntm.heads.0.fc_read.bias".into(), bias);
        // How the read heads and the write heads address the memory; what changes it.
        let (mut reading, mut writing, mut changing) = (vec![], vec![], vec![]);
        for head in 0..2 * pairs {
            let (kind, more, addressing) = match head % 2 {
                0 => ("read", 0, &mut reading),
                _ => ("write", 2 * width, &mut writing),
            };
            let name = |what| format!("ntm.heads.{head}.fc_{kind}.{what}");
            let weight = self.of(&name("weight"), [parameters + more, hidden])?;
            let bias = self.of(&name("bias"), [parameters + more])?;
            // The bias as a last row, so that columns move together.
            let map = Tensor::concat(&[weight.t(), bias.unsqueeze(0)], 0);
            let parts = map.split(1, &[width + 2, shifts, 1, more]);
            addressing.push(Tensor::concat(&[&parts[0], &parts[1].flip(1), &parts[2]], 1));
            changing.push(parts[3].clone());
        }
        let map = Tensor::concat(&[reading, writing, changing].concat(), 1);
        let linear = Linear {
            weight: map.slice(0, ..hidden as isize),
            bias: Some(map.index(0, hidden as isize)),
        };
        let addressing = AddressingOptions {
            shifts: Some(shifts),
            similarity_eps: 1e-24,
            sharpening: Sharpening::Divided(1e-16),
        };
        let options = HeadOptions {
            reads: pairs,
            writes: pairs,
            width,
            addressing,
            clip: f64::INFINITY,
            add: AddActivation::Identity,
        };
        Ok(Heads { linear, options })
    }
}
