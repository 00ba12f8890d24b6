//! The ids of rows read back from the texts that [`RowId::key`] writes, for who reads whole tables.

use super::RowId;
use scrip_domain::{
    id::{CouponId, CustomerId, EntryId, EventId, PoolId},
    presence::NodeId,
};

/// All tables.
pub(super) const TABLES: [&str; 20] = [
    "pool",
    "tally",
    "codes",
    "code",
    "coupon",
    "history",
    "presence",
    "ledger",
    "customer",
    "email",
    "holding",
    "customer_event",
    "event",
    "due",
    "transaction",
    "answer",
    "settings",
    "api_key",
    "format",
    super::chain::TABLE,
];

/// What is left of a key's text. Each reads its part from the start; none where it is not there.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn hex(&mut self, digits: usize) -> Option<u64> {
        let (part, rest) = self.0.split_at_checked(digits)?;
        // A sign would be read as well.
        let all = part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        self.0 = rest;
        u64::from_str_radix(part, 16).ok().filter(|_| all)
    }

    fn u32(&mut self) -> Option<u32> {
        self.hex(8)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.hex(16)
    }

    fn text(&mut self) -> Option<&'a str> {
        let (part, rest) = self.0.split_once('\u{1}')?;
        self.0 = rest;
        Some(part)
    }

    fn pool(&mut self) -> Option<PoolId> {
        self.u32().map(PoolId)
    }

    fn coupon(&mut self) -> Option<CouponId> {
        Some(CouponId { pool: self.pool()?, index: self.u64()? })
    }

    fn customer(&mut self) -> Option<CustomerId> {
        CustomerId::parse(self.text()?).ok()
    }

    fn event(&mut self) -> Option<EventId> {
        Some(EventId { stream: self.u32()?, sequence: self.u64()? })
    }

    fn node(&mut self) -> Option<NodeId> {
        Some(NodeId { level: self.u32()?.try_into().ok()?, place: self.u64()? })
    }

    /// One text and nothing else.
    fn only(&mut self, expected: &str, id: RowId) -> Option<RowId> {
        (self.text()? == expected).then_some(id)
    }
}

impl RowId {
    /// The id of the row of a table with this text; none where no row has it.
    #[must_use]
    pub fn parse(table: &str, text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let id = match table {
            "pool" => Self::Pool(rest.pool()?),
            "tally" => Self::Tally(rest.pool()?),
            "codes" => Self::Codes(rest.pool()?, rest.u64()?),
            "code" => Self::Code(rest.text()?.to_owned()),
            "coupon" => Self::Coupon(rest.coupon()?),
            "history" => Self::History(rest.coupon()?, rest.u32()?),
            "presence" => Self::Presence(rest.pool()?, rest.node()?),
            "ledger" => Self::Entry(EntryId { coupon: rest.coupon()?, number: rest.u32()? }),
            "customer" => Self::Customer(rest.customer()?),
            "email" => Self::Email(rest.text()?.to_owned()),
            "holding" => Self::Holding(rest.customer()?, rest.pool()?),
            "customer_event" => Self::CustomerEvent(rest.customer()?, rest.event()?),
            "event" => Self::Events(rest.event()?),
            "due" => Self::Due(rest.u64()?.try_into().ok()?, rest.coupon()?),
            "transaction" => {
                let id = rest.text()?.to_owned();
                let redeemed = if rest.0.is_empty() { None } else { Some(rest.coupon()?) };
                Self::Transaction(id, redeemed)
            }
            "answer" => Self::Answer(rest.u32()?, rest.text()?.to_owned(), rest.text()?.to_owned()),
            "settings" => match rest.text()? {
                "settings" => Self::Settings,
                "clock" => Self::Clock,
                _ => return None,
            },
            "api_key" => Self::ApiKey(rest.text()?.to_owned()),
            "format" => rest.only("format", Self::Format)?,
            super::chain::TABLE => Self::Batch(rest.u32()?),
            _ => return None,
        };
        // Text that is left over, or written otherwise, is another row's.
        (rest.0.is_empty() && id.key().text == text).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ids() -> Vec<RowId> {
        let pool = PoolId(7);
        let coupon = CouponId { pool, index: 0x1_0000_0001 };
        let event = EventId { stream: 1, sequence: 99 };
        let customer = CustomerId::parse("änn 0123456789abcdef").expect("a customer's id");
        vec![
            RowId::Pool(pool),
            RowId::Tally(pool),
            RowId::Codes(pool, 3),
            RowId::Code("code-1".to_owned()),
            RowId::Coupon(coupon),
            RowId::History(coupon, 2),
            RowId::Presence(pool, NodeId { level: 2, place: 5 }),
            RowId::Entry(EntryId { coupon, number: 1 }),
            RowId::Customer(customer.clone()),
            RowId::Email("ann@example.com".to_owned()),
            RowId::Holding(customer.clone(), pool),
            RowId::CustomerEvent(customer, event),
            RowId::Events(event),
            RowId::Due(1_764_307_214_000, coupon),
            RowId::Transaction("T-1".to_owned(), None),
            RowId::Transaction("T-1".to_owned(), Some(coupon)),
            RowId::Answer(20_000, "till".to_owned(), "key".to_owned()),
            RowId::Settings,
            RowId::Clock,
            RowId::ApiKey("0a1b".to_owned()),
            RowId::Format,
            RowId::Batch(131_071),
        ]
    }

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        for id in ids() {
            let key = id.key();
            assert_eq!(RowId::parse(key.table, &key.text), Some(id));
        }
        let tables: BTreeSet<&str> = ids().iter().map(RowId::table).collect();
        assert_eq!(tables, BTreeSet::from(TABLES), "every kind is tested");
        let steps = crate::migrate::STEPS.iter().flat_map(|step| step.lines());
        let defined = steps.filter_map(|line| line.strip_prefix("DEFINE TABLE OVERWRITE ")?.split(' ').next());
        assert_eq!(defined.collect::<BTreeSet<&str>>(), tables, "a table that is not known would not be salvaged");
    }

    #[test]
    fn another_text_is_no_id() {
        for id in ids() {
            let key = id.key();
            for text in [String::new(), format!("{}0", key.text), format!("+{}", key.text), "é".repeat(8)] {
                assert_ne!(RowId::parse(key.table, &text), Some(id.clone()), "{} {text:?}", key.table);
            }
            assert_eq!(RowId::parse("nothing", &key.text), None);
        }
    }
}
