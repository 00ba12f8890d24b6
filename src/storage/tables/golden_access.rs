//! The golden rows of what belongs to access: the audit, groups, erasures; and of what partners are told.

use super::{
    golden::{at, customer, event, key_of, pool, row},
    *,
};
use scrip_domain::{
    access::{KeyBudget, Role},
    audit::{Attempted, Attempter},
    binding::{Binding, OnFailure},
};

fn telling() -> Binding {
    let config = serde_json::json!({ "url": "https://partner.example" });
    Binding {
        plugin: "http-callback".to_owned(),
        config,
        on_failure: OnFailure::Refuse,
        at_claim: false,
        tells_changes: true,
    }
}

/// A row of each of their tables.
pub(super) fn rows() -> Vec<(RowId, Row)> {
    let erasure = Erasure {
        alias: customer("erased-a"),
        force: true,
        before: event(41),
        stage: Stage::Answers,
        after: vec!["20000".to_owned(), "till".to_owned(), "key".to_owned()],
    };
    let by = Attempter {
        actor: "k1".to_owned(),
        name: "till".to_owned(),
        role: Role::Manager,
        address: Some("192.0.2.1".to_owned()),
        request: "r-1".to_owned(),
    };
    let what =
        Attempted { action: "POOL_UPDATE".to_owned(), target: Some("pool:7".to_owned()), outcome: "DONE".to_owned() };
    let entry = AuditHead { number: 41, digest: [7; 32] }.next(at(1), by, what);
    let bounded = KeyBudget { requests: Some(600), cost: Some(1_000_000) };
    vec![
        row::<Erasures>(customer("ann"), erasure),
        row::<AuditEntries>(42, Box::new(entry.clone())),
        row::<AuditHeads>((), entry.head()),
        row::<Notices>((PoolId(7), event(41)), ()),
        row::<FailedNotices>((PoolId(7), event(40)), FailedNotice { at: at(2), refused: true }),
        row::<Outboxes>(
            PoolId(7),
            Outbox { waiting: 1, failed: 1, attempts: 3, next_at: Some(at(9)), problem: Some("away".to_owned()) },
        ),
        row::<Pools>(PoolId(14), Box::new(Pool { id: PoolId(14), remote: Some(telling()), ..pool() })),
        row::<CustomerPurchases>((customer("ann"), "T-1".to_owned()), ()),
        row::<PurchaseLists>((), Listing::UpTo("T-1".to_owned())),
        row::<UserGroups>(GroupId(3), UserGroup { id: GroupId(3), name: "north".to_owned(), created_at: at(1) }),
        row::<Pools>(PoolId(12), Box::new(Pool { id: PoolId(12), group: Some(GroupId(3)), ..pool() })),
        row::<ApiKeys>("0a1e".to_owned(), ApiKey { groups: vec![GroupId(3), GroupId(5)], ..key_of("k5", "0a1e") }),
        row::<Configured>(
            1,
            Configuring {
                number: 257,
                pools: vec![PoolId(7), PoolId(12)],
                keys: vec!["0a1e".to_owned()],
                groups: vec![GroupId(3)],
                settings: true,
            },
        ),
        row::<Configured>(2, Configuring { number: 2, settings: true, ..Configuring::default() }),
        row::<ApiKeys>("0a1f".to_owned(), ApiKey { budget: bounded, ..key_of("k6", "0a1f") }),
    ]
}
