//! Names of collations: what Spark reads, how it writes them, which there are, and what it proposes for another.
//!
//! A name is a root (`UTF8_BINARY`, `UTF8_LCASE`, `UNICODE` or a locale) with specifiers behind it. Those of ICU take
//! `CS`/`CI`, `AS`/`AI` and `RTRIM` in any order, each kind once; those of UTF8 take `RTRIM` alone. How strings are
//! compared is not here.

mod locales;

use std::fmt;

use hearth_base::condition::COLLATION_INVALID_NAME;
use hearth_base::{Error, Result};

use crate::{DataType, StructField};

pub use locales::{LOCALES, Locale};

/// The collation of strings that say nothing of one.
pub const BINARY: &str = "UTF8_BINARY";
const LCASE: &str = "UTF8_LCASE";
/// The version of ICU that Spark names beside its collations.
pub const ICU_VERSION: &str = "78.3.0.0";
/// The words before a name that is written out.
const QUALIFIER: [&str; 2] = ["SYSTEM", "BUILTIN"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// Bytes.
    Binary,
    /// Letters in lower case, by their bytes.
    Lcase,
    /// ICU.
    Locale(&'static Locale),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Collation {
    pub root: Root,
    /// Of ICU's collations; `UTF8_LCASE` says it by its root.
    pub ignores_case: bool,
    pub ignores_accents: bool,
    /// Whether blanks at the end are left out.
    pub trims: bool,
}

impl Collation {
    pub const BINARY: Self = Self::of(Root::Binary);

    const fn of(root: Root) -> Self {
        Self { root, ignores_case: false, ignores_accents: false, trims: false }
    }

    /// Reads a name, whatever its case; it may be written out as `SYSTEM.BUILTIN.name`.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let (name, qualifier) = parts.split_last().map_or((text, &[][..]), |(name, rest)| (*name, rest));
        let qualified = qualifier.is_empty()
            || (qualifier.len() == QUALIFIER.len()
                && qualifier.iter().zip(QUALIFIER).all(|(part, word)| part.eq_ignore_ascii_case(word)));
        Self::read(name).filter(|_| qualified).ok_or_else(|| invalid(name))
    }

    fn read(name: &str) -> Option<Self> {
        let upper = name.to_uppercase();
        if upper.starts_with("UTF8_") {
            let (root, trims) = upper.strip_suffix("_RTRIM").map_or((upper.as_str(), false), |root| (root, true));
            let root = match root {
                BINARY => Root::Binary,
                LCASE => Root::Lcase,
                _ => return None,
            };
            return Some(Self { trims, ..Self::of(root) });
        }
        let begins = |locale: &&Locale| upper.starts_with(&locale.name.to_uppercase());
        let locale = LOCALES.iter().filter(begins).max_by_key(|locale| locale.name.len())?;
        let specifiers = match upper.get(locale.name.len()..)? {
            "" => Vec::new(),
            rest => rest.strip_prefix('_')?.split('_').collect(),
        };
        let (mut case, mut accents, mut trims) = (None, None, false);
        for specifier in specifiers {
            let again = match specifier {
                "CI" | "CS" => case.replace(specifier == "CI").is_some(),
                "AI" | "AS" => accents.replace(specifier == "AI").is_some(),
                "RTRIM" => std::mem::replace(&mut trims, true),
                _ => return None,
            };
            if again {
                return None;
            }
        }
        let root = Root::Locale(locale);
        let (ignores_case, ignores_accents) = (case.unwrap_or(false), accents.unwrap_or(false));
        Some(Self { root, ignores_case, ignores_accents, trims })
    }

    /// All collations, in the order in which Spark lists them.
    pub fn all() -> impl Iterator<Item = Self> {
        let utf8 = [false, true].into_iter().flat_map(|trims| {
            [Root::Binary, Root::Lcase].into_iter().map(move |root| Self { trims, ..Self::of(root) })
        });
        let marks = [(false, false), (false, true), (true, false), (true, true)];
        let icu = LOCALES.iter().flat_map(move |locale| {
            marks.into_iter().flat_map(move |(ignores_case, ignores_accents)| {
                let root = Root::Locale(locale);
                [false, true].map(|trims| Self { root, ignores_case, ignores_accents, trims })
            })
        });
        let mut icu: Vec<Self> = icu.collect();
        icu.sort_by_cached_key(Self::to_string);
        utf8.chain(icu)
    }

    /// The type of strings of this collation.
    pub fn string_type(&self) -> DataType {
        DataType::String { collation: Some(self.to_string().into()) }
    }

    /// Whether strings are anywhere in a type that are compared otherwise than by their bytes.
    pub fn is_in(data_type: &DataType) -> bool {
        Self::any(data_type, &|name| name != BINARY)
    }

    /// Whether strings are anywhere in a type that were given a collation, if only the common one.
    pub fn is_named_in(data_type: &DataType) -> bool {
        Self::any(data_type, &|_| true)
    }

    fn any(data_type: &DataType, counts: &impl Fn(&str) -> bool) -> bool {
        match data_type {
            DataType::String { collation } => collation.as_deref().is_some_and(counts),
            DataType::Array(array) => Self::any(&array.element, counts),
            DataType::Map(map) => Self::any(&map.key, counts) || Self::any(&map.value, counts),
            DataType::Struct(structure) => structure.fields.iter().any(|field| Self::any(&field.data_type, counts)),
            _ => false,
        }
    }

    /// A type with this collation in all strings that have none. Maps cannot have it in their keys.
    pub fn of_strings(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::String { collation: None } => self.string_type(),
            DataType::Array(array) => DataType::array(self.of_strings(&array.element), array.contains_null),
            DataType::Map(map) => {
                DataType::map(self.of_strings(&map.key), self.of_strings(&map.value), map.value_contains_null)
            }
            DataType::Struct(structure) => {
                DataType::structure(structure.fields.iter().map(|field| self.of_field(field)))
            }
            other => other.clone(),
        }
    }

    pub fn of_field(&self, field: &StructField) -> StructField {
        StructField { data_type: self.of_strings(&field.data_type), ..field.clone() }
    }

    /// Whether letters are compared without their case.
    pub fn is_case_insensitive(&self) -> bool {
        self.ignores_case || self.root == Root::Lcase
    }

    pub fn locale(&self) -> Option<&'static Locale> {
        match self.root {
            Root::Binary | Root::Lcase => None,
            Root::Locale(locale) => Some(locale),
        }
    }
}

