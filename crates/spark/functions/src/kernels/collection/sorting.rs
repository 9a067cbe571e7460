//! Order of elements: sorting, the largest and the smallest.

use std::cmp::Ordering;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::{SortOptions, take};
use datafusion::common::Result as DfResult;

use super::lists::{ListMaker, row};
use super::shape::{Shaped, encode};

/// The order of `sort_array`, by row (its second argument) or fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sorting {
    pub descending: bool,
    pub nulls_first: bool,
}

/// Kernel: a sorted array. Here and below a second argument is what is compared in place of the first.
pub fn sort(shaped: &Shaped<Sorting>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let Sorting { descending, nulls_first } = shaped.state;
    let keys = arrays.get(1).map_or(list, |keys| keys.as_list::<i32>());
    let (_, rows) = encode(&[keys.values()], SortOptions { descending, nulls_first })?;
    let elements = &rows[0];
    let mut maker = ListMaker::new(list.len());
    let mut order: Vec<usize> = Vec::new();
    for index in 0..list.len() {
        let Some(range) = row(list, index) else {
            maker.end_null();
            continue;
        };
        order.clear();
        order.extend(range);
        order.sort_by(|left, right| elements.row(*left).cmp(&elements.row(*right)));
        order.iter().for_each(|place| maker.push(*place));
        maker.end_row();
    }
    maker.finish(list.values(), &shaped.result)
}

/// Kernel: the largest (`true`) or smallest element that is not NULL.
pub fn extreme(shaped: &Shaped<bool>, arrays: &[ArrayRef]) -> DfResult<ArrayRef> {
    let list = arrays[0].as_list::<i32>();
    let keys = arrays.get(1).map_or(list, |keys| keys.as_list::<i32>());
    let (_, rows) = encode(&[keys.values()], SortOptions::default())?;
    let elements = &rows[0];
    let picked: UInt32Array = (0..list.len())
        .map(|index| {
            let present = row(list, index)?.filter(|place| list.values().is_valid(*place));
            let better = if shaped.state { Ordering::Greater } else { Ordering::Less };
            // The first of equal ones.
            let best = present.reduce(|best, place| match elements.row(place).cmp(&elements.row(best)) == better {
                true => place,
                false => best,
            });
            best.map(|place| place as u32)
        })
        .collect();
    Ok(take(list.values(), &picked, None)?)
}
