//! Shares on a converter's grid.

use super::Share;

/// The shares a board makes of those asked for when the whole current is `codes` steps of its converter: each is rounded
/// to a step, and what that leaves over goes to the largest sink and to the largest source, so that both still carry the
/// whole. A share too small for a step becomes 0.
///
/// `codes` are those of the part that all phases of a pulse have in common, of which each is a whole multiple at every contact: of
/// the recovery where the leading phase is four times as large, of half of it where that is 1.5 times as large.
pub fn quantised_shares(shares: &[Share], codes: f64) -> Vec<Share> {
    if codes < 1.0 {
        return shares.to_vec();
    }
    // Boards are told millionths, of which half a step is exactly that.
    let nearest = |share: &Share| ((share.share * 1e6).round() * codes / 1e6).round();
    let mut steps: Vec<f64> = shares.iter().map(nearest).collect();
    for sign in [-1.0, 1.0] {
        let of_kind = |share: &Share| share.share * sign > 0.0;
        let sum: f64 = shares.iter().zip(&steps).filter(|(share, _)| of_kind(share)).map(|(_, n)| *n).sum();
        let largest = shares
            .iter()
            .zip(&mut steps)
            .filter(|(share, _)| of_kind(share))
            .reduce(|best, next| if next.0.share.abs() > best.0.share.abs() { next } else { best });
        if let Some((_, n)) = largest {
            *n += sign * codes - sum;
        }
    }
    let kept = shares.iter().zip(&steps);
    kept.map(|(share, n)| Share { contact: share.contact.clone(), share: n / codes }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_still_carries_the_whole() {
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        let asked = [share("e1", -1.0 / 3.0), share("e2", -2.0 / 3.0), share("e3", 0.0), share("case", 1.0)];
        let made: Vec<f64> =
            quantised_shares(&asked, 131.0).iter().map(|share| share.share * 131.0).collect();
        assert_eq!(made, [-44.0, -87.0, 0.0, 131.0]);
        let small = [share("e1", -0.003), share("e2", -0.997), share("case", 1.0)];
        assert_eq!(quantised_shares(&small, 131.0)[0].share, 0.0);
    }
}
