//! How a socket is closed: the codes of graphql-transport-ws, and ours beside them. docs/live-changes.md has them as
//! a table.

use axum::extract::ws::{CloseFrame, Message};

/// A code and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: &'static str,
}

/// What came is no frame of a socket (RFC 6455).
pub(super) const NO_WEBSOCKET: Close = Close { code: 1002, reason: "Protocol error" };
/// A text is not UTF-8 (RFC 6455).
pub(super) const NOT_UTF8: Close = Close { code: 1007, reason: "Expected UTF-8" };
/// A message has more bytes than are read (RFC 6455).
pub(super) const TOO_BIG: Close = Close { code: 1009, reason: "Message too big" };
/// The gateway stops; whoever comes back finds it started anew (the registry of codes of RFC 6455).
pub(super) const RESTART: Close = Close { code: 1012, reason: "Service restart" };
/// Too many sockets and streams are open.
pub(super) const FULL: Close = Close { code: 1013, reason: "Try again later" };
/// It left what it was sent unread for too long. It may come back and go on where it was.
pub(super) const TOO_SLOW: Close = Close { code: 4290, reason: "Too slow: resume after the last event" };
/// What came is no message of the protocol.
pub(super) const INVALID: Close = Close { code: 4400, reason: "Invalid message" };
/// It asked before it was let in.
pub(super) const UNAUTHORIZED: Close = Close { code: 4401, reason: "Unauthorized" };
/// It has no key that is known.
pub(super) const FORBIDDEN: Close = Close { code: 4403, reason: "Forbidden: a key is needed" };
/// It is a page of a site that may not ask.
pub(super) const FOREIGN: Close = Close { code: 4403, reason: "Forbidden: this origin is not configured" };
/// It does not speak the protocol.
pub(super) const PROTOCOL: Close = Close { code: 4406, reason: "Subprotocol not acceptable" };
/// It did not introduce itself in time.
pub(super) const INIT_TIMEOUT: Close = Close { code: 4408, reason: "Connection initialisation timeout" };
/// An operation with this id is running.
pub(super) const DUPLICATE: Close = Close { code: 4409, reason: "Subscriber already exists" };
/// It introduced itself twice.
pub(super) const SECOND_INIT: Close = Close { code: 4429, reason: "Too many initialisation requests" };

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        Self::Close(Some(CloseFrame { code: close.code, reason: close.reason.into() }))
    }
}
