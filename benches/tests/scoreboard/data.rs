//! `bench data`.

use crate::program::bench;

#[test]
fn what_is_missing_is_told_with_how_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    let output = bench(&["data", "--data", folder], empty.path());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("compiled in: MNIST, 10000 training and 2000 test images"), "{text}");
    for part in ["\nMNIST not", "CIFAR-10 not", "Omniglot not", "not found", folder, "To get it"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
