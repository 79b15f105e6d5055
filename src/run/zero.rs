//! The load's inputs shorted, to know its offsets.

use super::halt::Halt;
use super::session::Session;

/// How long the load's inputs are shorted for a zero: fast channels only, and with the slow channel, s.
const ZERO_SECONDS: (f64, f64) = (0.1, 3.0);

/// After the inputs are connected again nothing is measured until relays and filter have settled, s.
const RELAYS: f64 = 2e-3;

/// Shorts the load's inputs long enough to know its offsets.
pub(super) async fn zero(session: &mut Session<'_>, slow: bool) -> Result<(), Halt> {
    session.instruments.switches()?.zero(true).await?;
    let passed = session.pass_seconds(if slow { ZERO_SECONDS.1 } else { ZERO_SECONDS.0 }).await;
    // Whatever cut it short: with shorted inputs nothing could be seen of the output any more. What cut it short is told; inputs that
    // stay shorted are found by whoever looks at the output next.
    let restored = session.instruments.switches()?.zero(false).await;
    passed?;
    restored?;
    session.pass_seconds(RELAYS).await?;
    session.progress("zero measured");
    Ok(())
}
