//! One pulse on the board's grid.

/// A constant-current phase, in ticks from the start of its pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phase {
    /// When it begins.
    pub start: u64,
    /// How long it lasts.
    pub width: u64,
    /// DAC code for an output whose share is +100 %: positive is anodic there.
    pub code: i32,
}

impl Phase {
    /// When it ends.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.width)
    }
}

/// A time with the recharge switch closed, in ticks from the start of the pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it closes.
    pub start: u64,
    /// How long.
    pub duration: u64,
}

impl Window {
    /// When it opens.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }
}

/// One pulse: up to three phases, then perhaps the recharge switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulse {
    phases: [Phase; 3],
    count: usize,
    /// The recharge switch.
    pub recharge: Option<Window>,
}

impl Pulse {
    /// Appends a phase; a fourth is ignored.
    pub fn push(&mut self, phase: Phase) {
        if let Some(place) = self.phases.get_mut(self.count) {
            *place = phase;
            self.count += 1;
        }
    }

    /// Drops the phases from number `count` on.
    pub fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// The phases in order.
    pub fn phases(&self) -> &[Phase] {
        self.phases.get(..self.count).unwrap_or_default()
    }

    /// The phases in order.
    pub fn phases_mut(&mut self) -> &mut [Phase] {
        self.phases.get_mut(..self.count).unwrap_or_default()
    }

    /// End of the last phase.
    pub fn end_of_phases(&self) -> u64 {
        self.phases().last().map_or(0, Phase::end)
    }

    /// End of everything.
    pub fn end(&self) -> u64 {
        let recharge = self.recharge.map_or(0, |window| window.end());
        self.end_of_phases().max(recharge)
    }

    /// What happens at `step`, counting from 0, and when: phases, the pauses between them, the switch, off.
    ///
    /// A pause of no length is no step, so that abutting phases follow each other without the output going off.
    pub(crate) fn step(&self, step: usize) -> Option<Step> {
        let mut steps = Steps { skip: step, found: None };
        let mut phases = self.phases().iter().enumerate().peekable();
        while let Some((index, phase)) = phases.next() {
            steps.offer(Step { at: phase.start, action: Action::Phase(index) });
            if index == 0 {
                steps.offer(Step {
                    at: phase.start.saturating_add(phase.width.div_ceil(2).min(10)),
                    action: Action::Sense,
                });
            }
            let next = match phases.peek() {
                Some((_, next)) => Some(next.start),
                None => self.recharge.map(|window| window.start),
            };
            if next.is_none_or(|next| next > phase.end()) {
                steps.offer(Step { at: phase.end(), action: Action::Off });
            }
        }
        if let Some(window) = self.recharge {
            steps.offer(Step { at: window.start, action: Action::Recharge });
            steps.offer(Step { at: window.end(), action: Action::Off });
        }
        steps.found
    }
}

/// What to do within a pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Drive this phase.
    Phase(usize),
    /// Read the output shortly behind the leading edge, before a series capacitor has charged.
    Sense,
    /// Close the recharge switch.
    Recharge,
    /// Nothing.
    Off,
}

/// When to do it, in ticks from the start of the pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) at: u64,
    pub(crate) action: Action,
}

struct Steps {
    skip: usize,
    found: Option<Step>,
}

impl Steps {
    fn offer(&mut self, step: Step) {
        match self.skip {
            0 if self.found.is_none() => self.found = Some(step),
            0 => {}
            _ => self.skip -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn abutting_phases_have_no_pause_between_them() {
        let mut pulse = Pulse::default();
        pulse.push(Phase { start: 0, width: 200, code: -5 });
        pulse.push(Phase { start: 200, width: 200, code: 5 });
        let steps: Vec<_> = (0..).map_while(|n| pulse.step(n)).map(|step| (step.at, step.action)).collect();
        let expected =
            [(0, Action::Phase(0)), (10, Action::Sense), (200, Action::Phase(1)), (400, Action::Off)];
        assert_eq!(steps, expected);
    }

    #[test]
    fn the_switch_closes_behind_its_dead_time() {
        let mut pulse = Pulse { recharge: Some(Window { start: 250, duration: 5000 }), ..Pulse::default() };
        pulse.push(Phase { start: 0, width: 200, code: -5 });
        let steps: Vec<_> = (0..).map_while(|n| pulse.step(n)).map(|step| (step.at, step.action)).collect();
        let off = [(200, Action::Off), (250, Action::Recharge), (5250, Action::Off)];
        assert_eq!(steps[2..], off);
        assert_eq!(pulse.end(), 5250);
    }
}
