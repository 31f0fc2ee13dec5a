//! The patterns of KEYS, SCAN and PSUBSCRIBE: `*`, `?`, `[a-z]`, `[^a-z]` and `\` before any of them.

/// Whether `text` matches `pattern`, in a time of at most the product of their lengths.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The last star, and where in the text what follows it was tried last.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, from));
            at += 1;
            continue;
        }
        match (text.get(from), at < pattern.len()) {
            (None, false) => return true,
            (Some(byte), true) => {
                let (length, matched) = one(&pattern[at..], *byte);
                if matched {
                    (at, from) = (at + length, from + 1);
                    continue;
                }
            }
            (None, true) | (Some(_), false) => {}
        }
        match star {
            Some((after, tried)) if tried < text.len() => {
                star = Some((after, tried + 1));
                (at, from) = (after, tried + 1);
            }
            _ => return false,
        }
    }
}

/// The length of the pattern's first element, and whether it matches `byte`.
fn one(pattern: &[u8], byte: u8) -> (usize, bool) {
    match pattern {
        [b'?', ..] => (1, true),
        [b'\\', escaped, ..] => (2, *escaped == byte),
        [b'[', class @ ..] => {
            let (length, matched) = in_class(class, byte);
            (length + 1, matched)
        }
        [literal, ..] => (1, *literal == byte),
        [] => (0, false),
    }
}

fn in_class(class: &[u8], byte: u8) -> (usize, bool) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut found = false;
    // A class without its end reaches to the end of the pattern, as in Redis.
    while let Some(first) = class.get(at) {
        match (first, class.get(at + 1), class.get(at + 2)) {
            (b']', _, _) => return (at + 1, found != negated),
            (b'\\', Some(escaped), _) => {
                found |= *escaped == byte;
                at += 2;
            }
            (low, Some(b'-'), Some(high)) => {
                found |= (*low.min(high)..=*low.max(high)).contains(&byte);
                at += 3;
            }
            (single, _, _) => {
                found |= *single == byte;
                at += 1;
            }
        }
    }
    (class.len(), found != negated)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a*b*c", "aXbYbZc"),
            ("h?llo", "hallo"),
            ("h[a-e]llo", "hello"),
            ("h[^x]llo", "hello"),
            ("a\\*", "a*"),
            ("[ab", "b"),
            ("**", "x"),
        ] {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} should match {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a*c", "ab"), ("h?llo", "hllo"), ("h[^e]llo", "hello"), ("a\\*", "ab"), ("[", "a")]
        {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} should not match {text}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        assert!(!matches(
            "*a".repeat(30).as_bytes(),
            "a".repeat(29).repeat(100).replace('a', "b").as_bytes()
        ));
    }
}
