//! `bench data`: where data sets are looked for, and what is found.

use std::path::Path;

use seedbed::data::text::tiny_shakespeare;
use seedbed::data::{DataDir, DataError, TrainTest, cifar, fashion_mnist, mnist, omniglot};

/// Prints each data set: how large it is, or where it was looked for and how to get it.
pub(crate) fn print(argument: Option<&Path>) {
    println!("compiled in: {}", embedded());
    match DataDir::resolve(argument) {
        Ok(folder) => print!("{}", found(&folder)),
        Err(error) => println!("full data sets: {error}"),
    }
}

fn embedded() -> String {
    format!(
        "MNIST, {}; Fashion-MNIST, {}",
        sizes(&mnist::embedded()),
        sizes(&fashion_mnist::embedded())
    )
}

/// A paragraph a data set.
fn found(folder: &DataDir) -> String {
    let full = |loaded: Result<TrainTest, DataError>| loaded.map(|images| sizes(&images));
    let omniglot = omniglot::load(folder, 28)
        .map(|all| format!("{} drawings of {} characters", all.images.len(), all.characters.len()));
    let plays = tiny_shakespeare(folder).map(|text| format!("{} characters", text.tokens().len()));
    [
        ("MNIST", full(mnist::load(folder))),
        ("Fashion-MNIST", full(fashion_mnist::load(folder))),
        ("CIFAR-10", full(cifar::load(folder))),
        ("Omniglot", omniglot),
        ("Tiny Shakespeare", plays),
    ]
    .into_iter()
    .map(|(name, loaded)| match loaded {
        Ok(sizes) => format!("{name}: found in {}: {sizes}\n", folder.path().display()),
        Err(error) => format!("{error}\n"),
    })
    .collect()
}

fn sizes(images: &TrainTest) -> String {
    format!("{} training and {} test images", images.train.len(), images.test.len())
}
