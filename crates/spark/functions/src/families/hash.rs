//! Hash functions.

use std::sync::Arc;

use datafusion::functions::crypto;
use datafusion_spark::function::hash as spark_hash;
use hearth_base::Result;
use hearth_base::condition::{DATATYPE_MISMATCH_HASH_MAP_TYPE, DATATYPE_MISMATCH_HASH_VARIANT_TYPE};
use hearth_types::DataType;

use crate::call::Call;
use crate::coercion;
use crate::kernels::{hash, invoke};
use crate::row::{Arity, Family, FunctionRow, scalar};
use crate::typed::Typed;

const HASH: Family = Family::Hash;
const ONE: Arity = Arity::Exact(1);

pub const ROWS: &[FunctionRow] = &[
    scalar("hash", HASH, Arity::AtLeast(1), murmur3)
        .example("hash('Spark', array(123), 2)", "-1321691492")
        .summary("A 32-bit hash of all arguments (Murmur3)."),
    scalar("xxhash64", HASH, Arity::AtLeast(1), xxhash64)
        .example("xxhash64('Spark', array(123), 2)", "5602566077635097486")
        .summary("A 64-bit hash of all arguments (XXH64)."),
    scalar("md5", HASH, ONE, md5)
        .example("md5('Spark')", "8cde774d6f7333752ed72cacddb05126")
        .summary("The MD5 checksum in hexadecimal."),
    scalar("sha", HASH, ONE, sha1)
        .example("sha('Spark')", "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c")
        .summary("The SHA-1 checksum in hexadecimal."),
    scalar("sha1", HASH, ONE, sha1)
        .example("sha1('Spark')", "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c")
        .summary("The SHA-1 checksum in hexadecimal."),
    scalar("sha2", HASH, Arity::Exact(2), sha2)
        .example("sha2('Spark', 256)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b")
        .summary("The SHA-2 checksum of so many bits in hexadecimal; 0 means 256."),
    scalar("crc32", HASH, ONE, crc32).example("crc32('Spark')", "1557323817").summary("The CRC-32 checksum."),
];

fn hashed(call: &mut Call<'_>) -> Result<(Vec<Typed>, Arc<[DataType]>)> {
    let values = call.values()?;
    let types: Arc<[DataType]> = values.iter().map(|value| value.data_type.clone()).collect();
    if types.iter().any(has_map) {
        return Err(DATATYPE_MISMATCH_HASH_MAP_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name)));
    }
    if types.iter().any(has_variant) {
        return Err(DATATYPE_MISMATCH_HASH_VARIANT_TYPE
            .with("sqlExpr", format!("\"{}\"", call.sql))
            .with("functionName", format!("`{}`", call.name)));
    }
    Ok((values, types))
}

fn has_variant(data_type: &DataType) -> bool {
    match data_type {
        DataType::Variant => true,
        DataType::Array(array) => has_variant(&array.element),
        DataType::Struct(structure) => structure.fields.iter().any(|field| has_variant(&field.data_type)),
        _ => false,
    }
}

/// Equal maps may hash differently, so Spark refuses them.
fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(_) => true,
        DataType::Array(array) => has_map(&array.element),
        DataType::Struct(structure) => structure.fields.iter().any(|field| has_map(&field.data_type)),
        _ => false,
    }
}

fn murmur3(mut call: Call<'_>) -> Result<Typed> {
    let (values, types) = hashed(&mut call)?;
    invoke::call_arrays_with("spark_murmur3", types, values, (DataType::Integer, false), hash::murmur3)
}

fn xxhash64(mut call: Call<'_>) -> Result<Typed> {
    let (values, types) = hashed(&mut call)?;
    invoke::call_arrays_with("spark_xxhash64", types, values, (DataType::Long, false), hash::xxhash64)
}

fn bytes(call: &mut Call<'_>) -> Result<Typed> {
    let [value] = call.take()?;
    coercion::binary(call, 0, value)
}

fn md5(mut call: Call<'_>) -> Result<Typed> {
    let value = bytes(&mut call)?;
    let nullable = value.nullable;
    let answer = invoke::native(&crypto::md5(), vec![value], DataType::STRING, nullable);
    Ok(invoke::as_engine_type(answer))
}

fn sha1(mut call: Call<'_>) -> Result<Typed> {
    let value = bytes(&mut call)?;
    let nullable = value.nullable;
    Ok(invoke::native(&spark_hash::sha1(), vec![value], DataType::STRING, nullable))
}

fn sha2(mut call: Call<'_>) -> Result<Typed> {
    let [value, bits] = call.take()?;
    let value = coercion::binary(&call, 0, value)?;
    let bits = coercion::int(&call, 1, bits)?;
    Ok(invoke::native(&spark_hash::sha2(), vec![value, bits], DataType::STRING, true))
}

fn crc32(mut call: Call<'_>) -> Result<Typed> {
    let value = bytes(&mut call)?;
    let nullable = value.nullable;
    Ok(invoke::native(&spark_hash::crc32(), vec![value], DataType::Long, nullable))
}
