//! What another writer has configured, seen by whoever holds it in memory.

use super::*;
use crate::{
    Apply, Caller, Clock, KeyAdd, KeyRevoke, PoolArchive, PoolCreate, PoolEdit, PoolUpdate, RestrictionsEdit, Scrip,
    SettingsEdit, UserGroupCreate, UserGroupUpdate, patterns::new_pool, registry::Held, sample,
};
use scrip_domain::{
    access::{ApiKey, Role},
    period,
    pool_codes::CodesDraft,
    pool_draft::PoolDraft,
    source::Source,
    update::Scope,
};
use scrip_storage::{Address, Batch};

async fn scrip() -> Arc<Scrip> {
    let address = Address::parse("mem://").expect("an address");
    Scrip::open(&address, Clock::manual(period::instant_of(1_790_000_000_000).expect("a time")), None)
        .await
        .expect("open")
}

fn codes(pattern: &str) -> PoolDraft {
    let codes = CodesDraft { pattern: pattern.to_owned(), ..CodesDraft::default() };
    new_pool(codes, Source::BulkGenerated)
}

fn key(id: &str) -> Box<ApiKey> {
    sample::key(id, Role::Admin)
}

impl Scrip {
    async fn set_up(&self, per_checkout: i32) {
        let edit = SettingsEdit { coupons_per_checkout: Some(per_checkout), ..SettingsEdit::default() };
        self.change(&Caller::scrip(), None, edit).await.expect("set");
    }
}

/// Everything that is configured.
fn configured(held: &Held) -> [String; 9] {
    let text = |part: &dyn std::fmt::Debug| format!("{part:?}");
    let keys: BTreeMap<_, _> = held.keys.iter().collect();
    let tallies: BTreeMap<_, _> = held.tallies.iter().collect();
    let external: BTreeMap<_, _> = held.external.iter().collect();
    [
        text(&held.pools),
        text(&tallies),
        text(&external),
        text(&held.names),
        text(&held.groups),
        text(&held.settings),
        text(&keys),
        text(&held.audit),
        text(&held.configured.last()),
    ]
}

#[tokio::test]
async fn all_that_another_has_configured_is_taken_over() {
    let scrip = scrip().await;
    let own = Caller::scrip();
    let other = Registry::load(&scrip.store).await.expect("a registry");
    let mut steps = 0;
    let mut same = async |what: &str| {
        assert!(other.follow(&scrip.store).await.expect("an answer"), "{what}: too long ago");
        let fresh = Registry::load(&scrip.store).await.expect("a registry");
        assert_eq!(configured(&other.read()), configured(&fresh.read()), "{what}");
        assert_eq!(configured(&other.read()), configured(&scrip.registry.read()), "{what}");
        steps += 1;
    };
    same("nothing").await;
    let group = scrip.change(&own, None, UserGroupCreate { name: "north".to_owned() }).await.expect("a group");
    same("a group").await;
    scrip.change(&own, None, UserGroupUpdate { id: group.id, name: "south".to_owned() }).await.expect("renamed");
    same("another name").await;
    let draft = PoolDraft { external_id: Some("spring".to_owned()), group: Some(group.id), ..codes("A-####") };
    let pool = scrip.change(&own, None, PoolCreate(Box::new(draft))).await.expect("a pool");
    scrip.change(&own, None, PoolCreate(Box::new(codes("B-####")))).await.expect("a pool");
    same("two pools").await;
    assert!(other.pool_by_external_id("spring").is_some() && !other.candidates("A-2345").is_empty());
    let until = period::instant_of(1_800_000_000_000);
    let restrictions = RestrictionsEdit { valid_until: Some(until), ..RestrictionsEdit::default() };
    let apply = Some(Apply { scope: Scope::All, matching: false });
    let edit = PoolEdit { restrictions, apply, pattern: Some("C-####".to_owned()), ..PoolEdit::default() };
    scrip.change(&own, None, PoolUpdate { pool: pool.id, edit: Box::new(edit) }).await.expect("edited");
    same("other terms, another pattern").await;
    assert!(other.candidates("A-2345").is_empty() && !other.candidates("C-2345").is_empty());
    scrip.change(&own, None, PoolArchive { pool: pool.id, archived: true }).await.expect("archived");
    for id in ["one", "two"] {
        scrip.change(&own, None, KeyAdd(key(id))).await.expect("a key");
    }
    scrip.change(&own, None, KeyRevoke { id: "one".to_owned() }).await.expect("revoked");
    same("keys").await;
    scrip.set_up(7).await;
    same("settings").await;
    assert_eq!(steps, 7);
}

