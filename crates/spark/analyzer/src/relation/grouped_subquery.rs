//! Correlated subqueries as grouping keys: the one of the list is the key where both are written alike, though each was
//! analysed for itself and its columns have ids of their own.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Expr, Subquery};
use hearth_base::Result;
use hearth_base::condition::SUBQUERY_NOT_AGGREGATED;

use super::block::Block;
use crate::analyzer::plan_error;

/// The block with the subqueries of its keys in the place of those that equal them.
pub(super) fn with_keys(block: &Block) -> Result<Option<Block>> {
    let Some(grouped) = &block.grouped else { return Ok(None) };
    let keys: Vec<&Expr> = grouped.keys.iter().filter(|key| correlated(key).is_some()).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let texts: Vec<String> = keys.iter().filter_map(|key| correlated(key)).map(canonical).collect();
    let mut used = vec![false; keys.len()];
    let mut block = block.clone();
    for item in &mut block.items {
        let replaced = std::mem::take(&mut item.value.expr).transform_down(|expr| {
            let same = correlated(&expr).and_then(|query| {
                let text = canonical(query);
                texts.iter().position(|known| *known == text)
            });
            Ok(match same {
                Some(index) => {
                    used[index] = true;
                    Transformed::yes(keys[index].clone())
                }
                None => Transformed::no(expr),
            })
        });
        item.value.expr = replaced.map_err(plan_error)?.data;
    }
    if used.contains(&false) { Err(SUBQUERY_NOT_AGGREGATED.error()) } else { Ok(Some(block)) }
}

fn correlated(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(query) if !query.outer_ref_columns.is_empty() => Some(query),
        _ => None,
    }
}

/// The plan of a subquery as text, with its own columns numbered in the order in which they come.
fn canonical(query: &Subquery) -> String {
    let text = query.subquery.display_indent().to_string();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find('#') {
        let (before, id) = rest.split_at(start);
        let digits = id[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len() - 1);
        let (id, after) = id.split_at(digits + 1);
        out.push_str(before);
        if before.ends_with("outer_ref(") {
            out.push_str(id);
        } else {
            let next = numbers.len();
            out.push_str(&format!("#{}", numbers.entry(id).or_insert(next)));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
