//! Functions of the session, of errors, and the rest.

mod encryption;

use datafusion::common::ScalarValue;
use datafusion::functions::core as df_core;
use datafusion_spark::function::bitmap;
use hearth_base::Result;
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::expr;
use crate::kernels::invoke::{self, SparkUdf, apply};
use crate::kernels::misc::{self as kernel, Raise};
use crate::row::{Arity, Family, FunctionRow, missing, scalar};
use crate::typed::Typed;

const MISC: Family = Family::Misc;
const ZERO: Arity = Arity::Exact(0);
const ONE: Arity = Arity::Exact(1);
const JVM: &str = "calls a Java method, and there is no JVM here";

pub const ROWS: &[FunctionRow] = &[
    scalar("current_catalog", MISC, ZERO, current_catalog)
        .example("current_catalog()", "spark_catalog")
        .summary("The current catalog."),
    scalar("current_database", MISC, ZERO, current_database)
        .example("current_database()", "default")
        .summary("The current schema."),
    scalar("current_schema", MISC, ZERO, current_database)
        .example("current_schema()", "default")
        .summary("The current schema."),
    scalar("current_user", MISC, ZERO, current_user).summary("Who runs the query."),
    scalar("user", MISC, ZERO, current_user).summary("Who runs the query."),
    scalar("session_user", MISC, ZERO, current_user).summary("Who runs the query."),
    scalar("current_path", MISC, ZERO, current_path).summary("Where functions are looked up."),
    scalar("version", MISC, ZERO, version).summary("The version of Spark whose language this is."),
    scalar("typeof", MISC, ONE, type_of).example("typeof(1)", "int").summary("The type of the argument."),
    scalar("assert_true", MISC, Arity::Range(1, 2), assert_true)
        .example("assert_true(0 < 1)", "NULL")
        .summary("NULL if the condition is true, else an error."),
    scalar("raise_error", MISC, ONE, raise_error).summary("Always an error."),
    scalar("uuid", MISC, Arity::Range(0, 1), uuid).summary("A random UUID."),
    scalar("input_file_name", MISC, ZERO, input_file_name).summary("The file that the row comes from, or nothing."),
    scalar("input_file_block_start", MISC, ZERO, no_block)
        .example("input_file_block_start()", "-1")
        .summary("Where the block of the file starts; always -1 here."),
    scalar("input_file_block_length", MISC, ZERO, no_block)
        .example("input_file_block_length()", "-1")
        .summary("How long the block of the file is; always -1 here."),
    scalar("spark_partition_id", MISC, ZERO, partition_id)
        .example("spark_partition_id()", "0")
        .summary("The partition of the row."),
    scalar("monotonically_increasing_id", MISC, ZERO, increasing_id).summary("A number that grows from row to row."),
    scalar("bitmap_bit_position", MISC, ONE, bitmap_bit_position)
        .example("bitmap_bit_position(1)", "0")
        .summary("The position of a number's bit in its bitmap."),
    scalar("bitmap_bucket_number", MISC, ONE, bitmap_bucket_number)
        .example("bitmap_bucket_number(123)", "1")
        .summary("The number of the bitmap that a number belongs to."),
    scalar("bitmap_count", MISC, ONE, bitmap_count)
        .example("bitmap_count(X '1010')", "2")
        .summary("How many bits of a bitmap are set."),
    scalar("aes_encrypt", MISC, Arity::Range(2, 6), encryption::aes_encrypt)
        .example("hex(aes_encrypt('Spark', '0000111122223333', 'ECB'))", "348FF37EBDE05B7880BA339068FBDA5E")
        .summary("The value encrypted with AES; a random start vector, if there is one, stands in front."),
    scalar("aes_decrypt", MISC, Arity::Range(2, 5), encryption::aes_decrypt)
        .example(
            "aes_decrypt(unhex('83F16B2AA704794132802D248E6BFD4E380078182D1544813898AC97E709B28A94'), '0000111122223333')",
            "Spark",
        )
        .summary("What aes_encrypt encrypted."),
    scalar("try_aes_decrypt", MISC, Arity::Range(2, 5), encryption::try_aes_decrypt)
        .example("try_aes_decrypt(unhex('6E7CA17BBB468D3084B5744BCA729FB7'), '0000111122223333')", "NULL")
        .summary("What aes_encrypt encrypted, NULL where that fails."),
    missing("java_method", MISC, JVM),
    missing("reflect", MISC, JVM),
    missing("try_reflect", MISC, JVM),
];

fn current_catalog(call: Call<'_>) -> Result<Typed> {
    Ok(expr::text(call.session.current_catalog.as_str()))
}

fn current_database(call: Call<'_>) -> Result<Typed> {
    Ok(expr::text(call.session.current_database.as_str()))
}

