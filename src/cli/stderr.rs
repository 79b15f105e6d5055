//! Words to standard error, whether anybody reads them or not: a reader that has gone away (`2>&1 | head`) is no reason to end in
//! the middle of something.

use std::io::Write as _;

/// Writes what a person is told.
pub(super) fn write(words: std::fmt::Arguments<'_>) {
    // There is nobody left to tell.
    let _ = std::io::stderr().lock().write_fmt(words);
}

/// Tells a person a line on standard error.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::stderr::write(format_args!("{}\n", format_args!($($words)*))) };
}

/// Puts text that ends its own lines on standard error.
macro_rules! say_all {
    ($($words:tt)*) => { $crate::cli::stderr::write(format_args!($($words)*)) };
}
