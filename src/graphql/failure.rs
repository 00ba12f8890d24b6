//! How failures leave: a refusal with its code and field, safe to show; everything else as a plain
//! "internal error" with the request's id, its cause logged here once.

use async_graphql::{Context, Error, ErrorExtensions};

use super::code::CouponErrorCode;
use crate::{
    domain::rejection::{Refusal, Rejection},
    service::Failure,
};

/// The id of a request, which its log line and its internal errors carry.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The error of a query that is refused.
pub fn refused(refusal: &Refusal) -> Error {
    Error::new(refusal.message.clone()).extend_with(|_, extensions| {
        let code = CouponErrorCode::from(refusal.code);
        extensions.set("code", async_graphql::resolver_utils::enum_value(code));
        extensions.set("field", refusal.field.clone());
    })
}

/// The error of a query whose argument `field` is refused.
pub fn rejected(rejection: Rejection, field: &'static str) -> Error {
    refused(&rejection.at([field]))
}

/// The error of something that failed.
pub fn failed(ctx: &Context<'_>, failure: &Failure) -> Error {
    match failure {
        Failure::Refused(refusals) => refusals.first().map_or_else(|| Error::new("refused"), refused),
        Failure::Internal(reason) => internal(ctx, reason),
    }
}

/// The error of something that broke inside.
pub fn internal(ctx: &Context<'_>, reason: &str) -> Error {
    let request = ctx.data_opt::<RequestId>().map_or("unknown", |id| id.0.as_str());
    tracing::error!(request, reason, "a request failed");
    Error::new("internal error").extend_with(|_, extensions| {
        extensions.set("code", "INTERNAL");
        extensions.set("request", request);
    })
}
