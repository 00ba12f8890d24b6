//! Whether a history of concurrent operations on one object is linearizable: whether there is an order, in which no
//! operation comes before one that had ended when it began, that gives every answer. The search is that of Wing and
//! Gong (Testing and verifying concurrent objects, 1993), with Lowe's memory of what has been tried (Testing for
//! linearizability, 2017). No crate fits: todc-utils is a version 0.1 without a maintainer, copies a bit for every
//! operation at every step and says only yes or no; stateright's tester has no memory; lincheck drives threads itself.

use std::{
    collections::HashSet,
    fmt::{self, Debug, Display},
    hash::Hash,
};

/// An operation: when it began and when it had ended, by one clock, and what was asked and answered.
#[derive(Debug, Clone)]
pub(super) struct Operation<C> {
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) call: C,
}

/// Why a history is not linearizable: as far as any order comes, the state then, and what cannot be next.
pub(super) struct Impossible<S, C> {
    order: Vec<Operation<C>>,
    state: S,
    next: Vec<Operation<C>>,
}

impl<S: Debug, C: Debug> Display for Impossible<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order has more than {} calls, of which these are the last:", self.order.len())?;
        let last = self.order.len().saturating_sub(10);
        self.order[last..].iter().try_for_each(|operation| writeln!(f, "  {operation:?}"))?;
        writeln!(f, "then it is {:?}, and none of these can be next:", self.state)?;
        self.next.iter().try_for_each(|operation| writeln!(f, "  {operation:?}"))
    }
}

/// What has been put in order: all before `first`, and some after it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Done {
    first: usize,
    later: Vec<usize>,
}

/// Where the search is: what is done, the state then, and what is tried next.
struct Step<S> {
    done: Done,
    state: S,
    candidates: Vec<usize>,
    /// The operation that led to the next step.
    chosen: usize,
}

/// Finds an order. `next` gives the state after an operation, or nothing where a state does not give its answer.
pub(super) fn linearize<S: Clone + Eq + Hash, C: Clone + Debug>(
    start: S,
    mut history: Vec<Operation<C>>,
    next: impl Fn(&S, &C) -> Option<S>,
) -> Result<(), Box<Impossible<S, C>>> {
    history.sort_by_key(|operation| operation.begin);
    let done = Done { first: 0, later: Vec::new() };
    let candidates = done.candidates(&history);
    let mut steps = vec![Step { done, state: start, candidates, chosen: 0 }];
    let mut tried = HashSet::new();
    let mut farthest = None;
    while let Some(step) = steps.last_mut() {
        if step.done.first == history.len() {
            return Ok(());
        }
        let Some(candidate) = step.candidates.pop() else {
            steps.pop();
            continue;
        };
        let Some(state) = next(&step.state, &history[candidate].call) else {
            if farthest.as_ref().is_none_or(|(length, _)| *length < steps.len()) {
                farthest = Some((steps.len(), explain(&steps, &history)));
            }
            continue;
        };
        step.chosen = candidate;
        let done = step.done.with(candidate);
        if tried.insert((done.clone(), state.clone())) {
            let candidates = done.candidates(&history);
            steps.push(Step { done, state, candidates, chosen: 0 });
        }
    }
    Err(Box::new(farthest.expect("something could not be next").1))
}

impl Done {
    fn with(&self, operation: usize) -> Self {
        let mut done = self.clone();
        let place = done.later.partition_point(|later| *later < operation);
        done.later.insert(place, operation);
        let whole = done.later.iter().enumerate().take_while(|(place, later)| done.first + place == **later).count();
        done.later.drain(..whole);
        done.first += whole;
        done
    }

    /// What can be next: what began before anything that is left had ended. The one that ended first is tried first.
    fn candidates<C>(&self, history: &[Operation<C>]) -> Vec<usize> {
        let left = (self.first..history.len()).filter(|number| self.later.binary_search(number).is_err());
        let mut candidates: Vec<usize> = Vec::new();
        let mut first_end = u64::MAX;
        for number in left {
            // They are in the order of their begins.
            if history[number].begin > first_end {
                break;
            }
            first_end = first_end.min(history[number].end);
            candidates.push(number);
        }
        candidates.retain(|number| history[*number].begin <= first_end);
        candidates.sort_by_key(|number| std::cmp::Reverse(history[*number].end));
        candidates
    }
}

fn explain<S: Clone, C: Clone>(steps: &[Step<S>], history: &[Operation<C>]) -> Impossible<S, C> {
    let (last, before) = steps.split_last().expect("a step");
    Impossible {
        order: before.iter().map(|step| history[step.chosen].clone()).collect(),
        state: last.state.clone(),
        next: last.done.candidates(history).into_iter().map(|number| history[number].clone()).collect(),
    }
}
