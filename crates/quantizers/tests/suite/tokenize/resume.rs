//! A run that was killed goes on, and makes what one that was not makes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Place, normal, npy};

const RUN: &str = "encode x.npy --format fsq --levels 8,5,5,5 --shard 100 -q --out";

/// As many files as a run makes.
const FILES: usize = 300;

fn place() -> Place {
    let place = Place::new();
    std::fs::write(
        place.path("x.npy"),
        npy(&[FILES * 100 - 1, 4], &normal((FILES * 100 - 1) * 4, 6)),
    )
    .unwrap();
    place
}

/// Files of tokens that are in a directory.
fn made(place: &Place, dir: &str) -> usize {
    let Ok(entries) = std::fs::read_dir(place.path(dir)) else { return 0 };
    entries
        .filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().starts_with("tokens-"))
        .count()
}

#[test]
fn killed_again_and_again_it_makes_the_same_bytes() {
    let place = place();
    place.succeeds(&format!("{RUN} whole"));
    assert_eq!(made(&place, "whole"), FILES);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut kills = 0;
    loop {
        let before = made(&place, "killed");
        let mut child =
            place.command(&format!("{RUN} killed")).stdout(Stdio::null()).spawn().unwrap();
        // In the midst of its work, wherever that is.
        while child.try_wait().unwrap().is_none() && made(&place, "killed") < before + FILES / 5 {
            assert!(Instant::now() < deadline, "it makes nothing");
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            break;
        }
        assert_eq!(status.code(), None, "killed, not ended by itself");
        kills += 1;
    }
    assert!(kills > 1, "it was killed {kills} times");
    let (whole, killed) = (place.files("whole"), place.files("killed"));
    assert_eq!(whole.len(), FILES + 2);
    for ((name, bytes), (other_name, other)) in whole.iter().zip(&killed) {
        assert_eq!(name, other_name);
        assert!(bytes == other, "{name} differs after {kills} kills");
    }
    assert_eq!(whole.len(), killed.len());
}

#[test]
fn what_is_there_is_kept_and_what_is_not_is_made() {
    let place = place();
    place.succeeds(&format!("{RUN} t"));
    let whole = place.files("t");
    let told = place.succeeds(&format!("{RUN} t"));
    assert!(told.contains("kept: 300 files"), "{told}");
    assert!(!told.contains("made now"), "{told}");
    std::fs::remove_file(place.path("t/tokens-000017.npy")).unwrap();
    std::fs::remove_file(place.path("t/report.json")).unwrap();
    let told = place.succeeds(&format!("{RUN} t"));
    assert!(told.contains("kept: 299 files"), "{told}");
    assert!(told.contains("made now: 100 tokens"), "{told}");
    assert!(place.files("t") == whole);
}

#[test]
fn other_settings_and_other_inputs_do_not_go_on() {
    let place = place();
    place.succeeds(&format!("{RUN} t"));
    let whole = place.files("t");
    let error = place.refuses(&RUN.replace("8,5,5,5", "8,5,5,4").replace("--out", "--out t"));
    assert!(error.contains("begun with other inputs or settings"), "{error}");
    assert!(error.contains("quantizer.levels.3: there 5, here 4"), "{error}");
    assert!(error.contains("codes.0: there 1000, here 800"), "{error}");
    let error = place.refuses(&format!("{RUN} t --to packed"));
    assert!(error.contains("container: there \"npy\", here \"packed\""), "{error}");
    // The same length, other numbers.
    let x = normal((FILES * 100 - 1) * 4, 7);
    std::fs::write(place.path("x.npy"), npy(&[FILES * 100 - 1, 4], &x)).unwrap();
    let error = place.refuses(&format!("{RUN} t"));
    assert!(error.contains("inputs.0.fingerprint: there "), "{error}");
    assert!(place.files("t") == whole, "nothing was touched");
}

#[test]
fn a_damaged_file_is_named_and_is_made_again_once_it_is_gone() {
    let place = place();
    place.succeeds(&format!("{RUN} t"));
    let whole = place.files("t");
    let file = place.path("t/tokens-000123.npy");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 2]).unwrap();
    let error = place.refuses(&format!("{RUN} t"));
    assert!(error.contains("tokens-000123.npy: is damaged"), "{error}");
    assert!(error.contains("remove it, and it is made again"), "{error}");
    // A token that there is no code for.
    let mut other = bytes.clone();
    *other.last_mut().unwrap() = 0xff;
    std::fs::write(&file, &other).unwrap();
    let error = place.refuses(&format!("{RUN} t"));
    assert!(error.contains("tokens-000123.npy: has a token 65"), "{error}");
    std::fs::remove_file(&file).unwrap();
    place.succeeds(&format!("{RUN} t"));
    assert!(place.files("t") == whole);
}
