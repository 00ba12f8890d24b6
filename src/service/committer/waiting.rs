//! The commands that wait for the committer's thread. A large one takes as long as hundreds of others: it is carried out
//! alone, and whoever came with a small one meanwhile is next. So a small command waits for one large one at most,
//! however many there are, and large ones wait for a batch of small ones each.

use std::collections::VecDeque;

use tokio::sync::mpsc::Receiver;

use super::Request;
use scrip_storage::BATCH_COMMANDS;

/// The most commands that one transaction carries.
pub(super) const MAX_BATCH: usize = BATCH_COMMANDS as usize;
/// About how many bytes of rows the small commands of a batch may have together.
const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;
/// About how many bytes of rows a large command has at least.
const LARGE: usize = 128 * 1024;

/// Commands that were taken from the queue and are not decided yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Each with its weight.
    small: VecDeque<(usize, Request)>,
    large: VecDeque<Request>,
    /// Whether the last batch was of small commands.
    after_small: bool,
}

impl Waiting {
    /// Takes what is in the queue, and waits where nothing is. False when the queue has ended and nothing waits.
    pub(super) async fn take(&mut self, queue: &mut Receiver<Request>) -> bool {
        if self.is_empty() {
            match queue.recv().await {
                Some(request) => self.add(request),
                None => return false,
            }
        }
        while self.small.len() < MAX_BATCH
            && let Ok(request) = queue.try_recv()
        {
            self.add(request);
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.small.is_empty() && self.large.is_empty()
    }

    fn add(&mut self, request: Request) {
        match request.weight() {
            weight if weight >= LARGE => self.large.push_back(request),
            weight => self.small.push_back((weight, request)),
        }
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Request> {
        self.small.drain(..).map(|(_, request)| request).chain(self.large.drain(..))
    }

    /// Takes the next batch out, into a list that is empty.
    pub(super) fn next(&mut self, batch: &mut Vec<Request>) {
        if self.small.is_empty() || (self.after_small && !self.large.is_empty()) {
            self.after_small = false;
            batch.extend(self.large.pop_front());
            return;
        }
        self.after_small = true;
        let mut bytes = 0_usize;
        while batch.len() < MAX_BATCH
            && let Some((weight, request)) = self.small.pop_front_if(|(weight, _)| bytes + *weight <= MAX_BATCH_BYTES)
        {
            bytes += weight;
            batch.push(request);
        }
    }
}

impl Request {
    /// About how many bytes of rows it has written.
    fn weight(&self) -> usize {
        self.command.weight(self.idempotency.is_some()) + self.prepared.weight
    }

    /// Whether it goes alone.
    pub(super) fn is_large(&self) -> bool {
        self.weight() >= LARGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, Command, CouponsAdd, CustomerEdit, prepare::Prepared};
    use scrip_domain::id::{CustomerId, PoolId};

    fn request(number: u32, size: usize) -> Request {
        let command = CouponsAdd { pool: PoolId(number), codes: vec!["A".to_owned(); size / 512] }.into();
        Request { caller: Caller::scrip(), idempotency: None, command, prepared: Prepared::default(), reply: None }
    }

    /// The batches that are made of commands of these sizes, as the numbers of the commands.
    fn batches(sizes: &[usize]) -> Vec<Vec<u32>> {
        let mut waiting = Waiting::default();
        for (number, size) in (0..).zip(sizes) {
            waiting.add(request(number, *size));
        }
        let mut all = Vec::new();
        while !waiting.is_empty() {
            let mut batch = Vec::new();
            waiting.next(&mut batch);
            let number = |request: &Request| match request.command {
                Command::CouponsAdd(CouponsAdd { pool, .. }) => pool.0,
                _ => u32::MAX,
            };
            all.push(batch.iter().map(number).collect());
        }
        all
    }

    #[test]
    fn small_ones_go_together_and_large_ones_alone() {
        let small = 4 * 1024;
        let half = MAX_BATCH_BYTES / 20;
        assert_eq!(batches(&[small, LARGE, small, LARGE, LARGE]), [vec![0, 2], vec![1], vec![3], vec![4]]);
        assert_eq!(batches(&[LARGE; 2]), [[0], [1]]);
        assert_eq!(batches(&[small; 300]).iter().map(Vec::len).collect::<Vec<_>>(), [256, 44]);
        // Where there are too many small ones for a batch, large ones come in between.
        let mut many = vec![half; 25];
        many.push(LARGE);
        let lengths: Vec<usize> = batches(&many).iter().map(Vec::len).collect();
        assert_eq!(lengths, [20, 1, 5]);
    }

    #[test]
    fn what_callers_send_along_counts() {
        let attributes = serde_json::json!({ "text": "x".repeat(16_000) });
        let id = CustomerId::parse("ann").expect("an id");
        let edit = CustomerEdit { id, email: None, currency: None, attributes: Some(attributes) };
        let mut waiting = Waiting::default();
        for idempotency in [None, Some("key".to_owned())] {
            for _ in 0..MAX_BATCH {
                let command = Box::new(edit.clone()).into();
                let (caller, idempotency, prepared) = (Caller::scrip(), idempotency.clone(), Prepared::default());
                waiting.add(Request { caller, idempotency, command, prepared, reply: None });
            }
            let mut batch = Vec::new();
            waiting.next(&mut batch);
            let answers = if idempotency.is_some() { 2 } else { 1 };
            assert!(batch.len() * answers * 16_000 <= MAX_BATCH_BYTES, "{} in a batch", batch.len());
            assert!(batch.len() > 40, "{} in a batch", batch.len());
            waiting = Waiting::default();
        }
    }
}
