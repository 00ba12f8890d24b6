//! Work on many rows by two threads: the committer waits for the rows that it reads and writes, and bounds how many coupons
//! change a second.

use std::{panic::resume_unwind, thread};

use super::StorageError;

/// What comes of each item, in their order. Where they are so many, the second half is the work of a thread of its own,
/// which takes a twentieth of a millisecond to begin.
pub(super) fn by_two<T: Sync, R: Send>(
    items: &[T],
    many: usize,
    work: impl Fn(&T) -> Result<R, StorageError> + Sync,
) -> Result<Vec<R>, StorageError> {
    let all = |items: &[T]| items.iter().map(&work).collect::<Result<Vec<R>, _>>();
    let (first, second) = items.split_at(if items.len() < many { items.len() } else { items.len() / 2 });
    if second.is_empty() {
        return all(first);
    }
    thread::scope(|scope| {
        let helper = thread::Builder::new().name("rows".to_owned()).spawn_scoped(scope, || all(second));
        let mut done = all(first)?;
        done.extend(match helper {
            Ok(helper) => helper.join().unwrap_or_else(|panic| resume_unwind(panic))?,
            // No thread is to be had.
            Err(_) => all(second)?,
        });
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 64;

    #[test]
    fn each_item_is_worked_on_once_and_in_order() {
        for many in [0, 1, MANY - 1, MANY, MANY + 1] {
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
