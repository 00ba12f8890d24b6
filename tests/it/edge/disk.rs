//! The disk, by real means: below its reserve, without room in the middle of a write, and failing. What was told stays,
//! and what is not known is told to nobody.

use std::{path::Path, time::Duration};

use rlimit::Resource;
use serde_json::{Value, json};
use tokio::{process::Command, task::JoinHandle, time::sleep};

use super::binary::{Gateway, scrip};

const KEY: &str = "preset-by-the-test";
/// Fails every sync while a file is there.
const FAILING: &str = r#"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int synced(long call, int file) {
    const char *failing = getenv("FAILING");
    if (failing && access(failing, F_OK) == 0) { errno = EIO; return -1; }
    return syscall(call, file);
}
int fsync(int file) { return synced(SYS_fsync, file); }
int fdatasync(int file) { return synced(SYS_fdatasync, file); }
"#;

/// A gateway with a database in a folder.
fn gateway(folder: &Path, options: &str) -> Command {
    let database = format!("surrealkv://data?max_memtable_size=1048576{options}");
    let mut command = scrip(folder, &["--listen", "127.0.0.1:0", "--database", &database]);
    command.env("SCRIP_ADMIN_KEY", KEY);
    command
}

/// What is answered to a document; none where the connection ends without an answer.
async fn ask(url: &str, query: &str) -> Option<Value> {
    let request = reqwest::Client::new().post(format!("{url}/graphql")).bearer_auth(KEY);
    request.json(&json!({ "query": query })).send().await.ok()?.json().await.ok()
}

/// What is answered to the claim of a customer: the code of a coupon, or of a refusal.
async fn claim(url: &str, pool: &str, customer: &str) -> Option<String> {
    let query = format!(
        "mutation {{ couponClaim(input: {{ poolId: \"{pool}\", customerId: \"{customer}\", idempotencyKey: \"{customer}\" }}) \
         {{ coupon {{ code }} userErrors {{ code message }} }} }}"
    );
    let answer = ask(url, &query).await?;
    let claimed = &answer["data"]["couponClaim"];
    let code = claimed["coupon"]["code"].as_str().or_else(|| claimed["userErrors"][0]["code"].as_str());
    Some(code.unwrap_or_else(|| panic!("{answer}")).to_owned())
}

