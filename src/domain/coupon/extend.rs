//! Setting the end of a coupon's time by hand.

use crate::{
    event::{Change, EventType},
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    status::Status,
};

use super::{Coupon, Decision};

impl Coupon {
    /// Has a coupon that is held last until an instant. An expired one lives again.
    pub fn extend(mut self, until: Instant, now: Instant) -> Result<Decision, Refusal> {
        match self.status_at(now) {
            Status::Claimed | Status::PartiallyRedeemed | Status::Expired => {}
            Status::Unassigned | Status::Redeemed | Status::Invalid => return Err(self.refusal(now).into()),
        }
        if until <= now {
            let reason =
                format!("expected an instant after now, which is {now}: couponInvalidate ends a coupon at once");
            return Err(Rejection::ValueInvalid { reason }.at([Input::ExpiresAt]));
        }
        let mut changes: Vec<Change> = self.end_if_over(now).into_iter().collect();
        let after = if self.status == Status::Expired { self.status_in_use() } else { self.status };
        changes.push(self.change(EventType::Extend, after));
        self.status = after;
        self.expires_at = Some(until);
        self.version += 1;
        Ok(Decision { coupon: self, changes, entries: Vec::new() })
    }
}
