//! Devices on USB, with or without a port.

use super::{Machine, entries, text_of};

/// A device on USB as it states itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbDevice {
    /// Vendor, four hexadecimal digits.
    pub vendor: String,
    /// Product, four hexadecimal digits.
    pub product: String,
    /// Serial number, where it has one.
    pub serial_number: Option<String>,
}

impl Machine {
    /// Every device on USB.
    pub fn usb_devices(&self) -> Vec<UsbDevice> {
        let devices = entries(self.path("/sys/bus/usb/devices")).into_iter();
        let devices = devices.filter_map(|folder| {
            Some(UsbDevice {
                vendor: text_of(folder.join("idVendor"))?,
                product: text_of(folder.join("idProduct"))?,
                serial_number: text_of(folder.join("serial")),
            })
        });
        devices.collect()
    }
}
