//! A pool's coupons as a file, in parts.

use std::sync::Arc;

use super::{CouponSink, Export, Format};
use crate::{CouponFilter, Failure, Session};
use scrip_domain::{coupon::Coupon, pool::Pool, status::Status, terms::Terms};

/// The byte order mark, in UTF-8.
const MARK: &str = "\u{feff}";

/// A file in the making.
#[derive(Debug)]
pub struct File<F> {
    export: Export,
    format: Option<Counted<F>>,
    marked: bool,
    begun: bool,
    written: u64,
}

/// A format, and how many coupons were written in it.
#[derive(Debug, Default)]
struct Counted<F> {
    format: F,
    coupons: u64,
}

impl<F: CouponSink> CouponSink for Counted<F> {
    fn alike(&mut self, coupon: &Coupon, terms: &Terms) {
        self.format.alike(coupon, terms);
    }

    fn untouched(&mut self, code: &str) {
        self.coupons += 1;
        self.format.untouched(code);
    }

    fn touched(&mut self, coupon: &Coupon, status: Status, terms: &Terms) {
        self.coupons += 1;
        self.format.touched(coupon, status, terms);
    }
}

impl<F: Format> File<F> {
    /// Begins the file of a pool's coupons.
    pub async fn begin(session: &Session, pool: &Arc<Pool>, filter: CouponFilter) -> Result<Self, Failure> {
        Ok(Self::of(session.export(pool, filter).await?))
    }

    /// The file of what is read.
    pub(crate) fn of(export: Export) -> Self {
        Self { export, format: Some(Counted::default()), marked: false, begun: false, written: 0 }
    }

    /// With a byte order mark, by which some spreadsheets know UTF-8.
    #[must_use]
    pub fn marked(self, marked: bool) -> Self {
        Self { marked: marked && F::MAY_BE_MARKED, ..self }
    }

    /// The next bytes, never empty; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            match self.part().await? {
                Some(bytes) if bytes.is_empty() => {}
                part => return Ok(part),
            }
        }
    }

    /// What a bounded amount of work gives, which may be nothing; none at the end.
    pub async fn part(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if !std::mem::replace(&mut self.begun, true) && !F::HEAD.is_empty() {
            let mark = if self.marked { MARK } else { "" };
            return Ok(Some([mark, F::HEAD].concat().into_bytes()));
        }
        let Some(format) = self.format.take() else { return Ok(None) };
        let Some(mut counted) = self.export.next(format).await? else { return Ok(None) };
        let bytes = counted.format.take();
        self.written = counted.coupons;
        self.format = Some(counted);
        Ok(Some(bytes))
    }

    /// How far it is: coupons looked at, and all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        self.export.progress()
    }

    /// How many coupons it has.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }
}
