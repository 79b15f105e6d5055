//! stimrig drives a stimulator and a load across a resistor-capacitor phantom, runs scenarios, and judges what was measured.
//!
//! The modules are stacked on floors; a module imports only from floors below its own (`ARCHITECTURE.md`,
//! enforced by `tests/suite/floors.rs`). Every quantity in data is in SI base units.

// A `println!` panics where its reader has gone away; `cli::stdout` and `say!` do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Floor 0: pure values.
pub mod phantom;
pub mod quantity;
pub mod signal;
// Floor 1: from samples to numbers and verdicts.
pub mod capture;
pub mod measure;
pub mod plot;
pub mod statistics;
pub mod verdict;
// Floor 2: text to a positioned tree.
pub mod source;
// Floor 3: benches as data.
pub mod rig;
// Floor 4: what to prove, and what was found.
pub mod record;
pub mod scenario;
// Floor 5: the ports, the computer they hang on, and the judgement of a case.
pub mod instrument;
pub mod judge;
pub mod machine;
// Floor 6: real instruments and the device end of the same wires.
pub mod driver;
pub mod sim;
// Floor 7: what a user asks for.
pub mod analyze;
pub mod bench;
pub mod diagnose;
pub mod history;
pub mod predict;
pub mod report;
pub mod run;
pub mod store;
pub mod trace;
// Floor 8: arguments and exit codes.
pub mod cli;
