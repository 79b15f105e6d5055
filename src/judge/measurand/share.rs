//! How the current divides among the contacts, and what they leave over together.

use crate::measure::{Input, JointRecord, JointRow, Measured, Nonlinearity, Plateau, Rows};
use crate::scenario::{Criterion, Nominal};
use crate::signal::{Program, Waveform};

use super::super::view::Window;
use super::super::{Reason, Unit, Units, View};

/// One contact at one pulse, with its own chain of shunt and converter.
struct Branch<'v> {
    view: &'v View<'v>,
    plateau: Plateau,
}

impl Branch<'_> {
    fn current(&self) -> f64 {
        f64::from(self.plateau.level - self.plateau.base) * self.view.calibration.lsb
    }

    /// Lines of this branch's current, A: gain, non-linearity, noise, and the offset where nothing has shown it.
    fn inputs(&self, row: &JointRow) -> [Input; 4] {
        let calibration = self.view.calibration;
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(f64::from(self.plateau.level), 1.0);
        inl.add(f64::from(self.plateau.base), -1.0);
        let width = (row.leading.1 - row.leading.0).max(1.0);
        let (top, base) = match row.settled {
            0 => (f64::from(row.span).sqrt() / width, f64::from(row.span) / width),
            n => (f64::from(n).sqrt().recip(), 1.0),
        };
        // Without a rest before it the level is counted from the zero.
        let (resting, offset) = match self.plateau.rest {
            0 => (self.view.rest_level().noise, self.view.rest_level().offset),
            n => (self.view.noise() / f64::from(n).sqrt(), 0.0),
        };
        let noise = f64::hypot(self.view.noise() * top, base * resting);
        [
            Input::common("gain", calibration.gain_u * self.current()),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", noise * calibration.lsb),
            Input::common("offset", base * offset * calibration.lsb),
        ]
    }
}

/// Adds up lines of branches that share no error, each with its sensitivity.
fn budget<'v>(row: &JointRow, parts: impl Iterator<Item = (&'v Branch<'v>, f64)>) -> Vec<Input> {
    let mut sums: Option<[Input; 4]> = None;
    for (branch, sensitivity) in parts {
        let lines = branch.inputs(row).map(|line| line.scaled(sensitivity));
        sums = Some(match sums {
            None => lines,
            Some(mut so_far) => {
                for (sum, line) in so_far.iter_mut().zip(lines) {
                    *sum = Input { u: sum.u.hypot(line.u), bounded: sum.bounded + line.bounded, ..*sum };
                }
                so_far
            }
        });
    }
    let lines = sums.into_iter().flatten();
    lines.filter(|line| line.name != "offset" || line.u != 0.0).collect()
}

/// What was recorded of all contacts at once.
pub(super) fn joint<'v>(view: &View<'v>) -> Result<&'v JointRecord, Reason> {
    let joint = view.recording.joint.as_ref().ok_or(Reason::Missing("a current channel of every contact"))?;
    if joint.table_full { Err(Reason::TooManyPulses) } else { Ok(joint) }
}

/// The pulses of a window, with their index, whole within it.
pub(super) fn rows<'v>(
    view: &View<'v>,
    joint: &'v JointRecord,
    window: Window,
) -> Result<impl Iterator<Item = (usize, JointRow)> + use<'v>, Reason> {
    view.followed(window)?;
    let g = view.settling() as f64;
    let delay = view.recording.front_end.delay * view.rate();
    let (from, to) = (window.from as f64 - g, window.to as f64 + g);
    let inside = move |row: &JointRow| row.leading.0 - delay >= from && row.leading.1 - delay <= to;
    let mut found = joint.rows.iter().enumerate().filter(move |(_, row)| inside(row)).peekable();
    if found.peek().is_some() { Ok(found) } else { Err(view.no_pulse(window)) }
}

/// Every sensed contact, pulse by pulse.
struct Branches<'v> {
    views: Vec<View<'v>>,
    plateaus: Vec<Rows<'v, Plateau>>,
}

impl<'v> Branches<'v> {
    fn of(view: &View<'v>, joint: &'v JointRecord) -> Result<Self, Reason> {
        let (mut views, mut plateaus) = (Vec::new(), Vec::new());
        for (channel, table) in joint.currents.iter().zip(&joint.plateaus) {
            let contacts = view.recording.contacts.iter();
            let Some(contact) = contacts.into_iter().find(|contact| contact.channel == *channel) else {
                continue;
            };
            views.push(view.at(contact)?);
            plateaus.push(table.iter());
        }
        Ok(Self { views, plateaus })
    }

    /// At pulse `index`.
    fn at(&mut self, index: usize) -> Vec<Branch<'_>> {
        let both = self.views.iter().zip(&mut self.plateaus);
        both.filter_map(|(view, plateaus)| Some(Branch { view, plateau: plateaus.at(index)? })).collect()
    }
}

/// The programme in force at a pulse; `None` where a change may rule or not, be it that it is being taken or that a burst is still
/// brought to its end, and the two divide the current otherwise.
fn program<'v>(view: &View<'v>, row: &JointRow) -> Option<&'v Program> {
    let mut programs = view.programs_at(row.leading.0 as u64);
    let first = programs.next()?;
    let alike = |other: &Program| {
        let mut contacts = view.case.phantom.contacts.iter();
        (other.leading, other.waveform) == (first.leading, first.waveform)
            && contacts.all(|(name, _)| other.share_of(name) == first.share_of(name))
    };
    programs.all(alike).then_some(first)
}

