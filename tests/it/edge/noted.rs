//! The audit over the API: what is noted of whom, what is not, and that an entry which was changed, taken out or put in is
//! found.

use scrip::{
    domain::audit::AuditEntry,
    storage::{Address, AuditEntries, AuditHeads, Batch, Expect, Row, RowId, Store},
};
use serde_json::{Value, json};

use super::{
    App,
    app::{items, text},
    binary::{complaint, scrip},
};
use crate::support::{Backend, TestScrip, disk, draft};

const LOG: &str = "query($first: Int, $after: Cursor, $filter: AuditFilter) { auditLog(first: $first, after: $after, \
    filter: $filter) { edges { node { id at actor actorId role address action target outcome request } } \
    pageInfo { hasNextPage endCursor } } }";

impl App {
    /// The audit as a filter leaves it.
    async fn noted(&self, filter: Value) -> Vec<Value> {
        items(&self.data(LOG, json!({ "first": 500, "filter": filter })).await["auditLog"])
    }
}

#[tokio::test]
async fn changes_are_noted_with_who_made_them() {
    let app = App::start().await;
    let pool = app.pool(json!({ "name": "secret sale", "type": "AMOUNT", "value": "5" }), &["CODE-1"]).await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": "7" })).await;
    app.ok("poolUpdate", json!({ "id": pool, "apply": "NONE", "value": "8", "dryRun": true })).await;
    // Nothing was added: nothing has changed.
    let add = "mutation($input: CouponsAddInput!) { couponsAdd(input: $input) { added } }";
    let added = app.data(add, json!({ "input": { "poolId": pool, "codes": ["CODE-1"] } })).await;
    assert_eq!(added["couponsAdd"]["added"], 0, "{added}");
    app.ok("poolArchive", json!({ "id": pool, "archived": true })).await;
    app.ok("poolArchive", json!({ "id": pool, "archived": false })).await;
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    let (viewer, key) = app.key_of("VIEWER").await;
    // What is done with coupons and customers has its events.
    app.claim(&pool, "ann").await;
    app.ok("customerUpsert", json!({ "customerId": "ann", "email": "ann@example.com" })).await;
    // Refused: by the role, and by what it is.
    let forbidden = "mutation { settingsUpdate(input: {autoRedeem: false}) { userErrors { code } } }";
    app.send(&viewer, forbidden, json!({})).await;
    app.refused("poolArchive", json!({ "id": "none", "archived": true }), "NOT_FOUND", "id").await;
    let noted = app.noted(Value::Null).await;
    let told: Vec<_> =
        noted.iter().rev().map(|entry| format!("{} {}", text(&entry["action"]), text(&entry["outcome"]))).collect();
    assert_eq!(
        told,
        [
            "KEY_CREATE DONE",
            "POOL_CREATE DONE",
            "COUPONS_ADD DONE",
            "POOL_UPDATE DONE",
            "POOL_ARCHIVE DONE",
            "POOL_UNARCHIVE DONE",
            "SETTINGS_UPDATE DONE",
            "KEY_CREATE DONE",
            "SETTINGS_UPDATE FORBIDDEN",
        ]
    );
    let [refused, made, ..] = noted.as_slice() else { panic!("{noted:?}") };
    assert_eq!((&refused["actor"], &refused["role"]), (&json!("VIEWER"), &json!("VIEWER")));
    assert_eq!((&made["actor"], &made["role"], &made["target"]), (&json!("till"), &json!("ADMIN"), &json!(key)));
    assert!(refused["address"] == "127.0.0.1" && !text(&refused["request"]).is_empty(), "{refused}");
    for (place, action) in [(6, "COUPONS_ADD"), (7, "POOL_CREATE")] {
        assert_eq!((&noted[place]["action"], &noted[place]["target"]), (&json!(action), &json!(pool)), "{noted:?}");
    }
    let whole = json!(noted).to_string();
    for secret in ["secret sale", "CODE-1", "ann", "example.com"] {
        assert!(!whole.contains(secret), "{secret} is in {whole}");
    }
    for (filter, number) in [
        (json!({ "actor": "VIEWER" }), 1),
        (json!({ "actor": refused["actorId"] }), 1),
        (json!({ "actions": ["POOL_CREATE", "POOL_UPDATE"] }), 2),
        (json!({ "target": pool }), 5),
        (json!({ "target": key }), 1),
        (json!({ "outcome": "FORBIDDEN" }), 1),
        (json!({ "from": "2026-02-01T00:00:00Z" }), 0),
        (json!({ "to": "2026-01-31T10:00:00Z" }), 0),
    ] {
        assert_eq!(app.noted(filter.clone()).await.len(), number, "{filter}");
    }
    let page = app.data(LOG, json!({ "first": 3 })).await["auditLog"].clone();
    let rest = app.data(LOG, json!({ "first": 500, "after": page["pageInfo"]["endCursor"] })).await["auditLog"].clone();
    assert_eq!([items(&page), items(&rest)].concat(), noted);
    let node = "query($id: ID!) { node(id: $id) { ... on AuditEntry { action outcome } } }";
    let found = app.data(node, json!({ "id": refused["id"] })).await["node"].clone();
    assert_eq!(found, json!({ "action": "SETTINGS_UPDATE", "outcome": "FORBIDDEN" }));
    let hidden = app.send(&viewer, node, json!({ "id": refused["id"] })).await;
    assert_eq!(hidden["errors"][0]["extensions"]["code"], "FORBIDDEN", "{hidden}");
    app.finish().await;
}

