//! The prediction as a table.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Prediction;

/// Writes `time_s,<contact>_A…,<sense>_V…` and one line per row. Numbers are the shortest that read back the same.
///
/// # Errors
/// Those of the writer.
pub fn write_csv(prediction: &Prediction, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::from("time_s");
    for contact in &prediction.contacts {
        let _ = write!(line, ",{contact}_A");
    }
    for sense in &prediction.senses {
        let _ = write!(line, ",{sense}_V");
    }
    line.push('\n');
    out.write_all(line.as_bytes())?;
    let planes: Vec<&Vec<f64>> = prediction.currents.iter().chain(&prediction.voltages).collect();
    for row in 0..prediction.rows() {
        line.clear();
        let _ = write!(line, "{}", row as f64 / prediction.rate);
        for plane in &planes {
            let value = plane.get(row).copied().unwrap_or(0.0);
            // A current that is off is 0, not −0.
            let _ = write!(line, ",{:e}", if value == 0.0 { 0.0 } else { value });
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}
