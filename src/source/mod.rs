//! Text of a file to a positioned tree, and what to say about it: the only module that names a YAML crate.
//!
//! A derived deserialiser stops at the first problem and keeps the last of two equal keys, so a file is read into a
//! tree of [`Node`]s whose every key and value knows its line, within a [budget](Source::MAX_BYTES), and is lowered
//! from there with [`Fields`], which collects [`Diagnostic`]s instead of stopping.

mod diagnostic;
mod fields;
mod nearest;
mod parse;
mod places;
mod render;
pub mod schema;
mod text;
mod tree;
mod value;
mod write;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use fields::{At, Context, Fields};
pub use nearest::nearest;
pub use parse::parse;
pub use places::Places;
pub use render::render;
pub use text::Source;
pub use tree::{Key, Kind, Node, Span};
pub use write::write_yaml;
