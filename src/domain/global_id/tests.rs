//! Ids and cursors: what they tell, what they stay, and what is read.

use std::collections::BTreeSet;

use super::*;

fn all() -> Vec<GlobalId> {
    let coupon = |pool, index| CouponId { pool: PoolId(pool), index };
    let mut all: Vec<_> = ["ann", "\u{1F600}", &"x".repeat(128)]
        .map(|id| GlobalId::Customer(CustomerId::parse(id).expect("an id")))
        .into_iter()
        .collect();
    for (small, large) in [(0, 0), (1, 1), (1, 2), (2, 1), (u32::MAX, u64::MAX)] {
        all.push(GlobalId::Coupon(coupon(small, large)));
        all.push(GlobalId::Event(EventId { stream: small, sequence: large }));
        all.push(GlobalId::Entry(EntryId { coupon: coupon(7, large), number: small }));
    }
    all.push(GlobalId::Key("0a1b2c3d4e5f".to_owned()));
    all.extend([1, u64::MAX].map(GlobalId::Audit));
    all.extend([1, u32::MAX].map(|group| GlobalId::Group(GroupId(group))));
    all.extend(["T-1", "12", "a:b:c", &"\u{10FFFF}".repeat(128)].map(|id| GlobalId::Purchase(id.to_owned())));
    all.extend([0, 1, u32::MAX].map(|pool| GlobalId::Pool(PoolId(pool))));
    all
}

fn ids(secret: u8) -> GlobalIds {
    GlobalIds::new(&IdSecret::new([secret; 32]))
}

#[test]
fn every_id_is_read_back_and_no_two_are_the_same() {
    for ids in [ids(1), ids(2), GlobalIds::PLAIN] {
        let texts: BTreeSet<String> = all().iter().map(|id| ids.encode(id)).collect();
        assert_eq!(texts.len(), all().len());
        for id in all() {
            assert_eq!(ids.decode(&ids.encode(&id)), Some(id));
        }
    }
}

#[test]
fn ids_of_before_are_still_read_and_those_of_others_are_not() {
    for id in all() {
        assert_eq!(ids(1).decode(&GlobalIds::PLAIN.encode(&id)), Some(id.clone()));
        assert_eq!(ids(2).decode(&ids(1).encode(&id)), None);
        assert_eq!(GlobalIds::PLAIN.decode(&ids(1).encode(&id)), None);
        assert!(looks_like_an_id(&ids(1).encode(&id)));
    }
    assert_eq!(ids(1).decode("cG9vbDox"), Some(GlobalId::Pool(PoolId(1))));
    for name in ["ann", "id.", "id.ann", "id.12345", "cG9vbDox", "id.1234567890-1234567890_é", ""] {
        assert!(!looks_like_an_id(name), "{name}");
    }
}

/// An id is a promise: with the same secret it is the same in every version.
#[test]
fn ids_stay_as_they_are() {
    let found: Vec<String> = [
        GlobalId::Pool(PoolId(1)),
        GlobalId::Coupon(CouponId { pool: PoolId(1), index: 5 }),
        GlobalId::Customer(CustomerId::parse("ann").expect("an id")),
        GlobalId::Event(EventId { stream: 1, sequence: 99 }),
        GlobalId::Entry(EntryId { coupon: CouponId { pool: PoolId(1), index: 5 }, number: 0 }),
    ]
    .iter()
    .map(|id| ids(7).encode(id))
    .collect();
    assert_eq!(
        found,
        [
            "id.8YJCEKkotABbeFbT6g",
            "id.3bSGiAOx8yHRWGfB9_giFVPngDAp",
            "id.KRWRxghGWAVOd3WP",
            "id.Dkxw2B8EM2pNNg8IlZJqXqAfNgX2",
            "id.dMskB1Cywrv5E1U-Yp9-wckpjV4954NpVQ"
        ]
    );
}

#[test]
fn a_cursor_is_no_id_and_tells_no_number() {
    let ids = ids(1);
    let mut lengths = BTreeSet::new();
    for place in ["p1", "c1.5", "c4294967295.18446744073709551", "uann", "e1.99"] {
        let cursor = ids.cursor(place).expect("a cursor");
        assert_eq!(ids.place(&cursor).as_deref(), Some(place));
        assert_eq!(ids.decode(&format!("{PREFIX}{cursor}")), None);
        assert_eq!(GlobalIds::PLAIN.place(&cursor), None);
        lengths.insert(cursor.len());
    }
    assert_eq!(lengths.len(), 1);
    for id in all() {
        let id = ids.encode(&id);
        assert!(ids.place(id.trim_start_matches(PREFIX)).is_none_or(|place| !place.starts_with(char::is_alphabetic)));
    }
    assert_eq!(GlobalIds::PLAIN.cursor("p1"), None);
}

#[test]
fn a_customer_is_named_by_either_id() {
    let ids = ids(1);
    let ann = GlobalId::Customer(CustomerId::parse("ann").expect("an id"));
    for name in ["ann", &ids.encode(&ann), &GlobalIds::PLAIN.encode(&ann)] {
        assert_eq!(ids.customer(name).as_deref(), Ok("ann"));
    }
    let pool = GlobalId::Pool(PoolId(1));
    for (wrong, what) in [
        (ids.encode(&pool), "found the id of a pool"),
        (GlobalIds::PLAIN.encode(&pool), "found the id of a pool"),
        (GlobalIds::new(&IdSecret::new([2; 32])).encode(&ann), "not of this database"),
    ] {
        let refused = ids.customer(&wrong).expect_err("a refusal").to_string();
        assert!(refused.contains(what), "{refused}");
    }
    // A customer who was called like an id before is still named by the id of that customer.
    let called = GlobalIds::PLAIN.encode(&ann);
    let odd = GlobalId::Customer(CustomerId::parse(&called).expect("an id"));
    assert_eq!(ids.customer(&ids.encode(&odd)), Ok(called));
}

#[test]
fn nothing_but_what_was_given_out_is_read() {
    let ids = ids(1);
    for id in all() {
        let text = ids.encode(&id);
        for place in PREFIX.len()..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(ids.decode(std::str::from_utf8(&changed).expect("text")), None, "{id:?}");
        }
        assert_eq!(ids.decode(&text[..text.len() - 1]), None);
        assert_eq!(ids.decode(&text[PREFIX.len()..]), None);
    }
    for text in
        ["", "id.", "id.A", "id.AAAAAAAAAAAAAAAA", "A", &"A".repeat(5_000), &format!("id.{}", "A".repeat(5_000))]
    {
        assert_eq!(ids.decode(text), None, "{text}");
    }
}