fn current_user(call: Call<'_>) -> Result<Typed> {
    Ok(expr::text(call.session.user.as_str()))
}

fn current_path(call: Call<'_>) -> Result<Typed> {
    let session = call.session;
    Ok(expr::text(format!("system.builtin,system.session,{}.{}", session.current_catalog, session.current_database)))
}

fn version(call: Call<'_>) -> Result<Typed> {
    Ok(expr::text(call.session.spark_version.as_str()))
}

fn type_of(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    Ok(expr::text(value.data_type.catalog_string()))
}

fn raise_error(mut call: Call<'_>) -> Result<Typed> {
    let [message] = call.take()?;
    let message = coercion::string(&call, 0, message)?;
    Ok(raising(vec![message], Raise::Always))
}

fn raising(arguments: Vec<Typed>, raise: Raise) -> Typed {
    let udf = SparkUdf::new("spark_raise", raise, datafusion::arrow::datatypes::DataType::Null, true, kernel::raise);
    apply(udf.volatile(), arguments, DataType::Null)
}

fn assert_true(mut call: Call<'_>) -> Result<Typed> {
    let mut values = call.values()?.into_iter();
    let (Some(condition), message) = (values.next(), values.next()) else {
        return Err(hearth_base::Error::internal("assert_true without a condition"));
    };
    if !matches!(condition.data_type, DataType::Boolean | DataType::Null) {
        return Err(call.unexpected_type(0, "\"BOOLEAN\"", &condition.data_type));
    }
    let condition = coercion::boolean(&call, 0, condition)?;
    let message = match message {
        Some(message) => coercion::string(&call, 1, message)?,
        None => {
            let sql = call.argument_sql.first().map_or("", String::as_str);
            expr::text(format!("'{sql}' is not true!"))
        }
    };
    Ok(raising(vec![condition, message], Raise::Unless))
}

/// With a seed, the sequence is fixed.
fn uuid(mut call: Call<'_>) -> Result<Typed> {
    let seed = match call.values()?.into_iter().next() {
        Some(seed) => crate::families::math::constant_seed(&call, 0, seed)?,
        None => crate::families::math::fresh_seed(),
    };
    let generator = kernel::Uuids::new(seed);
    let udf = SparkUdf::new("spark_uuid", generator, datafusion::arrow::datatypes::DataType::Utf8, false, kernel::uuid);
    Ok(apply(udf.volatile(), Vec::new(), DataType::STRING))
}

/// Spark gives the empty text where there is no file.
fn input_file_name(_call: Call<'_>) -> Result<Typed> {
    let name = invoke::native(&df_core::input_file_name(), Vec::new(), DataType::STRING, true);
    let name = invoke::as_engine_type(name);
    Ok(invoke::native(&df_core::coalesce(), vec![name, expr::text("")], DataType::STRING, false))
}

fn no_block(_call: Call<'_>) -> Result<Typed> {
    Ok(expr::literal(ScalarValue::Int64(Some(-1)), DataType::Long))
}

/// The engine puts the number in its place where it runs a partition.
fn partition_id(_call: Call<'_>) -> Result<Typed> {
    let int = datafusion::arrow::datatypes::DataType::Int32;
    let udf = SparkUdf::new("spark_partition_id", (), int, false, kernel::first_partition);
    Ok(apply(udf.volatile(), Vec::new(), DataType::Integer))
}

/// One counter for all partitions of a plan, where the engine has not put one for each of them in its place.
fn increasing_id(_call: Call<'_>) -> Result<Typed> {
    let udf = SparkUdf::new(
        "spark_increasing_id",
        kernel::Counter::default(),
        datafusion::arrow::datatypes::DataType::Int64,
        false,
        kernel::count,
    );
    Ok(apply(udf.volatile(), Vec::new(), DataType::Long))
}

fn bitmap_bit_position(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::long(&call, 0, value)?;
    let nullable = value.nullable;
    invoke::call_arrays("spark_bitmap_bit_position", vec![value], (DataType::Long, nullable), kernel::bitmap_position)
}

fn bitmap_bucket_number(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    let value = coercion::long(&call, 0, value)?;
    let nullable = value.nullable;
    invoke::call_arrays("spark_bitmap_bucket_number", vec![value], (DataType::Long, nullable), kernel::bitmap_bucket)
}

fn bitmap_count(mut call: Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    if value.data_type != DataType::Binary && !value.is_void() {
        return Err(call.unexpected_type(0, "\"BINARY\"", &value.data_type));
    }
    let value = coercion::binary(&call, 0, value)?;
    let nullable = value.nullable;
    Ok(invoke::native(&bitmap::bitmap_count(), vec![value], DataType::Long, nullable))
}
