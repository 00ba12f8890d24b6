//! A backup and a restore that are killed, again and again: under the name that was asked for there is nothing, or all
//! of it.

use std::{path::Path, time::Duration};

use scrip::storage::check_backup;
use tokio::time::timeout;

use super::{backed_up, beside, open, worked};
use crate::{
    edge::binary::scrip,
    support::{audit::audit, draft, files::files},
};

/// Runs a command that is killed after a little longer each time, until that is long enough; gives how often it was
/// killed. `look` tells whether all is there.
async fn until_it_ends(folder: &Path, arguments: &[&str], mut look: impl FnMut() -> bool) -> u64 {
    for kills in 0.. {
        let mut child = scrip(folder, arguments).spawn().expect("the binary");
        if let Ok(ended) = timeout(Duration::from_millis(2 + 4 * kills), child.wait()).await {
            assert!(ended.expect("an end").success(), "{arguments:?}");
            return kills;
        }
        child.kill().await.expect("killed");
        if look() {
            return kills + 1;
        }
    }
    unreachable!("it ends before the numbers do")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_nothing_or_all_of_it() {
    let folder = worked().await;
    let app = open(folder.path()).await.expect("a start");
    app.stocked(draft::percentage(), 5_000).await;
    app.close().await;
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
    let kills = until_it_ends(parent, &arguments, look).await;
    assert!(kills > 2 && begun > 0, "{kills} kills, {begun} of them with a part");
    assert_eq!(check_backup(&name, |_, _| {}).expect("whole").rows, backed.rows);
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "killed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_leaves_nothing_or_all_of_it() {
    let folder = worked().await;
    let app = open(folder.path()).await.expect("a start");
    app.stocked(draft::percentage(), 5_000).await;
    let told = audit(&app).await;
    app.close().await;
    backed_up(folder.path()).await;
    let parent = folder.path().parent().expect("a parent");
    let mut begun = 0;
    let look = || {
        begun += u32::from(parent.join("new.restoring").exists());
        parent.join("new").exists()
    };
    let kills = until_it_ends(parent, &["restore", "file", "new"], look).await;
    assert!(kills > 2 && begun > 0, "{kills} kills, {begun} of them with a part");
    assert_eq!(beside(folder.path()), ["data", "data.mark", "file", "new", "new.mark"]);
    let again = open(&parent.join("new")).await.expect("a start");
    assert!(audit(&again).await == told);
    again.close().await;
}
