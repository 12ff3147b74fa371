//! Vector instructions chosen at run time.
//!
//! Users compile for plain x86-64 or aarch64. A kernel is an `#[inline(always)]` loop in
//! [`Kernel::run`], which is compiled twice: once under `#[target_feature(enable = "avx2,fma")]`, and once
//! for the target's baseline. The compiler vectorises both; [`dispatch`] picks one.
//!
//! Within one machine the choice never changes, and no result depends on where a loop's vector part
//! ends, because the scalar remainder runs the same operations.

pub use crate::lane::{Lane, Mask};

/// A piece of work to compile once for each instruction set.
pub trait Kernel {
    /// What the work returns.
    type Out;

    /// The work. `FMA` says that a fused multiply-add is one instruction here.
    ///
    /// Every implementation is `#[inline(always)]`, and so is what it calls in its inner loop: a
    /// function that is not inlined is compiled for the baseline.
    fn run<const FMA: bool>(self) -> Self::Out;
}

/// Runs `kernel` with the widest instructions of this machine.
#[inline(always)]
pub fn dispatch<J: Kernel>(kernel: J) -> J::Out {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::has_avx2_and_fma() {
            // SAFETY: the features that `with_avx2` enables were found on this machine.
            unsafe { x86::with_avx2(kernel) }
        } else {
            kernel.run::<false>()
        }
    }
    // Every aarch64 machine has NEON with a fused multiply-add; elsewhere it may be a library call.
    #[cfg(not(target_arch = "x86_64"))]
    {
        kernel.run::<{ cfg!(target_arch = "aarch64") }>()
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    use super::Kernel;

    const UNKNOWN: u8 = 0;
    const ABSENT: u8 = 1;
    const PRESENT: u8 = 2;
    static FOUND: AtomicU8 = AtomicU8::new(UNKNOWN);

    /// Whether this machine has AVX2 and FMA.
    #[inline(always)]
    pub(crate) fn has_avx2_and_fma() -> bool {
        match FOUND.load(Relaxed) {
            UNKNOWN => detect(),
            found => found == PRESENT,
        }
    }

    #[cold]
    fn detect() -> bool {
        let present = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        FOUND.store(if present { PRESENT } else { ABSENT }, Relaxed);
        present
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn with_avx2<J: Kernel>(kernel: J) -> J::Out {
        kernel.run::<true>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f32]);

    impl Kernel for Sum<'_> {
        type Out = f32;
        #[inline(always)]
        fn run<const FMA: bool>(self) -> f32 {
            self.0.iter().sum()
        }
    }

    #[test]
    fn dispatch_returns_what_the_job_returns() {
        assert_eq!(dispatch(Sum(&[1.0, 2.0, 3.0])), 6.0);
        assert_eq!(Sum(&[1.0, 2.0, 3.0]).run::<false>(), 6.0);
    }
}
