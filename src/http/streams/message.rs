//! The messages of graphql-transport-ws, in both directions: JSON texts.

use async_graphql::{Response as Answer, ServerError};
use axum::extract::ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::answers::AnswerText;
use scrip_graphql::{Asked, coded};

/// The longest id of an operation, in bytes.
const MAX_ID: usize = 256;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Incoming {
    /// Who it is.
    ConnectionInit {
        /// What it tells of itself.
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    /// Whether the other end is there.
    Ping {
        /// To be sent back.
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    /// That it is there.
    Pong {},
    /// An operation that it wants executed.
    Subscribe {
        /// What it calls it.
        id: String,
        /// The operation.
        payload: Asked,
    },
    /// An operation that it wants no more of.
    Complete {
        /// What it called it.
        id: String,
    },
}

impl Incoming {
    /// Reads a message; none where it is not one of the protocol.
    pub(super) fn read(text: &str) -> Option<Self> {
        let message = serde_json::from_str(text).ok()?;
        match &message {
            Self::Subscribe { id, .. } if id.is_empty() || id.len() > MAX_ID => None,
            Self::Subscribe { payload, .. } if !payload.names_a_document() => None,
            _ => Some(message),
        }
    }
}

/// The key that an introduction carries: `{"authorization": "Bearer KEY"}`.
pub(super) fn authorization(payload: Option<&Map<String, Value>>) -> Option<&str> {
    let mut fields = payload?.iter();
    fields.find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value.as_str().unwrap_or(""))
}

/// What is said to a client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outgoing<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a Map<String, Value>>,
    },
    Next {
        id: &'a str,
        payload: &'a RawValue,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Outgoing<'_> {
    fn text(&self) -> Message {
        // What is written here is made of texts, numbers and maps with texts as keys: it always can be.
        Message::Text(serde_json::to_string(self).unwrap_or_default().into())
    }
}

/// It is let in.
pub(super) fn ack() -> Message {
    Outgoing::ConnectionAck.text()
}

/// This end is there.
pub(super) fn pong(payload: Option<&Map<String, Value>>) -> Message {
    Outgoing::Pong { payload }.text()
}

/// An operation has no more answers.
pub(super) fn complete(id: &str) -> Message {
    Outgoing::Complete { id }.text()
}

/// An operation is refused.
pub(super) fn refused(id: &str, errors: Vec<ServerError>) -> Message {
    Outgoing::Error { id, payload: &coded(Answer::from_errors(errors)).errors }.text()
}

/// An answer of an operation, and whether it is one that ends it: nothing was executed.
pub(super) fn next(id: &str, answer: &AnswerText) -> (Message, bool) {
    match &answer.refused {
        None => (Outgoing::Next { id, payload: &answer.json }.text(), false),
        Some(errors) => (Outgoing::Error { id, payload: errors }.text(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message() {
        let long = format!(r#"{{"type":"subscribe","id":"{}","payload":{{"query":"{{a}}"}}}}"#, "x".repeat(MAX_ID + 1));
        for text in [
            "",
            "junk",
            "[]",
            "{}",
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"connection_init","payload":"key"}"#,
            r#"{"type":"complete"}"#,
            &long,
        ] {
            assert!(Incoming::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_one() {
        for text in [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"ping","payload":{"a":1}}"#,
            r#"{"type":"pong"}"#,
            r#"{"type":"pong","payload":{}}"#,
            r#"{"id":"1","type":"complete"}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":null,"variables":null,"extensions":{}}}"#,
        ] {
            assert!(Incoming::read(text).is_some(), "{text}");
        }
    }
}
