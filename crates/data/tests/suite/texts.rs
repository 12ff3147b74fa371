//! Characters, lines and corrupted lines.

use seedbed_autodiff::Rng;
use seedbed_data::text::{Text, tiny_shakespeare};
use seedbed_data::{DataDir, DataError};

use super::samples;

#[test]
fn lines_end_with_their_newline() {
    assert_eq!(Text::new("ab\n\nc\n").line_starts(), [0, 3, 4, 6]);
    assert_eq!(Text::new("ab\nc").line_starts(), [0, 3, 4]);
    assert_eq!(Text::new("no newline").line_starts(), [0, 10]);
    assert_eq!(Text::new("").line_starts(), [0]);
}

#[test]
fn whole_lines_become_noise_and_the_others_stay() {
    let text = Text::new(&"the quick brown fox\njumps over\n".repeat(50));
    let (noisy, struck) = text.corrupt_lines(0.33, &mut Rng::new(4)).unwrap();
    let newline = 0;
    let mut lines = 0;
    for line in text.line_starts().windows(2).map(|pair| pair[0]..pair[1]) {
        let (end, body) = (line.end - 1, line.start..line.end - 1);
        assert!(noisy.tokens()[end] == newline && !struck[end]);
        let hit = struck[line.start];
        lines += usize::from(hit);
        assert!(struck[body.clone()].iter().all(|&s| s == hit));
        assert_eq!(text.tokens()[body.clone()] != noisy.tokens()[body.clone()], hit);
        assert!(!noisy.tokens()[body].contains(&newline));
    }
    assert_eq!(lines, 33);
    assert!(text.corrupt_lines(1.1, &mut Rng::new(0)).is_err());
}

#[test]
fn a_file_is_found_or_said_to_be_missing_or_broken() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::new(folder.path());
    let missing = tiny_shakespeare(&dir).unwrap_err();
    assert!(matches!(missing, DataError::Missing { what: "Tiny Shakespeare", .. }));
    let file = folder.path().join("text/tinyshakespeare.txt");
    std::fs::create_dir(folder.path().join("text")).unwrap();
    std::fs::write(&file, "To be, or not").unwrap();
    assert_eq!(tiny_shakespeare(&dir).unwrap(), Text::new("To be, or not"));
    std::fs::write(&file, b"abc\xff").unwrap();
    let broken = tiny_shakespeare(&dir).unwrap_err().to_string();
    assert!(broken.contains("byte 3: broken UTF-8"), "{broken}");
    std::fs::write(&file, "").unwrap();
    assert!(tiny_shakespeare(&dir).unwrap_err().to_string().contains("no text in it"));
    std::fs::remove_file(&file).unwrap();
    std::fs::write(file.with_extension("txt.gz"), samples::gzip(b"To be")).unwrap();
    assert_eq!(tiny_shakespeare(&dir).unwrap(), Text::new("To be"));
}
