//! How failures leave: a refusal with its code and field, safe to show; everything else as a plain
//! "internal error" with the request's id, its cause logged here once.

use async_graphql::{Context, Error, ErrorExtensions, Response};

use super::code::CouponErrorCode;
use scrip_domain::rejection::{Input, Refusal, Rejection};
use scrip_service::Failure;

/// The most errors of an answer.
const MAX_ERRORS: usize = 20;

/// The id of a request, which its log line and its internal errors carry.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The error of a query that is refused.
pub fn refused(refusal: &Refusal) -> Error {
    Error::new(refusal.message.clone()).extend_with(|_, extensions| {
        let code = CouponErrorCode::from(refusal.code);
        extensions.set("code", async_graphql::resolver_utils::enum_value(code));
        extensions.set("field", refusal.field.names());
    })
}

/// The error of a query whose argument `field` is refused.
pub fn rejected(rejection: Rejection, field: Input) -> Error {
    refused(&rejection.at([field]))
}

/// The error of something that failed.
pub fn failed(ctx: &Context<'_>, failure: &Failure) -> Error {
    match failure {
        Failure::Refused(refusals) => refusals.first().map_or_else(|| Error::new("refused"), refused),
        Failure::Internal(broken) => internal(ctx, &broken.with_causes()),
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

/// Gives every error that comes before any resolver its code: what a value or a missing one caused,
/// with its field where it is known, or a document that is not one of this schema. Tells how many errors are left out
/// where there are too many.
#[must_use]
pub fn coded(mut response: Response) -> Response {
    let left_out = response.errors.len().saturating_sub(MAX_ERRORS);
    if left_out > 0 {
        response.errors.truncate(MAX_ERRORS);
        response = response.extension("errorsLeftOut", left_out.into());
    }
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code_of(&error.message));
            if let Some(field) = field_of(&error.message) {
                extensions.set("field", field);
            }
            if let Some(form) = wanted_form(&error.message) {
                error.message = format!("{}: {form}", error.message);
            }
            if let Some(told) = unparsed(&error.message) {
                error.message = told;
            }
        }
        shorten(&mut error.message);
    }
    response
}

/// Leaves the middle of a message out that is long: the library's have what was sent in them.
fn shorten(message: &mut String) {
    if message.len() > LONGEST {
        let first = message.floor_char_boundary(LONGEST / 2);
        let last = message.ceil_char_boundary(message.len() - LONGEST / 2);
        message.replace_range(first..last, " ... ");
    }
}

/// The longest message of an error, in bytes.
const LONGEST: usize = 1_000;

/// The library tells its own errors by their text only.
fn code_of(message: &str) -> &'static str {
    let value = ["Invalid value for argument", "Failed to parse", "Expected input type"];
    if message.ends_with("is required but not provided") {
        "REQUIRED"
    } else if value.iter().any(|start| message.starts_with(start)) {
        "VALUE_INVALID"
    } else {
        "DOCUMENT_INVALID"
    }
}

/// How a value of a type is written, where people often write it otherwise.
fn wanted_form(message: &str) -> Option<&'static str> {
    let (_, rest) = message.split_once("expected type \"")?;
    match rest.trim_end_matches('"') {
        "Decimal" => Some("an exact decimal number in quotes, such as \"0.10\""),
        "DateTime" => Some("an instant in quotes, such as \"2026-11-28T00:00:00Z\""),
        "CurrencyCode" => Some("an ISO 4217 code in quotes, such as \"EUR\""),
        "Period" => Some("an ISO 8601 duration in quotes, such as \"P2M\""),
        _ => None,
    }
}

/// What is wrong with a value that the library could not read, and in which type of the schema, without how it read it.
fn unparsed(message: &str) -> Option<String> {
    let (_, rest) = message.strip_prefix("Failed to parse \"")?.split_once("\": ")?;
    let (said, within) = rest.split_once(" (occurred while parsing \"").unwrap_or((rest, ""));
    let within = within.split('"').next().filter(|within| !within.is_empty());
    Some(match within {
        Some(within) => format!("{} (in {within})", said.trim_end_matches('.')),
        None => said.to_owned(),
    })
}

/// The path within the input of `argument "input.name"`, and of the `field "type"` of it.
fn field_of(message: &str) -> Option<Vec<String>> {
    let quoted = |text: &str| text.split('"').next().map(str::to_owned);
    let path = quoted(message.strip_prefix("Invalid value for argument \"")?)?;
    let field = message.split_once("field \"").and_then(|(_, rest)| quoted(rest));
    let parts = path.split('.').map(str::to_owned).chain(field);
    let parts: Vec<String> = parts.collect();
    Some(if parts.len() > 1 && parts.first().is_some_and(|first| first == "input") {
        parts.into_iter().skip(1).collect()
    } else {
        parts
    })
}
