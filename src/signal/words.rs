//! What the parts of a program are called wherever they are written: scenarios, rig files, helper programs, pages.

use super::{Law, Polarity, Waveform};

impl Polarity {
    /// All, by their names.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[(Self::Cathodic.name(), Self::Cathodic), (Self::Anodic.name(), Self::Anodic)];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cathodic => "cathodic",
            Self::Anodic => "anodic",
        }
    }
}

impl Waveform {
    /// All, by their names.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Biphasic.name(), Self::Biphasic),
        (Self::Monophasic.name(), Self::Monophasic),
        (Self::Triphasic.name(), Self::Triphasic),
        (Self::Alternating.name(), Self::Alternating),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Biphasic => "biphasic",
            Self::Monophasic => "monophasic",
            Self::Triphasic => "triphasic",
            Self::Alternating => "alternating",
        }
    }
}

impl Law {
    /// All, by their names.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Linear.name(), Self::Linear),
        (Self::QuarterSine.name(), Self::QuarterSine),
        (Self::Width.name(), Self::Width),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::QuarterSine => "quarter-sine",
            Self::Width => "width",
        }
    }
}