#[tokio::test]
async fn who_is_too_far_behind_is_told_so() {
    let scrip = scrip().await;
    let [first, middle] = [Registry::load(&scrip.store).await, Registry::load(&scrip.store).await];
    let (first, middle) = (first.expect("a registry"), middle.expect("a registry"));
    let entries = i32::try_from(CONFIGURED_KEPT).expect("a number");
    for number in 1..=entries {
        scrip.set_up(number % 50 + 1).await;
    }
    assert!(middle.follow(&scrip.store).await.expect("an answer"), "all of them are kept");
    for number in 1..=3 {
        scrip.set_up(number).await;
    }
    assert!(!first.follow(&scrip.store).await.expect("an answer"));
    assert!(middle.follow(&scrip.store).await.expect("an answer"));
    assert_eq!(middle.settings(), scrip.registry.settings());
    let fresh = Registry::load(&scrip.store).await.expect("a registry");
    assert_eq!(configured(&middle.read()), configured(&fresh.read()));
    let kept = fresh.read().configured.0.len() as u64;
    assert_eq!(kept, CONFIGURED_KEPT, "what is kept has a bound");
}

/// What another gateway would write.
async fn elsewhere(scrip: &Scrip, entry: Configuring, rows: Vec<(RowId, Row)>) {
    let (id, entry, expected) = Registry::load(&scrip.store).await.expect("a registry").read().configured.next(entry);
    let mut batch = Batch::default();
    batch.put(id, row(&entry), expected);
    rows.into_iter().for_each(|(id, row)| batch.put(id, row, Expect::Whatever));
    drop(scrip.store.commit(&batch).await.expect("written"));
}

#[tokio::test]
async fn what_another_has_changed_is_not_written_over() {
    let scrip = scrip().await;
    let own = Caller::scrip();
    let pool = scrip.change(&own, None, PoolCreate(Box::new(codes("A-####")))).await.expect("a pool");
    scrip.change(&own, None, KeyAdd(key("one"))).await.expect("a key");
    scrip.change(&own, None, KeyAdd(key("two"))).await.expect("a key");

    let mut settings = scrip.registry.settings();
    settings.auto_redeem = !settings.auto_redeem;
    let entry = Configuring { settings: true, ..Configuring::default() };
    elsewhere(&scrip, entry, vec![(RowId::of::<Programme>(()), Row::of::<Programme>(settings))]).await;
    scrip.set_up(9).await;
    let kept = scrip.store.get_one::<Programme>(()).await.expect("a row").expect("settings");
    assert_eq!((kept.auto_redeem, kept.combining.per_checkout), (settings.auto_redeem, 9));

    let renamed = Pool { name: "of another".to_owned(), terms: Vec::new(), ..*pool.clone() };
    let entry = Configuring { pools: vec![pool.id], ..Configuring::default() };
    elsewhere(&scrip, entry, vec![(RowId::of::<Pools>(pool.id), Row::of::<Pools>(Box::new(renamed)))]).await;
    let archived = scrip.change(&own, None, PoolArchive { pool: pool.id, archived: true }).await.expect("archived");
    assert_eq!((archived.name.as_str(), archived.archived_at.is_some()), ("of another", true));

    // It was the last key but one that may do everything: decided on what was, none would be left.
    let revoked = ApiKey { revoked_at: Some(period::Instant::UNIX_EPOCH), ..*key("two") };
    let entry = Configuring { keys: vec![revoked.hash.clone()], ..Configuring::default() };
    let at = RowId::of::<ApiKeys>(revoked.hash.clone());
    elsewhere(&scrip, entry, vec![(at, Row::of::<ApiKeys>(revoked))]).await;
    let refused = scrip.change(&own, None, KeyRevoke { id: "one".to_owned() }).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn what_no_entry_tells_is_read_all_the_same() {
    let scrip = scrip().await;
    let own = Caller::scrip();
    for id in ["one", "two"] {
        scrip.change(&own, None, KeyAdd(key(id))).await.expect("a key");
    }
    // When a key was used is nothing that is configured.
    let used = ApiKey { last_used_at: period::instant_of(1_790_000_001_000), ..*key("one") };
    let mut batch = Batch::default();
    batch.put(RowId::of::<ApiKeys>(used.hash.clone()), Row::of::<ApiKeys>(used.clone()), Expect::Whatever);
    drop(scrip.store.commit(&batch).await.expect("written"));
    let revoked = scrip.change(&own, None, KeyRevoke { id: "one".to_owned() }).await.expect("revoked");
    assert_eq!((revoked.last_used_at, revoked.revoked_at.is_some()), (used.last_used_at, true));
}
