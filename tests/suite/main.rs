//! One integration binary (link time), one module per subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a panic here is a failed test"
)]

mod analyze;
mod bench;
mod bench_on_ports;
mod broken;
mod calibration;
mod ci_files;
mod command;
mod defects;
mod electrode;
mod evidence;
mod export;
mod faults;
mod filter;
mod floors;
mod fuzz;
mod history;
mod language;
mod loads;
mod long_trains;
mod machine;
mod measure;
mod page;
mod phantom;
mod predict;
mod probe;
mod profiles;
mod recharge;
mod report;
mod runs;
mod safety;
mod scan;
mod selection;
mod shipped;
mod start;
mod stimulators;
mod told;
mod trace;
mod trains;
mod unplugged;
mod wire;
mod wrong_devices;
