//! Who asks: a session comes with each request, and resolvers have no other way to anything.

use std::sync::OnceLock;

use async_graphql::{Context, Request, Result};

use super::loader::{self, Related};
use scrip_service::Session;

/// What the items of a request's lists lead to: made when it is first asked for, because most requests need none.
struct Leads {
    session: Session,
    related: OnceLock<Related>,
}

/// A request as somebody's.
#[must_use]
pub fn asked_by(request: Request, session: Session) -> Request {
    request.data(Leads { session: session.clone(), related: OnceLock::new() }).data(session)
}

/// Scrip as whoever asks has it.
pub(crate) fn session<'a>(ctx: &Context<'a>) -> Result<&'a Session> {
    ctx.data::<Session>()
}

/// What the items of this request's lists lead to.
pub(crate) fn related<'a>(ctx: &Context<'a>) -> Result<&'a Related> {
    let leads = ctx.data::<Leads>()?;
    Ok(leads.related.get_or_init(|| loader::related(leads.session.clone())))
}
