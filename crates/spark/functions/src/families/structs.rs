//! Struct functions.

use hearth_base::Result;
use hearth_base::condition::{DATATYPE_MISMATCH_CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING, WRONG_NUM_ARGS};
use hearth_types::{DataType, StructField};

use crate::call::Call;
use crate::kernels::collection::{reshape, shape};
use crate::row::{Arity, Family, FunctionRow, analyzer, scalar};
use crate::typed::Typed;

const STRUCT: Family = Family::Struct;

pub const ROWS: &[FunctionRow] = &[
    analyzer("struct", STRUCT, Arity::AtLeast(0), "the expression's names, which the analyzer knows")
        .example("struct(1, 2, 3)", "{\"col1\":1,\"col2\":2,\"col3\":3}")
        .summary("A struct of the arguments, named as they are."),
    scalar("named_struct", STRUCT, Arity::AtLeast(0), named_struct)
        .example("named_struct('a', 1, 'b', 2, 'c', 3)", "{\"a\":1,\"b\":2,\"c\":3}")
        .summary("A struct of names and values in turn."),
];

fn named_struct(mut call: Call<'_>) -> Result<Typed> {
    if !call.len().is_multiple_of(2) {
        return Err(WRONG_NUM_ARGS
            .with("functionName", "`named_struct`")
            .with("expectedNum", "2n (n > 0)")
            .with("actualNum", call.len())
            .with("docroot", "https://spark.apache.org/docs/latest"));
    }
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    let mut arguments = call.values()?.into_iter();
    let mut index = 0;
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        let Some(text) = name.literal_str().filter(|_| name.data_type.is_string()) else {
            let sql = call.argument_sql.get(index).map_or("", String::as_str);
            return Err(DATATYPE_MISMATCH_CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING
                .with("sqlExpr", format!("\"{}\"", call.sql))
                .with("inputExprs", format!("[\"{sql}\"]")));
        };
        fields.push(StructField::new(text, value.data_type.clone(), value.nullable));
        values.push(value);
        index += 2;
    }
    shape::call("named_struct", (), values, (DataType::structure(fields), false), reshape::make_struct)
}
