//! How many segments a text takes.

/// The GSM 7-bit alphabet, and the characters of its extension, which count twice.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// 160 characters of GSM-7 or 70 of UCS-2 fit into one segment; of a longer text, 153 or 67 into each.
pub(crate) fn segments(text: &str) -> usize {
    let septets = |letter| match letter {
        it if BASIC.contains(it) => Some(1),
        it if EXTENSION.contains(it) => Some(2),
        _ => None,
    };
    match text.chars().map(septets).collect::<Option<Vec<usize>>>() {
        Some(septets) => parts(&septets, 160, 153),
        None => parts(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// No letter is split between two segments.
fn parts(letters: &[usize], single: usize, each: usize) -> usize {
    if letters.iter().sum::<usize>() <= single {
        return 1;
    }
    let (mut parts, mut room) = (1, each);
    for letter in letters {
        if *letter > room {
            parts += 1;
            room = each;
        }
        room -= letter;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn lengths() {
        let times = |letter: &str, n| segments(&letter.repeat(n));
        assert_eq!((times("a", 160), times("a", 161), times("a", 306), times("a", 307)), (1, 2, 2, 3));
        assert_eq!((times("€", 80), times("€", 81)), (1, 2));
        assert_eq!(times("€", 153), 3, "76 fit into a segment of 153, not 76½");
        assert_eq!((times("ж", 70), times("ж", 71), times("😀", 35), times("😀", 36)), (1, 2, 1, 2));
    }
}
