//! A backup and a restore that are killed, again and again: under the name that was asked for there is nothing, or all
//! of it.

use std::time::Duration;

use scrip::storage::check_backup;
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use super::{backed_up, beside, open, worked};
use crate::{
    edge::binary::{Gateway, complaint, scrip},
    support::{Folder, audit::audit, draft, files::files},
};

/// Runs a command that is killed after a little longer each time, until that is long enough; gives how often it was
/// killed. `look` tells whether all is there.
async fn until_it_ends(command: impl Fn() -> Command, mut look: impl FnMut() -> bool) -> u64 {
    for kills in 0.. {
        let mut child = command().spawn().expect("the binary");
        if let Ok(ended) = timeout(Duration::from_millis(2 + 4 * kills), child.wait()).await {
            assert!(ended.expect("an end").success(), "{:?}", command());
            return kills;
        }
        child.kill().await.expect("killed");
        if look() {
            return kills + 1;
        }
    }
    unreachable!("it ends before the numbers do")
}

/// A folder in which more was done, closed.
async fn large() -> Folder {
    let folder = worked().await;
    let app = open(folder.path()).await.expect("a start");
    app.stocked(draft::percentage(), 5_000).await;
    app.close().await;
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_nothing_or_all_of_it() {
    let folder = large().await;
    let (_, backed) = backed_up(folder.path()).await;
    let parent = folder.path().parent().expect("a parent");
    let name = parent.join("killed");
    let before = files(folder.path());
    let mut begun = 0;
    let look = || {
        begun += u32::from(parent.join("killed.part").exists());
        // The copy is cleared away by the next.
        assert!(files(folder.path()).into_iter().filter(|(path, _)| !path.starts_with("copy")).eq(before.clone()));
        name.exists()
    };
    // Slow enough to be killed in the middle of its file.
    let arguments = ["backup", "killed", "--rate", "400kB", "--database", "surrealkv://data"];
    let kills = until_it_ends(|| scrip(parent, &arguments), look).await;
    assert!(kills > 2 && begun > 0, "{kills} kills, {begun} of them with a part");
    assert_eq!(check_backup(&name, |_, _| {}).expect("whole").rows, backed.rows);
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "killed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_leaves_nothing_or_all_of_it() {
    let folder = large().await;
    let app = open(folder.path()).await.expect("a start");
    let told = audit(&app).await;
    app.close().await;
    backed_up(folder.path()).await;
    let parent = folder.path().parent().expect("a parent");
    let mut begun = 0;
    let look = || {
        begun += u32::from(parent.join("new.restoring").exists());
        parent.join("new").exists()
    };
    let kills = until_it_ends(|| scrip(parent, &["restore", "file", "new"]), look).await;
    assert!(kills > 2 && begun > 0, "{kills} kills, {begun} of them with a part");
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "new", "new.mark"]);
    let again = open(&parent.join("new")).await.expect("a start");
    assert!(audit(&again).await == told);
    again.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_gateway_leaves_nothing_or_all_of_it_whoever_is_killed() {
    let folder = large().await;
    let parent = folder.path().parent().expect("a parent");
    let key = "of-the-operator-0123456789abcdef";
    let start = || {
        let mut command = scrip(parent, &["--listen", "127.0.0.1:0", "--database", "surrealkv://data"]);
        command.env("SCRIP_ADMIN_KEY", key);
        Gateway::start(command)
    };
    let gateway = start().await;
    let backup = |url: &str, name: &str, rate: &str| {
        let mut command = scrip(parent, &["backup", name, "--url", url, "--rate", rate]);
        command.env("SCRIP_KEY", key);
        command
    };
    let mut begun = 0;
    let look = || {
        begun += u32::from(parent.join("killed.part").exists());
        parent.join("killed").exists()
    };
    let kills = until_it_ends(|| backup(&gateway.url, "killed", "400kB"), look).await;
    assert!(kills > 2 && begun > 0, "{kills} kills, {begun} of them with a part");
    check_backup(&parent.join("killed"), |_, _| {}).expect("whole");
    // Of a gateway that is killed, whoever takes the backup says so.
    let url = gateway.url.clone();
    let taken = complaint(backup(&url, "half", "70kB"));
    let (complained, ()) = tokio::join!(taken, async {
        while std::fs::metadata(parent.join("half.part")).map_or(0, |part| part.len()) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        gateway.kill().await;
    });
    assert!(complained.contains("did not send all of the backup, and nothing is kept: try again"), "{complained}");
    assert_eq!(beside(folder.path()), ["data", "data.mark", "killed"]);
    let again = start().await;
    assert!(backup(&again.url, "half", "50MB").status().await.expect("the binary").success());
    again.stop().await;
    check_backup(&parent.join("half"), |_, _| {}).expect("whole");
}
