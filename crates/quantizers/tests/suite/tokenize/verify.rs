//! `tokenize verify`.

use super::{Place, normal, npy, npy_bytes};

fn words(bytes: &[u16]) -> Vec<u8> {
    bytes.iter().flat_map(|t| t.to_le_bytes()).collect()
}

#[test]
fn every_kind_of_file_has_the_same_tokens() {
    let place = Place::new();
    std::fs::write(place.path("x.npy"), npy(&[500, 4], &normal(2000, 8))).unwrap();
    let run = "encode x.npy --format fsq --levels 8,5,5,5";
    for (out, options) in [
        ("npy", "--shard 33"),
        ("bits", "--to packed --shard 77"),
        ("tar", "--to tar"),
        ("wide", "--type u64"),
    ] {
        place.succeeds(&format!("{run} {options} --out {out}"));
        let told = place.succeeds(&format!("verify npy {out}"));
        assert!(told.starts_with("0 of 500 tokens differ"), "{told}");
    }
    place.succeeds("verify wide/tokens-000000.npy tar/tokens-000000.tar");
    // As Python has them.
    let tokens = place.tokens("npy").1;
    let signed: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
    std::fs::write(place.path("python.npy"), npy_bytes("<i8", &[500], &signed)).unwrap();
    place.succeeds("verify python.npy bits");
    place.succeeds(&format!("{run} --dialect google-1 --out other"));
    let output = place.run("verify npy other");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn mismatches_are_counted() {
    let place = Place::new();
    let write = |name: &str, tokens: &[u16]| {
        let file = npy_bytes("<u2", &[tokens.len()], &words(tokens));
        std::fs::write(place.path(name), file).unwrap();
    };
    write("a.npy", &[1, 2, 3, 4, 5, 6, 7, 8]);
    write("b.npy", &[1, 2, 9, 4, 5, 6, 0, 8]);
    write("c.npy", &[1, 2, 3, 4, 5]);
    let check = |arguments: &str, expected: &str| {
        let output = place.run(arguments);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        output.status.code()
    };
    let differ = "2 of 8 tokens differ (2.5e-1)\nthe first is token 2: 3 in a.npy, 9 in b.npy\n";
    assert_eq!(check("verify a.npy b.npy", differ), Some(1));
    let shorter = "0 of 5 tokens differ (0.0e0)\na.npy has 3 tokens more\n";
    assert_eq!(check("verify c.npy a.npy", shorter), Some(1));
    assert_eq!(check("verify a.npy a.npy", "0 of 8 tokens differ (0.0e0)\n"), Some(0));
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let place = Place::new();
    std::fs::write(place.path("a.npy"), npy(&[2, 2], &[0.0; 4])).unwrap();
    std::fs::create_dir(place.path("dir")).unwrap();
    let says = |arguments: &str, text: &str| {
        let error = place.refuses(arguments);
        assert!(error.contains(text), "{error}");
    };
    says("verify a.npy a.npy", "a.npy: has numbers of type F32; tokens are whole numbers");
    says("verify none.npy a.npy", "none.npy: cannot read it");
    says("verify dir a.npy", "dir: not finished: there is no manifest.json");
    place.succeeds("encode a.npy --format fsq --levels 3,3 --out t");
    std::fs::remove_file(place.path("t/report.json")).unwrap();
    says("verify t t", "t: not finished: there is no report.json");
}