impl fmt::Display for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Binary => BINARY,
            Root::Lcase => LCASE,
            Root::Locale(locale) => locale.name,
        })?;
        for (is_set, specifier) in [(self.ignores_case, "_CI"), (self.ignores_accents, "_AI"), (self.trims, "_RTRIM")] {
            if is_set {
                f.write_str(specifier)?;
            }
        }
        Ok(())
    }
}

fn invalid(name: &str) -> Error {
    COLLATION_INVALID_NAME.with("collationName", name).with("proposals", proposals(name))
}

/// How many names are proposed, and how far from what was written those after the first may be.
const PROPOSALS: usize = 3;
const NEAR: usize = 3;

/// Names near to a wrong one: the nearest roots with the specifiers that were written, each once.
fn proposals(name: &str) -> String {
    let is_utf8 = name.starts_with("UTF8_");
    let (mut roots, known): (Vec<&str>, &[&str]) = match is_utf8 {
        true => (vec![BINARY, LCASE], &["_RTRIM"]),
        false => (LOCALES.iter().map(|locale| locale.name).collect(), &["_CI", "_AI", "_CS", "_AS", "_RTRIM"]),
    };
    roots.sort_unstable();
    let upper = name.to_uppercase();
    let mut root = upper.as_str();
    let mut specifiers: Vec<&str> = Vec::new();
    while let Some((rest, specifier)) = known.iter().find_map(|one| Some((root.strip_suffix(one)?, *one))) {
        root = rest;
        specifiers.insert(0, specifier);
    }
    let mut kept: Vec<&str> = Vec::new();
    for specifier in &specifiers {
        let weaker = [("_CI", "_CS"), ("_AI", "_AS")]
            .iter()
            .any(|(weak, strong)| specifier == weak && specifiers.contains(strong));
        if !weaker && !kept.contains(specifier) {
            kept.push(specifier);
        }
    }
    roots.sort_by_key(|known| distance(&known.to_uppercase(), root));
    let mut proposed: Vec<String> = Vec::new();
    for root in roots.into_iter().take(PROPOSALS) {
        let name = format!("{root}{}", kept.concat());
        if !proposed.is_empty() && distance(&name.to_uppercase(), &upper) >= NEAR {
            break;
        }
        proposed.push(name);
    }
    proposed.join(", ")
}

/// How many letters must be put in, left out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut costs: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.chars().enumerate() {
        let mut diagonal = row;
        let mut before = row + 1;
        for (cost, to) in costs.iter_mut().skip(1).zip(&right) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cost;
            before = changed.min(diagonal + 1).min(before + 1);
            *cost = before;
        }
        if let Some(first) = costs.first_mut() {
            *first = row + 1;
        }
    }
    costs.last().copied().unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        match Collation::parse(text) {
            Ok(collation) => collation.to_string(),
            Err(error) => error.parameters().last().unwrap().1.clone(),
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_order_and_written_in_one() {
        assert_eq!(name("unicode_rtrim_ai_ci"), "UNICODE_CI_AI_RTRIM");
        assert_eq!(name("UNICODE_CS_AS"), "UNICODE");
        assert_eq!(name("EN_usa_ci"), "en_USA_CI");
        assert_eq!(name("sr_cyrl_srb"), "sr_Cyrl_SRB");
        assert_eq!(name("system.builtin.utf8_lcase_rtrim"), "UTF8_LCASE_RTRIM");
    }

    #[test]
    fn wrong_names_get_the_nearest_ones() {
        assert_eq!(name("foo"), "fo, blo, bo");
        assert_eq!(name("utf8_lcas"), "fr_CAN");
        assert_eq!(name("UNICODE_CS_CI"), "UNICODE_CS");
        assert_eq!(name("xx_CI"), "xh_CI, af_CI, am_CI");
        assert_eq!(name("en__CI"), "en_CI, bn_CI, ee_CI");
        assert_eq!(name("UTF8_BINARY_CI"), "UTF8_BINARY");
        assert_eq!(name("builtin.UTF8_LCASE"), "UTF8_LCASE");
    }

    #[test]
    fn every_collation_is_listed_once_and_read_from_its_name() {
        let all: Vec<Collation> = Collation::all().collect();
        assert_eq!(all.len(), 1164);
        assert!(all.iter().all(|collation| Collation::parse(&collation.to_string()).unwrap() == *collation));
    }
}
