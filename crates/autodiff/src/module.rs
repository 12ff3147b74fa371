use std::fmt;

use smallvec::SmallVec;

use crate::{Float, Tensor};

/// A tree of tensors: a model, its gradient and each optimiser moment are all one type.
///
/// The [`module!`](crate::module) macro writes the two walks of a struct; `Tensor`, `Vec`, arrays, `Option`, `Box` and tuples
/// of modules are modules already. The provided methods do the rest.
///
/// ```
/// use seedbed_autodiff::{Float, Module, Tensor, module};
///
/// #[derive(Clone, Debug)]
/// struct Linear<F: Float = f32> {
///     weight: Tensor<F>,
///     bias: Option<Tensor<F>>,
/// }
/// module!(Linear<F> { weight, bias });
///
/// #[derive(Clone, Debug)]
/// struct Net<F: Float = f32> {
///     layers: Vec<Linear<F>>,
///     scale: f64,
/// }
/// module!(Net<F> { layers } config { scale });
///
/// let linear = Linear { weight: Tensor::ones(&[3, 2]), bias: None };
/// let net = Net::<f32> { layers: vec![linear], scale: 1.0 };
/// assert_eq!(net.num_params(), 6);
/// assert_eq!(net.named()[0].0, "layers.0.weight");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no module of `{F}`: there are no tensors in it to walk over",
    label = "neither a tensor nor made of tensors",
    note = "in `module!`, plain data (numbers, settings, names) stands behind the tensors: `module!(Net<F> {{ weight }} config {{ size }})`",
    note = "a struct of tensors becomes a module by a `module!` of its own"
)]
pub trait Module<F: Float>: Clone {
    /// Calls `f` on every tensor, in a fixed order, with its path and role.
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>));

    /// The same walk over tensors that may be replaced.
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>));

    /// The parameters, in the order of the walk.
    fn params(&self) -> Vec<Tensor<F>> {
        let mut params = Vec::new();
        self.walk(&mut Path::default(), &mut |_, role, x| {
            if role == Role::Param {
                params.push(x.clone());
            }
        });
        params
    }

    /// Every tensor with its path and role; the paths are the names in a checkpoint.
    fn named(&self) -> Vec<(String, Role, Tensor<F>)> {
        let mut named = Vec::new();
        self.walk(&mut Path::default(), &mut |p, role, x| {
            named.push((p.to_string(), role, x.clone()))
        });
        named
    }

    /// How many numbers the parameters hold.
    fn num_params(&self) -> usize {
        self.params().iter().map(Tensor::len).sum()
    }

    /// The same tree with every parameter replaced by `f` of it; buffers stay.
    #[must_use]
    fn map_params(&self, mut f: impl FnMut(&Tensor<F>) -> Tensor<F>) -> Self {
        let mut out = self.clone();
        out.walk_mut(&mut Path::default(), &mut |_, role, x| {
            if role == Role::Param {
                *x = f(x);
            }
        });
        out
    }

    /// The same tree with every parameter replaced by `f` of it and its counterpart in `other`.
    ///
    /// # Panics
    /// If `other` has another number of parameters.
    #[must_use]
    #[track_caller]
    fn zip_params(
        &self,
        other: &Self,
        mut f: impl FnMut(&Tensor<F>, &Tensor<F>) -> Tensor<F>,
    ) -> Self {
        let others = other.params();
        let mine = self.params().len();
        assert!(
            mine == others.len(),
            "zip_params: the modules have {mine} and {} parameters",
            others.len()
        );
        let mut others = others.iter();
        self.map_params(|x| f(x, others.next().expect("the numbers were compared")))
    }
}

/// Whether a tensor of a module is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It has a gradient, and an optimiser changes it.
    Param,
    /// It is kept in checkpoints, but has no gradient: running statistics, for example.
    Buffer,
}

/// Where in a module a tensor lies, such as `layers.0.weight`.
#[derive(Clone, Debug, Default)]
pub struct Path(SmallVec<[Segment; 8]>);

#[derive(Clone, Copy, Debug)]
enum Segment {
    Field(&'static str),
    Index(usize),
}

impl Path {
    /// Runs `f` one level further down, at the field `name`.
    pub fn field<R>(&mut self, name: &'static str, f: impl FnOnce(&mut Self) -> R) -> R {
        self.within(Segment::Field(name), f)
    }

    /// Runs `f` one level further down, at the `i`-th element.
    pub fn index<R>(&mut self, i: usize, f: impl FnOnce(&mut Self) -> R) -> R {
        self.within(Segment::Index(i), f)
    }

    fn within<R>(&mut self, segment: Segment, f: impl FnOnce(&mut Self) -> R) -> R {
        self.0.push(segment);
        let result = f(self);
        self.0.pop();
        result
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Field(name) => f.write_str(name)?,
                Segment::Index(i) => write!(f, "{i}")?,
            }
        }
        Ok(())
    }
}

impl<F: Float> Module<F> for Tensor<F> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        f(path, Role::Param, self);
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        f(path, Role::Param, self);
    }
}

