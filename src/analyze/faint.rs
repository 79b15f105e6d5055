//! What stands out of the rest and is too low to be a phase beside the largest excursion, or beside the noise of a sample: the first
//! pulses of a ramp, a second train, a long recovery.

use crate::capture::CaptureError;

use super::baseline::Baseline;
use super::finder::Finder;
use super::found::{Found, Segment, within};
use super::passes::Recording;
use super::slow::{MANY, Noise, Slow};
use super::survey::Survey;

/// Standard deviations of the scatter of the rest beyond which …
const SIGMAS: f64 = 8.0;
/// … and steps of the file …
const STEPS: f64 = 2.5;
/// … and part of the largest excursion beyond which something stands out of it: an average of slipped triggers has ghosts of a percent.
const PART: f64 = 0.02;
/// Where the samples scatter by more than so many times what neighbours differ by, their noise is alike from sample to sample, and
/// does not average out …
const ALIKE_NOISE: f64 = 2.0;
/// … so that it takes so many standard deviations of it to stand out of their means.
const LEAST: f64 = 4.0;
/// From so many standard deviations of the noise on a phase has edges that can be read; what is lower is told of.
const SURE: f64 = 5.5;
/// Below so many it brings a level down to where a phase ends, again and again.
const TORN: f64 = 12.0;
/// The leading edge of a phase takes a smaller part of its width than that of a half-wave of hum does, which is a half.
const STEEP: f64 = 0.25;
/// What is longer than the longest phase by this factor is a plateau of the baseline.
const LONGER: f64 = 40.0;
/// What is shorter than the longest phase by this factor and beside a pulse rings with its edges.
const SHORTER: f64 = 0.25;
/// A recovery carries the charge of its leading phase but for this factor …
const ALIKE: f64 = 2.0;
/// … and so does that of the other pulses that have none, of this part of them.
const MOST: f64 = 0.8;

/// Looks closer at what is no pulse, where anything stands out of it: recoveries join their phases, anything else is kept apart. Says
/// whether there is any.
///
/// # Errors
/// When the samples cannot be read.
pub(super) fn look<R: Recording>(
    samples: &mut R,
    survey: &Survey,
    base: &Baseline,
    found: &mut Found,
    guard: f64,
) -> Result<bool, CaptureError> {
    let part = PART * survey.excursion(base.level);
    let least = (SIGMAS * survey.noise.max(base.scatter)).max(STEPS * survey.step).max(part);
    // A resolution that is coarser than the noise hides plateaus within itself.
    let hidden = survey.step > 2.0 * survey.noise && base.span() >= survey.step;
    let torn = found.phases.iter().any(|phase| phase.broken);
    let stands_out = !base.quiet || hidden || torn || base.furthest > least;
    if found.phases.is_empty() || least == 0.0 || !stands_out {
        return Ok(false);
    }
    let mut noise = Noise::default();
    samples.pass(&mut noise)?;
    let noise = noise.finish();
    let alike = if base.scatter > ALIKE_NOISE * survey.noise { LEAST * base.scatter } else { 0.0 };
    let low = (SIGMAS * noise).max(alike).max(part);
    let mut slow = Slow::beyond(survey, noise, low);
    samples.pass(&mut slow)?;
    let tops = mended(higher(slow.tops(), low), found, survey);
    let mut faint = phases(tops, found, guard, MANY as f64);
    let mut finder = Finder::beyond(survey, least);
    samples.pass(&mut finder)?;
    // Of what the means show, noise makes pieces.
    let windows: Vec<(f64, f64)> = faint.iter().map(|segment| wider(segment, MANY as f64)).collect();
    found.forget(|segment| within(&windows, wider(segment, 0.0)));
    let mut short = phases(higher(finder.tops(), least), found, guard, 0.0);
    let spikes: Vec<(f64, f64)> =
        found.spikes.iter().chain(&found.short).map(|spike| wider(spike, 0.0)).collect();
    short.retain(|segment| !within(&spikes, wider(segment, 0.0)));
    faint.extend(short.into_iter().filter(|segment| !within(&windows, wider(segment, 0.0))));
    faint.sort_by(|a, b| a.edges.start.total_cmp(&b.edges.start));
    let mut joined = recoveries(&faint, found);
    joined.retain(|segment| segment.level.abs() >= SURE * survey.noise);
    if !joined.is_empty() {
        faint.retain(|segment| !joined.contains(segment));
        found.join(joined, low.min(least), survey.count);
    }
    found.faint = faint;
    Ok(true)
}

