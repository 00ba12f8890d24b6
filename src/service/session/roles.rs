//! What each role may do: the one table that code, tests and docs share (docs/operating.md has it too, and a test compares).

use super::{Action, Rights};
use scrip_domain::access::Role;

/// Each action, and the roles beside ADMIN that may do it: a customer with what is the customer's own alone
/// ([`super::own`]).
const TABLE: &[(Action, &[Role])] = &[
    (Action::ReadPools, &[Role::Manager, Role::Service, Role::Viewer]),
    (Action::ChangePools, &[Role::Manager]),
    (Action::PreviewPatterns, &[Role::Manager]),
    (Action::ReadCoupons, &[Role::Manager, Role::Service, Role::Viewer, Role::Customer]),
    (Action::SeeCodes, &[Role::Manager, Role::Service, Role::Customer]),
    (Action::AddCoupons, &[Role::Manager]),
    (Action::ClaimCoupons, &[Role::Manager, Role::Service]),
    (Action::RedeemCoupons, &[Role::Manager, Role::Service, Role::Customer]),
    (Action::UnredeemCoupons, &[Role::Manager, Role::Service]),
    (Action::ChangeCoupons, &[Role::Manager]),
    (Action::ExportCoupons, &[Role::Manager, Role::Viewer]),
    (Action::ReadJobs, &[Role::Manager, Role::Viewer]),
    (Action::ManageJobs, &[Role::Manager]),
    (Action::PreviewCheckouts, &[Role::Manager, Role::Service, Role::Customer]),
    (Action::CompleteCheckouts, &[Role::Manager, Role::Service]),
    (Action::ReturnPurchases, &[Role::Manager, Role::Service]),
    (Action::ReadPurchases, &[Role::Manager, Role::Service, Role::Viewer]),
    (Action::ReadCustomers, &[Role::Manager, Role::Service, Role::Viewer, Role::Customer]),
    (Action::ChangeCustomers, &[Role::Manager, Role::Service]),
    (Action::EraseCustomers, &[]),
    (Action::ReadEvents, &[Role::Manager, Role::Service, Role::Viewer, Role::Customer]),
    (Action::ReadPlugins, &[Role::Manager, Role::Viewer]),
    (Action::ManagePlugins, &[]),
    (Action::ReadSettings, &[Role::Manager, Role::Service, Role::Viewer]),
    (Action::ChangeSettings, &[]),
    (Action::ManageKeys, &[]),
    (Action::ReadAudit, &[]),
    (Action::ManageGroups, &[]),
    (Action::MakeCustomerTokens, &[Role::Service]),
    (Action::ReadOperations, &[]),
    (Action::TakeBackups, &[]),
    (Action::ConfirmClock, &[]),
    (Action::KeepBooks, &[]),
];

impl Rights {
    /// Those of a role.
    #[must_use]
    pub fn of(role: Role) -> Self {
        if role == Role::Admin {
            return Self::ALL;
        }
        let may = TABLE.iter().filter(|(_, roles)| roles.contains(&role));
        may.fold(Self::NONE, |rights, (action, _)| rights.with(*action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_table_once() {
        let named: Vec<_> = TABLE.iter().map(|(action, _)| *action).collect();
        assert_eq!(named, Action::ALL, "in their order");
        assert!(Action::ALL.iter().all(|action| Rights::of(Role::Admin).allow(*action)));
        // Whoever may change more may read as much.
        for action in Action::ALL.iter().filter(|action| Rights::of(Role::Viewer).allow(**action)) {
            assert!(Rights::of(Role::Manager).allow(*action), "{action:?}");
        }
    }
}
