//! Files that are cut, changed, removed or of another moment.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{Moment, start, two_moments};
use crate::support::files::Files;

/// How many bytes of a file are flipped, each in a database of its own.
const FLIPS: usize = 12;

/// Both what a crash leaves and what a clean stop leaves.
async fn images() -> [Moment; 2] {
    let (folder, [_, crashed]) = two_moments().await;
    let told = crashed.told.clone();
    let closed = Moment { files: Files::new(), mark: crashed.mark.clone(), told }.closed(folder.path());
    [crashed, closed]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_whole_starts() {
    for image in images().await {
        assert!(image.start_on(&image.files).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_cut_is_not_taken_for_all() {
    let [crashed, _] = images().await;
    let logs: Vec<_> = crashed.files.keys().filter(|path| path.starts_with("wal")).cloned().collect();
    assert!(!logs.is_empty(), "a log");
    let mut refused = 0;
    for log in logs {
        let length = crashed.files[&log].len();
        // In the middle of a record, at its end, and at those of the log's blocks.
        for cut in [1, 2, 7, 100, 1_000, 5_000].into_iter().filter(|cut| *cut <= length).chain([length, length / 2]) {
            let mut files = crashed.files.clone();
            files.get_mut(&log).expect("the log").truncate(length - cut);
            refused += usize::from(crashed.start_on(&files).await.is_some());
        }
    }
    assert!(refused > 3, "{refused} were refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_is_refused() {
    let (_folder, [first, second]) = two_moments().await;
    let error = second.start_on(&first.files).await.expect("it is refused");
    let said = error.to_string();
    assert!(said.contains("which were told, are missing at the end"), "{said}");
    assert!(said.contains("scrip check") && said.contains("scrip salvage"), "{said}");
    // With its own mark it is what it was.
    assert!(first.start_on(&first.files).await.is_none());
    // Without any, nobody can know.
    assert!(start(&first.files, None, &first.told).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_two_moments_are_not_taken_for_one() {
    let (folder, [first, second]) = two_moments().await;
    let told = second.told.clone();
    let closed = Moment { files: Files::new(), mark: second.mark.clone(), told }.closed(folder.path());
    for (newer, older) in [(&second, &first), (&closed, &first), (&closed, &second), (&second, &closed)] {
        let paths: Vec<_> = newer.files.keys().chain(older.files.keys()).collect();
        for path in paths {
            let mut files = newer.files.clone();
            match older.files.get(path) {
                Some(content) => files.insert(path.clone(), content.clone()),
                None => files.remove(path),
            };
            newer.start_on(&files).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_of_its_files_it_is_not_taken_for_all() {
    for image in images().await {
        for path in image.files.keys() {
            let mut files = image.files.clone();
            files.remove(path);
            image.start_on(&files).await;
        }
        // Without any, it is no new database.
        let error = image.start_on(&Files::new()).await.expect("it is refused");
        assert!(error.to_string().contains("no batch is the last"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_takes_nothing_away() {
    let mut random = StdRng::seed_from_u64(11);
    for image in images().await {
        for (path, content) in image.files.iter().filter(|(_, content)| !content.is_empty()) {
            for _ in 0..FLIPS {
                let mut files = image.files.clone();
                let place = random.random_range(0..content.len());
                let byte = 1 << random.random_range(0..8);
                files.get_mut(path).expect("the file")[place] ^= byte;
                image.start_on(&files).await;
            }
        }
    }
}
