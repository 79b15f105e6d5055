//! `--set` and `--defect`: values laid over a simulated bench.

use crate::quantity::Dimension;
use crate::source::{At, Context, Diagnostic, Key, Kind, Node, Source, Span, parse};

use super::{Rig, rig_file, sim_file};

/// What may be overridden.
const KEYS: &[&str] = &["stimulator", "limits", "sim"];
const STIMULATOR_KEYS: &[&str] = &["cap"];

impl Rig {
    /// The bench with `--set PATH=VALUE` and `--defect NAME=VALUE` applied, in this order.
    ///
    /// # Errors
    /// Everything that is wrong with them: an unknown name (with the nearest one), a value of the wrong kind, or a bench
    /// that is not simulated.
    pub fn with_overrides(
        mut self,
        set: &[(String, String)],
        defects: &[(String, String)],
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let set = set.iter().map(|(path, value)| ("--set", path.clone(), path.clone(), value));
        let defects = defects
            .iter()
            .map(|(name, value)| ("--defect", format!("sim.defects.{name}"), name.clone(), value));
        for (option, path, shown, value) in set.chain(defects) {
            if self.sim.is_none() {
                let what =
                    format!("`{option} {shown}` is for a simulated bench, and `{}` is real", self.name);
                problems.push(Diagnostic::of_file(
                    "command line",
                    &what,
                    Some("change the rig file instead"),
                ));
                continue;
            }
            problems.extend(self.lay_over(option, &path, &shown, value));
        }
        problems.extend(self.inert_defects());
        problems.extend(self.inert_values());
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok(self) }
    }

    fn lay_over(&mut self, option: &str, path: &str, shown: &str, value: &str) -> Vec<Diagnostic> {
        // The tree that a file with just this value would have, its places pointing into the argument.
        let source = Source::new(option, &format!("{shown}={value}"));
        let offset = shown.chars().count() as u32 + 1;
        let (mut node, found) = match parse(&Source::new(option, value)) {
            Ok(parsed) => parsed,
            Err(found) => return found,
        };
        shift(&mut node, offset);
        for key in path.rsplit('.') {
            let column = shown.rfind(key).unwrap_or(0) as u32 + 1;
            let span = Span { line: 1, column, length: key.chars().count().max(1) as u32 };
            node = Node { span, kind: Kind::Map(vec![(Key { text: key.to_owned(), span }, node)]) };
        }
        let context = Context::new(&source, found);
        self.apply(&context.root(&node));
        context.finish()
    }

    fn apply(&mut self, root: &At<'_>) -> Option<()> {
        let fields = root.fields(KEYS)?;
        self.places.keep_all(root);
        if let Some(at) = fields.get("limits") {
            rig_file::lower_limits(&at.fields(rig_file::LIMIT_KEYS)?, &mut self.limits);
        }
        if let Some(at) = fields.get("stimulator") {
            self.cap = at.fields(STIMULATOR_KEYS)?.or("cap", self.cap, |at| at.positive(Dimension::Current));
        }
        if let (Some(at), Some(bench)) = (fields.get("sim"), &mut self.sim) {
            let cap = bench.stimulator.cap;
            let of = sim_file::Whose {
                own: self.stimulator.is_own(),
                states_cap: self.places.has("stimulator.cap"),
            };
            sim_file::lower(&at, bench, of);
            // Beside one that another maker's stimulator states for itself this one was refused.
            if bench.stimulator.cap != cap {
                self.cap = bench.stimulator.cap;
            }
        }
        Some(())
    }
}

fn shift(node: &mut Node, offset: u32) {
    node.span.column += offset;
    match &mut node.kind {
        Kind::Scalar { .. } => {}
        Kind::List(items) => items.iter_mut().for_each(|item| shift(item, offset)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            key.span.column += offset;
            shift(value, offset);
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DEFAULT_RIG;

    fn changed(set: &[(&str, &str)], defects: &[(&str, &str)]) -> Result<Rig, Vec<Diagnostic>> {
        let pairs = |list: &[(&str, &str)]| {
            list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
        };
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        rig.with_overrides(&pairs(set), &pairs(defects))
    }

    #[test]
    fn values_are_laid_over_the_bench() {
        let rig = changed(
            &[("sim.adc.noise", "2 lsb"), ("sim.seed", "7"), ("limits.amplitude", "5 mA")],
            &[("gain_error", "5 %")],
        );
        let rig = rig.unwrap();
        let sim = rig.sim.as_ref().unwrap();
        assert_eq!((sim.adc.noise, sim.adc.offset, sim.seed, rig.limits.amplitude), (2.0, 2.0, 7, 5e-3));
        assert_eq!(sim.defects.len(), 1);
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest() {
        let problems =
            changed(&[("sim.adc.niose", "2 lsb"), ("sim.adc.noise", "2 mV")], &[("gain_eror", "5 %")])
                .unwrap_err();
        let text: Vec<String> =
            problems.iter().map(|p| format!("{p}; {}", p.help.clone().unwrap_or_default())).collect();
        assert_eq!(
            text,
            [
                "--set:1:9: error: unknown key `niose`; did you mean `noise`?",
                "--set:1:15: error: `2 mV` is a voltage, expected converter steps, such as `0.7 lsb`; ",
                "--defect:1:1: error: there is no defect `gain_eror`; did you mean `gain_error`?",
            ]
        );
    }
}