macro_rules! sequence {
    ($([$($generics:tt)*] $T:ty;)*) => { $(
        impl<F: Float, M: Module<F>, $($generics)*> Module<F> for $T {
            fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
                for (i, m) in self.iter().enumerate() {
                    path.index(i, |path| m.walk(path, f));
                }
            }
            fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
                for (i, m) in self.iter_mut().enumerate() {
                    path.index(i, |path| m.walk_mut(path, f));
                }
            }
        }
    )* };
}
sequence! {
    [] Vec<M>;
    [const N: usize] [M; N];
}

impl<F: Float, M: Module<F>> Module<F> for Option<M> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        if let Some(m) = self {
            m.walk(path, f);
        }
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        if let Some(m) = self {
            m.walk_mut(path, f);
        }
    }
}

impl<F: Float, M: Module<F>> Module<F> for Box<M> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        (**self).walk(path, f);
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        (**self).walk_mut(path, f);
    }
}

/// Nothing to learn.
impl<F: Float> Module<F> for () {
    fn walk(&self, _: &mut Path, _: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {}
    fn walk_mut(&mut self, _: &mut Path, _: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {}
}

macro_rules! tuple {
    ($($M:ident $i:tt),*) => {
        impl<F: Float, $($M: Module<F>),*> Module<F> for ($($M,)*) {
            fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
                $(path.index($i, |path| self.$i.walk(path, f));)*
            }
            fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
                $(path.index($i, |path| self.$i.walk_mut(path, f));)*
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

/// Implements [`Module`] for a struct.
///
/// Every field is named once, so that forgetting one does not compile: the modules and tensors that are
/// learnt, then the `buffers` (tensors that are saved but not learnt), then the `config` (plain data).
///
/// ```
/// use seedbed_autodiff::{Float, Module, Tensor, module};
///
/// #[derive(Clone, Debug)]
/// struct Norm<F: Float = f32> {
///     weight: Tensor<F>,
///     running_mean: Tensor<F>,
///     eps: f64,
/// }
/// module!(Norm<F> { weight } buffers { running_mean } config { eps });
///
/// /// A model of one element type.
/// #[derive(Clone)]
/// struct Small {
///     w: Tensor<f32>,
/// }
/// module!(Small: f32 { w });
///
/// /// A model with a part of any type.
/// #[derive(Clone)]
/// struct Wrapped<F: Float, M: Module<F>> {
///     inner: M,
///     gain: Tensor<F>,
/// }
/// module!([F: Float, M: Module<F>] Wrapped<F, M>: F { inner, gain });
/// ```
///
/// ```compile_fail
/// # use seedbed_autodiff::{Float, Tensor, module};
/// #[derive(Clone)]
/// struct Forgetful<F: Float> {
///     weight: Tensor<F>,
///     bias: Tensor<F>,
/// }
/// module!(Forgetful<F> { weight }); // error: missing field `bias`
/// ```
#[macro_export]
macro_rules! module {
    ($Name:ident<$F:ident> { $($fields:tt)* } $($rest:tt)*) => {
        $crate::module!([$F: $crate::Float] $Name<$F>: $F { $($fields)* } $($rest)*);
    };
    ($Name:ident: $F:ty { $($fields:tt)* } $($rest:tt)*) => {
        $crate::module!([] $Name: $F { $($fields)* } $($rest)*);
    };
    ([$($generics:tt)*] $T:ty : $F:ty { $($field:ident),* $(,)? }
        $(buffers { $($buffer:ident),* $(,)? })? $(config { $($config:ident),* $(,)? })?
    ) => {
        impl<$($generics)*> $crate::Module<$F> for $T {
            #[allow(unused_variables, unreachable_code)]
            fn walk(
                &self,
                path: &mut $crate::Path,
                f: &mut dyn FnMut(&$crate::Path, $crate::Role, &$crate::Tensor<$F>),
            ) {
                // Never called. Of a field that is missing in a value, the compiler says the name; of one that is missing in a
                // pattern that a macro of another crate wrote, it does not.
                let _ = || Self {
                    $($field: ::core::unreachable!(),)*
                    $($($buffer: ::core::unreachable!(),)*)?
                    $($($config: ::core::unreachable!(),)*)?
                };
                $(path.field(stringify!($field), |path| $crate::Module::<$F>::walk(&self.$field, path, f));)*
                $($(path.field(stringify!($buffer), |path| $crate::Module::<$F>::walk(&self.$buffer, path, &mut |p, _, x| {
                    f(p, $crate::Role::Buffer, x)
                }));)*)?
            }
            #[allow(unused_variables)]
            fn walk_mut(
                &mut self,
                path: &mut $crate::Path,
                f: &mut dyn FnMut(&$crate::Path, $crate::Role, &mut $crate::Tensor<$F>),
            ) {
                $(path.field(stringify!($field), |path| $crate::Module::<$F>::walk_mut(&mut self.$field, path, f));)*
                $($(path.field(stringify!($buffer), |path| $crate::Module::<$F>::walk_mut(&mut self.$buffer, path, &mut |p, _, x| {
                    f(p, $crate::Role::Buffer, x)
                }));)*)?
            }
        }
    };
}
