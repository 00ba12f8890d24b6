//! The subscriptions: what happens, told as it happens.

use async_graphql::{Context, ID, Result, SimpleObject, Subscription as Subscribe, Union};
use futures_util::{Stream, StreamExt, future::Either, stream};

use super::{
    asking::session,
    cursor::{cursor, place},
    failure::{failed, refused, rejected},
    global_id::{ids, job_id},
    input::EventFilter,
    scalar::Cursor,
    types::{CouponEvent, Job},
    visible,
};
use scrip_domain::{
    id::EventId,
    rejection::{Input, Refusal, Rejection},
};
use scrip_service::{Action, Failure, Follower, Resync, Session};

/// What can be followed.
#[derive(Debug, Default)]
pub struct Subscription;

/// What comes of following events.
#[derive(Debug, Union)]
pub enum CouponEventStreamItem {
    /// An event.
    CouponEvent(CouponEvent),
    /// The place to go on from is not there.
    ResyncRequired(ResyncRequired),
}

/// The place to go on from is not in the log: what was missed cannot be told. Nothing comes after it.
#[derive(Debug, SimpleObject)]
pub struct ResyncRequired {
    /// Why.
    reason: String,
    /// The place after which everything that is kept comes: read or follow from there.
    oldest_cursor: Cursor,
}

/// What can be followed.
#[Subscribe]
impl Subscription {
    /// Every change of a coupon, as it happens, once and in order. Give the cursor of the last event that was seen as
    /// `after` to go on exactly there, also after the gateway was started anew; without it, what happens from now on
    /// comes.
    #[graphql(visible = "visible::read_events")]
    async fn coupon_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those after this place: the cursor of an event, or of a page of events.")] after: Option<
            Cursor,
        >,
        #[graphql(desc = "Only these.")] filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = Result<CouponEventStreamItem>>> {
        let after = place::<EventId>(ids(ctx)?, after.as_ref(), Input::After).map_err(|r| refused(&r))?;
        let filter = filter.unwrap_or_default().check(ids(ctx)?).map_err(|r| refused(&r))?;
        Ok(match session(ctx)?.follow(filter, after).map_err(|failure| failed(ctx, &failure))? {
            Ok(follower) => Either::Left(items(ctx, follower)),
            Err(Resync { reason, oldest }) => {
                let resync = ResyncRequired { reason, oldest_cursor: cursor(ids(ctx)?, &oldest) };
                Either::Right(stream::iter([Ok(CouponEventStreamItem::ResyncRequired(resync))]))
            }
        })
    }

    /// How a job goes on: as it is now, and then whenever it has changed, at most four times a second, until it has ended.
    #[graphql(visible = "visible::read_jobs")]
    async fn job_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Job>>> {
        let session = session(ctx)?;
        session.demand(Action::ReadJobs).map_err(|failure| failed(ctx, &failure))?;
        let job = job_id(ids(ctx)?, &id).map_err(|rejection| rejected(rejection, Input::Id))?;
        if session.job(job).await.map_err(|failure| failed(ctx, &failure))?.is_none() {
            return Err(rejected(Rejection::NotFound { what: "job", by: "id" }, Input::Id));
        }
        let followed = session.follow_job(job).map_err(|failure| failed(ctx, &failure))?;
        Ok(stream::unfold(Some(followed), async move |followed| {
            let mut followed = followed?;
            let found = followed.next().await;
            let found = match (found, still_follows(ctx, Action::ReadJobs)) {
                // Nor is one who does not see it any more.
                (Ok(Some(job)), Ok(session)) => {
                    session.still_sees_job(&job).await.map(|sees| Some(job).filter(|_| sees))
                }
                (Ok(None), Ok(_)) => Ok(None),
                (Err(failure), _) | (_, Err(failure)) => Err(failure),
            };
            match found {
                Ok(job) => Some((Ok(Job(job?)), Some(followed))),
                Err(failure) => Some((Err(failed(ctx, &failure)), None)),
            }
        }))
    }
}

/// What one who follows is told, until the log cannot be read.
fn items(ctx: &Context<'_>, follower: Follower) -> impl Stream<Item = Result<CouponEventStreamItem>> {
    let pages = stream::unfold(Some(follower), async move |follower| {
        let mut follower = follower?;
        let found = follower.next().await;
        // A key that was revoked meanwhile is told nothing of what has happened since.
        let found = found.and_then(|mut page| {
            let session = still_follows(ctx, Action::ReadEvents)?;
            page.retain(|event| session.sees(event.coupon.pool));
            Ok(page)
        });
        let found = found.map_err(|failure| failed(ctx, &failure));
        let follower = found.is_ok().then_some(follower);
        Some((found, follower))
    });
    pages.flat_map(move |page| {
        let items = match page.and_then(|events| CouponEvent::of_page(ctx, events)) {
            Ok(events) => events.into_iter().map(|event| Ok(CouponEventStreamItem::CouponEvent(event))).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(items)
    })
}

/// Whoever follows, if they may still do so. All that is read for what they are told next is read as they are now.
fn still_follows<'a>(ctx: &Context<'a>, action: Action) -> std::result::Result<&'a Session, Failure> {
    let gone = || Failure::from(Refusal::from(Rejection::Forbidden { action: action.name() }));
    let session = ctx.data_opt::<Session>().filter(|session| session.renew()).ok_or_else(gone)?;
    session.demand(action)?;
    Ok(session)
}
