//! The program `regimes`, from a file to files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use seedbed_autodiff::Rng;

fn regimes(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_regimes"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Rows of y = 2a + 1 and, every second one, y = 9 − 3a; a third column says nothing.
fn laws() -> Vec<[f64; 3]> {
    let rng = &mut Rng::new(3);
    let row = |i: usize, rng: &mut Rng| {
        let a = rng.uniform();
        let law = if i.is_multiple_of(2) { 2.0 * a + 1.0 } else { 9.0 - 3.0 * a };
        [a, law + 0.02 * rng.normal(), rng.uniform()]
    };
    (0..120).map(|i| row(i, rng)).collect()
}

fn check_rows(file: &Path) {
    let rows = fs::read_to_string(file).unwrap();
    let mut lines = rows.lines();
    assert_eq!(lines.next(), Some("row,regime,certainty,prediction"));
    let fields: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    assert_eq!(fields.len(), 120);
    for (row, (fields, law)) in fields.iter().zip(laws()).enumerate() {
        assert_eq!(fields[0], row as f64);
        let first = fields[1] == rows_regime(&rows, 0);
        assert_eq!(first, row.is_multiple_of(2), "row {row}");
        assert!(fields[2] > 0.9 && (fields[3] - law[1]).abs() < 0.2, "row {row}: {fields:?}");
    }
}

fn rows_regime(rows: &str, row: usize) -> f64 {
    rows.lines().nth(row + 1).unwrap().split(',').nth(1).unwrap().parse().unwrap()
}

#[test]
fn regimes_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = laws();
    let lines: Vec<String> = rows.iter().map(|[a, y, b]| format!("{a}, {y}, {b}")).collect();
    fs::write(folder.join("t.csv"), format!("a, y, b\n{}\n", lines.join("\n"))).unwrap();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (120, 3), }";
    let header = format!("{header:<117}\n");
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    fs::write(folder.join("t.npy"), &npy).unwrap();

    let quick = ["--restarts", "3", "--steps", "400"];
    let out =
        regimes(folder, &[&["t.csv", "--target", "y", "--out", "r.csv"], &quick[..]].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    check_rows(&folder.join("r.csv"));
    let report = String::from_utf8(out.stdout).unwrap();
    assert!(report.contains("120 rows, 2 regimes") && report.contains("· a"), "{report}");

    let of_npy = ["t.npy", "--target", "1", "--columns", "0", "--out", "n.csv", "--report", "n.md"];
    let out = regimes(folder, &[&of_npy[..], &quick].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    check_rows(&folder.join("n.csv"));
    // The laws' slopes are in the report.
    let report = fs::read_to_string(folder.join("n.md")).unwrap();
    let slopes = report.lines().filter_map(|line| line.split(" + ").nth(1)?.split(' ').next());
    let mut slopes: Vec<f64> = slopes.map(|slope| slope.parse().unwrap()).collect();
    slopes.sort_by(f64::total_cmp);
    assert!((slopes[0] + 3.0).abs() < 0.1 && (slopes[1] - 2.0).abs() < 0.1, "{report}");
}

#[test]
fn tables_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let message = |file: &str, content: &[u8], more: &[&str]| {
        fs::write(folder.join(file), content).unwrap();
        let out = regimes(folder, &[&[file, "--target", "y", "--out", "r.csv"], more].concat());
        assert!(!out.status.success() && !folder.join("r.csv").exists(), "{file}");
        String::from_utf8(out.stderr).unwrap()
    };
    let table = b"a,y\n1,2\n2,3\n4,1\n";
    for (file, content, more, expected) in [
        ("a.csv", &b"a,y\n1,2\n1,x\n"[..], &[][..], "\"x\" in column y, line 3"),
        ("b.csv", b"a,b\n1,2\n", &[], "no column \"y\"; the columns are a, b"),
        ("c.csv", b"a,y\n1,2\n1\n", &[], "is no table"),
        ("d.csv", b"a,a,y\n1,2,3\n", &[], "two columns of one name"),
        ("e.csv", b"a,y\n", &[], "the table is empty"),
        ("f.csv", b"a,y\n1,2\n1,3\n", &[], "has the value 1 in every row"),
        ("g.csv", b"a,y\n1,2\nNaN,3\n", &[], "the column \"a\" is NaN in row 1"),
        ("n.csv", b"a,y\n1,2\n2,1e999\n", &[], "the column \"y\" is inf in row 1"),
        ("o.csv", b"b,a,y\n7,1,2\n8,1,3\n", &[], "the column a has the value 1 in every row"),
        ("p.csv", b"b,y\n7,2\n8,2\n", &[], "the column y has the value 2 in every row"),
        ("q.csv", table, &["--columns", "a,a"], "the column \"a\" is asked for twice"),
        ("s.csv", b"y\n1\n2\n", &[], "at least 1 column"),
        (
            "t.csv",
            table,
            &["--hidden", "10000,10000,10000", "--experts", "10000"],
            "hidden is too large",
        ),
        ("h.csv", table, &["--experts", "9"], "experts is 9"),
        ("i.csv", table, &["--columns", "z"], "no column \"z\""),
        ("m.csv", table, &["--columns", "a,y"], "both the target and a feature"),
        ("j.txt", table, &[], "should end in .csv or .npy"),
        ("k.npy", b"PK", &[], "is no NPY file"),
        ("l.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr'", &[], "truncated"),
    ] {
        let found = message(file, content, more);
        assert!(found.contains(expected), "{file}: {found}");
    }
    let out = regimes(folder, &["none.csv", "--target", "y", "--out", "r.csv"]);
    assert!(String::from_utf8(out.stderr).unwrap().contains("cannot read none.csv"));
}

