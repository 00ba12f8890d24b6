//! The queries.

use async_graphql::{Context, Enum, ID, Object, Result};

use super::{
    asking::session,
    connection::{
        AuditEntryConnection, CouponConnection, CouponEventConnection, CouponPoolConnection, CustomerConnection,
        JobConnection,
    },
    cursor::{AuditPlace, cursor, place},
    failure::{failed, refused, rejected},
    gate::OpensPurchases,
    global_id::{GlobalId, coupon_id, customer_id, ids, pool_id},
    input::{CheckoutInput, CustomerFilter, EligibleInput, EventFilter, JobFilter, PatternInput, PoolFilter},
    moment::instant,
    scalar::Cursor,
    types::{
        ApiKey, AuditEntry, AuditFilter, AuditVerification, BackgroundTask, CheckoutVerdict, Coupon, CouponPool,
        Customer, Database, Eligibility, Job, LedgerEntry, Node, PatternPreview, Plugin, Purchase, Settings, UserGroup,
        Viewer,
    },
    visible,
};
use scrip_domain::{
    customer::Email,
    id::{CustomerId, checked_id},
    rejection::{Input, Rejection},
};
use scrip_service::PageRequest;

/// The most ids that one `nodes` takes.
const MAX_NODES: usize = 100;

/// What can be asked.
#[derive(Debug, Default)]
pub struct Query;

/// In which order pools are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "scrip_service::PoolOrder")]
pub enum PoolOrder {
    /// By their creation.
    Created,
    /// By name, without regard to case and accents; equal names by their creation.
    Name,
}

