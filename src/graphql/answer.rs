//! How large an answer may become. It is counted while it is made, and nothing more is read for one that is too large:
//! what is held for it is bounded, whatever its document multiplies.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use async_graphql::{
    Response, ServerError, ServerResult, Value,
    async_trait::async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo},
};

use super::bounds;

/// How many bytes an answer may have where nothing else is configured.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// How many bytes of memory a value takes at least, whatever it is.
const VALUE: usize = 112;
/// How many times its bytes an answer may take in memory. It matters for one of many small values.
const IN_MEMORY: usize = 4;

/// The type of lists that are resolved at once (`types::Ids`).
const IDS: &str = "[ID!]!";

/// Bounds answers in bytes.
pub(super) struct AnswerBound(pub(super) usize);

impl ExtensionFactory for AnswerBound {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Counted { most: self.0, bytes: AtomicUsize::new(0), memory: AtomicUsize::new(0) })
    }
}

/// What an answer has come to so far.
struct Counted {
    most: usize,
    bytes: AtomicUsize,
    memory: AtomicUsize,
}

impl Counted {
    fn add(&self, size: Size) {
        self.bytes.fetch_add(size.bytes, Relaxed);
        self.memory.fetch_add(size.memory, Relaxed);
    }

    fn check(&self) -> ServerResult<()> {
        if self.bytes.load(Relaxed) <= self.most && self.memory.load(Relaxed) / IN_MEMORY <= self.most {
            return Ok(());
        }
        let text = format!(
            "the answer is larger than {} bytes, the most that is possible: ask for smaller pages or fewer fields; a \
             change that was asked for is made",
            self.most
        );
        Err(bounds::with_code(&text, "LIMIT_EXCEEDED"))
    }
}

#[async_trait]
impl Extension for Counted {
    async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
        let answer = next.run(ctx, name).await;
        match self.check() {
            Ok(()) => answer,
            // A part of an answer would look like a whole one to whoever reads no errors.
            Err(refusal) => Response::from_errors(vec![ServerError { path: Vec::new(), ..refusal }]),
        }
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        self.check()?;
        // An item of a list has no name of its own.
        let name = if info.parent_type.starts_with('[') { 0 } else { info.alias.unwrap_or(info.name).len() + 4 };
        // What is resolved at once is counted at once.
        let whole = info.return_type.starts_with("JSON") || info.return_type == IDS;
        let value = next.run(ctx, info).await?;
        if let Some(value) = &value {
            self.add(Size { bytes: name, memory: name });
            self.add(if whole { Size::whole(value) } else { Size::own(value) });
        }
        Ok(value)
    }
}

/// How large a value is as text, and about how large in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    bytes: usize,
    memory: usize,
}

impl Size {
    /// A value without those in it, which are counted where they are made.
    fn own(value: &Value) -> Self {
        let text = match value {
            Value::String(text) => text.len() + 3,
            Value::Binary(bytes) => bytes.len(),
            Value::List(_) | Value::Object(_) => 3,
            Value::Enum(name) => name.len() + 3,
            Value::Null | Value::Number(_) | Value::Boolean(_) => 8,
        };
        Self { bytes: text, memory: text + VALUE }
    }

    /// A value with all that is in it.
    fn whole(value: &Value) -> Self {
        let own = Self::own(value);
        match value {
            Value::List(items) => items.iter().map(Self::whole).fold(own, Self::and),
            Value::Object(fields) => fields.iter().fold(own, |sum, (name, value)| {
                let named = Self { bytes: name.len() + 4, memory: name.len() + VALUE };
                sum.and(named).and(Self::whole(value))
            }),
            _ => own,
        }
    }

    fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, memory: self.memory + other.memory }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Json, Object, Schema};
    use serde_json::json;

    use super::*;

    struct Query;

    #[Object]
    impl Query {
        async fn text(&self, length: usize) -> String {
            "x".repeat(length)
        }
        async fn texts(&self, number: usize) -> Vec<String> {
            vec!["12345".to_owned(); number]
        }
        async fn document(&self, length: usize) -> Json<serde_json::Value> {
            Json(json!({ "of": ["x".repeat(length)] }))
        }
        async fn none(&self) -> Option<Self> {
            None
        }
    }

    #[tokio::test]
    async fn an_answer_is_bounded_in_bytes_and_in_values() {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription).extension(AnswerBound(10_000)).finish();
        for (document, fits) in [
            ("{ text(length: 9000) }", true),
            ("{ text(length: 11000) }", false),
            ("{ a: text(length: 4900) b: text(length: 4900) }", true),
            ("{ a: text(length: 5100) b: text(length: 5100) }", false),
            ("{ document(length: 9000) }", true),
            ("{ document(length: 11000) }", false),
            ("{ texts(number: 300) }", true),
            // 40,000 bytes of memory.
            ("{ texts(number: 400) }", false),
            ("{ none { text(length: 20000) } }", true),
        ] {
            let answer = schema.execute(document).await;
            assert_eq!(answer.errors.is_empty(), fits, "{document} {:?}", answer.errors);
            if !fits {
                assert_eq!(answer.data, Value::Null, "{document}");
                assert_eq!(answer.errors.len(), 1);
                assert!(answer.errors[0].message.starts_with("the answer is larger than 10000 bytes"));
            }
        }
    }

    #[tokio::test]
    async fn nothing_more_is_made_for_one_that_is_too_large() {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription).extension(AnswerBound(1_000)).finish();
        let fields: String = (0..1_000).map(|number| format!("f{number}: text(length: 100000000) ")).collect();
        // A hundred gigabytes otherwise.
        let answer = schema.execute(format!("{{ {fields} }}")).await;
        assert_eq!((answer.errors.len(), answer.data), (1, Value::Null));
    }
}
