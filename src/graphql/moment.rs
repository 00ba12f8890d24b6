//! The instant that an answer is for: one, so that what a filter admits and what a field then tells of it agree, in all
//! lists of a request.

use async_graphql::{Context, Result};

use super::asking::session;
use scrip_domain::period::Instant;

/// The instant that a whole request is answered for. What goes on, a subscription, has none: each of its answers is
/// for the instant that it is made at.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Instant);

/// The instant that this is answered for.
pub(crate) fn instant(ctx: &Context<'_>) -> Result<Instant> {
    match ctx.data_opt::<Moment>() {
        Some(Moment(at)) => Ok(*at),
        None => Ok(session(ctx)?.now()),
    }
}
