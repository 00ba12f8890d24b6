//! Scrip's tests of everything that needs a database, a socket or a process: one binary, a module a
//! topic.

mod schema;
mod tidy;
use scrip::domain::pool::Source;
use scrip::domain::pool_draft::{PoolDraft, RestrictionsDraft};
use scrip::domain::terms::CouponType;
use scrip::service::*;
use scrip::storage::Address;
use std::sync::Arc;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smoke() {
    for address in
        ["mem://".to_owned(), format!("surrealkv://{}", std::env::var("SMOKE").unwrap_or("/tmp/smoke".into()))]
    {
        let scrip = Scrip::open(&Address::parse(&address).unwrap(), Clock::System).await.unwrap();
        let caller = Caller { id: "k".into(), name: "test".into() };
        let draft = PoolDraft {
            name: "p".into(),
            external_id: None,
            source: Source::Uploaded,
            kind: CouponType::Percentage,
            value: Some("10".into()),
            currency: None,
            case_sensitive: None,
            pattern: None,
            restrictions: RestrictionsDraft::default(),
            aggregated: false,
        };
        let Answer::Pool(pool) = scrip.submit(&caller, None, Command::PoolCreate(Box::new(draft))).await.unwrap()
        else {
            panic!()
        };
        let t = Instant::now();
        for i in 0..40 {
            let codes = (0..500).map(|j| format!("C{}-{i}-{j}", pool.id.0)).collect();
            let Answer::Added(a) = scrip.submit(&caller, None, Command::CouponsAdd(pool.id, codes)).await.unwrap()
            else {
                panic!()
            };
            assert_eq!(a.added, 500);
        }
        println!("{address}: 20000 codes in {:?}", t.elapsed());
        let n = 300;
        let t = Instant::now();
        for i in 0..n {
            scrip
                .submit(&caller, None, Command::Claim(pool.id, format!("lone-{}-{i}", pool.id.0), None))
                .await
                .unwrap();
        }
        println!("lone claim {:?}", t.elapsed() / n);
        for callers in [16, 64] {
            let t = Instant::now();
            let mut set = tokio::task::JoinSet::new();
            for c in 0..callers {
                let scrip = Arc::clone(&scrip);
                let caller = caller.clone();
                let pool = pool.id;
                set.spawn(async move {
                    for i in 0..(6400 / callers) {
                        scrip
                            .submit(
                                &caller,
                                None,
                                Command::Claim(pool, format!("cust-{}-{callers}-{c}-{i}", pool.0), None),
                            )
                            .await
                            .unwrap();
                    }
                });
            }
            while let Some(r) = set.join_next().await {
                r.unwrap();
            }
            println!("{callers} callers: {:.0} claims/s", 6400.0 / t.elapsed().as_secs_f64());
        }
        println!("{:?}", scrip.registry().tally(pool.id));
        scrip.close().await;
    }
}
