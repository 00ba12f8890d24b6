//! What a code that a source gives has to be before it can be a coupon's. A gateway refuses one that is not, and so
//! does `scrip plugin test`, by the same words.

use scrip_domain::{
    period::Instant,
    pool_draft::{MAX_CODE, check_code},
};
use scrip_plugins::IssuedCode;

/// The code as it is stored, and when its time is over where the source says so; or why it cannot be used. Without an
/// instant an end is only read: a fixture means the same next year.
pub fn usable(issued: &IssuedCode, now: Option<Instant>) -> Result<(String, Option<Instant>), String> {
    let end = issued.expires_at.as_deref().map(|text| match text.parse::<Instant>() {
        Ok(at) if now.is_none_or(|now| at > now) => Ok(at),
        Ok(at) => Err(format!("it expired at {at}")),
        Err(_) => Err("expected an expiry such as 2026-12-31T23:59:59Z".to_owned()),
    });
    let end = end.transpose()?;
    let code = check_code(&issued.code)
        .map_err(|_| format!("expected 1 to {MAX_CODE} characters without control characters"))?;
    Ok((code, end))
}
