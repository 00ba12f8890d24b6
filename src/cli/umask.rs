//! Who may read what this process writes: its owner alone. Databases, marks, backups and exports have customers' data
//! and hashes of keys in them, whatever the shell or the service manager that started it would let others read.

/// What is taken from the group and from everybody else.
const OTHERS: libc::mode_t = 0o077;

/// Has files that this process makes readable by its owner alone (0600), folders too (0700).
pub(super) fn keep_files_private() {
    #[expect(unsafe_code, reason = "the standard library has no way to set it; it cannot fail, and touches no memory")]
    // SAFETY: umask takes a number, changes this process's own mask and has no other effect.
    unsafe {
        libc::umask(OTHERS);
    }
}
