//! Panics reach the host's log with their text and place before the sandbox is thrown away.

/// From here on, a panic is told to the host. Natively the standard hook stays, which tests rely on.
pub(crate) fn report() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        crate::log::write(crate::log::Level::Error, &panic.to_string());
    }));
}
