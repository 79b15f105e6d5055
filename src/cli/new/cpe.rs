//! `stimrig new phantom --cpe`: an electrode whose interface keeps its phase, as a ladder of parts that can be bought.

use crate::phantom::Cpe;
use crate::quantity::{Dimension, Quantity};
use crate::rig::CpePhantom;

/// What the ladder is to be.
#[derive(Debug, Clone, clap::Args)]
pub struct CpeArgs {
    /// Make the phantom's interface a constant-phase element Z = 1/(Q (jw)^N): Q in S s^N and N, such as 2.9e-5,0.8
    #[arg(long, value_name = "Q,N")]
    pub cpe: Option<String>,
    /// Band over which the ladder holds it
    #[arg(long, value_name = "LOW,HIGH", default_value = "1 Hz,100 kHz", requires = "cpe")]
    pub band: String,
    /// Phase ripple of the ladder, degrees: less takes more branches
    #[arg(long, value_name = "DEGREES", default_value_t = 1.0, requires = "cpe")]
    pub ripple: f64,
    /// Resistance between the contact and its interface
    #[arg(long, value_name = "OHMS", default_value = "450 ohm", requires = "cpe")]
    pub access: String,
}

impl CpeArgs {
    /// The phantom's file; `None` where none was asked for.
    ///
    /// # Errors
    /// What is wrong with the options, as a lowercase fragment.
    pub fn text(&self, name: &str) -> Option<Result<String, String>> {
        self.cpe.as_ref().map(|cpe| self.made(cpe, name))
    }

    fn made(&self, cpe: &str, name: &str) -> Result<String, String> {
        let pair = |option: &str, text: &str| {
            let parts = text.split_once(',').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
            parts
                .ok_or_else(|| format!("--{option} takes two values with a comma between them, not `{text}`"))
        };
        let number = |text: &str| {
            text.parse::<f64>().map_err(|_| format!("--cpe: `{text}` is no number; such as --cpe 2.9e-5,0.8"))
        };
        let quantity = |option: &str, text: &str, dimension| {
            Quantity::parse_as(text, dimension).map_err(|error| format!("--{option}: {error}"))
        };
        let (q, n) = pair("cpe", cpe)?;
        let (lowest, highest) = pair("band", &self.band)?;
        let access = quantity("access", &self.access, Dimension::Resistance)?;
        if access <= 0.0 {
            return Err("--access must be above zero".to_owned());
        }
        let phantom = CpePhantom {
            name: name.to_owned(),
            access,
            cpe: Cpe { q: number(&q)?, n: number(&n)? },
            band: (
                quantity("band", &lowest, Dimension::Frequency)?,
                quantity("band", &highest, Dimension::Frequency)?,
            ),
            ripple: self.ripple,
        };
        phantom.to_yaml().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cpe: &str, band: &str) -> Result<String, String> {
        let (access, band) = ("450 ohm".to_owned(), band.to_owned());
        CpeArgs { cpe: Some(cpe.to_owned()), band, ripple: 1.0, access }.text("mine").unwrap()
    }

    #[test]
    fn a_ladder_is_written_and_what_cannot_be_is_named() {
        assert!(asked("2.9e-5,0.8", "1 Hz, 100 kHz").unwrap().contains("\nname: mine\n"));
        for (cpe, band, said) in [
            ("2.9e-5", "1 Hz,100 kHz", "takes two values"),
            ("a,0.8", "1 Hz,100 kHz", "is no number"),
            ("2.9e-5,1.2", "1 Hz,100 kHz", "exponent"),
            ("2.9e-5,0.8", "1 s,100 kHz", "--band"),
            ("2.9e-5,0.8", "100 kHz,1 Hz", "the band must rise"),
        ] {
            let error = asked(cpe, band).unwrap_err();
            assert!(error.contains(said), "{cpe} {band}: {error}");
        }
    }
}
