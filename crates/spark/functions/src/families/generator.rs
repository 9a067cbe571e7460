//! Functions that make several rows of one. The `_outer` forms build the same; the analyzer keeps rows without elements.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use datafusion::common::ScalarValue;
use hearth_base::Result;
use hearth_base::condition::{DATATYPE_MISMATCH_STACK_COLUMN_DIFF_TYPES, DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE};
use hearth_types::collation::ICU_VERSION;
use hearth_types::{Collation, DataType, StructField};

use super::aggregate::constant_int;
use super::map::entry_type;
use crate::call::Call;
use crate::cast::{CastMode, cast};
use crate::expr;
use crate::kernels::collection::{generate, maps, shape};
use crate::row::{Arity, FunctionRow, Generated, GeneratedColumn, generator};
use crate::typed::Typed;

const ONE: Arity = Arity::Exact(1);

pub const ROWS: &[FunctionRow] = &[
    generator("explode", ONE, explode)
        .example("explode(array(10, 20))", "10\n20")
        .summary("A row for each element of an array or entry of a map."),
    generator("explode_outer", ONE, explode)
        .example("explode_outer(array(10, 20))", "10\n20")
        .summary("A row for each element, or one of NULLs."),
    generator("posexplode", ONE, posexplode)
        .example("posexplode(array(10, 20))", "0\t10\n1\t20")
        .summary("A row for each element, with its index."),
    generator("posexplode_outer", ONE, posexplode)
        .example("posexplode_outer(array(10, 20))", "0\t10\n1\t20")
        .summary("A row for each element with its index, or one of NULLs."),
    generator("inline", ONE, inline)
        .example("inline(array(struct(1, 'a'), struct(2, 'b')))", "1\ta\n2\tb")
        .summary("A row for each struct of an array."),
    generator("inline_outer", ONE, inline)
        .example("inline_outer(array(struct(1, 'a'), struct(2, 'b')))", "1\ta\n2\tb")
        .summary("A row for each struct of an array, or one of NULLs."),
    generator("stack", Arity::AtLeast(2), stack)
        .example("stack(2, 1, 2, 3)", "1\t2\n3\tNULL")
        .summary("The arguments in so many rows."),
    generator("collations", Arity::Exact(0), collations).summary("The collations that strings may have."),
    generator("sql_keywords", Arity::Exact(0), sql_keywords)
        .summary("The words of Spark's SQL, and whether they are reserved."),
];

fn column(name: &str, data_type: &DataType, nullable: bool) -> GeneratedColumn {
    GeneratedColumn { name: name.to_owned(), data_type: data_type.clone(), nullable }
}

/// An array, or a map as the array of its entries; and the columns that an element makes.
fn elements(call: &mut Call<'_>) -> Result<(Typed, Vec<GeneratedColumn>, bool)> {
    let [value] = call.take()?;
    match value.data_type.clone() {
        DataType::Array(array) => {
            let columns = vec![column("col", &array.element, array.contains_null)];
            Ok((value, columns, false))
        }
        DataType::Map(map) => {
            let columns = vec![column("key", &map.key, false), column("value", &map.value, map.value_contains_null)];
            let result = (DataType::array(entry_type(&map), false), value.nullable);
            let entries = shape::call("map_entries", (), vec![value], result, maps::entries)?;
            Ok((entries, columns, true))
        }
        other => Err(call.unexpected_type(0, "(\"ARRAY\" or \"MAP\")", &other)),
    }
}

fn explode(mut call: Call<'_>) -> Result<Generated> {
    let (list, columns, elements_are_structs) = elements(&mut call)?;
    Ok(Generated { list, columns, elements_are_structs })
}

fn posexplode(mut call: Call<'_>) -> Result<Generated> {
    let (list, mut columns, structs) = elements(&mut call)?;
    columns.insert(0, column("pos", &DataType::Integer, false));
    let fields =
        columns.iter().map(|column| StructField::new(column.name.as_str(), column.data_type.clone(), column.nullable));
    let result = (DataType::array(DataType::structure(fields), false), list.nullable);
    let list = shape::call("with_position", structs, vec![list], result, generate::with_position)?;
    Ok(Generated { list, columns, elements_are_structs: true })
}

fn inline(mut call: Call<'_>) -> Result<Generated> {
    let [list] = call.take()?;
    let structs = match &list.data_type {
        DataType::Array(array) => match &array.element {
            DataType::Struct(structure) => Some((structure.clone(), array.contains_null)),
            _ => None,
        },
        _ => None,
    };
    let Some((structure, contains_null)) = structs else {
        return Err(call.unexpected_type(0, "\"ARRAY<STRUCT>\"", &list.data_type));
    };
    let columns = structure
        .fields
        .iter()
        .map(|field| column(&field.name, &field.data_type, field.nullable || contains_null))
        .collect();
    Ok(Generated { list, columns, elements_are_structs: true })
}

