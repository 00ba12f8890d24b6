//! Work on many rows by two threads: the committer, or whoever reads ahead for it, waits for the rows that it reads and writes,
//! which bounds how many coupons change a second.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::StorageError;

/// How many items a thread takes at a time. The other one may have half a processor, where the engine merges its tables:
/// with halves, this one would wait for it.
const SHARE: usize = 64;

/// What comes of each item, in their order. Where they are so many, a second thread works on them as well, which takes a
/// twentieth of a millisecond to begin.
pub(super) fn by_two<T: Sync, R: Send>(
    items: &[T],
    many: usize,
    work: impl Fn(&T) -> Result<R, StorageError> + Sync,
) -> Result<Vec<R>, StorageError> {
    if items.len() < many {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done: Vec<(usize, Vec<R>)> = Vec::with_capacity(items.len() / SHARE + 1);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(share) = items.chunks(SHARE).nth(number) else { return Ok::<_, StorageError>(done) };
            // What failed is told: the rest would be for nothing.
            let failed = |_: &StorageError| next.store(items.len(), Ordering::Relaxed);
            done.push((number, share.iter().map(&work).collect::<Result<_, _>>().inspect_err(failed)?));
        }
    };
    let mut shares = thread::scope(|scope| {
        // Where no thread is to be had, all of it is this one's work.
        let helper = thread::Builder::new().name("rows".to_owned()).spawn_scoped(scope, some);
        let own = some();
        let others = helper.map_or(Ok(Vec::new()), |helper| helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let mut shares = own?;
        shares.extend(others?);
        Ok::<_, StorageError>(shares)
    })?;
    shares.sort_unstable_by_key(|(number, _)| *number);
    Ok(shares.into_iter().flat_map(|(_, done)| done).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 64;

    #[test]
    fn each_item_is_worked_on_once_and_in_order() {
        for many in [0, 1, MANY - 1, MANY, MANY + 1, 20 * SHARE + 1] {
            let items: Vec<usize> = (0..many).collect();
            let doubled = by_two(&items, MANY, |item| Ok(item * 2)).expect("no failure");
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        let items: Vec<usize> = (0..MANY * 2).collect();
        for bad in [0, MANY * 2 - 1] {
            let failed =
                by_two(
                    &items,
                    MANY,
                    |item| if *item == bad { Err(StorageError::Conflict("bad".into())) } else { Ok(()) },
                );
            assert!(matches!(failed, Err(StorageError::Conflict(_))), "{failed:?}");
        }
    }
}
