//! Layers held against an independent implementation, and at work.

mod golden;
mod initial;
mod learn;
mod paths;
mod shapes;
mod sizes;
mod transformer;
