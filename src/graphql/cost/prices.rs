//! What each kind of work costs, in the units of [`cost`](super::cost()).

/// What a read of the database costs beside the fields that it fills.
pub(super) const READ: u64 = 10;
/// What a page of what a filter leaves costs, where there is an order for it.
pub(super) const FILTERED: u64 = 100;
/// What it costs where up to 5,000 coupons are looked at that are not shown, 5,000 events, or 2,000 of a customer's
/// coupons.
pub(super) const SCANNED: u64 = 4_000;
pub(super) const EVENTS_SCANNED: u64 = 6_000;
pub(super) const HELD_SCANNED: u64 = 1_500;
/// What a page costs of coupons whose codes begin in a way: up to a million codes are computed for it.
pub(super) const PREFIXED: u64 = 30_000;
/// What a change costs where it has a batch of the committer for itself. In company it takes a third of that.
pub(super) const CHANGE: u64 = 150;
/// What a pattern costs, and each phrase that it excludes: its tables take up to tens of milliseconds.
pub(super) const PATTERN: u64 = 500;
pub(super) const PHRASE: u64 = 25;
/// What a list of texts costs, and a document of the retailer's own. A pool may be for 10,000 products, which take ten
/// times that: few are, and the answer's bound in bytes keeps them from mattering.
pub(super) const TEXTS: u64 = 50;
pub(super) const DOCUMENT: u64 = 15;
/// How many values of an argument cost one.
pub(super) const VALUES: u64 = 4;
/// What each code costs that is added.
pub(super) const CODE: u64 = 3;
/// What deciding a checkout costs, each coupon that it presents, and how many pairs of a coupon and a line cost one.
pub(super) const CHECKOUT: u64 = 60;
pub(super) const PRESENTED: u64 = 20;
pub(super) const PAIRS: u64 = 12;
/// What it costs to look which of a customer's coupons fit a basket: two searches of the history, and the search for the
/// best of up to fifty.
pub(super) const ELIGIBLE: u64 = 2 * HELD_SCANNED + 4_000;
/// What the sizes of the tables cost: up to 256 rows of each are read, from 16 places.
pub(super) const SIZES: u64 = 1_000;
/// What a page of the audit costs, where up to 5,000 entries are looked at, and reading all of it.
pub(super) const AUDIT_SCANNED: u64 = 1_000;
pub(super) const AUDIT: u64 = 20_000;
/// How many allocations of a checkout count as one: they are in memory.
pub(super) const ALLOCATIONS: u64 = 5;
/// How many items a list counts for that is not a page and whose length no argument tells.
pub(super) const LIST: u64 = 10;
/// How many fields of the introspection count as one: they are in memory, and a list of them is shorter than it counts for.
pub(super) const INTROSPECTED: u64 = 3;
/// What reading a purchase costs, and taking one back or giving back what is held: as of the largest that there can be,
/// whose row has fifty thousand allocations.
pub(super) const PURCHASE: u64 = 1_000;
pub(super) const RETURN: u64 = 4_000;
