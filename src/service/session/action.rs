//! What a use case demands of whoever asks for it: each demands one of these, so that a right which nobody thought of
//! does not compile.

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Something that an actor may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name),+
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

actions! {
    /// Read pools, with their terms, counts and codes' patterns.
    ReadPools,
    /// Make, edit and archive pools.
    ChangePools,
    /// Try a pattern against what there is.
    PreviewPatterns,
    /// Read coupons and gift cards' ledgers.
    ReadCoupons,
    /// See whole codes, and look for coupons by them.
    SeeCodes,
    /// Add codes to pools, or have them made.
    AddCoupons,
    /// Claim coupons.
    ClaimCoupons,
    /// Redeem coupons.
    RedeemCoupons,
    /// Take redemptions back.
    UnredeemCoupons,
    /// Change what coupons are: invalidate, reinstate, unassign, transfer, extend, adjust.
    ChangeCoupons,
    /// Have a pool's coupons written to a file.
    ExportCoupons,
    /// Read jobs and their reports.
    ReadJobs,
    /// Upload files; start, cancel and undo jobs.
    ManageJobs,
    /// Have checkouts decided, and nothing recorded.
    PreviewCheckouts,
    /// Complete checkouts, and hold before what they would take.
    CompleteCheckouts,
    /// Take purchases back.
    ReturnPurchases,
    /// Read purchases.
    ReadPurchases,
    /// Read customers.
    ReadCustomers,
    /// Make and edit customers.
    ChangeCustomers,
    /// Erase customers, and read all that is known of one.
    EraseCustomers,
    /// Read and follow the log of events.
    ReadEvents,
    /// Read which plugins there are, and how they do.
    ReadPlugins,
    /// Try plugins, and have them loaded again.
    ManagePlugins,
    /// Read what the programme is set to.
    ReadSettings,
    /// Set it otherwise.
    ChangeSettings,
    /// Make, edit and revoke API keys.
    ManageKeys,
    /// Read the audit: who has changed what.
    ReadAudit,
    /// Make groups of users, and call them otherwise.
    ManageGroups,
    /// Have tokens made for customers.
    MakeCustomerTokens,
    /// Read how the gateway does: the size of its database, its tasks in the background.
    ReadOperations,
    /// Take backups.
    TakeBackups,
    /// Believe the clock.
    ConfirmClock,
    /// What Scrip does by itself: what time does, and the keeping of its own books.
    KeepBooks,
}

/// What an actor may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights(u64);

impl Rights {
    /// Everything.
    pub const ALL: Self = Self(u64::MAX);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// These alone.
    #[must_use]
    pub fn only(actions: &[Action]) -> Self {
        actions.iter().fold(Self::NONE, |rights, action| rights.with(*action))
    }

    /// All of these, and one.
    #[must_use]
    pub fn with(self, action: Action) -> Self {
        Self(self.0 | action.bit())
    }

    /// All of these but one.
    #[must_use]
    pub fn without(self, action: Action) -> Self {
        Self(self.0 & !action.bit())
    }

    /// Those of these, in their order.
    pub fn actions(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| self.allow(*action))
    }

    /// Whether one of them is among these.
    #[must_use]
    pub fn allow(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }
}

impl Action {
    /// What it is called, such as READ_POOLS.
    #[must_use]
    pub fn name(self) -> String {
        let words = format!("{self:?}");
        let mut name = String::with_capacity(words.len() + 2);
        for letter in words.chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_uppercase());
        }
        name
    }

    fn bit(self) -> u64 {
        1 << (self as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_of_actions() {
        for action in Action::ALL {
            assert!(Rights::ALL.allow(*action) && !Rights::NONE.allow(*action));
            assert!(!Rights::ALL.without(*action).allow(*action));
            for other in Action::ALL {
                assert_eq!(Rights::only(&[*action]).allow(*other), action == other, "{action:?} {other:?}");
            }
        }
    }
}
