//! The end of the process where going on could tell somebody what is not so.

/// The exit code of an error of input or output (sysexits.h, EX_IOERR).
const IO_ERROR: i32 = 74;

/// Ends the process at once, with a line on standard error. Nobody is answered any more: whoever waits finds its
/// connection closed, which is all that is known.
pub(super) fn end_process(reason: &str) -> ! {
    eprintln!("scrip: {reason}");
    std::process::exit(IO_ERROR);
}
