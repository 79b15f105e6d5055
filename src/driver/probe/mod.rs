//! A debug probe through probe-rs, on a thread of its own.
//!
//! probe-rs blocks and keeps real time, so a session lives on one thread and takes its jobs from a channel; each call waits
//! for its answer no longer than its deadline. A target is attached to, stopped, reset and flashed only where its output is off
//! or a scenario injects exactly that: attaching and detaching clear the breakpoint units, for which probe-rs stops the core.

mod actor;
mod error;
mod image;
mod log;
mod session;

pub use actor::Probe;
pub use session::Link;

use probe_rs::probe::list::{Accessibility, Lister};

use crate::instrument::Image;

/// Says what is wrong with an image for a chip, without a probe: that it is for something else, or lies where the chip has no
/// memory. `description` is that of a chip which is not built in.
///
/// # Errors
/// A lowercase fragment that ends in what to do.
pub fn check_image(image: &Image, chip: &str, description: Option<&str>) -> Result<(), String> {
    let target =
        session::registry(chip, description).and_then(|registry| Ok(registry.get_target_by_name(chip)?));
    let checked = target.and_then(|target| {
        image::check(image, chip)?;
        image::fits(image, chip, &target.memory_map)
    });
    checked.map_err(|trouble| trouble.to_string())
}

/// A probe that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Product name.
    pub model: String,
    /// What names it in a rig file: vendor, product and serial number.
    pub selector: String,
    /// Whether it can be opened; else why not.
    pub trouble: Option<String>,
}

/// The probes that are plugged in, those included that cannot be opened.
pub fn list() -> Vec<Found> {
    let found = Lister::new().list_all_with_access();
    let each = found.into_iter().map(|item| {
        let info = &item.info;
        let serial = info.serial_number.as_ref().map(|serial| format!(":{serial}")).unwrap_or_default();
        Found {
            model: info.identifier.clone(),
            selector: format!("{:04x}:{:04x}{serial}", info.vendor_id, info.product_id),
            trouble: match &item.accessibility {
                Accessibility::Accessible => None,
                other => Some(format!("{other:?}").to_lowercase()),
            },
        }
    });
    each.collect()
}