/// I_k over the sum of the currents of the contacts of the same programmed polarity, with the sign of the programme: as
/// if the leading phase were cathodic. An idle contact is compared with those that lead; `contact: idle` is each of them.
pub(super) fn current_share(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    if view.check.contact.as_deref() != Some("idle") {
        return share_of(view, units);
    }
    let window = view.window()?;
    for (name, _) in view.case.phantom.contacts.iter().filter(|(name, _)| view.is_idle(window, name)) {
        // The worst of those that are seen says nothing of the others.
        let contact = view.recording.contact(name).ok_or_else(|| Reason::NoContact(name.clone()))?;
        share_of(&view.at(contact)?, units)?;
    }
    if units.is_empty() {
        Err(Reason::Missing("a contact that is idle all through the window"))
    } else {
        Ok(())
    }
}

fn share_of(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let joint = joint(view)?;
    let window = view.window()?;
    let rows = rows(view, joint, window)?;
    let (mut all, mut none) = (Branches::of(view, joint)?, true);
    // A tolerance of so many percent says nothing of pulses to which the contact is to give nothing.
    let only_relative = match view.check.criterion {
        Criterion::Within { of: Nominal::Programmed | Nominal::Applied, tolerance } => tolerance.abs == 0.0,
        _ => false,
    };
    for (index, row) in rows {
        let Some(program) = program(view, &row) else { continue };
        let branches = all.at(index);
        let name = view.contact.name.as_str();
        let own = program.share_of(name);
        if own == 0.0 && only_relative {
            continue;
        }
        let kind = if own == 0.0 { -1.0 } else { own.signum() };
        let same = |branch: &&Branch<'_>| program.share_of(&branch.view.contact.name) * kind > 0.0;
        let sum: f64 = branches.iter().filter(same).map(Branch::current).sum();
        let Some(this) = branches.iter().find(|branch| branch.view.contact.name == name) else {
            return Err(Reason::NoContact(name.to_owned()));
        };
        if sum == 0.0 {
            continue;
        }
        // The signs of a programme are those of a cathodic leading phase.
        let turned = match program.waveform {
            // Which of a pair a pulse is does not matter: the contacts of its polarity say how it is turned.
            Waveform::Alternating => sum.signum() * kind,
            _ => -program.leading.sign(),
        };
        if turned * sum * kind < 0.0 && leads_unseen(view, &row) {
            return Err(Reason::Unseen { pulse: index });
        }
        let value = turned * this.current() / sum.abs();
        let share = this.current() / sum;
        let parts = branches.iter().filter_map(|branch| {
            let mine = branch.view.contact.name == name;
            let among = same(&branch);
            let sensitivity = f64::from(u8::from(mine)) - if among { share } else { 0.0 };
            (mine || among).then_some((branch, sensitivity / sum))
        });
        none = false;
        units.push(Unit {
            nominal: match view.nominal() {
                Nominal::Value(value) => Some(value),
                _ => Some(own),
            },
            pulse: Some(index as u64),
            time: Some(view.seconds(row.leading.0)),
            clipped: row.clipped,
            ..Unit::of(Measured::new(value, budget(&row, parts)))
        });
    }
    if none { Err(Reason::NoPhase("leading")) } else { Ok(()) }
}

/// Whether what is taken for the leading phase of a pulse is the one behind it, because that went under in the noise.
fn leads_unseen(view: &View<'_>, row: &JointRow) -> bool {
    let rows = &view.contact.pulses;
    let at = rows.partition_point(|own| own.start() < row.leading.0 - 1.0);
    let own = rows.get(at).filter(|own| own.start() - row.leading.0 <= view.settling() as f64);
    let placed = own.and_then(|own| Some((own, view.placed(&own)?)));
    placed
        .is_some_and(|(own, placed)| view.behind_lead(&own, &placed.pulse(&placed.segment.programmed)) > 0.0)
}

/// The largest |sum of all currents| on the leading plateau.
pub(super) fn kirchhoff_residual(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let joint = joint(view)?;
    let window = view.window()?;
    let rows = rows(view, joint, window)?;
    let mut all = Branches::of(view, joint)?;
    for (index, row) in rows {
        let branches = all.at(index);
        let left = || branches.iter().map(Branch::current).sum::<f64>().abs();
        let residual = row.residual.unwrap_or_else(left);
        let mut lines = budget(&row, branches.iter().map(|branch| (branch, 1.0)));
        if let Some([gain, _, noise, ..]) = lines.get_mut(..) {
            gain.name = "shunt ratios";
            // The one reading of a phase that has not settled is the sum of the levels, with their noise.
            if row.settled > 0 {
                noise.u = noise.u.hypot(largest_of(&row, &branches));
            }
        }
        if row.settled == 0 {
            // A charge over a width: what is uncertain about that scales what is left over. Of a share it cancels.
            let width = (row.leading.1 - row.leading.0).max(1.0);
            let edges = view.recording.front_end.interpolation * 2_f64.sqrt() * view.rate();
            lines.extend(view.by_phase(Input::common("edge interpolation", residual * edges / width)));
        }
        units.push(Unit {
            nominal: Some(0.0),
            pulse: Some(index as u64),
            time: Some(view.seconds(row.leading.0)),
            clipped: row.clipped,
            ..Unit::of(Measured::new(residual, lines))
        });
    }
    Ok(())
}

/// What noise makes of the largest of all readings of a plateau, A: sixteen samples make a reading, and of m of them the largest
/// stays below √(2·ln 2m) deviations, as they are Gaussian.
fn largest_of(row: &JointRow, branches: &[Branch<'_>]) -> f64 {
    let noise = |branch: &Branch<'_>| (branch.view.noise() * branch.view.calibration.lsb).powi(2);
    let variance: f64 = branches.iter().map(noise).sum();
    let largest = (2.0 * (2.0 * f64::from(row.readings.max(1))).ln()).sqrt();
    (variance / 16.0).sqrt() * (largest / 1.96).max(1.0)
}
