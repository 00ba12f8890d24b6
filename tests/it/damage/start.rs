//! A start with damaged files, and whether it lacks something.

use std::{collections::BTreeMap, time::Duration};

use scrip::{
    domain::{coupon::Coupon, id::CouponId},
    service::{Answer, Claim, Clock, Failure, Scrip},
};
use tokio::time::timeout;

use super::maker::{POOL, address, command, key};
use crate::support::{
    Client, customer,
    files::{Files, folder_of},
};

/// A start that takes so long stands still.
const STILL: Duration = Duration::from_secs(60);

/// Starts with these files. Says what is lacking where it starts and something is.
pub(super) async fn try_start(files: &Files, told: &[Coupon]) -> Result<(), String> {
    let folder = folder_of(files);
    let address = address(folder.path());
    let start = timeout(STILL, Scrip::open(&address, Clock::System, None)).await;
    let Ok(start) = start else { return Err("the start stands still".to_owned()) };
    let Ok(scrip) = start else { return Ok(()) };
    let app = Client::new(scrip);
    let lacks = lacks(&app, told).await;
    app.close().await;
    lacks
}

/// Whether something is not as it was told; a read that fails has told nothing.
async fn lacks(app: &Client, told: &[Coupon]) -> Result<(), String> {
    let latest: BTreeMap<CouponId, &Coupon> = told.iter().map(|coupon| (coupon.id, coupon)).collect();
    let (ids, coupons): (Vec<_>, Vec<_>) = latest.into_iter().unzip();
    let mut gone = 0;
    for (ids, coupons) in ids.chunks(20).zip(coupons.chunks(20)) {
        let Ok(found) = app.coupons(ids).await else { continue };
        gone += found.iter().zip(coupons).filter(|(found, told)| (**found).as_ref() != Some(**told)).count();
    }
    let events: Vec<_> = told.iter().filter_map(|coupon| coupon.history.recent.last().copied()).collect();
    let mut events_gone = 0;
    for part in events.chunks(20) {
        let Ok(found) = app.events_by_id(part).await else { continue };
        events_gone += part.len() - found.len();
    }
    let others = answered_otherwise(app, told).await;
    let again = given_out_again(app, &ids).await;
    if gone + events_gone + others + again == 0 {
        return Ok(());
    }
    Err(format!(
        "{gone} coupons are not as told, {events_gone} events are gone, {others} keys are answered otherwise, {again} \
         codes are given out again"
    ))
}

/// Asks with some keys again: how many are answered, and otherwise than at first.
async fn answered_otherwise(app: &Client, told: &[Coupon]) -> usize {
    let mut others = 0;
    for (number, coupon) in told.iter().enumerate().step_by(told.len() / 30) {
        match app.submit(Some(key(number)), command(number)).await {
            Ok(Answer::Coupon(answer, _)) if *answer == *coupon => {}
            Err(Failure::Internal(_)) => {}
            _ => others += 1,
        }
    }
    others
}

/// How many coupons are given out again that have an owner.
async fn given_out_again(app: &Client, ids: &[CouponId]) -> usize {
    let mut again = 0;
    for number in 0..3 {
        let command = Claim::of(POOL, customer(&format!("late-{number}")));
        match app.submit(None, command).await {
            Ok(Answer::Coupon(coupon, _)) if ids.contains(&coupon.id) => again += 1,
            _ => {}
        }
    }
    again
}