/// What can be asked.
#[Object]
impl Query {
    /// Any object by its id; null where there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The opaque id.")] id: ID) -> Result<Option<Node>> {
        node(ctx, &id).await
    }

    /// Objects by their ids, in their order; null where there is none.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The opaque ids, up to 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            let rejection = Rejection::LimitExceeded { what: "too many ids", limit: MAX_NODES as u64 };
            return Err(rejected(rejection, Input::Ids));
        }
        let mut nodes = Vec::with_capacity(ids.len());
        for id in ids {
            nodes.push(node(ctx, &id).await?);
        }
        Ok(nodes)
    }

    /// A pool by its id or by the retailer's id of it; null where there is none.
    #[graphql(visible = "visible::read_pools")]
    async fn pool(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The opaque id.")] id: Option<ID>,
        #[graphql(desc = "The retailer's id.")] external_id: Option<String>,
    ) -> Result<Option<CouponPool>> {
        let session = session(ctx)?;
        let found = match (id, external_id) {
            (Some(id), None) => pool_id(session.ids(), &id).map_or(Ok(None), |id| session.pool(id)),
            (None, Some(external)) => session.pool_by_external_id(&external),
            _ => return Err(rejected(Rejection::Required { what: "either id or externalId" }, Input::Id)),
        };
        Ok(found.map_err(|failure| failed(ctx, &failure))?.map(CouponPool))
    }

    /// All pools.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection with filter and order")]
    #[graphql(visible = "visible::read_pools")]
    async fn pools(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 500; 50 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only those before this place.")] before: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<PoolFilter>,
        #[graphql(desc = "In this order.")] order_by: Option<PoolOrder>,
    ) -> Result<CouponPoolConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let before = place(ids(ctx)?, before.as_ref(), Input::Before).map_err(|r| refused(&r))?;
        let request = PageRequest::new(first, after, last, before).map_err(|r| refused(&r))?;
        let order = order_by.map_or_else(scrip_service::PoolOrder::default, Into::into);
        let page = session(ctx)?.pools(&filter.unwrap_or_default().into(), order, &request);
        let page = page.map_err(|failure| failed(ctx, &failure))?;
        Ok(CouponPoolConnection::of(ids(ctx)?, page, CouponPool))
    }

    /// A coupon by its id; null where there is none.
    #[graphql(visible = "visible::read_coupons")]
    async fn coupon(&self, ctx: &Context<'_>, #[graphql(desc = "The opaque id.")] id: ID) -> Result<Option<Coupon>> {
        let Ok(id) = coupon_id(ids(ctx)?, &id) else { return Ok(None) };
        let found = session(ctx)?.coupons(&[id]).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(found.into_iter().next().flatten().map(Coupon))
    }

    /// The coupons with this code, in any pool: one, or, of a generic code, those of all customers.
    #[graphql(visible = "visible::read_coupons")]
    async fn coupons_by_code(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The code as typed: white space around it and, unless its pool is case-sensitive, case do not matter."
        )]
        code: String,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
    ) -> Result<CouponConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let page = session(ctx)?.coupons_by_code(&code, &request, instant(ctx)?).await;
        let page = page.map_err(|failure| failed(ctx, &failure))?;
        Ok(CouponConnection::of(ids(ctx)?, page, Coupon))
    }

    /// A customer by the opaque id, by the retailer's own id or by e-mail address; null where there is
    /// none.
    #[graphql(visible = "visible::read_customers")]
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The opaque id, or the retailer's own id.")] id: Option<ID>,
        #[graphql(desc = "The e-mail address, in any case.")] email: Option<String>,
    ) -> Result<Option<Customer>> {
        let session = session(ctx)?;
        let found = match (id, email) {
            (Some(id), None) => match ids(ctx)?.decode(&id) {
                Some(GlobalId::Customer(id)) => session.customer(&id).await,
                Some(_) => return Ok(None),
                None => {
                    let id = CustomerId::parse(&id).map_err(|rejection| rejected(rejection, Input::Id))?;
                    session.customer(&id).await
                }
            },
            (None, Some(email)) => {
                let email = Email::parse(&email).map_err(|rejection| rejected(rejection, Input::Email))?;
                session.customer_by_email(&email).await
            }
            _ => return Err(rejected(Rejection::Required { what: "either id or email" }, Input::Id)),
        };
        Ok(found.map_err(|failure| failed(ctx, &failure))?.map(Customer))
    }

    /// All customers, by their externalId.
    #[graphql(visible = "visible::read_customers")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 500; 50 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only those before this place.")] before: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<CustomerFilter>,
    ) -> Result<CustomerConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let before = place(ids(ctx)?, before.as_ref(), Input::Before).map_err(|r| refused(&r))?;
        let request = PageRequest::new(first, after, last, before).map_err(|r| refused(&r))?;
        let prefix = filter.and_then(|filter| filter.id_prefix).unwrap_or_default();
        let page = session(ctx)?.list_customers(&prefix, &request).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(CustomerConnection::of(ids(ctx)?, page, Customer))
    }

    /// The log of events, oldest first. A page may hold fewer than were asked for and still have a next
    /// one: go on from its end cursor.
    #[graphql(visible = "visible::read_events")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<EventFilter>,
    ) -> Result<CouponEventConnection> {
        let filter = filter.unwrap_or_default().check(ids(ctx)?).map_err(|r| refused(&r))?;
        super::types::event_page(ctx, &filter, first, after).await
    }

    /// The place in the log after all that has happened. Read it before a list that is to be kept up to date, and
    /// follow `couponEvents` after it: nothing is missed between the two.
    #[graphql(visible = "visible::read_events")]
    async fn latest_cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        let latest = session(ctx)?.latest_event().map_err(|failure| failed(ctx, &failure))?;
        let latest = *latest.borrow();
        Ok(cursor(ids(ctx)?, &latest))
    }

    /// What a checkout would be decided; changes nothing.
    #[graphql(visible = "visible::preview_checkouts")]
    async fn checkout_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The checkout.")] input: CheckoutInput,
    ) -> Result<CheckoutVerdict> {
        let order = input.order(ids(ctx)?).map_err(|r| refused(&r))?;
        let agreed = session(ctx)?.checkout_preview(order).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(CheckoutVerdict::of(*agreed.record))
    }

    /// Which of the coupons that a customer holds fit a basket, why not, and the best of them together; changes nothing.
    #[graphql(visible = "visible::preview_checkouts")]
    async fn eligible_coupons(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose coupons, and the basket.")] input: EligibleInput,
    ) -> Result<Eligibility> {
        let customer =
            customer_id(ids(ctx)?, &input.customer_id).map_err(|rejection| rejected(rejection, Input::CustomerId))?;
        let fitting = session(ctx)?.eligible_coupons(customer, input.basket.into()).await;
        Ok(Eligibility::of(*fitting.map_err(|failure| failed(ctx, &failure))?))
    }

    /// A checkout that was recorded, by its transactionId; null where there is none.
    #[graphql(visible = "visible::read_purchases")]
    async fn purchase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id that it was recorded under.")] transaction_id: String,
    ) -> Result<Option<Purchase>> {
        purchase(ctx, &transaction_id).await
    }

    /// What a pattern can make, while a pool is being drafted; changes nothing.
    #[graphql(visible = "visible::preview_patterns")]
    async fn pattern_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pattern.")] input: PatternInput,
    ) -> Result<PatternPreview> {
        let for_pool = input.for_pool(ids(ctx)?).map_err(|refusal| refused(&refusal))?;
        let found = session(ctx)?.preview_pattern(input.into(), for_pool).await;
        Ok(PatternPreview::of(found.map_err(|failure| failed(ctx, &failure))?))
    }

    /// The plugins of the plugins folder, by id.
    #[graphql(visible = "visible::read_plugins")]
    async fn plugins(&self, ctx: &Context<'_>) -> Result<Vec<Plugin>> {
        let plugins = session(ctx)?.plugins().map_err(|failure| failed(ctx, &failure))?;
        Ok(plugins.map(|plugins| plugins.all().into_iter().map(Plugin).collect()).unwrap_or_default())
    }

    /// Jobs, the latest first.
    #[graphql(visible = "visible::read_jobs")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<JobFilter>,
    ) -> Result<JobConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let filter = filter.unwrap_or_default().check(ids(ctx)?).map_err(|r| refused(&r))?;
        let page = session(ctx)?.jobs(&filter, &request).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(JobConnection::of(ids(ctx)?, page, Job))
    }

    /// What the whole programme is set to.
    #[graphql(visible = "visible::read_settings")]
    async fn settings(&self, ctx: &Context<'_>) -> Result<Settings> {
        Ok(session(ctx)?.settings().map_err(|failure| failed(ctx, &failure))?.into())
    }

    /// How large the database is. It reads a few rows of each table and none of the others, so it takes as long whatever
    /// the database holds.
    #[graphql(visible = "visible::read_operations")]
    async fn database(&self, ctx: &Context<'_>) -> Result<Database> {
        let size = session(ctx)?.database_size().await;
        Ok(size.map_err(|failure| failed(ctx, &failure))?.into())
    }

    /// What the gateway does in the background, and how that goes.
    #[graphql(visible = "visible::read_operations")]
    async fn tasks(&self, ctx: &Context<'_>) -> Result<Vec<BackgroundTask>> {
        let tasks = session(ctx)?.tasks().map_err(|failure| failed(ctx, &failure))?;
        Ok(tasks.into_iter().map(BackgroundTask::from).collect())
    }

    /// All API keys, by their making, revoked ones included.
    #[graphql(visible = "visible::manage_keys")]
    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        let keys = session(ctx)?.keys().map_err(|failure| failed(ctx, &failure))?;
        Ok(keys.into_iter().map(ApiKey).collect())
    }

    /// The groups of users that whoever asks is in, by their names; all for an ADMIN.
    #[graphql(visible = "visible::read_pools")]
    async fn user_groups(&self, ctx: &Context<'_>) -> Result<Vec<UserGroup>> {
        let groups = session(ctx)?.groups().map_err(|failure| failed(ctx, &failure))?;
        Ok(groups.into_iter().map(UserGroup).collect())
    }

    /// The audit, the newest entry first: who changed what of the configuration, keys, groups, pools and plugins. A page may
    /// hold fewer than were asked for and still have a next one: go on from its end cursor.
    #[graphql(visible = "visible::read_audit")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500; 50 where it is not given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this place, which are older.")] after: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<AuditFilter>,
    ) -> Result<AuditEntryConnection> {
        let after = place(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let after = after.map(|AuditPlace(number)| number);
        let request = PageRequest::new(first, after, None, None).map_err(|r| refused(&r))?;
        let filter = filter.unwrap_or_default().check(ids(ctx)?);
        let page = session(ctx)?.audit_log(&filter, &request).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(AuditEntryConnection::of(ids(ctx)?, page.placed(AuditPlace), AuditEntry))
    }

    /// Whether the audit is whole: it reads all of it.
    #[graphql(visible = "visible::read_audit")]
    async fn audit_verification(&self, ctx: &Context<'_>) -> Result<AuditVerification> {
        let found = session(ctx)?.verify_audit().await.map_err(|failure| failed(ctx, &failure))?;
        Ok(found.into())
    }

    /// Who this request acts as.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Ok(Viewer(session(ctx)?.clone()))
    }
}

