//! Values and derivatives where numbers are large, tiny, equal, infinite or many.

#[cfg(feature = "approx")]
mod closeness;
mod golden;
mod long_sums;
mod powers;
mod recorded;
mod sizes;
