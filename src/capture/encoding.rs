//! Is it text at all? Decided on the first bytes, so that a wrong file of any size is refused at once.

use super::CaptureFault;

/// What is looked at.
const HEAD: usize = 1 << 16;
/// No header or row of any scope comes near this.
const LONGEST_LINE: usize = 1 << 16;

/// The bytes without a byte order mark.
///
/// # Errors
/// When they are empty, UTF-16, binary, or have a line beyond all measure.
pub(super) fn text(bytes: &[u8]) -> Result<&[u8], CaptureFault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") || alternates_with_zero(head) {
        return Err(CaptureFault::Utf16);
    }
    let control = head.iter().filter(|byte| **byte < 32 && !b"\t\r\n\x0C".contains(byte)).count();
    if control > 0 {
        return Err(CaptureFault::Binary);
    }
    if bytes.iter().take(HEAD).all(u8::is_ascii_whitespace) {
        return Err(CaptureFault::Empty);
    }
    match bytes.split(|byte| *byte == b'\n' || *byte == b'\r').any(|line| line.len() > LONGEST_LINE) {
        true => Err(CaptureFault::LongLine { limit: LONGEST_LINE }),
        false => Ok(bytes),
    }
}

/// UTF-16 of plain text without a mark: every other byte is zero.
fn alternates_with_zero(head: &[u8]) -> bool {
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    half >= 2
        && [(0, 1), (1, 0)].iter().any(|(zero, text)| zeros(*zero) * 10 >= half * 9 && zeros(*text) == 0)
}
