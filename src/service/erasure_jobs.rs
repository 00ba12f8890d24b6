//! What jobs know of a customer who is being erased: whom they took coupons from, the cells of rows that they refused, and
//! whom they were asked to work for. All of it goes by itself thirty days after a job has ended.

use super::{
    ErasePart, Failure, Scrip,
    erasure::{Found, LARGE_ROWS, ROWS},
    forgetting::mentions,
};
use scrip_domain::{
    id::CustomerId,
    job::{Effect, JobId, Opposite},
};
use scrip_storage::{Erasure, JobEffects, JobPlans, JobRefusals, ReadFrom, Span};

/// The tables, as the place of an erasure names them.
const EFFECTS: &str = "effects";
const REFUSALS: &str = "refusals";
const PLANS: &str = "plans";

impl Scrip {
    /// What jobs know of the customer: what they have done, then what they have refused, then what they were asked.
    pub(super) async fn of_jobs(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        let table = erasure.after.first().map_or(EFFECTS, String::as_str);
        let (job, number) = (number_at(erasure, 1).map(JobId), number_at(erasure, 2));
        let key = job.zip(number);
        match table {
            EFFECTS => {
                let span = key.map_or_else(Span::<JobEffects>::all, |key| Span::all().after(&key));
                let rows = self.store.scan(&span, ReadFrom::Start, LARGE_ROWS).await?;
                let last = rows.last().filter(|_| rows.len() == LARGE_ROWS).map(|(key, _)| *key);
                let named = |effects: &[Effect]| effects.iter().any(|effect| names(effect, customer));
                let found: Vec<_> =
                    rows.into_iter().filter(|(_, effects)| named(effects)).map(|(key, _)| key).collect();
                let weight = 8 * (found.len() + 1);
                Ok(Found::new(ErasePart::Effects(found), Some(place(EFFECTS, last, REFUSALS)), weight))
            }
            REFUSALS => {
                let span = key.map_or_else(Span::<JobRefusals>::all, |key| Span::all().after(&key));
                let rows = self.store.scan(&span, ReadFrom::Start, ROWS).await?;
                let last = rows.last().filter(|_| rows.len() == ROWS).map(|(key, _)| *key);
                let found: Vec<_> = rows
                    .into_iter()
                    .filter(|(_, refusal)| refusal.cells.iter().any(|cell| cell == customer.as_str()))
                    .map(|(key, _)| key)
                    .collect();
                let weight = found.len() + 1;
                Ok(Found::new(ErasePart::Refusals(found), Some(place(REFUSALS, last, PLANS)), weight))
            }
            _ => {
                let span = job.map_or_else(Span::<JobPlans>::all, |job| Span::all().after(&job));
                let rows = self.store.scan(&span, ReadFrom::Start, 1).await?;
                let last = rows.last().map(|(job, _)| vec![PLANS.to_owned(), job.0.to_string()]);
                let found: Vec<_> = rows
                    .into_iter()
                    .filter(|(_, plan)| mentions(&plan.0, customer.as_str()))
                    .map(|(job, _)| job)
                    .collect();
                Ok(Found::new(ErasePart::Plans(found), last, 64))
            }
        }
    }
}

/// Whether what a job has done names a customer.
fn names(effect: &Effect, customer: &CustomerId) -> bool {
    match &effect.opposite {
        Opposite::Transfer(named) => named == customer,
        Opposite::GiveBack(taken) => taken.customer == *customer,
        _ => false,
    }
}

fn number_at(erasure: &Erasure, place: usize) -> Option<u64> {
    erasure.after.get(place).and_then(|part| part.parse().ok())
}

/// The place after a row of a table, or the next table.
fn place(table: &str, last: Option<(JobId, u64)>, next: &str) -> Vec<String> {
    match last {
        Some((job, number)) => vec![table.to_owned(), job.0.to_string(), number.to_string()],
        None => vec![next.to_owned()],
    }
}
