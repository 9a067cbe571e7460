//! What a collation changes in each built-in function, and which collations a function refuses.

use datafusion::logical_expr::Operator;
use hearth_base::Result;
use hearth_types::collation::Root;
use hearth_types::{Collation, DataType};

use super::{collated, elements, plain};
use crate::call::{Argument, Call};
use crate::coercion;
use crate::kernels::invoke::{self, ArrayKernel};
use crate::kernels::string::{collated as search, locale_case};
use crate::row::FunctionRow;
use crate::typed::Typed;

/// What a collation changes in a function.
pub(super) enum Effect {
    /// All strings are compared: keys take their places.
    Keys,
    /// As `Keys`, for a pattern of `LIKE`.
    Like,
    /// Only the second argument is compared.
    SecondKey,
    /// One string is looked for in another: by keys, which are text except for ICU's.
    Search(Own),
    /// Words of a list are compared.
    Words(Own),
    /// The second argument is a regular expression.
    Pattern,
    /// The answer is made of the strings and has their collation.
    Text,
    /// As `Text`; what is taken as equal to what is looked for is cut out or replaced.
    Letters(Own),
    /// As `Text`; letters change their case as the language has it.
    Case(Own),
    /// The answer has the collation of the first argument.
    First,
    /// One of the values is the answer.
    Choice,
    /// Elements of arrays are compared, and kept.
    Elements,
    /// Elements of an array are put in order.
    Order,
    /// The value with the largest or smallest key.
    Extreme(&'static str),
    Greatest(Operator),
    NullIf,
    /// Types alone.
    None,
}

/// What a kernel of ours answers.
#[derive(Clone, Copy)]
enum Answer {
    Text,
    Boolean,
    Int,
}

/// A kernel that knows collations.
#[derive(Clone, Copy)]
pub(super) struct Own {
    name: &'static str,
    kernel: ArrayKernel<Collation>,
    answer: Answer,
    /// The argument that is a number.
    number: Option<usize>,
    /// Spark says that there may be no answer, whatever the arguments are.
    nullable: bool,
}

const fn own(name: &'static str, answer: Answer, kernel: ArrayKernel<Collation>) -> Own {
    Own { name, kernel, answer, number: None, nullable: false }
}

impl Own {
    const fn number(self, index: usize) -> Self {
        Self { number: Some(index), ..self }
    }

