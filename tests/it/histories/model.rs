//! One coupon as the checker knows it: what each action does to it, written down once more in a few lines.

use scrip::domain::{coupon::Coupon, rejection::Code, status::Status};

use crate::support::Codes;

/// What is seen of a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) status: Status,
    pub(super) customer: Option<String>,
    pub(super) usages: u32,
    pub(super) transfers: u32,
    /// A gift card's balance, and what stands of its payments, in cents.
    pub(super) account: Option<(i64, i64)>,
    pub(super) version: u64,
}

impl View {
    /// A coupon that nobody has claimed yet.
    pub(super) fn untouched() -> Self {
        Self { status: Status::Unassigned, customer: None, usages: 0, transfers: 0, account: None, version: 0 }
    }
}

impl From<&Coupon> for View {
    fn from(coupon: &Coupon) -> Self {
        Self {
            status: coupon.status,
            customer: coupon.customer.as_ref().map(|customer| customer.as_str().to_owned()),
            usages: coupon.usages,
            transfers: coupon.transfers,
            account: coupon.account.map(|account| (account.balance.0, account.redeemed.0)),
            version: coupon.version,
        }
    }
}

/// What is asked of a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Read,
    Claim {
        customer: String,
    },
    Redeem {
        by: String,
    },
    Unredeem,
    Unassign,
    Transfer {
        to: String,
    },
    Pay {
        cents: i64,
    },
    /// Takes all of a payment back that stands.
    Return {
        cents: i64,
    },
}

/// What was asked, and what was answered.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) ask: Ask,
    pub(super) answer: Result<View, Codes>,
}

/// The coupon after a call; none where the call's answer is not that of this coupon.
pub(super) fn next(coupon: &View, call: &Call) -> Option<View> {
    match (act(coupon, &call.ask), &call.answer) {
        (Ok(after), Ok(answer)) if after == *answer => Some(after),
        (Err(code), Err(codes)) if codes[..] == [code] => Some(coupon.clone()),
        _ => None,
    }
}

/// The coupon after what is asked, or the refusal that is right.
pub(super) fn act(coupon: &View, ask: &Ask) -> Result<View, Code> {
    let mut after = coupon.clone();
    if *ask == Ask::Read {
        return Ok(after);
    }
    after.version += 1;
    match ask {
        Ask::Read => {}
        Ask::Claim { customer } => {
            in_status(coupon, &[Status::Unassigned])?;
            (after.status, after.customer) = (Status::Claimed, Some(customer.clone()));
        }
        Ask::Redeem { by } => {
            in_status(coupon, &[Status::Claimed])?;
            if coupon.customer.as_ref() != Some(by) {
                return Err(Code::NotOwner);
            }
            (after.status, after.usages) = (Status::Redeemed, coupon.usages + 1);
        }
        Ask::Unredeem => {
            in_status(coupon, &[Status::Redeemed])?;
            (after.status, after.usages) = (Status::Claimed, coupon.usages - 1);
        }
        Ask::Unassign => {
            in_status(coupon, &[Status::Claimed])?;
            (after.status, after.customer) = (Status::Unassigned, None);
        }
        Ask::Transfer { to } => {
            in_status(coupon, &[Status::Claimed])?;
            if coupon.customer.as_ref() == Some(to) {
                return Err(Code::CustomerMismatch);
            }
            (after.customer, after.transfers) = (Some(to.clone()), coupon.transfers + 1);
        }
        Ask::Pay { cents } => {
            in_status(coupon, &[Status::Claimed, Status::PartiallyRedeemed])?;
            let (balance, paid) = coupon.account.ok_or(Code::NotClaimed)?;
            if *cents > balance {
                return Err(Code::InsufficientBalance);
            }
            after.account = Some((balance - cents, paid + cents));
            after.usages = coupon.usages + 1;
            after.status = if balance == *cents { Status::Redeemed } else { Status::PartiallyRedeemed };
        }
        Ask::Return { cents } => {
            in_status(coupon, &[Status::PartiallyRedeemed, Status::Redeemed])?;
            let (balance, paid) = coupon.account.ok_or(Code::NotRedeemed)?;
            after.account = Some((balance + cents, paid - cents));
            after.usages = coupon.usages - 1;
            after.status = if paid == *cents { Status::Claimed } else { Status::PartiallyRedeemed };
        }
    }
    Ok(after)
}

/// The refusal that names the status found, where it is another than these.
fn in_status(coupon: &View, allowed: &[Status]) -> Result<(), Code> {
    if allowed.contains(&coupon.status) {
        return Ok(());
    }
    Err(match coupon.status {
        Status::Unassigned => Code::NotClaimed,
        Status::Claimed => Code::NotRedeemed,
        Status::PartiallyRedeemed | Status::Redeemed => Code::AlreadyRedeemed,
        Status::Expired => Code::Expired,
        Status::Invalid => Code::Invalidated,
    })
}
