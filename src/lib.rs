//! Scrip: a coupon platform in one binary. Pools of coupons and gift cards, their whole life over
//! GraphQL, in an embedded SurrealDB; one use never becomes two, and what a caller was told has
//! happened is on disk.
//!
//! # The map
//!
//! A layer uses only those above it. The first five are crates of their own, `src/domain` and so on, so that a change
//! compiles its own layer and those below; this crate has the others and names them all (`tests/it/tidy.rs` holds
//! which may use which):
//!
//! | layer | what it is |
//! | --- | --- |
//! | [`domain`] | the rules, pure: no async, IO, clock, randomness or database |
//! | [`plugins`] | partners' wasm plugins in their sandbox: manifests, limits, the network they may reach |
//! | [`storage`] | tables of SurrealDB's records: their ids, fields and format, one writer, durable before it answers |
//! | [`service`] | the use cases, each a method of a [`Session`](service::Session) that says what it demands: the reads, the committer that every change passes through, and tasks in the background |
//! | [`graphql`] | the schema: the wire's types around the domain's |
//! | [`http`] | routes, access, the GraphQL edge at once and streamed, the explorer, health |
//! | [`config`], [`telemetry`], [`cli`] | settings, logs, and the command line that puts all together |
//!
//! # What always holds
//!
//! - A coupon changes only by a transition of [`domain::coupon`], through the committer (`service/committer`), in one
//!   transaction with its events, its ledger and its pool's counts.
//! - Nothing is told, by an answer or by a read, before it is durable; and a start that lacks what was told refuses
//!   (`docs/durability.md`).
//! - Amounts are whole minor units; nothing is rounded but a percentage, half up, once.
//! - Time never goes backwards, and an answer is for one instant.
//! - Where it is not known what became of a write, the process ends and answers nobody.
//! - What a list costs depends on the page, not on the pool.
//! - A code is in one pool only, under the looser comparison of both; a code that a pool makes is not stored but
//!   follows from its [series](domain::pool_codes), which never changes.
//! - No plugin is asked inside the committer: what it said comes with the command, for exactly the question asked.
//!
//! # To add
//!
//! - a change that can be asked for: its input and a line in `service/command` (its answer, the action that it demands),
//!   its decision in `service/committer/decide.rs`, what a retry knows it by in `service/meaning.rs`, whether it is noted
//!   in the audit in `service/audit.rs`, what of its answer exists for whom in `service/sight.rs`
//! - a question that can be asked: a method of a session (`service/session`) with an action of `service/session/action.rs`; a
//!   field of the schema's roots has its line in `tests/it/edge/rights.rs`, and is shown by `graphql/visible.rs`; what belongs
//!   to a pool asks the session's sight (`service/sight.rs`), as `tests/it/edge/groups.rs` holds
//! - a right of a role: `service/session/roles.rs`
//! - a task in the background: `service/tasks/mod.rs`
//! - an action on a coupon: `domain/coupon/actions.rs`, `service/command/coupons.rs`,
//!   `service/committer/{decide,coupons}.rs` (`service/committer/mod.rs` has the map of what it works through),
//!   `graphql/input/actions.rs`, `graphql/mutation/coupons.rs`
//! - a refusal: `domain/rejection.rs`, `graphql/code.rs`
//! - a table: a line in `storage/tables/mod.rs`, a file beside it with its key, documents and form, `storage/schema.surql`,
//!   a row in its golden file; backups, checks, salvages and upgrades then have it too
//! - something that is set and held in memory: `service/registry.rs`, its part of an entry in
//!   `storage/tables/configured.rs`, and how another writer's is taken over in `service/follow.rs`
//! - another form of a document: a new format, with its way from this one in `storage/format`
//! - a filter of coupons: `service/lists.rs`, `graphql/input/mod.rs`, `http/export/filter.rs`, `cli/export.rs`
//! - a kind of job: `domain/job`, `service/jobs` (its plan and who works on it), `service/committer/steps.rs` (its rows)
//! - a setting: `config.rs`, `config/environment.rs`, `cli/mod.rs`
//! - a version of the plugins' contract: `plugins/wit`, a module beside `src/plugins/contract/v1.rs`
//! - a bound on requests: `graphql/gate.rs`, which every request passes, over whichever transport; what a field costs is
//!   `graphql/cost.rs`, where it then runs is `http/lanes`, and docs/bounds.md has all bounds
//! - something to follow: `service/tail` (events as they happen), `graphql/subscription.rs`; how it reaches clients,
//!   over sockets and server-sent events, is `http/streams`

pub mod cli;
pub mod config;
pub mod http;
pub mod telemetry;

pub use scrip_domain as domain;
pub use scrip_graphql as graphql;
pub use scrip_plugins as plugins;
pub use scrip_service as service;
pub use scrip_storage as storage;

/// The database makes many small allocations from several threads; this allocator made a commit a
/// third faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
