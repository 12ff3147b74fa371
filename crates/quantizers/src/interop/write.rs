//! Learners as state dicts of vector-quantize-pytorch: what its modules load with `load_state_dict`.
//!
//! A state dict has the numbers and not the settings: a module is made with the same ones (`dim`, `codebook_size`, `heads` …), and then loads it.

use safetensors::Dtype;
use seedbed_autodiff::{Float, Tensor};
use seedbed_nn::Linear;

use super::{InteropError, StateDict};
use crate::train::{FiniteScalar, LookupFree, Projection, ResidualLearner, SimVq, VectorQuantizer};
use crate::{BitOrder, Dialect};

/// The numbers of a tensor, if all are finite.
fn numbers<F: Float>(x: &Tensor<F>) -> Result<Vec<f32>, InteropError> {
    let numbers: Vec<f32> = x.data().iter().map(|x| x.f64() as f32).collect();
    let width = x.shape().last().copied().unwrap_or(1).max(1);
    crate::error::not_finite(&numbers, width).map_or(Ok(numbers), |e| Err(e.into()))
}

fn no_place<T>(what: impl Into<String>, why: &'static str) -> Result<T, InteropError> {
    Err(InteropError::NoPlace { what: what.into(), why })
}

impl StateDict {
    /// Adds a linear layer: PyTorch has weights `[outputs, inputs]`.
    fn add_linear<F: Float>(&mut self, name: &str, linear: &Linear<F>) -> Result<(), InteropError> {
        let weight = linear.weight.t();
        self.insert(&format!("{name}.weight"), weight.shape(), numbers(&weight)?);
        if let Some(bias) = &linear.bias {
            self.insert(&format!("{name}.bias"), bias.shape(), numbers(bias)?);
        }
        Ok(())
    }

    fn add_projection<F: Float>(
        &mut self,
        prefix: &str,
        maps: Option<&Projection<F>>,
    ) -> Result<(), InteropError> {
        let Some(maps) = maps else { return Ok(()) };
        self.add_linear(&format!("{prefix}project_in"), &maps.into)?;
        self.add_linear(&format!("{prefix}project_out"), &maps.out_of)
    }

    /// Adds a `VectorQuantize` under `prefix` (with its dot, or empty), with its averages, so that training goes on there.
    ///
    /// # Errors
    /// If a number is not finite, or its codes are affine: the package's buffers for that do not exist before its first batch.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_quantizers::interop::{StateDict, vector_quantize};
    /// use seedbed_quantizers::train::{Learner, VectorQuantizer, VqConfig};
    /// use seedbed_quantizers::{Metric, Quantizer};
    /// let config = VqConfig { dim: 4, codebook_size: 16, ..Default::default() }.check()?;
    /// let vq = VectorQuantizer::<f32>::new(&config, &mut Rng::new(0));
    /// let mut dict = StateDict::default();
    /// dict.add_vector_quantize("vq.", &vq)?;
    /// let back = vector_quantize(&dict, "vq.", Metric::Euclidean, 1)?;
    /// assert_eq!(back.encode(&[0.3; 4])?, vq.freeze()?.encode(&[0.3; 4])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_vector_quantize<F: Float>(
        &mut self,
        prefix: &str,
        vq: &VectorQuantizer<F>,
    ) -> Result<(), InteropError> {
        if vq.moments.is_some() {
            return no_place("running moments", "a fresh module has no buffers to load them into");
        }
        self.add_projection(prefix, vq.projection.as_ref())?;
        let (codes, book) = (vq.codes(), format!("{prefix}_codebook."));
        let name = |what: &str| format!("{book}{what}");
        self.insert(&name("embed"), codes.shape(), numbers(codes)?);
        // Of codes that learn by gradient the package has averages, too, and never looks at them.
        let sums = vq.sums.as_ref().unwrap_or(codes);
        self.insert(&name("embed_avg"), sums.shape(), numbers(sums)?);
        self.insert(&name("cluster_size"), vq.sizes.shape(), numbers(&vq.sizes)?);
        // Else its k-means would begin anew.
        self.insert_as(Dtype::BOOL, &name("initted"), &[], vec![1.0]);
        Ok(())
    }

    /// Adds a `ResidualVQ` under `prefix`; of one whose stages share a codebook each layer has it, as there.
    ///
    /// # Errors
    /// If a number is not finite, or a stage has heads or projections of its own.
    pub fn add_residual_vq<F: Float>(
        &mut self,
        prefix: &str,
        residual: &ResidualLearner<F, VectorQuantizer<F>>,
    ) -> Result<(), InteropError> {
        self.add_projection(prefix, residual.projection.as_ref())?;
        for (i, stage) in residual.each().enumerate() {
            if stage.projection.is_some() || stage.config().heads != 1 {
                return no_place(
                    format!("stage {i}"),
                    "layers of a ResidualVQ have one head and no projections: project around all stages",
                );
            }
            self.add_vector_quantize(&format!("{prefix}layers.{i}."), stage)?;
        }
        Ok(())
    }

    /// Adds an `FSQ` under `prefix`: its projections, if it has any.
    ///
    /// # Errors
    /// If a number is not finite, or the dialect is none of that package's.
    pub fn add_fsq<F: Float>(
        &mut self,
        prefix: &str,
        fsq: &FiniteScalar<F>,
    ) -> Result<(), InteropError> {
        let dialect = fsq.config().dialect;
        let known = [
            Dialect::Lucidrains,
            Dialect::LucidrainsClamp,
            Dialect::Symmetric,
            Dialect::SymmetricClamp,
        ];
        if !known.contains(&dialect) {
            return no_place(
                format!("the dialect {}", dialect.name()),
                "an FSQ of vector-quantize-pytorch computes another code",
            );
        }
        self.add_projection(prefix, fsq.projection.as_ref())
    }

    /// Adds an `LFQ` under `prefix`.
    ///
    /// # Errors
    /// If a number is not finite, or the first number is the lowest bit: there it is the highest.
    pub fn add_lfq<F: Float>(
        &mut self,
        prefix: &str,
        lfq: &LookupFree<F>,
    ) -> Result<(), InteropError> {
        let config = lfq.config();
        if config.order != BitOrder::FirstIsHighest {
            return no_place("the order first-is-lowest", "an LFQ has the highest bit first");
        }
        self.add_projection(prefix, lfq.projection.as_ref())?;
        let bits = config.bits as usize;
        let mask = (0..bits).rev().map(|bit| (1_u64 << bit) as f32).collect();
        self.insert_as(Dtype::I64, &format!("{prefix}mask"), &[bits], mask);
        Ok(())
    }

    /// Adds a `SimVQ` under `prefix`.
    ///
    /// # Errors
    /// If a number is not finite.
    pub fn add_sim_vq<F: Float>(
        &mut self,
        prefix: &str,
        vq: &SimVq<F>,
    ) -> Result<(), InteropError> {
        let name = format!("{prefix}frozen_codebook");
        self.insert(&name, vq.frozen.shape(), numbers(&vq.frozen)?);
        self.add_linear(&format!("{prefix}code_transform"), &vq.transform)
    }
}
