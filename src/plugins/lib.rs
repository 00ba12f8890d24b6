//! Partners' plugins, in a sandbox: wasm components with a manifest, which supply codes or decide who may use a
//! coupon. A plugin gets fresh memory for every call and nothing but what its contract gives it; whatever it does
//! costs its own call and nothing else, and how it failed is told without anything of its inside.

mod breaker;
mod build;
mod builders;
mod chatter;
mod code;
mod contract;
mod egress;
mod engine;
mod failure;
mod folder;
mod host;
mod imports;
mod limits;
mod loading;
mod manifest;
mod moment;
mod network;
mod notice;
mod operator;
mod pack;
mod places;
mod request;
mod sandbox;
mod schema;
mod shape;
mod state;
mod stats;

pub use build::{Build, Report};
pub use code::{componentize, hex, read as read_code};
pub use egress::{Egress, HostRule, Lookup, Permissions, Ranges, SecretPlace, Secrets, Target};
pub use engine::MAX_CALLS;
pub use failure::PluginFailure;
pub use host::{BindingFault, Given, Plugin, Plugins, shown};
pub use limits::{Limits, TICK, Usage};
pub use manifest::{MANIFEST, Manifest, ManifestError, ManifestSecret, PluginKind, check_id};
pub use network::Network;
pub use notice::{NoticeEvent, NoticeRequest};
pub use operator::{Environment, OperatorSettings, PluginSettings, SecretSettings};
pub use pack::{Packed, pack};
pub use places::{Crowd, lower_priority};
pub use request::{
    CheckRequest, CheckVerdict, CodeRequest, HttpError, HttpRequest, HttpResponse, IssuedCode, LogLevel, Occasion,
    PluginBasket, PluginCoupon, PluginCustomer, PluginLine, PluginPool, PluginValue, SourceRefusal,
};
pub use sandbox::{Bounds, MIN_MEMORY, Sandbox};
pub use schema::ConfigFault;
pub use state::Asked;
pub use stats::Counted;
