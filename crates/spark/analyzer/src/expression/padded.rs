//! Comparisons of `char(n)` columns: the shorter side is padded, so that `c = 'a'` finds `'a  '`.

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_functions::kernels::string::lengths;
use hearth_functions::{Argument, Typed};
use hearth_types::metadata::CHAR_VARCHAR;

use super::context::Cx;
use crate::analyzer::Analyzer;

const COMPARISONS: [&str; 9] = ["=", "==", "<=>", "<", "<=", ">", ">=", "!=", "in"];

impl Analyzer<'_> {
    pub(super) fn pad_texts(&self, name: &str, values: &mut [Argument<'_>], cx: Cx<'_>) -> Result<()> {
        if !COMPARISONS.contains(&name) {
            return Ok(());
        }
        let lengths: Vec<_> = values.iter().map(|value| self.char_length(value, cx)).collect();
        let has_column = lengths.iter().any(|length| matches!(length, Some(Side::Column(_))));
        let Some(longest) = lengths.iter().map(|length| length.as_ref().map(Side::length)).max().flatten() else {
            return Ok(());
        };
        if !has_column || lengths.iter().any(Option::is_none) {
            return Ok(());
        }
        for (value, side) in values.iter_mut().zip(&lengths) {
            if let (Argument::Value(typed), Some(side)) = (value, side)
                && side.length() < longest
            {
                *typed = lengths::padded(typed.clone(), longest)?;
            }
        }
        Ok(())
    }

    fn char_length(&self, value: &Argument<'_>, cx: Cx<'_>) -> Option<Side> {
        let Argument::Value(typed) = value else { return None };
        if let Some(text) = text_of(typed) {
            return Some(Side::Text(u32::try_from(text.chars().count()).ok()?));
        }
        let declared = self.column_of(typed, cx)?.field().metadata_text(CHAR_VARCHAR)?;
        let length = declared.strip_prefix("char(")?.strip_suffix(')')?;
        length.trim().parse().ok().map(Side::Column)
    }
}

/// What stands on one side of a comparison, and how many characters it has.
enum Side {
    Column(u32),
    Text(u32),
}

impl Side {
    fn length(&self) -> u32 {
        match self {
            Self::Column(length) | Self::Text(length) => *length,
        }
    }
}

fn text_of(typed: &Typed) -> Option<&str> {
    match typed.literal()? {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => {
            Some(text)
        }
        _ => None,
    }
}
