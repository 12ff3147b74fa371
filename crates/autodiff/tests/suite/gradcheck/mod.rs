//! The check table: every op stands here by its name, with its values and its derivatives to third order.
//!
//! `cargo xtask tidy` fails where a `pub fn` of `src/ops` or `src/fused` is missing. Ops without a derivative
//! stand here with tests of their values.

mod case;
mod support;

mod binary;
mod unary;

/// Families given as a list of [`case::Case`]s: a file with `cases()`, named here.
macro_rules! families {
    ($($family:ident)*) => { $(
        mod $family;

        #[test]
        fn $family() {
            case::run($family::cases());
        }
    )* };
}

families! { conv fused index linear matmul pool reduce shape sort }
