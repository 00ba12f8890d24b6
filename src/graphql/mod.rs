//! The GraphQL schema: the wire's types around the domain's, and one table from refusals to error
//! codes. Nothing is decided here: resolvers translate, ask the service and translate back.

pub mod bounds;
pub mod code;
pub mod connection;
pub mod cursor;
pub mod failure;
pub mod global_id;
pub mod input;
mod loader;
pub mod mutation;
pub mod query;
pub mod scalar;
pub mod single_root;
pub mod subscription;
pub mod types;

use std::sync::Arc;

use async_graphql::{Schema, SchemaBuilder};

use crate::service::Scrip;

pub use failure::{RequestId, coded};
pub use global_id::{pool_by_any_id, pool_id_text};
pub use scalar::instant_text;

/// How deep a document may nest its fields.
const MAX_DEPTH: usize = 20;
/// How many fields a document may ask for.
const MAX_FIELDS: usize = 2_000;

/// The schema that serves requests.
pub type ScripSchema = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

fn builder() -> SchemaBuilder<query::Query, mutation::Mutation, subscription::Subscription> {
    Schema::build(query::Query, mutation::Mutation::default(), subscription::Subscription)
        .register_output_type::<types::Node>()
        .register_output_type::<types::UserError>()
}

/// The schema over a running Scrip.
#[must_use]
pub fn schema(scrip: Arc<Scrip>) -> ScripSchema {
    let related = loader::related(Arc::clone(&scrip));
    builder()
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_FIELDS)
        .data(scrip)
        .data(related)
        .data(loader::Shared::default())
        .finish()
}

/// The schema's definition, as `schema.graphql` keeps it.
#[must_use]
pub fn definition() -> String {
    builder().finish().sdl()
}
