//! Which name somebody may have meant.

/// So many letters of a name are compared; nobody types longer ones by mistake only.
const LETTERS_MAX: usize = 64;

/// The name that is nearest to `wanted`, if one is near enough: a third of its letters may differ.
pub(super) fn nearest<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (wanted.chars().count() / 3).max(1);
    let near = names.into_iter().map(|name| (distance(wanted, name), name));
    near.filter(|(apart, _)| *apart <= allowed).min_by_key(|(apart, _)| *apart).map(|it| it.1)
}

/// How many letters must be put in, left out, replaced or swapped with the next one. Case costs nothing.
fn distance(one: &str, other: &str) -> usize {
    let letters = |text: &str| -> Vec<char> {
        text.chars().flat_map(char::to_lowercase).take(LETTERS_MAX).collect()
    };
    let (one, other) = (letters(one), letters(other));
    let width = other.len() + 1;
    // The rows of the last letter but one, of the last, and of this one.
    let (mut older, mut old): (Vec<usize>, Vec<usize>) = (vec![0; width], (0..width).collect());
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, wanted) in other.iter().enumerate() {
            // In bounds: each row is as long as `other` and one more, and `to` is below that; `row` has one for each letter before.
            let replaced = old[to] + usize::from(letter != wanted);
            let mut best = replaced.min(old[to + 1] + 1).min(row[to] + 1);
            let swapped = at > 0 && to > 0 && one[at - 1] == *wanted && *letter == other[to - 1];
            if swapped {
                best = best.min(older[to - 1] + 1);
            }
            row.push(best);
        }
        older = std::mem::replace(&mut old, row);
    }
    old.last().copied().unwrap_or(0)
}

/// The end of a message that has a guess.
pub(super) fn guess(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_apart_are_counted() {
        for (one, other, apart) in [
            ("", "", 0),
            ("", "abc", 3),
            ("auth", "auht", 1),
            ("auth", "Auth", 0),
            ("store", "stores", 1),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
        ] {
            assert_eq!(
                (distance(one, other), distance(other, one)),
                (apart, apart),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn only_what_is_near_is_guessed() {
        let names = ["auth", "store", "a"];
        assert_eq!(nearest("auhth", names), Some("auth"));
        assert_eq!(nearest("Store", names), Some("store"));
        assert_eq!(nearest("payments", names), None);
        assert_eq!(nearest("b", names), Some("a"));
    }
}