#[tokio::test]
async fn refused_attempts_do_not_fill_the_audit() {
    let app = App::start().await;
    let (viewer, _) = app.key_of("VIEWER").await;
    let many: String = (0..60).map(|n| format!("a{n}: apiKeyRevoke(id: \"x\") {{ userErrors {{ code }} }} ")).collect();
    app.send(&viewer, &format!("mutation {{ {many} }}"), json!({})).await;
    assert_eq!(app.noted(json!({ "outcome": "FORBIDDEN" })).await.len(), 20);
    // Those of an admin are counted apart, with what was done; what is done is noted whatever was refused.
    app.send(&app.key, &format!("mutation {{ {many} }}"), json!({})).await;
    assert_eq!(app.noted(json!({ "outcome": "NOT_FOUND" })).await.len(), 19);
    app.ok("settingsUpdate", json!({ "autoRedeem": true })).await;
    assert_eq!(app.noted(json!({ "actions": ["SETTINGS_UPDATE"] })).await.len(), 1);
    app.finish().await;
}

/// A folder with an audit of five entries.
async fn audited() -> crate::support::Folder {
    let scrip = TestScrip::new(Backend::Disk).await;
    for _ in 0..5 {
        scrip.pool(draft::percentage()).await;
    }
    scrip.close().await.expect("a folder")
}

/// What a check and a verification say of an audit that somebody has changed.
async fn found_after(change: impl FnOnce(&mut Batch, Vec<AuditEntry>)) -> Vec<String> {
    let folder = audited().await;
    let address: Address = disk(folder.path());
    let store = Store::open(&address).await.expect("a database");
    let entries = store.get::<AuditEntries>(&[1, 2, 3, 4, 5]).await.expect("rows");
    let mut batch = Batch::default();
    change(&mut batch, entries.into_iter().flatten().map(|entry| *entry).collect());
    if !batch.is_empty() {
        drop(store.commit(&batch).await.expect("written"));
    }
    let faults = store.verify_audit().await.expect("an answer").faults;
    store.close().await;
    let mut told = Vec::new();
    scrip::storage::check(&address, |fault| told.push(fault.to_string())).await.expect("checked");
    assert_eq!(told.len(), faults.len(), "{told:?} {faults:?}");
    let parent = folder.path().parent().expect("a parent");
    let verify = || scrip(parent, &["audit", "verify", "--database", "surrealkv://data"]);
    if faults.is_empty() {
        let said = verify().output().await.expect("the binary");
        assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("5 entries"), "{said:?}");
    } else {
        assert!(complaint(verify()).await.contains("the audit has"));
    }
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_that_was_tampered_with_is_found() {
    assert_eq!(found_after(|_, _| {}).await, [""; 0]);
    let changed = found_after(|batch, mut entries| {
        entries[2].by.name = "nobody".to_owned();
        batch.replace::<AuditEntries>(3, Box::new(entries[2].clone()));
    });
    assert!(changed.await[0].contains("entry 3 was changed"));
    let last = found_after(|batch, mut entries| {
        entries[4].what.outcome = "FORBIDDEN".to_owned();
        batch.replace::<AuditEntries>(5, Box::new(entries[4].clone()));
    });
    assert!(last.await[0].contains("entry 5 was changed"));
    let gone = found_after(|batch, _| batch.remove(RowId::of::<AuditEntries>(2)));
    assert!(gone.await[0].contains("entries 2 to 2 are missing"));
    let cut = found_after(|batch, _| batch.remove(RowId::of::<AuditEntries>(5)));
    assert!(cut.await[0].contains("entries 5 to 5 are missing"));
    let added = found_after(|batch, entries| {
        let last = &entries[4];
        let more = last.head().next(last.at, last.by.clone(), last.what.clone());
        batch.insert::<AuditEntries>(6, Box::new(more));
    });
    assert!(added.await[0].contains("entries 6 to 6 were put in"));
    let end = found_after(|batch, entries| {
        batch.put(RowId::of::<AuditHeads>(()), Row::of::<AuditHeads>(entries[3].head()), Expect::Whatever);
    });
    assert!(end.await[0].contains("put in"));
}

#[tokio::test]
async fn an_erasure_is_noted_without_whom() {
    let app = App::start().await;
    let pool = app.pool(json!({ "type": "AMOUNT", "value": "5" }), &["A-1"]).await;
    app.claim(&pool, "ann").await;
    for (arguments, code) in
        [("", json!("CUSTOMER_HOLDS_COUPONS")), (", force: true", Value::Null), ("", json!("NOT_FOUND"))]
    {
        let erase =
            format!("mutation {{ customerErase(customerId: \"ann\"{arguments}) {{ done userErrors {{ code }} }} }}");
        let erased = app.data(&erase, json!({})).await["customerErase"].clone();
        assert_eq!(erased["userErrors"][0]["code"], code, "{erased}");
    }
    let noted = app.noted(json!({ "actions": ["CUSTOMER_ERASE"] })).await;
    let told: Vec<_> = noted.iter().rev().map(|entry| text(&entry["outcome"])).collect();
    assert_eq!(told, ["BEGUN", "CUSTOMER_HOLDS_COUPONS", "BEGUN", "NOT_FOUND"]);
    assert!(!json!(noted).to_string().contains("ann"), "{noted:?}");
    app.finish().await;
}
