//! What the run stands on: instruments, calibrations, hashes, versions.

use maud::{Markup, html};

use crate::quantity::short_hash;
use crate::record::{RunRecord, instant, spelled};

use super::super::profile;
use super::head::fact;
use super::words::name;

/// An identity as the board states it, and before it the text that it spells, where it does.
fn identity(stated: &str) -> Markup {
    html! {
        @if let Some(text) = spelled(stated) { (name(&text)) br; }
        code { (name(stated)) }
    }
}

/// The last part of the page.
pub(super) fn provenance(record: &RunRecord) -> Markup {
    html! {
        section {
            h2 id="provenance" { "Provenance" }
            dl class="facts" {
                (fact("Tool", &record.tool))
                (fact("Host", &record.host))
                (fact("Started", &instant(&record.started)))
                (fact("Ended", &instant(&record.ended)))
                (fact("Rig", &record.rig))
                @if !record.rig_file.is_empty() { (fact("Rig file", &record.rig_file)) }
                (fact("Fidelity", &record.fidelity))
                @if let Some(seed) = record.seed { (fact("Seed", &seed.to_string())) }
                (fact("SHA-256 of the rig file", &record.rig_hash))
            }
            @if !record.instruments.is_empty() {
                div class="wide" { table {
                    tr { th { "instrument" } th { "driver" } th { "model" } th { "uid" } th { "firmware" } th { "calibration" } }
                    @for instrument in &record.instruments {
                        tr {
                            td { (name(&instrument.role)) } td { (name(&instrument.driver)) } td { (name(&instrument.model)) }
                            td { (identity(&instrument.uid)) } td { (identity(&instrument.firmware)) }
                            td { (name(instrument.calibration.as_deref().unwrap_or("not stated"))) }
                        }
                    }
                } }
            }
            @let profiles = profile::of_cases(&record.cases);
            @if !profiles.is_empty() {
                h3 { "Limit profiles" }
                table {
                    tr { th { "profile" } th { "compared with its source" } th { "source" } th { "SHA-256" } }
                    @for profile in profiles {
                        tr {
                            td { (name(&profile.name)) }
                            td class=[(!profile.verified).then_some("odd")] { (name(&profile::standing(profile))) }
                            td { (name(&profile.citation)) } td { code { (short_hash(&profile.hash)) } }
                        }
                    }
                }
            }
            details {
                summary { (record.scenarios.len()) " scenario files and their SHA-256" }
                table {
                    @for (file, hash) in &record.scenarios { tr { td { code { (name(file)) } } td { code { (name(hash)) } } } }
                }
            }
            p class="soft" {
                "Every file of this run has its hash in manifest.json; " code { "stimrig verify" } " compares them. U is the expanded \
                 uncertainty at 95 % coverage probability; a guarded check passes only if the whole of value ± U lies inside its limit."
            }
        }
    }
}