    const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(super) fn build(self, mut call: Call<'_>, collation: Collation) -> Result<Typed> {
        let mut arguments = Vec::new();
        for (index, value) in call.values()?.into_iter().enumerate() {
            arguments.push(match self.number == Some(index) {
                true => coercion::int(&call, index, value)?,
                false => plain(coercion::string(&call, index, value)?),
            });
        }
        let data_type = match self.answer {
            Answer::Text => DataType::STRING,
            Answer::Boolean => DataType::Boolean,
            Answer::Int => DataType::Integer,
        };
        let result = (data_type, self.nullable || invoke::any_nullable(&arguments));
        let answer = invoke::call_arrays_with(self.name, collation, arguments, result, self.kernel)?;
        Ok(match self.answer {
            Answer::Text => collated(answer, &collation.to_string().into()),
            Answer::Boolean | Answer::Int => answer,
        })
    }
}

const CONTAINS: Own = own("collated_contains", Answer::Boolean, search::contains);
const STARTS_WITH: Own = own("collated_startswith", Answer::Boolean, search::starts_with);
const ENDS_WITH: Own = own("collated_endswith", Answer::Boolean, search::ends_with);
const INSTR: Own = own("collated_instr", Answer::Int, search::instr);
const LOCATE: Own = own("collated_locate", Answer::Int, search::locate).number(2);
const FIND_IN_SET: Own = own("collated_find_in_set", Answer::Int, search::find_in_set);
const REPLACE: Own = own("collated_replace", Answer::Text, search::replace);
const SPLIT_PART: Own = own("collated_split_part", Answer::Text, search::split_part).number(2).nullable();
const SUBSTRING_INDEX: Own = own("collated_substring_index", Answer::Text, search::substring_index).number(2);
const TRIM: Own = own("collated_trim", Answer::Text, search::trim);
const TRIM_START: Own = own("collated_ltrim", Answer::Text, search::trim_start);
const TRIM_END: Own = own("collated_rtrim", Answer::Text, search::trim_end);
const BTRIM: Own = own("collated_btrim", Answer::Text, search::btrim).nullable();
const TRANSLATE: Own = own("collated_translate", Answer::Text, search::translate);
const UPPER: Own = own("collated_upper", Answer::Text, locale_case::upper);
const LOWER: Own = own("collated_lower", Answer::Text, locale_case::lower);
const INITCAP: Own = own("collated_initcap", Answer::Text, locale_case::initcap);

pub(super) fn effect(row: &FunctionRow, call: &Call<'_>) -> Effect {
    let has_letters = call.len() == 2;
    match row.name {
        name if elements::NAMES.contains(&name) => Effect::Elements,
        "sort_array" | "array_max" | "array_min" => Effect::Order,
        "array_sort" if call.len() == 1 => Effect::Order,
        "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" | "<=>" | "in" | "between" | "equal_null"
        | "array_contains" | "array_position" | "arrays_overlap" => Effect::Keys,
        "count" | "approx_count_distinct" if call.modifiers.distinct || row.name != "count" => Effect::Keys,
        "max_by" | "min_by" => Effect::SecondKey,
        "like" | "ilike" => Effect::Like,
        "contains" => Effect::Search(CONTAINS),
        "startswith" => Effect::Search(STARTS_WITH),
        "endswith" => Effect::Search(ENDS_WITH),
        "instr" => Effect::Search(INSTR),
        "locate" | "position" => Effect::Search(LOCATE),
        "find_in_set" => Effect::Words(FIND_IN_SET),
        "rlike" | "regexp" | "regexp_like" | "regexp_replace" | "regexp_extract" | "regexp_extract_all"
        | "regexp_count" | "regexp_substr" | "regexp_instr" | "split" => Effect::Pattern,
        "upper" | "ucase" => Effect::Case(UPPER),
        "lower" | "lcase" => Effect::Case(LOWER),
        "initcap" => Effect::Case(INITCAP),
        "concat" | "||" | "concat_ws" | "substring" | "substr" | "left" | "right" | "lpad" | "rpad" | "repeat"
        | "reverse" | "overlay" | "conv" | "elt" | "mask" | "validate_utf8" | "try_validate_utf8"
        | "make_valid_utf8" | "array_join" | "sentences" | "str_to_map" => Effect::Text,
        "hex" if has_text(call) => Effect::Text,
        "trim" if has_letters => Effect::Letters(TRIM),
        "ltrim" if has_letters => Effect::Letters(TRIM_START),
        "rtrim" if has_letters => Effect::Letters(TRIM_END),
        "btrim" if has_letters => Effect::Letters(BTRIM),
        "trim" | "ltrim" | "rtrim" | "btrim" => Effect::Text,
        "translate" => Effect::Letters(TRANSLATE),
        "replace" => Effect::Letters(REPLACE),
        "split_part" => Effect::Letters(SPLIT_PART),
        "substring_index" => Effect::Letters(SUBSTRING_INDEX),
        "format_string" | "printf" => Effect::First,
        "coalesce" | "ifnull" | "nvl" | "nvl2" | "if" | "when" | "array" => Effect::Choice,
        "max" => Effect::Extreme("max_by"),
        "min" => Effect::Extreme("min_by"),
        "greatest" => Effect::Greatest(Operator::Gt),
        "least" => Effect::Greatest(Operator::Lt),
        "nullif" => Effect::NullIf,
        _ => Effect::None,
    }
}

fn has_text(call: &Call<'_>) -> bool {
    matches!(call.arguments.first(), Some(Argument::Value(value)) if value.data_type.is_string())
}

/// Regular expressions know case alone, and searches no collation that tells case but not accents.
pub(super) fn check_supported(row: &FunctionRow, call: &Call<'_>, effect: &Effect, collation: Collation) -> Result<()> {
    let is_fit = match effect {
        Effect::Pattern | Effect::Like => !collation.trims && !matches!(collation.root, Root::Locale(_)),
        Effect::Search(_) | Effect::Letters(_) => !collation.ignores_accents || collation.ignores_case,
        Effect::Text if row.name.ends_with("trim") => !collation.ignores_accents || collation.ignores_case,
        Effect::Text
        | Effect::Keys
        | Effect::SecondKey
        | Effect::Words(_)
        | Effect::Case(_)
        | Effect::First
        | Effect::Choice
        | Effect::Elements
        | Effect::Order
        | Effect::Extreme(_)
        | Effect::Greatest(_)
        | Effect::NullIf
        | Effect::None => true,
    };
    if is_fit { Ok(()) } else { Err(call.unexpected_type(0, "\"STRING\"", &collation.string_type())) }
}