async fn purchase(ctx: &Context<'_>, transaction: &str) -> Result<Option<Purchase>> {
    let Ok(transaction) = checked_id(transaction) else { return Ok(None) };
    let found = session(ctx)?.purchase(&transaction).await.map_err(|failure| failed(ctx, &failure))?;
    Ok(found.map(Purchase::of))
}

async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let session = session(ctx)?;
    let fail = |failure: scrip_service::Failure| failed(ctx, &failure);
    Ok(match ids(ctx)?.decode(id) {
        None => None,
        Some(GlobalId::Pool(id)) => session.pool(id).map_err(fail)?.map(|pool| Node::CouponPool(CouponPool(pool))),
        Some(GlobalId::Coupon(id)) => {
            let coupon = session.coupons(&[id]).await.map_err(fail)?.pop().flatten();
            coupon.map(|coupon| Node::Coupon(Coupon(coupon)))
        }
        Some(GlobalId::Customer(id)) => {
            session.customer(&id).await.map_err(fail)?.map(|customer| Node::Customer(Customer(customer)))
        }
        Some(GlobalId::Purchase(transaction)) => {
            // Nothing is asked that needs it to be read, unless it says so.
            if ctx.data_opt::<OpensPurchases>().is_none_or(|opens| opens.0) {
                purchase(ctx, &transaction).await?.map(Node::Purchase)
            } else {
                let there = session.has_purchase(&transaction).await.map_err(fail)?;
                there.then(|| Node::Purchase(Purchase::unread(transaction)))
            }
        }
        Some(GlobalId::Event(id)) => {
            session.events_by_id(&[id]).await.map_err(fail)?.pop().map(|event| Node::CouponEvent(event.into()))
        }
        Some(GlobalId::Key(id)) => {
            let key = session.keys().map_err(fail)?.into_iter().find(|key| key.id == id);
            key.map(|key| Node::ApiKey(ApiKey(key)))
        }
        Some(GlobalId::Group(id)) => {
            let found = session.groups().map_err(fail)?.into_iter().find(|group| group.id == id);
            found.map(|group| Node::UserGroup(UserGroup(group)))
        }
        Some(GlobalId::Audit(number)) => {
            session.audit_entry(number).await.map_err(fail)?.map(|entry| Node::AuditEntry(AuditEntry(entry)))
        }
        Some(GlobalId::Job(id)) => session.job(id).await.map_err(fail)?.map(|job| Node::Job(Job(job))),
        Some(GlobalId::Entry(id)) => LedgerEntry::read(ctx, id).await?.map(Node::LedgerEntry),
    })
}
