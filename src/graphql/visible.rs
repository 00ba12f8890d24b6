//! Which fields of the schema's roots the introspection shows: to each role those that it may use. A field that is not
//! shown is refused like any other that its caller may not use.

use async_graphql::Context;

use scrip_service::{Action, Session};

/// Whether whoever asks may do one of these. The schema's own definition has no session, and shows all.
fn may(ctx: &Context<'_>, actions: &[Action]) -> bool {
    let session = ctx.data_opt::<Session>();
    session.is_none_or(|session| actions.iter().any(|action| session.demand(*action).is_ok()))
}

macro_rules! visible {
    ($($name:ident => $action:ident),+ $(,)?) => {
        $(
            /// Whether what demands this is shown.
            pub(crate) fn $name(ctx: &Context<'_>) -> bool {
                may(ctx, &[Action::$action])
            }
        )+
    };
}

visible! {
    add_coupons => AddCoupons,
    change_coupons => ChangeCoupons,
    change_customers => ChangeCustomers,
    change_pools => ChangePools,
    change_settings => ChangeSettings,
    claim_coupons => ClaimCoupons,
    complete_checkouts => CompleteCheckouts,
    erase_customers => EraseCustomers,
    make_customer_tokens => MakeCustomerTokens,
    manage_groups => ManageGroups,
    manage_jobs => ManageJobs,
    manage_keys => ManageKeys,
    manage_plugins => ManagePlugins,
    preview_checkouts => PreviewCheckouts,
    preview_patterns => PreviewPatterns,
    read_audit => ReadAudit,
    read_coupons => ReadCoupons,
    read_customers => ReadCustomers,
    read_events => ReadEvents,
    read_jobs => ReadJobs,
    read_operations => ReadOperations,
    read_plugins => ReadPlugins,
    read_pools => ReadPools,
    read_purchases => ReadPurchases,
    read_settings => ReadSettings,
    redeem_coupons => RedeemCoupons,
    return_purchases => ReturnPurchases,
    unredeem_coupons => UnredeemCoupons,
}

/// Whether there is a mutation that is shown.
pub(crate) fn mutations(ctx: &Context<'_>) -> bool {
    may(ctx, CHANGES)
}

/// What mutations demand.
const CHANGES: &[Action] = &[
    Action::AddCoupons,
    Action::ChangeCoupons,
    Action::ChangeCustomers,
    Action::ChangePools,
    Action::ChangeSettings,
    Action::ClaimCoupons,
    Action::CompleteCheckouts,
    Action::EraseCustomers,
    Action::MakeCustomerTokens,
    Action::ManageGroups,
    Action::ManageJobs,
    Action::ManageKeys,
    Action::ManagePlugins,
    Action::RedeemCoupons,
    Action::ReturnPurchases,
    Action::UnredeemCoupons,
];
