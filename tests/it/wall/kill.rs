//! A start that is killed, again and again, while it looks at its copy or while the engine recovers.

use std::{fs, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use super::{beside, mark_of, open, two_moments};
use crate::{
    edge::binary::scrip,
    support::{
        audit::audit,
        files::{files, folder_of},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_killed_again_and_again_loses_nothing() {
    let (_folder, [_, crashed]) = two_moments().await;
    let folder = folder_of(&crashed.files);
    fs::write(mark_of(folder.path()), &crashed.mark).expect("a mark");
    let arguments = ["--database", "surrealkv://data", "--listen", "127.0.0.1:0"];
    let (mut kills, mut looked, mut started) = (0, 0, 0);
    while started < 2 {
        let mut child = scrip(folder.path().parent().expect("a parent"), &arguments).spawn().expect("the binary");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let listens = async {
            let mut said = String::new();
            while let Some(line) = lines.next_line().await.expect("text") {
                if line.starts_with("Scrip listens") {
                    return;
                }
                said.push_str(&line);
            }
            panic!("it ended early after {kills} kills: {said}");
        };
        // A little longer every time, until it is long enough.
        match timeout(Duration::from_millis(2 + 4 * kills), listens).await {
            Ok(()) => started += 1,
            Err(_) => kills += 1,
        }
        child.kill().await.expect("killed");
        looked += u32::from(folder.path().join("copy").exists());
    }
    println!("{kills} kills, {looked} of them with a copy");
    assert!(kills > 2 && looked > 0, "{kills} kills, {looked} of them with a copy");
    let app = open(folder.path()).await.expect("a start");
    assert!(audit(&app).await == crashed.told);
    app.close().await;
    assert_eq!(beside(folder.path()), ["data", "data.mark"]);
    assert!(!files(folder.path()).keys().any(|path| path.starts_with("copy")));
}
