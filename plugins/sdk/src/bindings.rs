//! What the contract's WIT becomes in Rust, made by wit-bindgen when the SDK is built. Nothing outside the
//! SDK and its export macros touches it: plugins see the plain types of [`types`](crate::types).

/// The world of a restriction.
pub mod restriction {
    wit_bindgen::generate!({
        path: "../wit/1.0.0",
        world: "restriction",
        runtime_path: "::scrip_plugin::wit_bindgen::rt",
        pub_export_macro: true,
        default_bindings_module: "scrip_plugin::bindings::restriction",
    });
}

/// The world of a source.
pub mod source {
    wit_bindgen::generate!({
        path: "../wit/1.0.0",
        world: "source",
        runtime_path: "::scrip_plugin::wit_bindgen::rt",
        pub_export_macro: true,
        default_bindings_module: "scrip_plugin::bindings::source",
        with: {
            "coupon:plugin/types@1.0.0": crate::bindings::restriction::coupon::plugin::types,
            "coupon:plugin/log@1.0.0": crate::bindings::restriction::coupon::plugin::log,
        },
    });
}

/// The world of a source that is told what becomes of its coupons, beside that of a source.
#[cfg(feature = "notices")]
pub mod teller {
    wit_bindgen::generate!({
        path: "../wit/1.1.0",
        world: "teller",
        runtime_path: "::scrip_plugin::wit_bindgen::rt",
        pub_export_macro: true,
        default_bindings_module: "scrip_plugin::bindings::teller",
        with: {
            "coupon:plugin/types@1.1.0": crate::bindings::restriction::coupon::plugin::types,
        },
    });
}
