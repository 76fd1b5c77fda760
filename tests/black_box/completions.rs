//! Completion scripts.

use std::process::Command;

use crate::harness::ringback;

#[tokio::test(flavor = "multi_thread")]
async fn every_shell_gets_its_script_and_bash_can_use_it() {
    let place = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = ringback(place.path(), &["completions", shell], &[]).await.done();
        assert!(said.out.contains("ringback") && said.out.contains("transactions"), "{shell}: {}", said.out);
        std::fs::write(place.path().join(shell), said.out).unwrap();
    }
    let ask = "source ./bash && COMP_WORDS=(ringback dead re) COMP_CWORD=2 && _ringback ringback re dead && \
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let asked = Command::new("bash")
        .current_dir(place.path())
        .args(["--norc", "--noprofile", "-euc", ask])
        .output()
        .unwrap();
    let out = String::from_utf8(asked.stdout).unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    assert_eq!(out.trim(), "replay");
    assert_eq!(ringback(place.path(), &["completions", "tcsh"], &[]).await.code, 2);
}
