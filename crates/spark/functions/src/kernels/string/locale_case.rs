//! Upper and lower case as languages have them, and words that begin with a large letter.
//!
//! Turkish and Azeri have an i with and one without a dot, Lithuanian keeps the dot below an accent, Greek leaves
//! accents out of large letters, and Armenian writes a ligature in two. All others follow Unicode alone.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result as DfResult;
use hearth_types::Collation;

/// A dot above.
const DOT: char = '\u{307}';
/// Accents that stand above a letter.
const ABOVE: [char; 3] = ['\u{300}', '\u{301}', '\u{303}'];

pub fn upper(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let language = language(collation);
    each(arrays, |text| upper_text(language, text))
}

pub fn lower(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let language = language(collation);
    each(arrays, |text| lower_text(language, text))
}

/// Words end where neither letters, digits nor a sign between two letters (`o'clock`) stand.
pub fn initcap(collation: &Collation, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let language = language(collation);
    each(arrays, |text| {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        let letters: Vec<char> = text.chars().collect();
        for (place, letter) in letters.iter().copied().enumerate() {
            let between = matches!(letter, '\'' | '.' | ':' | '·' | '’')
                && place.checked_sub(1).and_then(|before| letters.get(before)).is_some_and(|it| it.is_alphabetic())
                && letters.get(place + 1).is_some_and(|next| next.is_alphabetic());
            if letter.is_alphanumeric() || letter == '_' || is_mark(letter) || between {
                word.push(letter);
            } else {
                title_word(language, &word, &mut out);
                word.clear();
                out.push(letter);
            }
        }
        title_word(language, &word, &mut out);
        out
    })
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5BD}' | '\u{200D}' | '\u{AD}')
}

fn title_word(language: &str, word: &str, out: &mut String) {
    let Some(first) = word.chars().next() else { return };
    let rest = lower_text(language, word);
    match (language, first) {
        ("tr" | "az", 'i') => out.push('İ'),
        _ => out.extend(title(first)),
    }
    let first_is_dotted = matches!(language, "tr" | "az") && word.starts_with("I\u{307}");
    let taken = if first_is_dotted { 1 } else { lower_text(language, &first.to_string()).chars().count() };
    out.extend(rest.chars().skip(taken));
}

/// A letter at the start of a word: letters that are two get one large.
pub fn title(letter: char) -> impl Iterator<Item = char> {
    let single = match letter {
        'Ǆ'..='ǆ' => Some('ǅ'),
        'Ǉ'..='ǉ' => Some('ǈ'),
        'Ǌ'..='ǌ' => Some('ǋ'),
        'Ǳ'..='ǳ' => Some('ǲ'),
        'ა'..='ჿ' => Some(letter),
        _ => None,
    };
    let upper = letter.to_uppercase().enumerate().flat_map(move |(place, upper)| {
        let stays = place == 0 || letter == 'ŉ';
        let lower = upper.to_lowercase();
        let (first, rest) = if stays { (Some(upper), None) } else { (None, Some(lower)) };
        first.into_iter().chain(rest.into_iter().flatten())
    });
    single.into_iter().chain(single.is_none().then_some(upper).into_iter().flatten())
}

fn language(collation: &Collation) -> &'static str {
    collation.locale().and_then(|locale| locale.name.split('_').next()).unwrap_or_default()
}

fn each(arrays: &[ArrayRef], make: impl Fn(&str) -> String) -> DfResult<ArrayRef> {
    let texts = cast(&arrays[0], &DataType::Utf8)?;
    Ok(Arc::new(texts.as_string::<i32>().iter().map(|text| text.map(&make)).collect::<StringArray>()))
}

fn upper_text(language: &str, text: &str) -> String {
    match language {
        "tr" | "az" => text.replace('i', "İ").to_uppercase(),
        "hy" => text.replace('և', "ԵՎ").to_uppercase(),
        "el" => upper_greek(text),
        "lt" => {
            let mut out = String::with_capacity(text.len());
            let mut before = None;
            for letter in text.chars() {
                if letter != DOT || !matches!(before, Some('i' | 'j' | 'į')) {
                    out.push(letter);
                }
                before = Some(letter);
            }
            out.to_uppercase()
        }
        _ => text.to_uppercase(),
    }
}

fn lower_text(language: &str, text: &str) -> String {
    match language {
        "tr" | "az" => text.replace("I\u{307}", "i").replace('İ', "i").replace('I', "ı").to_lowercase(),
        "lt" => {
            let mut out = String::with_capacity(text.len());
            let mut letters = text.chars().peekable();
            while let Some(letter) = letters.next() {
                match letter {
                    'Ì' => out.push_str("i\u{307}\u{300}"),
                    'Í' => out.push_str("i\u{307}\u{301}"),
                    'Ĩ' => out.push_str("i\u{307}\u{303}"),
                    'I' | 'J' | 'Į' if letters.peek().is_some_and(|next| ABOVE.contains(next)) => {
                        out.push(letter);
                        out.push(DOT);
                    }
                    other => out.push(other),
                }
            }
            out.to_lowercase()
        }
        _ => text.to_lowercase(),
    }
}

/// Large letters without accents. An accent that goes leaves two dots on the vowel behind it, which would else be read
/// as one with it; the word that is one letter (or) keeps its accent.
fn upper_greek(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut accented = false;
    for (place, letter) in letters.iter().copied().enumerate() {
        let (bare, had_accent) = match letter {
            'ά' | 'Ά' => ('Α', true),
            'έ' | 'Έ' => ('Ε', true),
            'ή' | 'Ή' => ('Η', true),
            'ί' | 'Ί' => ('Ι', true),
            'ό' | 'Ό' => ('Ο', true),
            'ύ' | 'Ύ' => ('Υ', true),
            'ώ' | 'Ώ' => ('Ω', true),
            'ΐ' => ('Ϊ', true),
            'ΰ' => ('Ϋ', true),
            other => (other, false),
        };
        let near =
            |index: Option<usize>| index.and_then(|index| letters.get(index)).is_some_and(|it| it.is_alphabetic());
        if matches!(letter, 'ή' | 'Ή') && !near(place.checked_sub(1)) && !near(Some(place + 1)) {
            out.push('Ή');
        } else {
            match bare {
                'Ι' | 'ι' if accented => out.push('Ϊ'),
                'Υ' | 'υ' if accented => out.push('Ϋ'),
                other => out.extend(other.to_uppercase()),
            }
        }
        accented = had_accent;
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_cases_of_their_own() {
        assert_eq!((upper_text("tr", "iı"), lower_text("tr", "Iİ")), ("İI".to_owned(), "ıi".to_owned()));
        assert_eq!(upper_text("el", "άΐ ς άέήίόύώϊϋ ή"), "ΑΪ Σ ΑΕΗΪΟΫΩΪΫ Ή");
        assert_eq!(upper_text("hy", "եւ և"), "ԵՒ ԵՎ");
        assert_eq!(lower_text("lt", "I Ì Í Ĩ J Į"), "i i̇̀ i̇́ i̇̃ j į");
        assert_eq!(upper_text("", "ß"), "SS");
    }

    #[test]
    fn letters_that_are_two_get_one_large() {
        assert_eq!(title('ß').collect::<String>(), "Ss");
        assert_eq!(title('ǆ').collect::<String>(), "ǅ");
        assert_eq!(title('a').collect::<String>(), "A");
    }
}
