//! `* EXCEPT (a, s.x)`: a star without some of its columns, and without some fields of its structs.

use std::sync::Arc;

use datafusion::arrow::array::StructArray;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as PlanExpr;
use hearth_base::condition::EXCEPT_OVERLAPPING_COLUMNS;
use hearth_base::{Error, Result};
use hearth_functions::Typed;
use hearth_types::DataType;

use super::context::Cx;
use super::extract::{make_struct, null_if_null};
use crate::analyzer::Analyzer;
use crate::rel::Item;
use crate::scope::same_name;

/// A column of the star by its place, and the way to a field in it; empty for all of the column.
type Left = (usize, Vec<String>);

impl Analyzer<'_> {
    pub(super) fn without(&self, items: Vec<Item>, except: &[Vec<String>], cx: Cx<'_>) -> Result<Vec<Item>> {
        if except.is_empty() {
            return Ok(items);
        }
        let mut left: Vec<Left> = Vec::with_capacity(except.len());
        for name in except {
            left.push(self.left_out(&items, name, cx)?);
        }
        if overlap(except, &left) {
            let names: Vec<_> = except.iter().map(|name| name.join(".")).collect();
            return Err(EXCEPT_OVERLAPPING_COLUMNS.with("columns", names.join(", ")));
        }
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let paths: Vec<&[String]> =
                left.iter().filter(|(place, _)| *place == index).map(|(_, path)| path.as_slice()).collect();
            if paths.is_empty() {
                kept.push(item);
            } else if !paths.iter().any(|path| path.is_empty()) {
                let value = self.pruned(&item.value, &paths)?;
                kept.push(Item {
                    qualifier: Arc::clone(&item.qualifier),
                    ..Item::named(value, Arc::clone(&item.name))
                });
            }
        }
        Ok(kept)
    }

    /// What a name of the list means: a column of the input, or a field of the struct whose star this is.
    fn left_out(&self, items: &[Item], name: &[String], cx: Cx<'_>) -> Result<Left> {
        let named = |wanted: &str| items.iter().position(|item| same_name(&item.name, wanted, self.case_sensitive));
        let found = cx.rel.scope.find(name, self.case_sensitive)?;
        let (place, path) = match &found {
            Some(found) => {
                let path = &name[name.len() - found.fields..];
                self.fields(found.column.typed(), path)?;
                let column = found.column.typed();
                let same = items.iter().position(|item| item.value.expr == column.expr);
                (same.or_else(|| named(&found.column.name)), path)
            }
            None => (name.first().and_then(|first| named(first)), name.get(1..).unwrap_or_default()),
        };
        let Some(place) = place else { return Err(cx.rel.scope.unresolved(name)) };
        if let Some(item) = items.get(place) {
            self.fields(item.value.clone(), path)?;
        }
        Ok((place, path.to_vec()))
    }

    /// A struct without some of its fields.
    fn pruned(&self, value: &Typed, paths: &[&[String]]) -> Result<Typed> {
        let DataType::Struct(structure) = &value.data_type else {
            return Err(Error::internal("a field of no struct is left out"));
        };
        let mut parts = Vec::with_capacity(structure.fields.len());
        for field in structure.fields.iter() {
            let of_field = |path: &&&[String]| {
                path.first().is_some_and(|first| same_name(first, &field.name, self.case_sensitive))
            };
            let inner: Vec<&[String]> = paths.iter().filter(of_field).map(|path| &path[1..]).collect();
            if inner.iter().any(|path| path.is_empty()) {
                continue;
            }
            let part = self.field(value.clone(), &field.name)?;
            let part = if inner.is_empty() { part } else { self.pruned(&part, &inner)? };
            parts.push((Arc::clone(&field.name), part));
        }
        let made = if parts.is_empty() { no_fields() } else { make_struct(parts) };
        Ok(null_if_null(value, made))
    }
}

fn no_fields() -> Typed {
    let empty = ScalarValue::Struct(Arc::new(StructArray::new_empty_fields(1, None)));
    Typed::new(PlanExpr::Literal(empty, None), DataType::structure(Vec::new()), false)
}

/// Whether a column or a field is left out twice, or a field of something that is left out: as the names are written,
/// without what says which table's column it is.
fn overlap(names: &[Vec<String>], left: &[Left]) -> bool {
    let written: Vec<(usize, &[String])> = names
        .iter()
        .zip(left)
        .map(|(name, (place, path))| (*place, &name[name.len().saturating_sub(path.len() + 1)..]))
        .collect();
    written.iter().enumerate().any(|(index, (place, name))| {
        let same = |(other_place, other): &(usize, &[String])| {
            place == other_place && name.iter().zip(*other).all(|(one, two)| one == two)
        };
        written[index + 1..].iter().any(same)
    })
}
