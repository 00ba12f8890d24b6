//! A command that writes a whole database keeps little memory, and the allocator would keep three times as much: it gives
//! pages back later, and per thread. It reads its settings before anything of the program runs, so the program is started
//! anew with them, in the same process.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Pages go back when they are free, and none are asked for before they are used.
const SETTINGS: [(&str, &str); 2] = [("MIMALLOC_PURGE_DELAY", "0"), ("MIMALLOC_ARENA_EAGER_COMMIT", "0")];

/// Starts the program anew with these settings, unless it was. Where that cannot be, it goes on, and takes more memory.
pub(super) fn give_back_at_once() {
    if SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = env::args_os();
    if let (Ok(program), Some(name)) = (env::current_exe(), arguments.next()) {
        // It only returns where it has failed.
        drop(Command::new(program).arg0(name).args(arguments).envs(SETTINGS).exec());
    }
}
