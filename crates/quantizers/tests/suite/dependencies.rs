//! The core stands on the kernels alone.

#[test]
fn the_engine_is_optional() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    let own = dependencies.lines().filter(|line| line.starts_with("seedbed-"));
    let needed: Vec<&str> = own.filter(|line| !line.contains("optional = true")).collect();
    assert_eq!(needed, ["seedbed-kernels.workspace = true"]);
}
