//! How much each key may ask for: requests and cost, over whichever transport. A key may have a budget of its own, by the
//! minute; that of the others is set for the gateway, by the second. What is left is told with
//! each answer (draft-ietf-httpapi-ratelimit-headers-10), and when to come back where nothing is (RFC 9110, section
//! 10.2.3).
//!
//! It counts as leaky buckets do (ITU-T I.371, the generic cell rate algorithm): of each there is one instant, at which all
//! that it has used will have come back.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use scrip_domain::access::Role;
use scrip_service::Caller;

/// For how many seconds' worth of what the gateway is set to a key may ask at once.
const WINDOW: u64 = 10;
/// And of a budget of its own.
const MINUTE: u64 = 60;
/// How many keys are remembered; those that have used nothing lately are forgotten first.
const REMEMBERED: usize = 100_000;
/// What a file costs that is asked for, whatever it comes to: its parts take turns.
pub(super) const FILE: u64 = 1_000;

/// How much one may ask for in a second; none where that is not bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// How many requests.
    pub requests: Option<u64>,
    /// How much cost (docs/bounds.md).
    pub cost: Option<u64>,
}

/// How much each may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRules {
    /// An API key, or a token of the issuer for staff.
    pub key: Budget,
    /// A customer.
    pub customer: Budget,
}

impl Default for BudgetRules {
    fn default() -> Self {
        Self { key: Budget::default(), customer: Budget { requests: Some(50), cost: Some(100_000) } }
    }
}

/// So much in so many seconds, and all of it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    at_once: u64,
    seconds: u64,
}

impl Rate {
    /// That of a key, or else that of the gateway's setting.
    fn of(own: Option<u32>, set: Option<u64>) -> Option<Self> {
        let own = own.map(|number| Self { at_once: number.into(), seconds: MINUTE });
        own.or_else(|| set.map(|rate| Self { at_once: rate.saturating_mul(WINDOW), seconds: WINDOW }))
    }

    fn window(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long it takes until so many come back.
    fn time_of(self, number: u64) -> Duration {
        let micros = u128::from(number) * u128::from(self.seconds) * 1_000_000 / u128::from(self.at_once.max(1));
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How many are there where what was used is back only after a while.
    fn left(self, used: Duration) -> u64 {
        let free = self.window().saturating_sub(used).as_micros() * u128::from(self.at_once);
        u64::try_from(free / self.window().as_micros()).unwrap_or(u64::MAX)
    }
}

/// What a caller is told of one of its budgets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    name: &'static str,
    rate: Rate,
    left: u64,
    back_in: u64,
}

/// What a caller is told of its budgets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    left: Vec<Left>,
    /// In how many seconds it may ask again; none where it may now.
    pub(super) wait: Option<u64>,
}

impl Told {
    /// The fields of the answer: what there is, and what is left.
    pub(super) fn fields(&self) -> Option<[(&'static str, String); 2]> {
        let joined = |text: &dyn Fn(&Left) -> String| self.left.iter().map(text).collect::<Vec<_>>().join(", ");
        (!self.left.is_empty()).then(|| {
            [
                ("ratelimit-policy", joined(&policy)),
                ("ratelimit", joined(&|one| format!("\"{}\";r={};t={}", one.name, one.left, one.back_in))),
            ]
        })
    }
}

fn policy(one: &Left) -> String {
    let Rate { at_once, seconds } = one.rate;
    format!("\"{}\";q={at_once};w={seconds}", one.name)
}

/// When all that a caller has used of each of its budgets has come back.
type Used = [Option<Instant>; 2];

/// The budgets of all.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    rules: BudgetRules,
    used: Mutex<HashMap<String, Used>>,
}

impl Budgets {
    pub(super) fn new(rules: BudgetRules) -> Self {
        Self { rules, used: Mutex::default() }
    }

    /// Takes a request of a cost at this moment, if it is there; none where the caller has no budget.
    pub(super) fn take(&self, who: &Caller, cost: u64) -> Option<Told> {
        self.take_at(who, cost, Instant::now())
    }

