//! The purchases that name a customer, and how far those were listed that versions without this table have recorded. A
//! purchase that is recorded is listed with it, so what is listed once is listed for good.

use serde::{Deserialize, Serialize};

use super::{
    CustomerPurchases, PurchaseLists, Purchases,
    words::{customer, link_to},
};
use crate::{
    codec::{CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::id::CustomerId;

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptListed<'a> {
    #[serde(borrow)]
    purchase: Link<'a>,
}

impl CustomerPurchases {
    /// The purchases that name a customer.
    #[must_use]
    pub fn of(customer: &CustomerId) -> Span<Self> {
        Span::numbers(&[Part::Text(customer.as_str())], ..)
    }
}

impl Form for CustomerPurchases {
    const TABLE: &'static str = "customer_purchase";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptListed<'a>;

    fn parts((customer, transaction): &(CustomerId, String)) -> Parts<'_> {
        Parts::array([Part::Text(customer.as_str()), Part::Text(transaction)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(CustomerId, String)> {
        Some((customer(parts.text()?), parts.text()?))
    }

    fn keep<'a>((_, transaction): &(CustomerId, String), (): &'a ()) -> KeptListed<'a> {
        KeptListed { purchase: link_to::<Purchases>(&(transaction.clone(), None)) }
    }

    fn restore(_: &(CustomerId, String), _: KeptListed<'_>) -> Result<(), CodecError> {
        Ok(())
    }
}

/// How far the purchases were listed that were there before lists were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Up to this one, in the order of their ids.
    UpTo(String),
    /// All of them.
    Whole,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptListing {
    /// The last one; none where all are.
    after: Option<String>,
}

/// The id of the one row.
const ONE: &str = "purchases";

impl Form for PurchaseLists {
    const TABLE: &'static str = "purchase_list";
    const MOST: usize = KIB;
    type Kept<'a> = KeptListing;

    fn parts((): &()) -> Parts<'_> {
        Parts::alone(Part::Text(ONE))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<()> {
        (parts.text()? == ONE).then_some(())
    }

    fn keep((): &(), listing: &Listing) -> KeptListing {
        KeptListing {
            after: match listing {
                Listing::UpTo(last) => Some(last.clone()),
                Listing::Whole => None,
            },
        }
    }

    fn restore((): &(), kept: KeptListing) -> Result<Listing, CodecError> {
        Ok(kept.after.map_or(Listing::Whole, Listing::UpTo))
    }
}
