//! Claims with many callers, for the benchmarks that have them.

use scrip::{domain::id::PoolId, service::Claim};

use super::support::{Bench, customer, figures::micros, row};

impl Bench {
    /// Claims with one, 16 and 64 callers of a pool that has `size` coupons left.
    pub(crate) async fn claims(&self, of: &str, pool: PoolId, size: u64) {
        let claim = move |number| Claim::of(pool, customer(&format!("customer-{number}")));
        // A part of a small pool for each, so that it does not run dry.
        for (callers, part) in [(1, 10), (16, 4), (64, 2)] {
            let before = self.scrip.vitals().batches();
            let (times, seconds) = self.run(callers, size / part, claim).await;
            let now = self.scrip.vitals().batches();
            let name = format!("claims of {of}, {callers} at once");
            if callers == 1 {
                row(&format!("{name}, median"), &micros(&times));
                row(&format!("{name}, 99 of 100"), &format!("{:.0} us", times.value_at_quantile(0.99) as f64 / 1e3));
            } else {
                row(&name, &format!("{:.0} /s", times.len() as f64 / seconds));
                let decided = (now.0 - before.0) as f64 / (now.1 - before.1).max(1) as f64;
                row(&format!("{name}: decisions of a batch"), &format!("{decided:.2}"));
            }
        }
    }
}