/// `SHOW` of a fixed table: its columns, and its rows as constants.
fn constant_rows(columns: Vec<GeneratedColumn>, rows: Vec<Vec<Typed>>) -> Result<Generated> {
    let fields =
        columns.iter().map(|column| StructField::new(column.name.as_str(), column.data_type.clone(), column.nullable));
    let result = DataType::array(DataType::structure(fields), false);
    let count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
    let cells = rows.into_iter().flatten().collect();
    let list = shape::call("stack", count as usize, cells, (result, false), generate::stack)?;
    Ok(Generated { list, columns, elements_are_structs: true })
}

fn sql_keywords(_call: Call<'_>) -> Result<Generated> {
    const WORDS: &str = include_str!("../table/sql_keywords.txt");
    let columns = vec![column("keyword", &DataType::STRING, false), column("reserved", &DataType::Boolean, false)];
    let unreserved = expr::literal(ScalarValue::Boolean(Some(false)), DataType::Boolean);
    constant_rows(columns, WORDS.lines().map(|word| vec![expr::text(word), unreserved.clone()]).collect())
}

fn collations(_call: Call<'_>) -> Result<Generated> {
    const COLUMNS: [(&str, bool); 9] = [
        ("CATALOG", false),
        ("SCHEMA", false),
        ("NAME", false),
        ("LANGUAGE", true),
        ("COUNTRY", true),
        ("ACCENT_SENSITIVITY", false),
        ("CASE_SENSITIVITY", false),
        ("PAD_ATTRIBUTE", false),
        ("ICU_VERSION", true),
    ];
    let columns = COLUMNS.iter().map(|(name, nullable)| column(name, &DataType::STRING, *nullable)).collect();
    let nothing = expr::null(&DataType::STRING)?;
    let optional = |text: Option<&str>| text.map_or_else(|| nothing.clone(), expr::text);
    let rows = Collation::all().map(|collation| {
        let locale = collation.locale();
        let accents = if collation.ignores_accents { "ACCENT_INSENSITIVE" } else { "ACCENT_SENSITIVE" };
        let case = if collation.is_case_insensitive() { "CASE_INSENSITIVE" } else { "CASE_SENSITIVE" };
        vec![
            expr::text("SYSTEM"),
            expr::text("BUILTIN"),
            expr::text(collation.to_string()),
            optional(locale.and_then(|locale| locale.language)),
            optional(locale.and_then(|locale| locale.country)),
            expr::text(accents),
            expr::text(case),
            expr::text(if collation.trims { "RTRIM" } else { "NO_PAD" }),
            optional(locale.map(|_| ICU_VERSION)),
        ]
    });
    constant_rows(columns, rows.collect())
}

fn stack(mut call: Call<'_>) -> Result<Generated> {
    let mut values = call.values()?;
    let rows = values.remove(0);
    if rows.data_type != DataType::Integer {
        return Err(call.unexpected_type(0, "\"INT\"", &rows.data_type));
    }
    let rows = constant_int(&call, 0, "n", &rows)?;
    let rows = usize::try_from(rows).ok().filter(|rows| *rows > 0).ok_or_else(|| {
        DATATYPE_MISMATCH_VALUE_OUT_OF_RANGE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("exprName", "`n`")
            .with("valueRange", "(0, 2147483647]")
            .with("currentValue", rows)
    })?;
    let width = values.len().div_ceil(rows);
    let mut types: Vec<(DataType, usize)> = Vec::with_capacity(width);
    for (index, value) in values.iter().enumerate() {
        let place = index % width;
        match types.get_mut(place) {
            None => types.push((value.data_type.clone(), index + 1)),
            Some(held) if held.0 == DataType::Null => *held = (value.data_type.clone(), index + 1),
            Some(held) if value.is_void() || held.0 == value.data_type => {}
            Some((held, first)) => {
                return Err(DATATYPE_MISMATCH_STACK_COLUMN_DIFF_TYPES
                    .with("sqlExpr", format!("\"{}\"", call.sql))
                    .with("columnIndex", place)
                    .with("leftParamIndex", *first)
                    .with("leftType", format!("\"{}\"", held.sql()))
                    .with("rightParamIndex", index + 1)
                    .with("rightType", format!("\"{}\"", value.data_type.sql())));
            }
        }
    }
    let columns: Vec<_> =
        types.iter().enumerate().map(|(index, (held, _))| column(&format!("col{index}"), held, true)).collect();
    let fields = columns.iter().map(|column| StructField::new(column.name.as_str(), column.data_type.clone(), true));
    let result = DataType::array(DataType::structure(fields), false);
    let mode = CastMode::of(call.session);
    let cells = values
        .into_iter()
        .enumerate()
        .map(|(index, value)| cast(value, &types[index % width].0, mode, call.session))
        .collect::<Result<Vec<_>>>()?;
    let list = shape::call("stack", rows, cells, (result, false), generate::stack)?;
    Ok(Generated { list, columns, elements_are_structs: true })
}