#[test]
fn nothing_is_written_over_what_it_was_read_from() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = "a,y\n1,2\n2,3\n4,1\n";
    fs::write(folder.join("t.csv"), table).unwrap();
    let message = |arguments: &[&str]| {
        let out = regimes(folder, &[&["t.csv", "--target", "y"], arguments].concat());
        assert!(!out.status.success(), "{arguments:?}");
        String::from_utf8(out.stderr).unwrap()
    };
    assert!(message(&["--out", "./t.csv"]).contains("t.csv and ./t.csv are one file"));
    assert!(message(&["--out", "r.csv", "--report", "r.csv"]).contains("r.csv and r.csv are one"));
    assert!(message(&["--out", "none/r.csv"]).contains("cannot write none/r.csv"));
    assert!(message(&["--out", "."]).contains("cannot write ."));
    assert_eq!(fs::read_to_string(folder.join("t.csv")).unwrap(), table);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn paths_that_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let [table, out, report] = [&b"t\xff.csv"[..], b"r\xff.csv", b"m\xff.md"]
        .map(|name| folder.path().join(OsStr::from_bytes(name)));
    fs::write(&table, "a,y\n1,2\n2,3\n4,1\n").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_regimes"))
        .arg(&table)
        .args(["--target", "y", "--steps", "10", "--restarts", "1", "--out"])
        .arg(&out)
        .arg("--report")
        .arg(&report)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 4);
    assert!(fs::read_to_string(&report).unwrap().contains("3 rows"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no temporary files stay");
}

#[test]
fn tables_of_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let quick = ["--target", "y", "--out", "r.csv", "--steps", "5", "--restarts", "1"];
    let run = |content: &[u8], more: &[&str]| {
        fs::write(folder.join("t.csv"), content).unwrap();
        let out = regimes(folder, &[&["t.csv"], &quick[..], more].concat());
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let good: [&[u8]; 4] = [
        // A mark of the order of bytes, lines of Windows, quotes, spaces.
        b"\xef\xbb\xbfa,y\n1,2\n2,3\n4,1\n",
        b"a,y\r\n1,2\r\n2,3\r\n4,1\r\n",
        b"\"a\",\"y\"\n\"1\",2\n2,3\n4,1",
        b" a , y \n 1 , 2e0\n2,3\n\n4,1\n",
    ];
    for content in good {
        let (code, error) = run(content, &["--columns", "a"]);
        assert_eq!(code, Some(0), "{error}");
    }
    let bad: [(&[u8], &str); 5] = [
        (b"", "no column \"y\""),
        (b"a;y\n1;2\n", "in column a;y, line 2"),
        (b"\xff\xfea\0,\0y\0\n\0", "is no table"),
        (b"a,y\n1,2\0\n", "but should have a number"),
        (b"a,y\n1,\n", "\"\" in column y, line 2"),
    ];
    for (content, expected) in bad {
        let (code, error) = run(content, &[]);
        assert!(code == Some(1) && error.contains(expected), "{error}");
    }
    // As many columns as rows.
    let names: Vec<String> = (0..30_000).map(|i| format!("c{i}")).collect();
    let row =
        |x: u32| (0..30_000).map(|i| format!("{}", (i + x) % 7)).collect::<Vec<_>>().join(",");
    let wide = format!("{},y\n{},1\n{},2\n", names.join(","), row(0), row(1));
    let (code, error) = run(wide.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{error}");
}
