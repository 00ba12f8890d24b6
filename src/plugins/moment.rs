//! What a packed plugin's clock and random numbers follow from: its request, and nothing else, so that the same request
//! always sees the same.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{CheckRequest, CodeRequest, NoticeRequest};

/// What a call is about.
#[derive(Debug, Clone)]
pub(super) enum Moment {
    /// A new build is tried.
    Trial,
    /// A check.
    Check(Arc<CheckRequest>),
    /// A code.
    Code(Arc<CodeRequest>),
    /// What has become of a coupon.
    Notice(Arc<NoticeRequest>),
}

impl Moment {
    /// The time, in nanoseconds since 1970; 0 where there is none.
    pub(super) fn now(&self) -> u64 {
        let text = match self {
            Self::Trial => return 0,
            Self::Check(request) => &request.now,
            Self::Code(request) => &request.now,
            Self::Notice(request) => &request.now,
        };
        let at = text.parse::<jiff::Timestamp>().ok();
        at.and_then(|at| u64::try_from(at.as_nanosecond()).ok()).unwrap_or_default()
    }

    /// A number that follows from the request. What is asked for or told again has the same, whenever that is.
    pub(super) fn seed(&self) -> u64 {
        let bytes = match self {
            Self::Trial => Vec::new(),
            Self::Check(request) => serde_json::to_vec(request.as_ref()).unwrap_or_default(),
            Self::Code(request) => {
                let timeless = CodeRequest { now: String::new(), ..request.as_ref().clone() };
                serde_json::to_vec(&timeless).unwrap_or_default()
            }
            Self::Notice(request) => request.id.as_bytes().to_vec(),
        };
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_from_the_request_alone() {
        let check =
            |now: &str| Moment::Check(Arc::new(CheckRequest { now: now.to_owned(), ..CheckRequest::default() }));
        assert_eq!(check("1970-01-01T00:00:01.5Z").now(), 1_500_000_000);
        assert_eq!(check("sometime").now(), 0);
        assert_eq!(check("1970-01-01T00:00:01Z").seed(), check("1970-01-01T00:00:01Z").seed());
        assert_ne!(check("1970-01-01T00:00:01Z").seed(), check("1970-01-01T00:00:02Z").seed());
        let code = |key: &str, now: &str| {
            let (idempotency_key, now) = (key.to_owned(), now.to_owned());
            Moment::Code(Arc::new(CodeRequest { idempotency_key, now, ..CodeRequest::default() }))
        };
        assert_eq!(code("a", "1970-01-01T00:00:01Z").seed(), code("a", "1970-01-01T00:00:02Z").seed());
        assert_ne!(code("a", "").seed(), code("b", "").seed());
    }
}
