//! What the victim's callers were told, and whether it is so.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use scrip::{
    domain::{
        coupon::Coupon,
        event::EventType,
        id::{EntryId, EventId},
    },
    service::{Answer, Caller, Failure},
};
use tokio::task::JoinSet;

use super::{
    line::{Action, Line, Outcome, Request},
    seen::Sight,
    victim::State,
};
use crate::support::{Client, audit::Books};

/// How many keys are asked again at once.
const AT_ONCE: usize = 500;

/// All that was heard of a row of victims.
#[derive(Default)]
pub(super) struct Told {
    answered: Vec<(Request, Outcome)>,
    /// Requests with a key whose answer was not heard.
    open: BTreeMap<String, Request>,
    seen: Sight,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answers, open, seen) = (self.answered.len(), self.open.len(), self.seen.times);
        write!(f, "{answers} answers, {open} keys without an answer, {seen} things seen")
    }
}

impl Told {
    /// Adds a line.
    pub(super) fn hear(&mut self, line: &str) {
        match serde_json::from_str(line).expect("a line of the victim's") {
            Line::Opening | Line::Opened | Line::Stocked => {}
            Line::Seen(seen) => self.seen.add(seen),
            Line::Asking(request) => {
                let key = request.key.clone().expect("a key");
                self.open.insert(key, request);
            }
            Line::Answered(request, answer) => {
                request.key.as_ref().map(|key| self.open.remove(key));
                self.answered.push((request, answer));
            }
        }
    }

    /// Where those outside go on in the next process.
    pub(super) fn state(&self) -> State {
        State { open: self.open.values().cloned().collect(), followed: self.seen.followed }
    }

    /// The actions that have succeeded, each with the coupon after it and the ledger entry it made.
    fn done(&self) -> impl Iterator<Item = (&Action, &Coupon, Option<EntryId>)> {
        self.answered.iter().filter_map(|(request, answer)| match answer {
            Ok(Answer::Coupon(coupon, entry)) => Some((&request.action, coupon.as_ref(), *entry)),
            Ok(_) | Err(_) => None,
        })
    }

    /// Every acknowledged action has its event in the log.
    pub(super) async fn is_recorded(&self, app: &Client) {
        let ids: Vec<EventId> = self.done().filter_map(|(_, coupon, _)| last_event(coupon)).collect();
        let found: HashSet<EventId> =
            app.events_by_id(&ids).await.expect("events").iter().map(|event| event.id).collect();
        let lost = ids.iter().filter(|id| !found.contains(id)).count();
        assert_eq!(lost, 0, "{lost} of {} acknowledged actions are gone", ids.len());
    }

    /// The books say what was told: nothing is older, nothing is told twice.
    pub(super) fn agrees(&self, app: &Client, books: &Books) {
        self.seen.agrees(app, books);
        let mut events = HashSet::new();
        let mut redeemed = HashSet::new();
        for (action, coupon, entry) in self.done() {
            let id = coupon.id;
            let recorded = books.coupons.get(&id).unwrap_or_else(|| panic!("{id:?} was told and is gone"));
            assert!(recorded.version >= coupon.version, "{id:?} is older than it was told");
            assert!(recorded.version > coupon.version || recorded == coupon, "{id:?} is another than it was told");
            if let Some(last) = last_event(coupon) {
                let event = &books.events[usize::try_from(last.sequence - 1).expect("few events")];
                assert_eq!(
                    (event.coupon, event.change.kind),
                    (id, kind_of(action)),
                    "{id:?} has the event of {action:?}"
                );
                assert!(events.insert(last), "{last:?} was told to two callers");
            }
            match action {
                Action::Claim(_, customer) => {
                    assert_eq!(coupon.customer.as_ref().map(|id| id.as_str()), Some(customer.as_str()));
                }
                Action::Redeem(_) => assert!(redeemed.insert(id), "{id:?} was redeemed twice"),
                Action::Pay(_, cents) => {
                    let number = entry.expect("a payment has an entry").number as usize;
                    assert_eq!(books.ledgers[&id][number].amount.0, -cents, "{id:?} has paid at entry {number}");
                }
                Action::Transfer(..) | Action::Unassign(_) => {}
            }
        }
    }

    /// Every key gives its first answer again, and nothing is done twice.
    pub(super) async fn is_answered_again(&self, app: &Client) {
        let last = *app.latest_event().expect("a place").borrow();
        let keyed: Vec<_> = self.answered.iter().filter(|(request, _)| request.key.is_some()).collect();
        for part in keyed.chunks(AT_ONCE) {
            let again = retry(app, part.iter().map(|(request, _)| request)).await;
            for ((request, first), again) in part.iter().zip(again) {
                assert_eq!(&again, first, "the answer to {:?} again", request.key);
            }
        }
        assert_eq!(*app.latest_event().expect("a place").borrow(), last, "a retry changes nothing");
        let first = retry(app, self.open.values()).await;
        let second = retry(app, self.open.values()).await;
        assert_eq!(first, second, "a key whose answer was not heard has one answer");
    }
}

async fn retry(app: &Client, requests: impl Iterator<Item = &Request>) -> Vec<Outcome> {
    let mut retries = JoinSet::new();
    for (place, request) in requests.cloned().enumerate() {
        let app = app.clone();
        retries.spawn(async move {
            let caller = Caller::admin(request.caller, "victim");
            let answer = app.scrip().session(caller).submit(request.key, request.action.command()).await;
            let answer = answer.map_err(|failure| match failure {
                Failure::Refused(refusals) => refusals,
                Failure::Internal(reason) => panic!("broken inside: {}", reason.with_causes()),
            });
            (place, answer)
        });
    }
    let mut answers = retries.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The last event of a coupon as it was answered; not known where it has just filled a leaf.
fn last_event(coupon: &Coupon) -> Option<EventId> {
    coupon.history.recent.last().copied()
}

/// The last event that an action makes.
fn kind_of(action: &Action) -> EventType {
    match action {
        Action::Claim(..) => EventType::Claim,
        Action::Redeem(_) | Action::Pay(..) => EventType::Redeem,
        Action::Transfer(..) => EventType::Receive,
        Action::Unassign(_) => EventType::Unassign,
    }
}
