//! Serial ports and USBTMC instruments, as the kernel lists them in sysfs.

use std::path::{Path, PathBuf};

use super::{Machine, entries, text_of};

/// What kind of port the kernel made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    /// A serial line.
    Serial,
    /// A USB test and measurement instrument.
    Usbtmc,
}

/// A port that some hardware offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardwarePort {
    /// Its device node, such as `/dev/ttyACM0`: good until the next plug.
    pub node: PathBuf,
    /// What kind it is.
    pub kind: PortKind,
    /// Links in `/dev/serial` that stay the same: by serial number, then by place.
    pub links: Vec<PathBuf>,
    /// USB vendor and product, if it hangs on USB.
    pub usb: Option<(u16, u16)>,
    /// USB serial number.
    pub serial_number: Option<String>,
    /// Manufacturer and product as the device states them, in one text.
    pub product: Option<String>,
    /// Number of the USB interface, where a device has several ports.
    pub interface: Option<u8>,
}

impl HardwarePort {
    /// The name to write into a rig file: a link that stays, else the node.
    pub fn stable_path(&self) -> &Path {
        self.links.first().unwrap_or(&self.node)
    }

    /// One line: node, product, identifiers, serial number.
    pub fn describe(&self) -> String {
        let mut text = self.node.display().to_string();
        if let Some(product) = &self.product {
            text += &format!(" {product}");
        }
        if let Some((vendor, product)) = self.usb {
            text += &format!(" [{vendor:04x}:{product:04x}]");
        }
        match &self.serial_number {
            Some(number) => text + &format!(" serial number {number}"),
            None => text,
        }
    }
}

impl Machine {
    /// Every port that hardware offers, serial lines first, each in order of its name. Pseudo-terminals are not
    /// hardware, and a line of the main board behind which nothing was found is none either.
    pub fn ports(&self) -> Vec<HardwarePort> {
        let classes = [("sys/class/tty", PortKind::Serial), ("sys/class/usbmisc", PortKind::Usbtmc)];
        let found = classes.into_iter().flat_map(|(class, kind)| {
            let entries = entries(self.path(class));
            entries.into_iter().filter_map(move |entry| self.port(&entry, kind))
        });
        let mut found: Vec<_> = found.collect();
        let links = self.links();
        for port in &mut found {
            port.links =
                links.iter().filter(|(_, node)| *node == port.node).map(|(link, _)| link.clone()).collect();
        }
        found
    }

    fn port(&self, entry: &Path, kind: PortKind) -> Option<HardwarePort> {
        let name = entry.file_name()?.to_str()?;
        if kind == PortKind::Usbtmc && !name.starts_with("usbtmc") {
            return None;
        }
        // Consoles have no device behind them.
        let device = std::fs::canonicalize(entry.join("device")).ok()?;
        let usb_device = device.ancestors().find(|folder| folder.join("idVendor").is_file());
        // A UART of the main board is listed whether there is a chip or not.
        if kind == PortKind::Serial
            && usb_device.is_none()
            && text_of(entry.join("type")).is_none_or(|t| t == "0")
        {
            return None;
        }
        let stated = |name: &str| usb_device.and_then(|folder| text_of(folder.join(name)));
        let number = |name: &str| stated(name).and_then(|text| u16::from_str_radix(&text, 16).ok());
        let product: Vec<_> = ["manufacturer", "product"].into_iter().filter_map(stated).collect();
        let interface = device.ancestors().find_map(|folder| text_of(folder.join("bInterfaceNumber")));
        Some(HardwarePort {
            node: Path::new("/dev").join(name),
            kind,
            links: Vec::new(),
            usb: number("idVendor").zip(number("idProduct")),
            serial_number: stated("serial"),
            product: (!product.is_empty()).then(|| product.join(" ")),
            interface: interface.and_then(|text| u8::from_str_radix(&text, 16).ok()),
        })
    }

    /// The links that udev keeps, and the node each leads to.
    fn links(&self) -> Vec<(PathBuf, PathBuf)> {
        let folders = ["/dev/stimrig/by-serial", "/dev/serial/by-id", "/dev/serial/by-path"];
        let all = folders.into_iter().flat_map(|folder| entries(self.path(folder)));
        all.filter_map(|link| Some((self.named(&link), self.resolved(&self.named(&link))?))).collect()
    }
}
