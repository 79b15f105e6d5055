//! What the load's own marks say of its inputs.

use crate::signal::{Block, MarkerBit, StreamKind};

/// What the load's own marks say of its inputs; those that stand when a stream begins come with its first sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::run) struct Sight {
    /// Its inputs are shorted.
    pub shorted: bool,
    /// Its source is on.
    pub driven: bool,
}

impl Sight {
    /// As after marks whose ends were lost.
    #[cfg(test)]
    pub(in crate::run) const BLIND: Self = Self { shorted: true, driven: true };

    /// Takes the marks of a block.
    pub(in crate::run) fn heed(&mut self, block: &Block<'_>) {
        // The slow stream repeats them, later.
        for marker in block.markers.iter().filter(|_| block.stream == StreamKind::Fast) {
            match marker.bit {
                MarkerBit::Zero => self.shorted = marker.value,
                MarkerBit::TestSource => self.driven = marker.value,
                _ => {}
            }
        }
    }

    /// Its source is on.
    pub(in crate::run) fn is_driven(self) -> bool {
        self.driven
    }

    /// Nothing keeps it from seeing the output.
    pub(in crate::run) fn is_clear(self) -> bool {
        !(self.shorted || self.driven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Marker;

    #[test]
    fn what_the_marks_of_the_fast_stream_say_last_counts() {
        let mut sight = Sight::default();
        let mut heed = |stream, bit, value| {
            let markers = [Marker { sample: 7, bit, value }];
            sight.heed(&Block { stream, first: 0, count: 10, codes: &[0; 10], markers: &markers, lost: 0 });
            sight.is_clear()
        };
        assert!(heed(StreamKind::Fast, MarkerBit::Interlock, true));
        assert!(!heed(StreamKind::Fast, MarkerBit::Zero, true));
        assert!(!heed(StreamKind::Fast, MarkerBit::TestSource, true));
        assert!(!heed(StreamKind::Fast, MarkerBit::Zero, false));
        assert!(heed(StreamKind::Fast, MarkerBit::TestSource, false));
        assert!(heed(StreamKind::Slow, MarkerBit::Zero, true));
    }
}
