//! How a user's own text is shown inside a message: quoted, clipped, without control characters, so
//! that a hostile field can neither fill a log nor break a terminal.

/// Characters of a field that a message shows.
const SHOWN: usize = 48;

/// `text` in double quotes, clipped to 48 characters, control characters replaced by `?`.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(SHOWN) + 5);
    shown.push('"');
    for (place, character) in text.chars().enumerate() {
        if place == SHOWN {
            shown.push_str("...");
            break;
        }
        shown.push(if character.is_control() {
            '?'
        } else {
            character
        });
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(quote("1,2x"), "\"1,2x\"");
    }

    #[test]
    fn a_long_text_is_clipped_at_a_character() {
        assert_eq!(quote(&"ß".repeat(49)), format!("\"{}...\"", "ß".repeat(48)));
        assert_eq!(quote(&"ß".repeat(48)), format!("\"{}\"", "ß".repeat(48)));
    }

    #[test]
    fn control_characters_are_not_repeated() {
        assert_eq!(quote("a\u{1b}[31m\nb"), "\"a?[31m?b\"");
    }
}
