//! What the team is built on: the standard library, or loom's models of it.

#[cfg(not(all(test, loom)))]
pub(super) use std::{
    hint::spin_loop,
    sync::{
        Mutex,
        atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
    thread::{Thread, current, park, yield_now},
};

#[cfg(all(test, loom))]
pub(super) use loom::{
    hint::spin_loop,
    sync::{
        Mutex,
        atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
    thread::{Thread, current, park, yield_now},
};