/// Makes a pool of ten codes; its id.
async fn pool(url: &str) -> String {
    let made = ask(
        url,
        "mutation { poolCreate(input: { name: \"a\", source: BULK_GENERATED, type: FREE_SHIPPING, \
                         pattern: \"AB-$$$$$$\" }) { pool { id } userErrors { message } } }",
    );
    let made = made.await.expect("an answer");
    let id = made["data"]["poolCreate"]["pool"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let query = format!("mutation {{ couponsGenerate(input: {{ poolId: \"{id}\", count: 10 }}) {{ generated }} }}");
    assert_eq!(ask(url, &query).await.expect("an answer")["data"]["couponsGenerate"]["generated"], 10);
    id
}

/// How many coupons of a pool are claimed, as its counts and its list say.
async fn claimed(url: &str, pool: &str) -> u64 {
    let query = format!(
        "{{ pool(id: \"{pool}\") {{ stats {{ claimed }} coupons(filter: {{ statuses: [CLAIMED] }}) {{ edges {{ cursor }} }} }} }}"
    );
    let answer = ask(url, &query).await.expect("an answer");
    let pool = &answer["data"]["pool"];
    let counted = pool["stats"]["claimed"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(pool["coupons"]["edges"].as_array().expect("a list").len() as u64, counted, "{answer}");
    counted
}

async fn ready(url: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Waits until it is ready, or until it says that it is not and why.
async fn until_ready(url: &str, word: Option<&str>) {
    loop {
        let (status, said) = ready(url).await;
        if word.map_or(status == 200, |word| status == 503 && said.contains(word)) {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn below_its_reserve_it_refuses_changes_and_reads_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Gateway::start(gateway(folder.path(), "")).await;
    let pool = pool(&first.url).await;
    let ann = claim(&first.url, &pool, "ann").await.expect("a coupon");
    first.stop().await;

    let full = Gateway::start(gateway(folder.path(), "&reserve=18446744073709551615")).await;
    assert_eq!(claim(&full.url, &pool, "ben").await.as_deref(), Some("DATABASE_UNAVAILABLE"));
    assert_eq!(claim(&full.url, &pool, "ann").await, Some(ann), "what was answered is answered again");
    let (status, said) = ready(&full.url).await;
    assert!(status == 503 && said.contains("the disk is full") && said.contains("are kept free"), "{status} {said}");
    assert_eq!(reqwest::get(format!("{}/healthz", full.url)).await.expect("an answer").status(), 200);
    assert_eq!(claimed(&full.url, &pool).await, 1);
    full.stop().await;

    let third = Gateway::start(gateway(folder.path(), "")).await;
    let ben = claim(&third.url, &pool, "ben").await.expect("an answer");
    assert!(ben.starts_with("AB-"), "the refusal is not kept: {ben}");
    third.stop().await;
}

/// Every write to a file fails in the middle, and later does not.
#[tokio::test]
async fn a_write_without_room_waits_for_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Gateway::start(gateway(folder.path(), "")).await;
    let url = running.url.clone();
    let pool = pool(&url).await;
    claim(&url, &pool, "ann").await.expect("a coupon");

    let limit = |bytes| {
        let id = i32::try_from(running.id()).expect("a process");
        rlimit::prlimit(id, Resource::FSIZE, Some((bytes, rlimit::INFINITY)), None).expect("a limit");
    };
    for round in 0..2 {
        limit(1);
        let held: JoinHandle<_> = {
            let (url, pool) = (url.clone(), pool.clone());
            tokio::spawn(async move { claim(&url, &pool, &format!("held-{round}")).await })
        };
        until_ready(&url, Some("the database cannot write: the disk may be full; see the log")).await;
        let (_, said) = ready(&url).await;
        assert!(!said.contains("error") && !said.contains("File too large"), "the cause is for the log: {said}");
        // Longer than the engine waits before it tries again.
        for _ in 0..5 {
            assert_eq!(claim(&url, &pool, "ben").await.as_deref(), Some("DATABASE_UNAVAILABLE"));
            assert_eq!(claimed(&url, &pool).await, 1 + round, "reads go on");
            sleep(Duration::from_secs(1)).await;
        }
        assert!(!held.is_finished(), "nobody knows yet what became of it");
        limit(rlimit::INFINITY);
        let answer = held.await.expect("an end").expect("an answer");
        assert!(answer.starts_with("AB-"), "{answer}");
        until_ready(&url, None).await;
        assert_eq!(claimed(&url, &pool).await, 2 + round);
    }
    running.kill().await;
    let again = Gateway::start(gateway(folder.path(), "")).await;
    assert_eq!(claimed(&again.url, &pool).await, 3);
    again.stop().await;
}

/// Whether a batch is on disk is not known after its sync failed: nobody is told anything, and the next start knows.
#[tokio::test]
async fn a_sync_that_fails_ends_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, library) = (folder.path().join("failing.c"), folder.path().join("failing.so"));
    std::fs::write(&source, FAILING).expect("a file");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().await;
    assert!(built.expect("a C compiler, as Rust needs").success());
    let mut command = gateway(folder.path(), "");
    let failing = folder.path().join("failing");
    command.env("LD_PRELOAD", &library).env("FAILING", &failing);
    let first = Gateway::start(command).await;
    let pool = pool(&first.url).await;
    let ann = claim(&first.url, &pool, "ann").await.expect("a coupon");

    std::fs::write(&failing, "").expect("a file");
    assert_eq!(claim(&first.url, &pool, "ben").await, None, "nobody is answered");
    let (code, said) = first.ended().await;
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("only the next start can tell") && said.contains("os error 5"), "{said}");

    let second = Gateway::start(gateway(folder.path(), "")).await;
    assert_eq!(claim(&second.url, &pool, "ann").await, Some(ann));
    let ben = claim(&second.url, &pool, "ben").await.expect("an answer");
    assert!(ben.starts_with("AB-"), "{ben}");
    assert_eq!(claim(&second.url, &pool, "ben").await, Some(ben));
    assert_eq!(claimed(&second.url, &pool).await, 2, "once");
    second.stop().await;
}

/// A job whose steps find no room waits for it, and goes on by itself from where it was.
#[tokio::test]
async fn a_job_waits_for_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Gateway::start(gateway(folder.path(), "")).await;
    let url = running.url.clone();
    let pool = pool(&url).await;
    let more = format!("mutation {{ couponsGenerate(input: {{ poolId: \"{pool}\", count: 9990 }}) {{ generated }} }}");
    assert_eq!(ask(&url, &more).await.expect("an answer")["data"]["couponsGenerate"]["generated"], 9_990);
    let limit = |bytes| {
        let id = i32::try_from(running.id()).expect("a process");
        rlimit::prlimit(id, Resource::FSIZE, Some((bytes, rlimit::INFINITY)), None).expect("a limit");
    };
    let customers: Vec<String> = (0..10_000).map(|number| format!("\"c-{number}\"")).collect();
    let start = format!(
        "mutation {{ couponsBulk(input: {{ action: CLAIM, poolId: \"{pool}\", customerIds: [{}] }}) {{ job {{ id }} }} }}",
        customers.join(",")
    );
    let started = ask(&url, &start).await.expect("an answer");
    let id = started["data"]["couponsBulk"]["job"]["id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
    let job = async || {
        let query = format!("{{ node(id: \"{id}\") {{ ... on Job {{ status outcome done }} }} }}");
        ask(&url, &query).await.expect("an answer")["data"]["node"].clone()
    };
    while job().await["done"] == "0" {
        sleep(Duration::from_millis(1)).await;
    }
    limit(1);
    until_ready(&url, Some("the database cannot write")).await;
    let waiting = job().await;
    assert_eq!(waiting["status"], "RUNNING", "{waiting}");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(job().await, waiting, "nothing is done without room");
    limit(rlimit::INFINITY);
    loop {
        let now = job().await;
        if now["status"] == "RUNNING" {
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        assert_eq!(now, json!({ "status": "SUCCEEDED", "outcome": "ALL", "done": "10000" }));
        break;
    }
    running.stop().await;
}
