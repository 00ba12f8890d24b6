//! The GraphQL schema: the wire's types around the domain's, and one table from refusals to error
//! codes. Nothing is decided here: resolvers translate, ask the service and translate back.

mod answer;
mod asking;
pub mod bounds;
pub mod code;
pub mod connection;
pub mod cost;
mod count;
pub mod cursor;
mod documents;
pub mod failure;
pub mod gate;
pub mod global_id;
pub mod input;
mod known;
mod loader;
mod moment;
pub mod mutation;
pub mod query;
pub mod scalar;
pub mod single_root;
pub mod subscription;
pub mod types;
mod visible;

use async_graphql::{Request, Response, Schema, SchemaBuilder};
use futures_util::{StreamExt, future::BoxFuture, stream::BoxStream};

pub use answer::MAX_ANSWER;
pub use asking::asked_by;
pub use code::code_text;
pub use documents::{Documents, DocumentsError};
pub use failure::{RequestId, coded};
pub use gate::{Admitted, Asked, Gate, Rules};
pub use global_id::{job_id, pool_by_any_id};
pub use moment::Moment;

/// The library's schema over Scrip's roots.
type Roots = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// The schema that serves requests. Its methods give boxed futures and are never inlined, so that all resolvers are
/// compiled here alone: inlined, they would be compiled again in each crate that executes a request.
#[derive(Clone)]
pub struct ScripSchema {
    roots: Roots,
    /// The same, which counts its answers' bytes: that takes a tenth of the time, so what is known to be small is spared.
    bounded: Roots,
}

impl ScripSchema {
    /// Executes a query or a mutation whose answer is small.
    pub fn execute(&self, request: impl Into<Request>) -> BoxFuture<'_, Response> {
        self.run(&self.roots, request.into())
    }

    /// Executes a query or a mutation whose answer is bounded in bytes while it is made.
    pub fn execute_bounded(&self, request: impl Into<Request>) -> BoxFuture<'_, Response> {
        self.run(&self.bounded, request.into())
    }

    #[inline(never)]
    fn run<'a>(&'a self, roots: &'a Roots, request: Request) -> BoxFuture<'a, Response> {
        Box::pin(roots.execute(request))
    }

    /// Executes an operation of any kind: a subscription answers until it ends, others once.
    #[inline(never)]
    #[must_use]
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        self.roots.execute_stream(request).boxed()
    }
}

fn builder() -> SchemaBuilder<query::Query, mutation::Mutation, subscription::Subscription> {
    Schema::build(query::Query, mutation::Mutation::default(), subscription::Subscription)
        .register_output_type::<types::Node>()
        .register_output_type::<types::UserError>()
}

/// The schema. Each request comes with the session that it is asked in ([`asked_by`]). Where the schema may not be asked about, its errors suggest no names either. What a
/// document may come to is bounded by the [`Gate`] before it gets here.
#[must_use]
pub fn schema(rules: &Rules) -> ScripSchema {
    let roots = || {
        let builder = builder().limit_recursive_depth(count::MAX_SETS);
        let builder = builder.data(loader::Shared::default());
        if rules.introspection { builder } else { builder.disable_introspection().disable_suggestions() }
    };
    let bound = answer::AnswerBound(rules.max_answer);
    ScripSchema { roots: roots().finish(), bounded: roots().extension(bound).finish() }
}

/// The schema's definition, as `schema.graphql` keeps it.
#[must_use]
pub fn definition() -> String {
    builder().finish().sdl()
}
