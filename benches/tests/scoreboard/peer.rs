//! The lines that a peer is spoken to in, with a shell script for a peer.
#![cfg(unix)]

use std::process::Command;

use seedbed_benches::peers::Peer;

/// A peer that answers by fixed rules: half a second each time, an error for `bad`.
const SCRIPT: &str = r#"
echo '{"peer": "fake", "version": "1.2", "workloads": ["good", "bad"]}'
while read -r line; do
    case "$line" in
        *'"run":"good"'*'"times":4'*) echo '{"seconds": 2.0}' ;;
        *'"run":"bad"'*) echo '{"error": "out of luck"}' ;;
        *'"run":"noise"'*) echo 'what?' ;;
        *) exit 1 ;;
    esac
done
"#;

pub(crate) fn start(script: &str) -> anyhow::Result<Peer> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Peer::start(command)
}

#[test]
fn a_peer_greets_and_answers() {
    let mut peer = start(SCRIPT).unwrap();
    assert_eq!((peer.name(), peer.version()), ("fake", "1.2"));
    assert!(peer.knows("good") && !peer.knows("goo"));
    assert_eq!(peer.run("good", 4).unwrap(), 2.0);
    assert_eq!(peer.run("bad", 1).unwrap_err().to_string(), "fake: bad: out of luck");
    assert_eq!(peer.run("noise", 1).unwrap_err().to_string(), "fake: not an answer: what?");
    assert_eq!(peer.run("good", 4).unwrap(), 2.0, "an error ends nothing");
}

#[test]
fn a_peer_that_ends_is_an_error_not_a_wait() {
    let mut peer = start(SCRIPT).unwrap();
    assert_eq!(peer.run("exit", 1).unwrap_err().to_string(), "fake ended");
    assert!(peer.run("good", 4).is_err());
}

#[test]
fn a_peer_that_does_not_greet_is_an_error() {
    assert_eq!(start("exit 3").unwrap_err().to_string(), "sh ended");
    assert!(start("echo hello").unwrap_err().to_string().contains("its greeting: hello"));
    let missing = Peer::start(Command::new("no-such-program-anywhere")).unwrap_err().to_string();
    assert!(missing.contains("starting no-such-program-anywhere"), "{missing}");
}
