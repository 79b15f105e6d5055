//! What kind of thing a quantity is.

/// The dimension of a quantity, with the SI base unit its value is held in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Electric current, ampere.
    Current,
    /// Voltage, volt.
    Voltage,
    /// Electric charge, coulomb.
    Charge,
    /// Time, second.
    Time,
    /// Frequency or rate, hertz.
    Frequency,
    /// Resistance, ohm.
    Resistance,
    /// Capacitance, farad.
    Capacitance,
    /// Ratio, a plain fraction (1 % is 0.01).
    Ratio,
    /// Area, square metre.
    Area,
    /// Charge density, coulomb per square metre.
    ChargeDensity,
    /// Steps of a converter (least significant bits).
    Codes,
    /// A count or another pure number.
    Number,
}

impl Dimension {
    /// The symbol of the SI base unit, as it stands in data (`ratio` for a plain fraction, `1` for a count).
    pub fn unit(self) -> &'static str {
        match self {
            Self::Current => "A",
            Self::Voltage => "V",
            Self::Charge => "C",
            Self::Time => "s",
            Self::Frequency => "Hz",
            Self::Resistance => "ohm",
            Self::Capacitance => "F",
            Self::Ratio => "ratio",
            Self::Area => "m2",
            Self::ChargeDensity => "C/m2",
            Self::Codes => "lsb",
            Self::Number => "1",
        }
    }

    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Current,
        Self::Voltage,
        Self::Charge,
        Self::Time,
        Self::Frequency,
        Self::Resistance,
        Self::Capacitance,
        Self::Ratio,
        Self::Area,
        Self::ChargeDensity,
        Self::Codes,
        Self::Number,
    ];

    /// The dimension whose [unit](Self::unit) this is.
    pub fn of_unit(unit: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.unit() == unit)
    }

    /// The word a diagnostic uses for it, with an example of how it is written.
    pub fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Current => ("a current", "2 mA"),
            Self::Voltage => ("a voltage", "50 mV"),
            Self::Charge => ("a charge", "100 nC"),
            Self::Time => ("a time", "200 us"),
            Self::Frequency => ("a frequency", "50 Hz"),
            Self::Resistance => ("a resistance", "1 kohm"),
            Self::Capacitance => ("a capacitance", "4.7 uF"),
            Self::Ratio => ("a ratio", "0.5 %"),
            Self::Area => ("an area", "0.12 cm2"),
            Self::ChargeDensity => ("a charge density", "30 uC/cm2"),
            Self::Codes => ("converter steps", "0.7 lsb"),
            Self::Number => ("a number", "5"),
        }
    }
}
