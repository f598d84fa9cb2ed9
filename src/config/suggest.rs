//! "Did you mean …?"

use std::fmt::Write as _;

/// What to say after a word that is none of `known`: the one that was probably meant, else all of
/// them if they are few.
pub(crate) fn suggest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    match nearest(wrong, known.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => one_of(known).map(|list| format!("expected {list}")),
    }
}

/// The known word that `wrong` is a slip of.
pub(super) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let fold = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let wrong = fold(wrong);
    // A third of the letters may be wrong.
    let allowed = (wrong.chars().count() / 3).clamp(1, 4);
    let mut nearest = None;
    for word in known {
        let folded = fold(word);
        let distance = strsim::damerau_levenshtein(&wrong, &folded);
        let slip = distance <= allowed && distance < folded.chars().count();
        // Half a name is a slip too: `per_target` for `visits_per_target`.
        let part = wrong.len() >= 4 && (folded.contains(&wrong) || wrong.contains(&folded));
        let rank = (!slip, distance);
        if (slip || part) && nearest.is_none_or(|(best, _)| rank < best) {
            nearest = Some((rank, word));
        }
    }
    nearest.map(|(_, word)| word)
}

/// "`a`, `b` or `c`"; `None` if there are none or too many to read.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let words: Vec<_> = words.into_iter().collect();
    let (last, rest) = words.split_last()?;
    if words.len() > READABLE {
        return None;
    }
    let mut text = String::new();
    for (i, word) in rest.iter().enumerate() {
        let _ = write!(text, "{}`{word}`", if i == 0 { "" } else { ", " });
    }
    let or = if rest.is_empty() { "" } else { " or " };
    let _ = write!(text, "{or}`{last}`");
    Some(text)
}

const READABLE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["health", "tls", "ca_file", "deadline"];
        assert_eq!(nearest("heath", known), Some("health"));
        assert_eq!(nearest("ca-file", known), Some("ca_file"));
        assert_eq!(nearest("TLS", known), Some("tls"));
        assert_eq!(nearest("dealdine", known), Some("deadline"));
        assert_eq!(nearest("pool", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn without_a_near_word_the_choice_is_listed() {
        assert_eq!(suggest("x", ["a1", "b2", "c3"]), Some("expected `a1`, `b2` or `c3`".into()));
        assert_eq!(suggest("x", []), None);
    }
}
