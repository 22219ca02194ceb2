//! `listbridge demo --run`, as a person types it.
#![cfg(feature = "sandbox")]

use std::process::Command;

#[test]
fn the_demo_does_the_whole_job_and_checks_it() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_listbridge"))
        .args(["demo", "--run"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{logged}");
    assert!(said.contains("0 missing, 0 too many"), "{said}");
    assert!(
        said.contains("The list holds exactly the members it should."),
        "{said}"
    );
    assert!(!logged.contains('@'), "an address in the log: {logged}");
    assert!(!logged.contains("ERROR"), "{logged}");
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let status = Command::new(env!("CARGO_BIN_EXE_listbridge"))
        .arg("nonsense")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), Some(2));
}