    fn take_at(&self, who: &Caller, cost: u64, now: Instant) -> Option<Told> {
        let set = if who.role == Role::Customer { self.rules.customer } else { self.rules.key };
        let rates = [
            ("requests", Rate::of(who.budget.requests, set.requests), 1),
            ("cost", Rate::of(who.budget.cost, set.cost), cost),
        ];
        if rates.iter().all(|(_, rate, _)| rate.is_none()) {
            return None;
        }
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED && !all.contains_key(&who.id) {
            all.retain(|_, used| used.iter().flatten().any(|back| *back > now));
            if all.len() >= REMEMBERED {
                all.clear();
            }
        }
        let used = all.entry(who.id.clone()).or_default();
        let mut wait = Duration::ZERO;
        for ((_, rate, number), back) in rates.iter().zip(used.iter()) {
            let Some(rate) = rate else { continue };
            let before = left_of(*back, now);
            // More than all of it at once has to wait until all of it is there.
            let over = (before + rate.time_of(*number)).saturating_sub(rate.window()).min(before);
            wait = wait.max(over);
        }
        let mut told = Told { left: Vec::new(), wait: (!wait.is_zero()).then(|| seconds(wait)) };
        for ((name, rate, number), back) in rates.into_iter().zip(used) {
            let Some(rate) = rate else { continue };
            if told.wait.is_none() {
                *back = Some(now + left_of(*back, now) + rate.time_of(number));
            }
            let used = left_of(*back, now);
            told.left.push(Left { name, rate, left: rate.left(used), back_in: seconds(used) });
        }
        Some(told)
    }
}

/// How long it takes until what was used is back.
fn left_of(back: Option<Instant>, now: Instant) -> Duration {
    back.map_or(Duration::ZERO, |back| back.saturating_duration_since(now))
}

/// Whole seconds, no fewer than it takes.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrip_domain::access::KeyBudget;

    fn caller(role: Role) -> Caller {
        Caller { role, ..Caller::admin("k", "k") }
    }

    #[test]
    fn what_is_used_comes_back() {
        let key = Budget { requests: Some(2), cost: Some(100) };
        let budgets = Budgets::new(BudgetRules { key, ..BudgetRules::default() });
        let (who, start) = (caller(Role::Service), Instant::now());
        let take = |cost, millis| budgets.take_at(&who, cost, start + Duration::from_millis(millis)).expect("a budget");
        assert!((0..20).all(|_| take(10, 0).wait.is_none()));
        let told = take(10, 0);
        assert_eq!(told.wait, Some(1));
        let [policy, left] = told.fields().expect("fields");
        assert_eq!(policy.1, "\"requests\";q=20;w=10, \"cost\";q=1000;w=10");
        assert_eq!(left.1, "\"requests\";r=0;t=10, \"cost\";r=800;t=2");
        assert_eq!((take(10, 500).wait, take(10, 500).wait), (None, Some(1)));
        // What costs more than there is at once waits for all of it.
        assert_eq!((take(5_000, 20_500).wait, take(1, 20_500).wait), (None, Some(41)));
        assert_eq!(take(1, 61_500).wait, None);
    }

    #[test]
    fn a_key_has_a_budget_of_its_own_by_the_minute() {
        let key = Budget { requests: Some(1), cost: Some(100) };
        let (budgets, start) = (Budgets::new(BudgetRules { key, ..BudgetRules::default() }), Instant::now());
        let budget = KeyBudget { requests: Some(30), cost: None };
        let mut who = Caller { budget, ..caller(Role::Service) };
        let take =
            |who: &Caller, millis| budgets.take_at(who, 1, start + Duration::from_millis(millis)).expect("a budget");
        assert!((0..30).all(|_| take(&who, 0).wait.is_none()));
        let [policy, left] = take(&who, 0).fields().expect("fields");
        assert_eq!(policy.1, "\"requests\";q=30;w=60, \"cost\";q=1000;w=10");
        assert_eq!(left.1, "\"requests\";r=0;t=60, \"cost\";r=970;t=1");
        assert_eq!((take(&who, 1_000).wait, take(&who, 2_000).wait, take(&who, 2_000).wait), (Some(1), None, Some(2)));
        // Another one counts at once; one that is larger than that of the setting too.
        who.budget.requests = Some(u32::MAX);
        assert!((0..1_000).all(|_| take(&who, 60_000).wait.is_none_or(|wait| wait <= 10)));
        who.budget = KeyBudget::default();
        assert_eq!(take(&who, 120_000).fields().expect("fields")[0].1, "\"requests\";q=10;w=10, \"cost\";q=1000;w=10");
    }

    #[test]
    fn each_has_its_own() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        assert_eq!(budgets.take_at(&caller(Role::Admin), 1, now), None, "keys have none where nothing is said");
        let ann = caller(Role::Customer);
        let taken = (0..1_000).filter(|_| budgets.take_at(&ann, 1, now).expect("a budget").wait.is_none()).count();
        assert_eq!(taken, 500);
        let ben = Caller { id: "ben".to_owned(), ..ann };
        assert_eq!(budgets.take_at(&ben, 1, now).expect("a budget").wait, None);
    }
}
