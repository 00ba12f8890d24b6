//! In how many rounds each command is decided that a caller can ask for, where nothing that it reads is in memory: once,
//! and once more after all of it was read together. What takes longer is named here, with why.

use std::{collections::BTreeSet, sync::Arc};

use super::{Request, cache::Cache, decide, working::Working};
use crate::{Answer, Caller, Clock, Command, Scrip};
use scrip_storage::Address;

mod story;

/// What takes more rounds than two: how many, and why.
const LONGER: [(&str, usize, &str); 25] = [
    ("edit a customer", 3, "the address that is given up is in the customer's row"),
    ("claim by code", 3, OF_A_LIST),
    ("claim the same again", 3, HELD),
    ("claim what came back", 3, "the pool's tree says which coupon that is"),
    ("redeem by code", 3, OF_A_LIST),
    (
        "redeem as it is typed",
        5,
        "it is looked up as it is written, then by its form, then as the code that this means",
    ),
    (
        "redeem what nobody has claimed",
        4,
        "its code is in the list, which is read where the coupon is not: most are claimed",
    ),
    ("redeem a generic code", 3, HELD),
    ("redeem an open code", 3, "who holds none that can be used may hold one that cannot"),
    ("take that by code back", 3, OF_A_LIST),
    ("unassign by code", 3, OF_A_LIST),
    ("give a card back what it paid", 3, "the entry is what is kept of the card's use by the purchase"),
    ("reinstate a card", 3, "the entry that took off what it held is in the card's row"),
    ("preview", 3, OF_A_LIST),
    ("check out", 3, OF_A_LIST),
    ("hold", 3, OF_A_LIST),
    ("hold for another", 3, OF_A_LIST),
    ("check out what is held", 3, OF_A_PURCHASE),
    ("release", 3, OF_A_PURCHASE),
    ("return", 3, OF_A_PURCHASE),
    ("preview a generic code", 4, USED_UP),
    ("check out a generic code", 4, USED_UP),
    ("hold a generic code", 4, USED_UP),
    ("release a generic code", 3, OF_A_PURCHASE),
    ("return a generic code", 3, OF_A_PURCHASE),
];
/// Which coupon a code of a list means is in a row.
const OF_A_LIST: &str = "the code leads to its coupon, and only then it is known what is kept of that";
/// Which coupon is meant is in a row.
const HELD: &str = "what the customer holds of the pool leads to the coupon";
/// So are the coupons of a purchase.
const OF_A_PURCHASE: &str = "the purchase says which coupons it has";
/// The customer holds one of the code that cannot be used any more.
const USED_UP: &str = "what can be used is looked for, then what cannot, then the coupon that was found";

#[tokio::test]
async fn a_command_is_decided_once_and_at_most_once_more() {
    let scrip = Scrip::open(&Address::parse("mem://").expect("an address"), Clock::System, None).await;
    let scrip = scrip.expect("a database");
    // Nobody works on its jobs meanwhile.
    scrip.begin_stop();
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for (what, command) in story::all() {
        seen.insert(command.name());
        let longer = LONGER.iter().find(|(longer, ..)| *longer == what).map(|(_, rounds, _)| *rounds);
        let mut most = 0;
        for key in [None, Some(what.to_owned())] {
            most = most.max(rounds(&scrip, key, &command).await);
        }
        if longer.map_or(most > 2, |longer| longer != most) {
            wrong.push(format!("{what}: {most}"));
        }
        carry_out(&scrip, what, command).await;
    }
    assert!(wrong.is_empty(), "expected other numbers of rounds: {wrong:#?}");
    let all: BTreeSet<_> = Command::of_callers().into_iter().collect();
    assert_eq!(seen, all, "each command of callers has its place in the story");
}

/// In how many rounds a command is decided on what is in the database, with nothing in memory.
async fn rounds(scrip: &Scrip, idempotency: Option<String>, command: &Command) -> usize {
    let caller = Caller::admin("caller", "caller");
    let prepared = scrip.prepare(&caller, idempotency.as_deref(), command).await.expect("prepared");
    let request = Request { caller, idempotency, command: command.clone(), prepared, reply: None };
    let sequence = scrip.committer.latest().borrow().sequence;
    let time = scrip.time.next_batch();
    let mut working = Working::new(&scrip.registry, &time, sequence, Cache::default());
    for round in 1.. {
        working.forget_decisions();
        match decide::decide(&working, &request) {
            decide::Outcome::Missing(missing) => working.load(&scrip.store, missing).await.expect("read"),
            decide::Outcome::Decided(decided) => {
                assert!(decided.answer.is_ok(), "{command:?}: {:?}", decided.answer);
                return round;
            }
            decide::Outcome::Asks(needs) => panic!("{command:?} asks for {needs:?}"),
        }
    }
    0
}

async fn carry_out(scrip: &Arc<Scrip>, what: &str, command: Command) -> Answer {
    let caller = Caller::admin("caller", "caller");
    scrip.submit(&caller, None, command).await.unwrap_or_else(|failure| panic!("{what}: {failure:?}"))
}
