//! Numbers for tests that are drawn alike on every computer.

/// Uniform numbers below `n`.
pub(super) fn draw(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % n
}
