//! The stated `rust-version` is enough for every dependency. What the code itself uses of the standard
//! library clippy compares with it (`incompatible_msrv`).

use std::process::Command;

use serde_json::Value;

/// Major and minor number of a version; the lowest there is where none is stated.
fn version(stated: &Value) -> (u32, u32) {
    let mut numbers = stated
        .as_str()
        .unwrap_or("1.0")
        .split('.')
        .map(|part| part.parse().expect("a number"));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn no_dependency_needs_a_newer_rust_than_we_say() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages
        .iter()
        .find(|package| package["name"] == "users_permissions")
        .map(|package| version(&package["rust_version"]))
        .expect("this package");
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| version(&package["rust_version"]) > ours)
        .map(|package| format!("{} {}", package["name"], package["rust_version"]))
        .collect();
    assert!(ours > (1, 0) && newer.is_empty(), "{ours:?} < {newer:?}");
}
