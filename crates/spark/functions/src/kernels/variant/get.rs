//! `variant_get`: paths into variants (`$.a[0]['b c']`), and what stands there as a type.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use hearth_base::Result;
use hearth_base::condition::INVALID_VARIANT_GET_PATH;
use hearth_types::DataType;

use super::VariantColumn;
use super::convert::Conversion;
use super::read::{Value, Variant};
use crate::kernels::datetime::zone;
use crate::kernels::json::cell::{Cell, column};
use crate::kernels::rowwise::Args;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

impl Path {
    /// `None` for what is no path.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim_start().strip_prefix('$')?.trim_start();
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('.') {
                let behind = behind.trim_start();
                let end = behind.find(['.', '[']).unwrap_or(behind.len());
                let (name, behind) = behind.split_at(end);
                if name.is_empty() {
                    return None;
                }
                steps.push(Step::Name(name.to_owned()));
                rest = behind;
                continue;
            }
            let inner = rest.strip_prefix('[')?.trim_start();
            let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'));
            rest = match quote {
                Some(quote) => {
                    let (name, behind) = inner[1..].split_once(quote)?;
                    if name.is_empty() || name.contains('?') {
                        return None;
                    }
                    steps.push(Step::Name(name.to_owned()));
                    behind.trim_start().strip_prefix(']')?.trim_start()
                }
                None => {
                    let (index, behind) = inner.split_once(']')?;
                    let index = index.trim_end();
                    if !index.bytes().all(|byte| byte.is_ascii_digit()) {
                        return None;
                    }
                    steps.push(Step::Index(index.parse().ok()?));
                    behind.trim_start()
                }
            };
        }
        Some(Self(steps))
    }

    /// The name of the last step that has one.
    pub fn last_name(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    /// What stands at the path.
    pub fn find<'a>(&self, mut variant: Variant<'a>) -> Result<Option<Variant<'a>>> {
        for step in &self.0 {
            let found = match (step, variant.read()?) {
                (Step::Name(name), Value::Object(fields)) => {
                    fields.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
                }
                (Step::Index(index), Value::Array(elements)) => elements.get(*index).copied(),
                (Step::Name(_) | Step::Index(_), _) => None,
            };
            match found {
                Some(found) => variant = found,
                None => return Ok(None),
            }
        }
        Ok(Some(variant))
    }
}

/// `variant_get` to one type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Get {
    pub function: &'static str,
    pub to: DataType,
    pub tries: bool,
    pub time_zone: Arc<str>,
    pub now: i64,
}

pub fn variant_get(get: &Get, args: &Args) -> Result<ArrayRef> {
    let (array, step) = args.raw(0)?;
    let (variants, paths) = (VariantColumn::of(array)?, args.text(1)?);
    let conversion = Conversion {
        zone: zone(&get.time_zone)?,
        time_zone: Arc::clone(&get.time_zone),
        now: get.now,
        tries: get.tries,
    };
    let mut known: Option<(&str, Path)> = None;
    let mut cells = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(variant), Some(path)) = (variants.get(row * step), paths.get(row)) else {
            cells.push(Cell::Null);
            continue;
        };
        if known.as_ref().is_none_or(|(text, _)| *text != path) {
            let parsed = Path::parse(path).ok_or_else(|| {
                INVALID_VARIANT_GET_PATH.with("path", path).with("functionName", format!("`{}`", get.function))
            })?;
            known = Some((path, parsed));
        }
        let found = match &known {
            Some((_, path)) => path.find(variant)?,
            None => None,
        };
        cells.push(match found {
            Some(found) => conversion.cell(found, &get.to)?,
            None => Cell::Null,
        });
    }
    column(&cells.iter().collect::<Vec<_>>(), &get.to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_spark_does() {
        for good in ["$", "$.a", "$.a.b[0]", "$['a b'][\"c.d\"]", "$[1][2].x y", " $ [ 1 ]"] {
            assert!(Path::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "$a", "$.", "$[-1]", "$[a]", "$[1", "$['a]", "$..a"] {
            assert!(Path::parse(bad).is_none(), "{bad}");
        }
    }
}
