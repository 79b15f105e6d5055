//! Words on which safety depends.

/// A word that is kept twice, the second time inverted, so that a change of either alone is noticed when it is used: by a
/// disturbed memory cell, a stray write, or a debugger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guarded {
    value: u64,
    inverse: u64,
}

impl Guarded {
    /// A word whose copies agree.
    pub const fn new(value: u64) -> Self {
        Self { value, inverse: !value }
    }

    /// The word; `None` when its copies disagree.
    pub const fn get(&self) -> Option<u64> {
        if self.value == !self.inverse { Some(self.value) } else { None }
    }

    /// The first copy, whatever the second says.
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The second copy as it is stored: inverted.
    pub const fn inverse(&self) -> u64 {
        self.inverse
    }

    /// Overwrites the first copy alone.
    pub const fn overwrite(&mut self, value: u64) {
        self.value = value;
    }

    /// Overwrites the second copy alone.
    pub const fn overwrite_inverse(&mut self, inverse: u64) {
        self.inverse = inverse;
    }
}
