//! What a check is judged on: units, each measured.

use crate::measure::Measured;

/// One pulse, cycle or event of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Its value with its budget.
    pub measured: Measured,
    /// What a tolerance is about, where the measurand has one.
    pub nominal: Option<f64>,
    /// Index of the pulse in its contact's table.
    pub pulse: Option<u64>,
    /// Seconds since the first sample.
    pub time: Option<f64>,
    /// The signal was at a rail: the magnitude is at least this.
    pub clipped: bool,
    /// Shutdown: time until the next pulse that was due, s. Transition time: set where the value is only a bound.
    pub upper_bound: Option<f64>,
}

impl Unit {
    /// A unit that is not about a pulse.
    pub fn of(measured: Measured) -> Self {
        Self { measured, nominal: None, pulse: None, time: None, clipped: false, upper_bound: None }
    }

    /// An exact count or property.
    pub fn exact(value: f64) -> Self {
        Self::of(Measured::exact(value))
    }
}

/// Where the units of a check go, one by one: a long train has more of them than should be held.
pub struct Units<'u> {
    count: u64,
    taken: &'u mut dyn FnMut(Unit),
}

impl<'u> Units<'u> {
    /// Each goes to `taken`.
    pub fn new(taken: &'u mut dyn FnMut(Unit)) -> Self {
        Self { count: 0, taken }
    }

    /// One more.
    pub fn push(&mut self, unit: Unit) {
        self.count += 1;
        (self.taken)(unit);
    }

    /// Whether there was none yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
