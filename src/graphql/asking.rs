//! Who asks: a session comes with each request, and resolvers have no other way to anything.

use async_graphql::{Context, Request, Result};

use super::loader::{self, Related};
use scrip_service::Session;

/// A request as somebody's.
#[must_use]
pub fn asked_by(request: Request, session: Session) -> Request {
    request.data(loader::related(session.clone())).data(session)
}

/// Scrip as whoever asks has it.
pub(crate) fn session<'a>(ctx: &Context<'a>) -> Result<&'a Session> {
    ctx.data::<Session>()
}

/// What the items of this request's lists lead to.
pub(crate) fn related<'a>(ctx: &Context<'a>) -> Result<&'a Related> {
    ctx.data::<Related>()
}