/// The phases among segments with a top: those that begin and end on steep edges, are no part of a pulse, and are no plateau of the
/// baseline. Their edges are known to within so many samples.
pub(super) fn phases(segments: Vec<Segment>, found: &Found, guard: f64, known_to: f64) -> Vec<Segment> {
    let longest = found.longest();
    let near: Vec<(f64, f64)> = found.pulse_windows(3.0 * guard).collect();
    let mut known: Vec<(f64, f64)> = found.pulse_windows(0.0).collect();
    known.extend(found.others.iter().map(|other| wider(other, 0.0)));
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let is_phase = |segment: &Segment| {
        let width = segment.edges.width();
        let inner = wider(segment, -known_to);
        !segment.truncated
            && !segment.broken
            && segment.transition < STEEP * width
            && width < LONGER * longest
            && !within(&known, inner)
            && (width >= SHORTER * longest || !within(&near, inner))
    };
    segments.into_iter().filter(is_phase).collect()
}

/// Puts together the phases of which noise made pieces: those that the means show whole, and not much higher than it. Gives the others
/// back, also those that are too low to be measured.
fn mended(tops: Vec<Segment>, found: &mut Found, survey: &Survey) -> Vec<Segment> {
    let (mut others, mut whole) = (Vec::new(), Vec::new());
    for top in tops {
        let is_part = |phase: &Segment| {
            phase.level.signum() == top.level.signum()
                && within(&[wider(&top, MANY as f64)], wider(phase, 0.0))
        };
        let parts = || found.phases.iter().filter(|phase| is_part(phase));
        let is_whole = |phase: &Segment| {
            !phase.broken && (phase.edges.width() - top.edges.width()).abs() <= 2.0 * MANY as f64
        };
        match parts().count() {
            0 => others.push(top),
            1 if parts().all(is_whole) => {}
            _ if top.level.abs() < TORN * survey.noise => {
                found.forget(is_part);
                found.phases.retain(|phase| !is_part(phase));
                let of = if top.level.abs() < SURE * survey.noise { &mut others } else { &mut whole };
                of.push(top);
            }
            _ => {}
        }
    }
    if !whole.is_empty() {
        found.join(whole, found.enter, survey.count);
    }
    others
}

/// Those that are as high as they must be to begin: what decays or flickers there is not.
fn higher(mut segments: Vec<Segment>, least: f64) -> Vec<Segment> {
    segments.retain(|segment| segment.level.abs() >= least);
    segments
}

/// Bounds of a segment, wider by so many samples on either side.
fn wider(segment: &Segment, by: f64) -> (f64, f64) {
    (segment.edges.start - by, segment.edges.end + by)
}

/// The phases that are recoveries: those of opposite sign behind pulses without one, with as much charge. None where they are not the
/// rule.
fn recoveries(faint: &[Segment], found: &Found) -> Vec<Segment> {
    let (mut alone, mut recoveries) = (0_usize, Vec::new());
    let mut pairs = found.pairs().peekable();
    while let Some((leading, recovery)) = pairs.next() {
        let until = pairs.peek().map_or(f64::INFINITY, |(next, _)| next.edges.start);
        if recovery.is_some() || leading.truncated {
            continue;
        }
        alone += 1;
        let middle = |segment: &Segment| (segment.edges.start + segment.edges.end) / 2.0;
        let from = faint.partition_point(|segment| middle(segment) < leading.edges.end);
        let behind = faint.get(from..).unwrap_or(&[]).iter().take_while(|segment| middle(segment) < until);
        let is_recovery = |segment: &&Segment| {
            let ratio = segment.charge() / leading.charge();
            segment.level.signum() != leading.level.signum() && (1.0 / ALIKE..=ALIKE).contains(&ratio)
        };
        recoveries.extend(behind.into_iter().find(is_recovery));
    }
    if recoveries.len() as f64 >= MOST * alone as f64 { recoveries } else { Vec::new() }
}
