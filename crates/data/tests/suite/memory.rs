//! What readers take in memory: what the file holds, once.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use seedbed_data::omniglot;
use seedbed_data::{Limits, cifar, idx};

use crate::samples;

/// Which file to read in a process of its own, `KIND:PATH`.
const CHILD: &str = "SEEDBED_TEST_DATA_MEMORY";

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
}

#[test]
fn reading_process() {
    let Some(what) = std::env::var(CHILD).ok() else { return };
    let (kind, path) = what.split_once(':').unwrap();
    let before = peak();
    let read = match kind {
        "idx" => idx::read(path).unwrap().len(),
        "stacked" => {
            let classes = PathBuf::from(path).with_file_name("classes.csv");
            omniglot::read_stacked(path, classes, 50).unwrap().images.images().len()
        }
        "tight" => {
            let bytes = fs::read(path).unwrap();
            let limits = Limits { bytes: bytes.len() as u64 };
            let before = peak();
            let read = cifar::parse(&bytes, "x", limits).unwrap().images().len();
            println!("took {} for {read}", peak() - before);
            return;
        }
        _ => cifar::read(path).unwrap().images().len(),
    };
    println!("took {} for {read}", peak() - before);
}

/// How many times the size of what was read a reader takes at most.
fn times(kind: &str, path: &std::path::Path) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::reading_process", "--nocapture"])
        .env(CHILD, format!("{kind}:{}", path.display()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (took, read) = said.split_once("took ").unwrap().1.split_once(" for ").unwrap();
    let number = |text: &str| text.split_whitespace().next().unwrap().parse::<f64>().unwrap();
    number(took) / number(read)
}

#[test]
fn a_reader_takes_what_the_file_holds() {
    let dir = tempfile::tempdir().unwrap();
    let [cifar, cifar_gz, idx, stacked] =
        ["c.bin", "c.bin.gz", "x.idx", "drawings.idx"].map(|name| dir.path().join(name));
    let records = samples::cifar(20_000); // 61 MB
    fs::write(&cifar, &records).unwrap();
    fs::write(&cifar_gz, samples::gzip(&records)).unwrap();
    drop(records);
    fs::write(&idx, samples::idx(&[20_000, 3000])).unwrap();
    fs::write(&stacked, samples::idx(&[2, 12_000, 50, 50])).unwrap();
    fs::write(
        dir.path().join("classes.csv"),
        "class,alphabet,character,split\n0,a,b,background\n1,a,c,background\n",
    )
    .unwrap();
    for (kind, path, most) in [
        ("cifar", &cifar, 1.2),
        ("tight", &cifar, 1.2),
        // Memory that has to grow is copied, and is half as large again at most.
        ("cifar", &cifar_gz, 1.7),
        ("idx", &idx, 1.2),
        ("stacked", &stacked, 1.2),
    ] {
        let times = times(kind, path);
        assert!(times < most, "{kind} {}: {times:.2} times the pixels", path.display());
    }
}
