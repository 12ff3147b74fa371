//! The crate's tests through its public interface, in one program.

mod ahead;
mod embedded;
mod files;
mod folders;
mod idx_and_cifar;
mod malformed;
mod memory;
mod npy;
mod omniglot;
mod programs;
mod samples;
mod sampling;
mod set;
mod sizes;
#[cfg(unix)]
mod special;
mod strings;
mod tasks;
mod texts;
mod windows;
